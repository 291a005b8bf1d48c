"""Which computed fields have a column, and which are worked out whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import sha256

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Member, Node
from jingwei.language.form import Field, Form
from jingwei.language.values import Formula

# of orgs and people what queries know, beside the types of orgs
_IN_SQL = {
    "org": frozenset({"code", "type", "profile", "parent"}),
    "person": frozenset({"login", "name", "title", "email", "phone", "org"}),
}


def stored_test(catalogue: Catalogue) -> Callable[[Field], bool]:
    """Whether a field is kept in a column.

    A computed field is when every operand is kept inside its record, when it may be overridden, or
    when no query can work it out; any other is worked out by the query, so it is never stale.
    """
    live = {
        formula for form in catalogue.forms.values() for formula in live_formulas(catalogue, form)
    }
    return lambda field: field.compute is None or field.compute not in live


def reads_of(read: str, field: Field) -> tuple[str, ...]:
    """The paths of fields that a name in the formula of `field` may stand for; `this` is the
    record wherever it is written."""
    if read.startswith("this."):
        return (read.removeprefix("this."),)
    if field.table is None:
        return (read,)
    return (f"{field.table}.{read}", read.removeprefix("parent."), read)


def live_formulas(catalogue: Catalogue, form: Form) -> Iterator[Formula]:
    """The computes without a column: what reads beyond the record, and what reads such a field."""
    computed = {
        f.path: f
        for outer in form.fields.values()
        for f in (outer, *outer.fields.values())
        if f.compute is not None and f.mode == "always" and _in_sql(catalogue, f.compute)
    }
    live = {path for path, f in computed.items() if not _inside(catalogue, f)}
    found = True
    while found:
        found = False
        for path, f in computed.items():
            if path not in live and f.table is None and _reads(catalogue, f) & live:
                live.add(path)
                found = True
    for path in live:
        formula = computed[path].compute
        assert formula is not None
        yield formula


def formula_marks(catalogue: Catalogue) -> Mapping[tuple[str, str], str]:
    """(form, path) of each field that is always computed → a mark of what works out its value: its
    own formula and those of the fields it reads. Another mark: what is kept is out of date."""
    found: dict[tuple[str, str], str] = {}
    layered = _of_layers(catalogue)
    for form in catalogue.forms.values():
        computed = {
            f.path: f
            for outer in form.fields.values()
            for f in (outer, *outer.fields.values())
            if f.compute is not None and f.mode == "always"
        }
        for path in computed:
            behind = _closure(catalogue, computed, path)
            sources = {p: [_source(computed[p]), *layered.get((form.name, p), ())] for p in behind}
            words = repr([sources.pop(path), sorted(sources.items())])
            found[form.name, path] = sha256(words.encode()).hexdigest()[:16]
    return found


def _of_layers(catalogue: Catalogue) -> dict[tuple[str, str], list[str]]:
    """What layers say instead, by form and path: a record has the formula of its own org."""
    found: dict[tuple[str, str], list[str]] = {}
    for layer in sorted(catalogue.layers.values(), key=lambda one: one.name):
        for patch in layer.sets if layer.of_kind == "form" else ():
            *names, key = patch.path.split(".")
            if key == "compute":
                path = ".".join(name for name in names if name != "fields")
                said = f"{layer.for_}: {patch.value}"
                found.setdefault((layer.of_name, path), []).append(said)
    return found


def _closure(catalogue: Catalogue, computed: Mapping[str, Field], path: str) -> set[str]:
    """The computed fields behind one, itself among them."""
    found: set[str] = set()
    left = [path]
    while left:
        one = left.pop()
        if one in found:
            continue
        found.add(one)
        formula = computed[one].compute
        assert formula is not None
        for read in catalogue.expression(formula).reads:
            left += [p for p in reads_of(read, computed[one]) if p in computed]
    return found


def _source(field: Field) -> str:
    assert field.compute is not None
    return " ".join(field.compute.source.split())


def _inside(catalogue: Catalogue, field: Field) -> bool:
    assert field.compute is not None
    return catalogue.expression(field.compute).inside_record


def _reads(catalogue: Catalogue, field: Field) -> set[str]:
    """The fields of the record itself that are read; columns are kept with their row."""
    assert field.compute is not None
    reads = (one.removeprefix("this.") for one in catalogue.expression(field.compute).reads)
    return {read for read in reads if "." not in read}


def _in_sql(catalogue: Catalogue, formula: Formula) -> bool:
    expression = catalogue.expression(formula)
    names: Collection[str] = expression.functions
    return all("sql" in FUNCTIONS[name].targets for name in names if name in FUNCTIONS) and all(
        is_asked_in_sql(catalogue, node) for node in walk(expression.root)
    )


def is_asked_in_sql(catalogue: Catalogue, node: Node) -> bool:
    """Whether a query knows what stands behind the dot: facts and titles of orgs it does not."""
    if not isinstance(node, Member):
        return True
    of = node.of.type.name
    is_type = of == "org" and node.name in catalogue.org_types.types
    return is_type or of in ("record", "period") or node.name in _IN_SQL.get(of, ())
