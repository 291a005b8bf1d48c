"""What a computed field reads: of its own record, and of records of any form beyond it.

`Expression.reads` holds both as paths, and a path does not say whether its first name is a field or
a form. Rights must know, so what is read elsewhere is taken from the tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.reads import names_its_form, parts, walk
from jingwei.language.expressions.tree import Aggregate, Member, Name, Node, Source
from jingwei.language.form import SYSTEM_FIELDS, Field, Form

At = tuple[str, str]  # a form, and a field of it or a column: `lines.price`
_Rows = tuple[str | None, str | None]  # a form (None: the field's own), and a table of it
_OWN_ROOTS = ("parent.", "this.", "old.", "previous_version.")


def computed(form: Form) -> Iterator[Field]:
    """The computed fields and columns of a form."""
    for outer in form.fields.values():
        for field in (outer, *outer.fields.values()):
            if field.compute is not None:
                yield field


def all_fields(form: Form) -> frozenset[str]:
    """Every field and column of a form, by path, and the system fields."""
    names = set(SYSTEM_FIELDS)
    for name, definition in form.fields.items():
        names.add(name)
        names.update(f"{name}.{column}" for column in definition.fields)
    return frozenset(names)


def reads_within(catalogue: Catalogue, form: Form, field: Field) -> frozenset[str]:
    """The fields and columns of its own record that a computed field reads."""
    assert field.compute is not None
    columns = form.fields[field.table].fields if field.table else {}
    known = all_fields(form)
    found: set[str] = set()
    for read in catalogue.expression(field.compute).reads:
        if read in columns:
            found.add(f"{field.table}.{read}")
            continue
        paths = {_of_record(read), f"{field.table}.{read.removeprefix('this.')}"}
        found |= paths & known
    return frozenset(found)


def _of_record(read: str) -> str:
    for root in _OWN_ROOTS:
        read = read.removeprefix(root)
    return read


def reads_beyond(catalogue: Catalogue, form: Form, field: Field) -> frozenset[At]:
    """The fields of other records that a computed field reads: behind links, of related records and
    of whole forms, of which it reads at least that records are there."""
    assert field.compute is not None
    own: _Rows = (None, field.table)
    return frozenset(_beyond(form, catalogue.expression(field.compute).root, (own,)))


def _beyond(form: Form, node: Node, around: tuple[_Rows, ...]) -> Iterator[At]:
    """`around`: whose rows each aggregate around the node goes through, outermost first."""
    if isinstance(node, Name):
        of, table = _place(node.root, around)
        if of is not None:
            yield of, f"{table}.{node.name}" if table else node.name
    elif isinstance(node, Member) and node.of.type.name == "record" and not names_its_form(node):
        yield from ((of, _column(node)) for of in _targets(form, node.of))
    elif isinstance(node, Aggregate):
        rows = _rows(node.source, around)
        if node.source.origin == "link":
            of, table = _place(node.source.root, around)
            if of is not None:
                yield of, f"{table}.{node.source.name}" if table else node.source.name
            yield from _of_several(node)
        if rows[0] is not None:
            yield rows[0], "id"
            if node.source.by:
                yield rows[0], node.source.by
            if rows[1] is not None:
                yield rows[0], rows[1]
        around = (*around, rows)
    for part in parts(node):
        yield from _beyond(form, part, around)


def _of_several(node: Aggregate) -> Iterator[At]:
    """What is read of records that may be of several forms: it may be of each."""
    if node.source.form is None:
        named = (n for part in parts(node) for n in walk(part) if isinstance(n, Name))
        read = {n.name for n in named if n.root == "record"} - {"form", "id"}
        yield from ((of, name) for of in sorted(node.source.type.choices or ()) for name in read)


def _place(root: str, around: tuple[_Rows, ...]) -> _Rows:
    """Whose field a name is."""
    if root == "record":
        return around[-1]
    if root == "parent":
        of, table = around[-1]
        if table is not None:
            return of, None
        return around[-2] if len(around) > 1 else around[-1]
    return None, None


def _rows(source: Source, around: tuple[_Rows, ...]) -> _Rows:
    if source.origin == "table":
        return _place(source.root, around)[0], source.name
    if source.origin in ("form", "related"):
        return source.form or source.name, source.table
    if source.origin == "link":
        return source.form, None
    return None, None


def _column(node: Member) -> str:
    table = node.of.type.table
    return f"{table}.{node.name}" if table else node.name


def _targets(form: Form, node: Node) -> tuple[str, ...]:
    """The forms whose record a node may be: of a link to several forms each of them."""
    if node.type.form is not None:
        return (node.type.form,)
    name = node.name if isinstance(node, Name | Member) else ""
    fields = (f for outer in form.fields.values() for f in (outer, *outer.fields.values()))
    return tuple(to for f in fields if f.name == name for to in f.to)
