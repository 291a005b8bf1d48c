"""Names and members: what a symbol becomes in the tree, and what to say when there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from jingwei.language.expressions.called import called
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.expressions.links import MOST_LINKS, of_many_records, rows_held
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.syntax import Dot, Items, Syntax, Word
from jingwei.language.expressions.tree import Aggregate, Member, Name, Node, Type, TypeName
from jingwei.language.expressions.types import CODED
from jingwei.language.expressions.words import kind_words, type_words
from jingwei.language.meant import meant_boolean
from jingwei.problems import nearest
from jingwei.texts import Words

_MOST_SHOWN = 12
# values as other languages write them
_WORDS = {"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null"}
# how other systems call the record
_THE_RECORD = frozenset(("self", "doc", "record", "rec", "frm", "cur_frm", "obj"))


class Checking(Protocol):
    """What the parts of the checker need of it."""

    scope: Scope
    row_path: tuple[str, ...]
    around: Scope | None

    def node(self, syntax: Syntax) -> Node: ...
    def wants(self, syntax: Syntax, *names: TypeName) -> Node: ...
    def proven(self, node: Node, *names: TypeName) -> Node: ...
    def inside(self, scope: Scope, row_path: tuple[str, ...]) -> Checking: ...


def symbol_node(symbol: Symbol, start: int, end: int) -> Node:
    """The node of a symbol that is a value."""
    if not symbol.is_value:
        names = ", ".join(sorted(symbol.members or ())[:_MOST_SHOWN])
        raise ExpressionError("only-a-prefix", start, end, name=symbol.name, known=names)
    if symbol.of is not None:
        return Member(start, end, symbol.type, symbol_node(symbol.of, start, end), symbol.name)
    return Name(start, end, symbol.type, symbol.root, symbol.name)


def member_node(checker: Checking, of: Node, syntax: Dot) -> Node:
    """`of.name`, where `of` is a value: an org, a person, a linked record, a period …"""
    types = checker.scope.types
    type_ = types.member(of.type, syntax.name)
    if type_ is None and syntax.name == "display" and of.type.form and not of.type.table:
        _check_link(checker, of, syntax)
        node = called(checker, types, of.type.form, syntax)
        if node is not None:
            return node
    if type_ is None and of.type.name == "rows" and of.type.table:
        raise _of_many_rows(checker, syntax, of.type, types.row_symbols(of.type, "record"))
    if (rows := rows_held(of.type)) is not None:
        columns = types.row_symbols(rows, "record")
        if syntax.name not in columns:
            raise unknown_member(syntax, columns, of.type.of or of.type)
        raise of_many_records(checker, syntax, rows, columns[syntax.name].type)
    if type_ is None:
        raise unknown_member(syntax, types.members(of.type), of.type)
    if of.type.name == "record":
        _check_link(checker, of, syntax)
    if isinstance(of, Aggregate) and of.value is None and of.type.name == "record":
        # `last(meeting …).held_on`: the field of the row itself, so no second look-up.
        value = Name(syntax.at, syntax.end, type_, "record", syntax.name)
        return Aggregate(
            of.start, syntax.end, type_, of.function, of.source, value, of.where, of.by
        )
    return Member(of.start, syntax.end, type_, of, syntax.name)


def _of_many_rows(
    checker: Checking, syntax: Dot, rows: Type, columns: Mapping[str, Symbol]
) -> ExpressionError:
    """`lines.amount` where one value is wanted; `sum(purchase.lines.amount)`, over rows that are
    behind a link and are reached from their form."""
    columns = {name: symbol for name, symbol in columns.items() if symbol.root == "record"}
    if syntax.name not in columns:
        return unknown_member(syntax, columns, rows)
    of = syntax.of
    link = of.of.name if isinstance(of, Dot) and isinstance(of.of, Word) else None
    instead = f"sum({rows.table}.{syntax.name})"
    if link is not None and checker.scope.rows_behind_links:
        instead = f"sum({link}.{rows.table}.{syntax.name})"
    elif link is not None and link not in _RECORDS:
        here = f"{rows.form}.{rows.table}.{syntax.name}"
        instead = f"sum({here} where parent == this.{link})"
    return ExpressionError(
        "value-of-many-rows",
        syntax.at,
        syntax.end,
        suggestion=instead,
        name=syntax.name,
        table=rows.table or "",
    )


# what stands before a table of the record in scope, and is no link
_RECORDS = frozenset({"this", "parent", "old", "row"})


def _check_link(checker: Checking, of: Node, syntax: Dot) -> None:
    if not checker.scope.links_allowed:
        raise ExpressionError("outside-the-form", of.start, syntax.end, name=syntax.name)
    links = 1
    while isinstance(of, Member):
        of = of.of
        links += of.type.name == "record"
    if links > MOST_LINKS:
        raise ExpressionError("too-many-links", syntax.start, syntax.end, limit=MOST_LINKS)


def unknown_name(
    name: str,
    start: int,
    end: int,
    checker: Checking,
    *,
    rows: bool = False,
    also: Collection[str] = (),
) -> ExpressionError:
    """A bare name that is not in scope, with the word that was probably meant.

    `rows`: other forms would do here too; `also`: names that stand bare only at this place.
    """
    scope = checker.scope
    if name in scope.hints:
        hint = scope.hints[name]
        elsewhere = hint.endswith(f".{name}") and name != "display"  # which is no field
        code = "name-elsewhere" if elsewhere else "unknown-name"
        return ExpressionError(code, start, end, name=name, suggestion=hint, known=hint)
    if name == "row":
        return ExpressionError("row-outside-each", start, end)
    around = checker.around.name(name) if checker.around else None
    if around is not None and around.root in ("record", "parent"):
        prefix = next((word for word in ("parent", "this") if word in scope.symbols), None)
        meant = None if prefix is None else f"{prefix}.{name}"
        return ExpressionError("name-elsewhere", start, end, name=name, suggestion=meant)
    if name in FUNCTIONS or name in AGGREGATES:
        field = nearest(name, scope.names())
        if field is not None and field.startswith(name):  # `day`, where `days` is a field
            return ExpressionError(
                "unknown-name", start, end, name=name, suggestion=field, known=field
            )
        return ExpressionError("function-without-call", start, end, name=name)
    if (word := _WORDS.get(name.lower())) is not None:
        return ExpressionError(
            "unknown-name", start, end, name=name, suggestion=word, known="true, false, null"
        )
    if name in (scope.types.known("org") or ()):
        meant = f'"{name}"'
        return ExpressionError("unknown-name", start, end, name=name, suggestion=meant, known=meant)
    forms = scope.types.known("form") if rows and scope.forms_allowed else ()
    known = [*scope.names(), *(forms or ()), *also]
    shown = ", ".join(sorted(also or scope.names())[:_MOST_SHOWN])
    titled = next((n for n in scope.types.titled(name) if n in known), None)
    suggestion = scope.renamed.get(name) or titled or _column(name, scope) or nearest(name, known)
    if suggestion is None and name.lower() in _THE_RECORD and "this" in scope.symbols:
        suggestion = "this"
    return ExpressionError(
        "unknown-name", start, end, name=name, suggestion=suggestion, known=shown
    )


def beside(checker: Checking, syntax: Syntax, other: Syntax) -> Node:
    """One side of a comparison. A bare word that is no name, and a code of what it is compared
    with, lacks its quotation marks: `status == approved`."""
    try:
        return checker.node(syntax)
    except ExpressionError as error:
        words = syntax.items if isinstance(syntax, Items) else (syntax,)
        word = next((w for w in words if isinstance(w, Word) and w.start == error.start), None)
        if word is None or error.code != "unknown-name":
            raise
        raise _unquoted(checker, word, other) or error from None


def _unquoted(checker: Checking, word: Word, other: Syntax) -> ExpressionError | None:
    try:
        type_ = checker.node(other).type
    except ExpressionError:
        return None
    if type_.name == "boolean" and (truth := meant_boolean(word.name)) is not None:
        return ExpressionError(
            "unknown-name", word.start, word.end, name=word.name, suggestion=truth, known="true"
        )
    type_ = type_.of or type_
    codes = type_.choices or () if type_.name not in CODED else _known(checker, type_)
    titled = next((code for code in checker.scope.types.titled(word.name) if code in codes), None)
    meant = word.name if word.name in codes else titled or nearest(word.name, codes)
    if meant is None:
        return None
    return ExpressionError(
        "code-unquoted",
        word.start,
        word.end,
        name=word.name,
        kind=kind_words(type_),
        suggestion=f'"{meant}"',
    )


def _known(checker: Checking, type_: Type) -> Collection[str]:
    return checker.scope.types.known(type_.name) or ()


def _column(name: str, scope: Scope) -> str | None:
    """`lines.amount`, where `amount` is no name of the record but a column of one of its tables."""
    for table, symbol in scope.symbols.items():
        rows = symbol.type.name == "rows" and symbol.type.table is not None
        if rows and name in scope.types.row_symbols(symbol.type, "record"):
            return f"{table}.{name}"
    return None


def unknown_member(
    syntax: Dot, known: Collection[str], of: Type, prefix: str | None = None
) -> ExpressionError:
    """A field that is not there: `targets.amout`, `flow.statsu`."""
    if of.name == "text" and syntax.name in ("length", "len", "size"):
        return ExpressionError(
            "no-fields",
            syntax.at,
            syntax.end,
            suggestion="len(…)",
            name=syntax.name,
            found=type_words(of),
        )
    if not known and not of.form and not of.table and prefix is None:
        return ExpressionError(
            "no-fields", syntax.at, syntax.end, name=syntax.name, found=type_words(of)
        )
    suggestion = _called_here(of, syntax.name, known) or nearest(syntax.name, known)
    return ExpressionError(
        "unknown-field",
        syntax.at,
        syntax.end,
        suggestion=suggestion,
        name=syntax.name,
        place=place_words(of, prefix),
        known=", ".join(sorted(known)[:_MOST_SHOWN]),
    )


_CALLED_HERE = {
    ("org", "name"): "title",
    ("person", "role"): 'has_role("…")',
    ("person", "roles"): 'has_role("…")',
    ("person", "post"): 'has_post("…")',
    ("person", "posts"): 'has_post("…")',
}


def _called_here(of: Type, name: str, known: Collection[str]) -> str | None:
    """What other systems call otherwise; a field of that name is meant by it."""
    return None if name in known else _CALLED_HERE.get((of.name, name))


def place_words(of: Type, prefix: str | None = None) -> Words:
    """`table 'targets'`, `form 'visit'`, `an organisation`: where a field was looked for."""
    if of.table:
        return Words("expressions.places.table", {"name": of.table})
    if of.form:
        return Words("expressions.places.form", {"name": of.form})
    if prefix:
        return Words("expressions.places.prefix", {"name": prefix})
    return type_words(of)
