"""What the form page needs of each field: which control, its words, its options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from jingwei.catalogue.scorecards import is_of_scheme
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.language.periods import Period
from jingwei.language.values import Formula, Literal_
from jingwei.screens.cells import FILES, NUMERIC, Cells
from jingwei.screens.marks import most_stars
from jingwei.screens.orgs import org_options, periods_around
from jingwei.services import definitions, drafts
from jingwei.services.candidates import candidate_of
from jingwei.services.commands import Reading
from jingwei.services.display import AMOUNTS
from jingwei.services.listing import may_open
from jingwei.services.rights import FieldRights
from jingwei.services.writable import made_of

REMOTE = frozenset(("person", "link", "region"))
AREAS = frozenset(("long_text", "markdown", "rich_text", "code", "json"))
NAMED = frozenset(("org", "indicator", "post", "role", "form", "definition"))
INPUTS: Mapping[str, str] = {
    "email": "email",
    "phone": "tel",
    "url": "url",
    "time": "time",
}
EXAMPLES: Mapping[str, str] = {  # how it is written, where one cannot guess
    "duration": "1h30min",
    "geolocation": "39.9042, 116.4074",
    "color": "#1A2B3C",
}
MARKS = (  # of formatted text, and the sign on each button
    ("bold", "B"),
    ("italic", "I"),
    ("heading", "H"),
    ("list", "•"),
    ("quote", "❝"),
    ("link", "↗"),
)
WIDE = frozenset((*AREAS, "table", "heading", "note", "tags"))


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select; `depth` in a tree, `hint` beside it."""

    value: str
    text: str
    depth: int = 0
    hint: str = ""


def told_apart(people: Sequence[Option]) -> list[Option]:
    """People of one name with their logins beside them."""
    named = Counter(one.text for one in people)
    return [
        one if named[one.text] < 2 else replace(one, hint=f"{one.hint} · {one.value}")
        for one in people
    ]


@dataclass(frozen=True, slots=True)
class Widget:
    """One control. `kind` names its template macro; `scale` is what a shown 1 stands for."""

    path: str
    name: str
    kind: str
    type: str
    title: str
    id: str
    unit: str = ""
    help: str = ""
    placeholder: str = ""
    input: str = "text"
    required: bool = False
    readonly: bool = False
    computed: bool = False
    many: bool = False
    wide: bool = False
    scale: str = "1"
    digits: int | None = None
    options: tuple[Option, ...] = ()
    filtered: bool = False
    min_rows: int = 0
    max_rows: int | None = None
    append_only: bool = False
    order: bool = False  # rows can be moved
    made: tuple[str, ...] = ()  # its rows are made, known by these columns: none comes or goes
    columns: tuple[Widget, ...] = ()
    grid: frozenset[str] = frozenset()  # the columns beside each other; the others have a page
    page: tuple[RowBlock, ...] = ()
    totals: tuple[str, ...] = ()
    unit_from: str = ""  # the field whose choice is the unit
    follows: str = ""  # the mode of a computed value that a person may override
    stars: int = 5
    forms: tuple[Option, ...] = ()  # chosen first, where a link may lead to any
    unkept: bool = False  # what is typed and not saved is nowhere but on the page
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> Sequence[tuple[str, str]]:
        return MARKS

    @property
    def numeric(self) -> bool:
        return self.type in NUMERIC and self.type != "rating"

    def model(self) -> dict[str, Any]:
        """What the script of the page is told."""
        found: dict[str, Any] = {
            "type": self.type,
            "kind": self.kind,
            "title": self.title,
            "scale": self.scale,
            "digits": self.digits,
            "many": self.many,
            "readonly": self.readonly,
            "computed": self.computed,
            "filtered": self.filtered,
        }
        if self.name.startswith("row."):  # stands alone here, and is asked for as what it is
            found["at"] = self.path
        if self.unkept:
            found["unkept"] = True
        if self.unit_from:
            found["unitFrom"] = self.unit_from
        if self.follows:
            found["follows"] = self.follows
        if self.kind == "output" and self.options:
            found["titles"] = {option.value: option.text for option in self.options}
        if self.kind == "table":
            found["columns"] = {c.name: c.model() for c in self.columns}
            found["totals"] = list(self.totals)
            found["made"] = list(self.made)
        return found


@dataclass(frozen=True, slots=True)
class RowBlock:
    """One section of the page of a row."""

    title: str
    columns: int
    widgets: tuple[Widget, ...]


