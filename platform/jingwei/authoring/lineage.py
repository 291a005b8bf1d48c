"""Who reads a field or an indicator, and what it is made of: taken from the expression trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from jingwei.authoring.mentions import mentions
from jingwei.authoring.mentions_beside import mentions_of_layers, mentions_of_tests
from jingwei.authoring.places import Around, Place, expressions
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import catalogue_under, standings
from jingwei.language.expressions.reads import parts
from jingwei.language.expressions.tree import (
    Aggregate,
    Call,
    Constant,
    Member,
    Name,
    Node,
    Source,
)
from jingwei.problems import Position, nearest
from jingwei.refusals import NotFound

KINDS: Mapping[str, str] = {
    "form": "forms",
    "workflow": "workflows",
    "indicator": "indicators",
    "alert": "alerts",
    "report": "reports",
    "dashboard": "dashboards",
    "module": "modules",
    "classification": "classifications",
    "scoring": "scorings",
    "scenario": "scenarios",
    "schedule": "schedules",
    "code_list": "code_lists",
}
# where a value is made: what stands at these keys of a field decides what the field holds
MAKES = frozenset({"compute", "default", "generate", *("scheme", "org", "period", "as_of")})
FED = ("simple", "input")  # types of indicators whose figures come from outside the cube


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """`target` (`form.field`, `form.table.column`, or an indicator) is used at a place. `made` is
    the field or indicator that the place gives its value to, if any; `writes` marks that the place
    fills the target rather than reads it. `depth`: 1 for a direct use, more for one through others.
    """

    at: Position
    by: str
    path: str
    target: str
    made: str | None = None
    writes: bool = False
    depth: int = 1

    @property
    def role(self) -> str:
        """What it is used for: compute, rule, permission, list, tile …"""
        kind, _, _ = self.by.partition("/")
        head = self.path.split(".")[0]
        if kind == "form" and head == "fields":
            return self.path.rpartition(".")[2] if not self.made else _maker(self.path)
        return _ROLES.get((kind, head)) or _ROLES.get((kind, "")) or head

    def to_json(self) -> dict[str, Any]:
        return {
            "by": self.by,
            "path": self.path,
            "role": self.role,
            "target": self.target,
            "made": self.made,
            "writes": self.writes,
            "depth": self.depth,
            "file": self.at.file,
            "line": self.at.line,
            "column": self.at.column,
        }


_ROLES: Mapping[tuple[str, str], str] = {
    ("form", "rules"): "rule",
    ("form", "list"): "list",
    ("form", "layout"): "layout",
    ("form", "permissions"): "permission",
    ("form", "restrict"): "permission",
    ("form", "actions"): "action",
    ("form", "events"): "event",
    ("form", "related"): "related",
    ("form", "receipts"): "receipt",
    ("form", "facts"): "facts",
    ("form", "states"): "state",
    ("form", "number"): "number",
    ("form", "display"): "display",
    ("form", "collect"): "collect",
    ("form", "versions"): "versions",
    ("form", "tree"): "tree",
    ("layer", ""): "layer",
    ("test", ""): "test",
    ("workflow", ""): "flow",
    ("indicator", ""): "indicator",
    ("indicator_set", ""): "indicator",
    ("alert", ""): "alert",
    ("report", ""): "report",
    ("dashboard", ""): "tile",
    ("module", ""): "module",
    ("classification", ""): "classification",
    ("scoring", ""): "scoring",
    ("scenario", ""): "scenario",
    ("schedule", ""): "schedule",
    ("code_list", ""): "choices",
}


def _maker(path: str) -> str:
    return next((word for word in path.split(".") if word in MAKES), "compute")


@dataclass(frozen=True, slots=True)
class Lineage:
    """Both directions, nearest first."""

    name: str
    read_by: tuple[Use, ...]
    reads: tuple[Use, ...]


def lineage(catalogue: Catalogue, name: str) -> Lineage:
    """`annual_plan.total_amount`, `annual_plan.targets.amount`, or an indicator.

    Raises NotFound.
    """
    target = _known(catalogue, name)
    beside = chain(mentions_of_layers(catalogue), mentions_of_tests(catalogue))
    named = (Use(one.at, one.by, one.path, one.target) for one in beside)
    uses = sorted(_once(chain(all_uses(catalogue), named)))
    by_target: dict[str, list[Use]] = defaultdict(list)
    by_made: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_target[use.target].append(use)
        if use.made is not None:
            by_made[use.made].append(use)
    below = _follow(target, by_target, lambda use: use.made)
    above = _follow(target, by_made, lambda use: use.target)
    written = [use for use in by_target[target] if use.writes]
    return Lineage(target, tuple(u for u in below if not u.writes), (*above, *written))


def _once(uses: Iterable[Use]) -> list[Use]:
    """A place that names the same thing twice (in two languages) uses it once."""
    found: dict[tuple[object, ...], Use] = {}
    for use in uses:
        found.setdefault((use.by, use.path, use.target, use.made, use.writes), use)
    return list(found.values())


def _follow(start: str, edges: Mapping[str, list[Use]], onward: Any) -> list[Use]:
    """Breadth first; each use once, at its smallest depth."""
    found: dict[Use, int] = {}
    seen, wave, depth = {start}, [start], 1
    while wave:
        following: list[str] = []
        for name in wave:
            for use in edges.get(name, ()):
                found.setdefault(use, depth)
                further = onward(use)
                if further is not None and further not in seen and not use.writes:
                    seen.add(further)
                    following.append(further)
        wave, depth = following, depth + 1
    return [replace(use, depth=level) for use, level in found.items()]


def _known(catalogue: Catalogue, name: str) -> str:
    stripped = name.removeprefix("indicator/").removeprefix("form/")
    if stripped in catalogue.indicators:
        return stripped
    form_name, _, path = stripped.partition(".")
    form = catalogue.forms.get(form_name)
    if form is None:
        known = [*catalogue.forms, *catalogue.indicators]
        guess = nearest(form_name, known)
        raise NotFound("no-such-lineage", name=name, known=guess or ", ".join(known[:12]))
    head, _, column = path.partition(".")
    field = form.fields.get(head)
    gone = field is None or (column and column not in field.fields)
    for whole in _layered(catalogue) if gone else ():
        own = whole.forms[form_name].fields.get(head)
        if own is not None and (not column or column in own.fields):
            field = own  # of a layer
    if field is None or (column and column not in field.fields):
        inside = field.fields if field is not None else form.fields
        guess = nearest(column or head, inside)
        raise NotFound("no-such-lineage", name=name, known=guess or ", ".join(inside))
    return stripped


def all_uses(catalogue: Catalogue) -> Iterator[Use]:
    """Every use of every field and indicator in this application, those of layers included."""
    yield from _uses_of(catalogue, None)
    for whole in _layered(catalogue):
        changed = {
            f"{kind}/{name}"
            for kind, attribute in KINDS.items()
            for name, one in getattr(whole, attribute).items()
            if one is not getattr(catalogue, attribute).get(name)
        }
        yield from _uses_of(whole, changed)


def _layered(catalogue: Catalogue) -> Iterator[Catalogue]:
    """The catalogue as orgs have it that stand under layers."""
    for under in standings(catalogue) if catalogue.base is None and catalogue.layers else ():
        yield catalogue_under(catalogue, under)


def _uses_of(catalogue: Catalogue, only: Collection[str] | None) -> Iterator[Use]:
    """`only`: the definitions (kind/name) that are looked at; None: all."""
    for kind, attribute in KINDS.items():
        for definition in getattr(catalogue, attribute).values():
            if only is not None and f"{kind}/{definition.name}" not in only:
                continue
            for place in expressions(catalogue, kind, definition):
                yield from _of_expression(catalogue, place)
    if only is None:
        yield from _facts_of_forms(catalogue)
    for mention in mentions(catalogue):
        if only is not None and mention.by not in only:
            continue
        yield Use(
            mention.at,
            mention.by,
            mention.path,
            mention.target,
            mention.made,
            mention.writes,
        )


def _facts_of_forms(catalogue: Catalogue) -> Iterator[Use]:
    """Records that become facts: of one indicator, or of whichever a row names."""
    for form in catalogue.forms.values():
        for name, rule in form.facts.items():
            expression = catalogue.expressions.get(rule.indicator)
            root = expression.root if expression is not None else None
            if isinstance(root, Constant):
                fed = [root.value]
            else:
                fed = [n for n, one in catalogue.indicators.items() if one.type in FED]
            for target in fed:
                yield Use(rule.at, f"form/{form.name}", f"facts.{name}", target, writes=True)


def _of_expression(catalogue: Catalogue, place: Place) -> Iterator[Use]:
    expression = catalogue.expressions.get(place.formula)
    if expression is None:
        return
    by, path = f"{place.kind}/{place.name}", ".".join(place.path)
    made = made_by(catalogue, place)
    for target in dict.fromkeys(read_names(catalogue, expression.root, place.around)):
        yield Use(place.at, by, path, target, made)


def made_by(catalogue: Catalogue, place: Place) -> str | None:
    """The field or indicator whose value this place gives."""
    match place.kind, place.path:
        case "form", ("fields", name, word, *_) if word in MAKES:
            return f"{place.name}.{name}"
        case "form", ("fields", table, "fields", name, word, *_) if word in MAKES:
            return f"{place.name}.{table}.{name}"
        case "indicator", ("formula", *_):
            return place.name
        case "indicator", ("measure", *_):
            return place.name
        case "form", ("facts", name, "value" | "when", *_):
            rule = catalogue.forms[place.name].facts[name]
            fed = catalogue.expressions.get(rule.indicator)
            if fed is not None and isinstance(fed.root, Constant):
                return str(fed.root.value)
    return None


def read_names(catalogue: Catalogue, node: Node, around: Around) -> Iterator[str]:
    """The fields and indicators a tree depends on: `form.field`, `form.table.column`, `revenue`."""
    match node:
        case Name(root="variable", name=name):
            if around.record is None and name in catalogue.indicators:
                yield name
            return
        case Name():
            yield from _named(catalogue, node, around)
            return
        case Constant(value=value) if isinstance(value, str) and value in catalogue.indicators:
            if node.type.name == "indicator":
                yield value
            return
        case Call(function="fact" | "rank", arguments=(Constant(value=str() as value), *_)):
            yield value
        case Member(of=of, name=name):
            if of.type.name == "record" and of.type.form:
                yield from _field(catalogue, of.type.form, None, name)
        case Aggregate(source=source):
            yield from _source(catalogue, source, around)
            within = _inside(source, around)
            for part in parts(node):
                yield from read_names(catalogue, part, within)
            return
    for part in parts(node):
        yield from read_names(catalogue, part, around)


def _named(catalogue: Catalogue, node: Name | Source, around: Around) -> Iterator[str]:
    if node.root == "row":
        if around.row is not None and around.row.form:
            yield from _field(catalogue, around.row.form, around.row.table, node.name)
        return
    place: tuple[str, str | None] | None
    if node.root == "this":
        place = (around.this, None) if around.this else None
    elif node.root == "parent" and around.record is not None:
        place = (around.record[0], None)
    else:
        place = around.record
    if place is not None:
        yield from _field(catalogue, place[0], place[1], node.name)


def _source(catalogue: Catalogue, source: Source, around: Around) -> Iterator[str]:
    if source.origin == "link":
        yield from _named(catalogue, source, around)
        return
    form = source.form or (around.record[0] if around.record else None)
    if source.origin == "table" and form:
        yield from _field(catalogue, form, None, source.name)
    elif source.by and source.form:
        yield from _field(catalogue, source.form, None, source.by)


def _inside(source: Source, around: Around) -> Around:
    """What names mean in a row of an aggregate's source."""
    if source.origin == "table":
        form = source.form or (around.record[0] if around.record else None)
        return replace(around, record=(form, source.name) if form else None)
    if source.form:
        return replace(around, record=(source.form, source.table))
    return replace(around, record=None)


def _field(catalogue: Catalogue, form: str, table: str | None, name: str) -> Iterator[str]:
    """Only fields of the author's; the system's are nobody's lineage."""
    found = catalogue.forms.get(form)
    if found is None:
        return
    if table is not None:
        inside = found.fields.get(table)
        if inside is not None and name in inside.fields:
            yield f"{form}.{table}.{name}"
    elif name in found.fields:
        yield f"{form}.{name}"