@dataclass(slots=True)
class Widgets:
    """Makes the widgets of one form for one person."""

    view: Reading
    form: Form
    rights: FieldRights
    cells: Cells
    values: Mapping[str, Any]

    def widget(self, f: Field) -> Widget | None:
        """The control of a field; None for what this person does not see."""
        if f.path not in self.rights.visible:
            return None
        words = self.cells.words
        writable = f.path in self.rights.writable or (
            f.table is not None and f.table in self.rights.writable
        )
        computed = f.compute is not None and f.mode == "always"
        outer = self.form.fields[f.table] if f.table is not None else None
        computed = computed or (outer is not None and is_of_scheme(outer, f.name))
        masked = f.path in self.rights.masked and f.type != "secret"  # which is only ever set
        shut = outer is not None and (outer.readonly or f.name in made_of(outer))
        columns = tuple(w for w in (self.widget(c) for c in f.fields.values()) if w is not None)
        grid = frozenset(f.columns) or frozenset(f.fields)
        return Widget(
            path=f.path,
            name=f.name,
            kind=self._kind(f, computed),
            type=f.type,
            title=f.title(words),
            id="field-" + f.path.replace(".", "-"),
            unit="%" if f.type == "percent" else self.cells.unit(f),
            help=f.help(words) if f.help else "",
            placeholder=f.placeholder(words) if f.placeholder else EXAMPLES.get(f.type, ""),
            input=INPUTS.get(f.type, "text"),
            required=f.required,
            readonly=f.readonly or shut or not writable or masked,
            computed=computed,
            many=f.many or f.type == "tags",
            wide=f.type in WIDE,
            scale=_scale(f),
            digits=self._digits(f),
            options=self._options(f),
            filtered=f.filter is not None,
            min_rows=f.min_rows or 0,
            max_rows=f.max_rows,
            append_only=f.append_only,
            order=f.order and not f.append_only and not made_of(f),
            made=("item",) if f.scorecard is not None else tuple(made_of(f)),
            columns=columns,
            grid=grid,
            page=self._row_page(f, {w.name: w for w in columns if w.name not in grid}),
            totals=f.totals,
            unit_from=unit_from(f),
            follows=f.mode if f.compute is not None and not computed else "",
            stars=most_stars(f),
            forms=form_options(self.view, self.cells) if f.to_any else (),
            unkept=f.sensitive or f.type == "secret",
        )

    def _row_page(self, table: Field, left: dict[str, Widget]) -> tuple[RowBlock, ...]:
        """What of a row is not in the grid, as the table's layout has it."""
        found = []
        for section in table.layout:
            names = [name for row in section.rows for name in row if name in left]
            inside = tuple(left.pop(name) for name in names)
            if inside:
                title = section.title(self.cells.words)
                found.append(RowBlock(title, max(1, min(section.columns, 4)), inside))
        if left:
            found.append(RowBlock("", 2, tuple(left.values())))
        return tuple(found)

    def _kind(self, f: Field, computed: bool) -> str:
        if f.type in ("table", "heading", "note"):
            return f.type
        if computed:
            return "output"
        if f.type == "boolean":
            return f.type
        if f.type in NUMERIC and f.type != "duration":
            return "number"
        if f.type in AREAS:
            return "area"
        if f.type in FILES:
            return "file"
        if f.type in ("date", "datetime"):
            return f.type
        if f.type in ("choice", "period", "tags") or f.type in REMOTE | NAMED:
            return "select"
        return "input"

    def _digits(self, f: Field) -> int | None:
        if f.type == "percent":
            return 2 if f.precision is None else f.precision
        return self.cells.shown_digits(f) if f.type in NUMERIC else None

    def _options(self, f: Field) -> tuple[Option, ...]:
        match f.type:
            case "boolean":
                known = ((v, self.cells.plain("boolean", v).text) for v in (True, False))
                return tuple(Option(str(v).lower(), said) for v, said in known)
            case "choice":
                words, held = self.cells.words, {str(v) for v in self._held(f) if v is not None}
                offered = self.cells.offered(f, held)
                return tuple(Option(c.code, c.title(words)) for c in offered)
            case "period":
                return self._periods(f)
            case "org" | "indicator" | "post" | "role" | "form" | "definition":
                offers = named_options(self.view, self.cells, f, self.form, self.values, {})
                return self._with_held(f, offers)
            case "person" | "link" | "region" | "tags":
                return tuple(
                    Option(_written(v), self.cells.one(f, v).text)
                    for v in self._held(f)
                    if v is not None
                )
        return ()

    def _with_held(self, f: Field, offers: Sequence[Option]) -> tuple[Option, ...]:
        """What is offered now, and what the record has although it is offered no more."""
        known = {option.value for option in offers}
        held = [str(v) for v in self._held(f) if v is not None and str(v) not in known]
        return (*offers, *(Option(v, self.cells.title(f.type, v)) for v in held))

    def _periods(self, f: Field) -> tuple[Option, ...]:
        grain = f.grain or "month"
        known = periods_around(self.view, grain)
        held = [str(v) for v in self._held(f) if v is not None]
        return tuple(Option(p, self.cells.period(p)) for p in dict.fromkeys((*known, *held)))

    def _held(self, f: Field) -> list[Any]:
        """Values of the field in this record, in every row."""
        if f.table is None:
            found = [self.values.get(f.name)]
        else:
            found = [row.get(f.name) for row in self.values.get(f.table) or ()]
        flat = [v for one in found for v in (one if isinstance(one, list) else [one])]
        return list({_written(v): v for v in flat if v is not None}.values())


def named_options(
    view: Reading,
    cells: Cells,
    f: Field,
    form: Form,
    values: Mapping[str, Any],
    row: Mapping[str, Any],
) -> list[Option]:
    """Orgs, indicators, posts, roles, forms or other definitions that this field offers now."""
    within = offered(view, f, values, row)
    if f.type == "org":
        if f.table is None and f.name == "org":
            reach = view.rights.create_orgs(view, form.name)
            if reach is not None:
                within = reach if within is None else frozenset(within) & reach
        return [
            Option(code, title, depth) for code, title, depth in org_options(view, cells, within)
        ]
    catalogue: Any = view.catalogue
    known = getattr(catalogue, f"{f.type}s")
    if f.type == "definition":
        known = dict(definitions.offered(view, f))
    elif f.type == "form":
        known = {n: one for n, one in known.items() if may_open(view, n)}
    return [
        Option(name, one.title(cells.words))
        for name, one in known.items()
        if within is None or name in within
    ]


def form_options(view: Reading, cells: Cells) -> tuple[Option, ...]:
    """The forms that this person may open."""
    forms = view.catalogue.forms
    found = [(one.title(cells.words), n) for n, one in forms.items() if may_open(view, n)]
    return tuple(Option(name, title) for title, name in sorted(found))


def offered(
    view: Reading, f: Field, values: Mapping[str, Any], row: Mapping[str, Any]
) -> frozenset[str] | None:
    """Names that the field's filter lets through; None when it has none, or cannot tell yet."""
    if f.filter is None:
        return None
    catalogue: Any = view.catalogue
    names = list(catalogue.orgs if f.type == "org" else getattr(catalogue, f"{f.type}s", {}))
    return drafts_filter(view, f, names, values, row)


def drafts_filter(
    view: Reading, f: Field, names: list[str], values: Mapping[str, Any], row: Mapping[str, Any]
) -> frozenset[str] | None:
    from jingwei.services.world import environment

    assert f.filter is not None
    closure = view.catalogue.closure(f.filter)
    found = set()
    for name in names:
        candidate = candidate_of(view, f.type, name)
        if closure(environment(view, candidate, this=values, row=row)):
            found.add(name)
    return frozenset(found)


def engine_values(view: Reading, form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Named values of a page as expressions take them; what does not parse is left out."""
    found: dict[str, Any] = dict.fromkeys(form.fields)
    for name, value in values.items():
        f = form.fields.get(name)
        if f is None or value is None:
            continue
        if f.type == "period":
            try:
                found[name] = Period.parse(str(value))
            except ValueError:
                continue
        elif FIELD_TYPES[f.type].is_value and isinstance(value, str | bool):
            found[name] = value
    found.setdefault("org", values.get("org"))
    return found


def unit_from(f: Field) -> str:
    """The field of the record that says the unit of this one."""
    if not isinstance(f.unit, Formula):
        return ""
    return f.unit.source.strip().removeprefix("parent.")


def _scale(f: Field) -> str:
    if f.type == "percent":
        return "0.01"
    return str(AMOUNTS.get(f.show_in or "", 1))


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['form']}/{value['id']}"
    return str(value)


def as_model(value: Any) -> Any:
    """A JSON value with numbers as text: a script must not round them."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, int | str):
        return value
    if isinstance(value, Mapping):
        return {k: as_model(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_model(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def literal(value: Any) -> Any:
    return value.value if isinstance(value, Literal_) else None


__all__ = [
    "Option",
    "Widget",
    "Widgets",
    "as_model",
    "drafts",
    "engine_values",
    "named_options",
    "unit_from",
]
