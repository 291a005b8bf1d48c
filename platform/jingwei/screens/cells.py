"""Values as people read them: numbers with their unit, dates and periods by locale, titles."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from markupsafe import Markup

from jingwei.catalogue.extensions import added_choice
from jingwei.language.field_types.listed import is_sortable
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.language.regions import full_name
from jingwei.language.values import Literal_
from jingwei.screens import marks, spoken
from jingwei.screens.markdown import TYPES as FORMATTED
from jingwei.screens.markdown import html as html_of
from jingwei.services import file_types
from jingwei.services.commands import Reading
from jingwei.services.display import AMOUNTS, display
from jingwei.services.presenting import MASK
from jingwei.services.titles import choice_of, choices
from jingwei.storage import people
from jingwei.storage.files import FileRow, find_files
from jingwei.texts import has_text, text
from jingwei.web import current, locale

FILES = frozenset(("file", "image", "signature"))
NUMERIC = frozenset(("integer", "number", "money", "percent", "rating", "duration"))
NOTHING = "—"
# colours that an author names, and how a badge shows them
COLORS = frozenset(("red", "orange", "yellow", "green", "blue", "purple", "grey"))
STATUS_COLORS: Mapping[str, str] = {
    "draft": "grey",
    "in_approval": "blue",
    "returned": "orange",
    "approved": "green",
    "rejected": "red",
    "recalled": "grey",
    "terminated": "red",
    "submitted": "green",
    "cancelled": "grey",
}
SYSTEM_TYPES: Mapping[str, str] = {
    "org": "org",
    "owner": "person",
    "created_by": "person",
    "updated_by": "person",
    "created_at": "datetime",
    "updated_at": "datetime",
    "status": "status",
    "state": "state",
    "number": "numbering",
    "id": "id",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One value to show. `css`: `num`, `neg`, …; `badge`: a colour; `href`: where it leads;
    `html`: how a formatted text looks; `hint`: said beside it, quieter."""

    text: str
    css: str = ""
    badge: str | None = None
    href: str | None = None
    items: tuple[Cell, ...] = ()
    html: Markup | None = None
    mark: Markup | None = None  # a small drawing of it, which says nothing that `text` does not
    hint: str = ""
    picture: str = ""  # where a small picture of it is

    @property
    def empty(self) -> bool:
        return self.text == NOTHING


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list or grid. `path` may go through links."""

    path: str
    title: str
    type: str
    field: Field | None
    sortable: bool = False
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether its values stand at the right, to be compared; stars are seen."""
        return self.type in NUMERIC and self.type != "rating"

    @property
    def heading(self) -> str:
        if not self.unit:
            return self.title
        return text("screens.with_unit", locale(), title=self.title, unit=self.unit)


EMPTY = Cell(NOTHING, "text-muted")


@dataclass(slots=True)
class Cells:
    """Shows values of one request; titles are looked up once, people of a page together."""

    view: Reading
    words: str = field(default_factory=locale)
    _people: dict[str, str] = field(default_factory=dict)
    _links: dict[tuple[str, int], str] = field(default_factory=dict)
    _files: dict[int, FileRow] = field(default_factory=dict)

    # --- columns --------------------------------------------------------------------------------

    def column(self, form: Form, path: str) -> Column:
        """What stands above the values of a path."""
        first, _, rest = path.partition(".")
        definition = form.fields.get(first)
        if rest and definition is not None and definition.to:
            inner = self.column(self.view.catalogue.forms[definition.to[0]], rest)
            return Column(path, inner.title, inner.type, inner.field, False, inner.unit)
        if definition is None:
            kind = SYSTEM_TYPES.get(first, "text")
            return Column(path, text(f"system_fields.{first}", self.words), kind, None, True)
        sortable = is_sortable(definition)
        title = definition.title(self.words)
        unit = self.unit(definition)
        return Column(path, title, definition.type, definition, sortable, unit)

    def unit(self, definition: Field) -> str:
        """What a number is counted in, in the language of the page."""
        if definition.show_in:
            return self.unit_words(definition.show_in)
        if isinstance(definition.unit, Literal_):
            return self.unit_words(str(definition.unit.value))
        return ""

    def unit_words(self, unit: str) -> str:
        key = f"screens.units.{unit}"
        return text(key, self.words) if has_text(key, self.words) else unit

    # --- values ---------------------------------------------------------------------------------

    def rows(
        self, columns: Sequence[Column], items: Iterable[Mapping[str, Any]], form: Form
    ) -> list[list[Cell]]:
        """Cells of many records; people are looked up together. Beside the business state, the
        status of the flow is quiet: two badges would say two things at once."""
        rows = list(items)
        people_of = [c.path for c in columns if c.type == "person"]
        self.learn_people(row.get(path) for row in rows for path in people_of)
        files_of = [c.path for c in columns if c.type in FILES]
        self.learn_files(row.get(path) for row in rows for path in files_of)
        quiet = {"status", "state"} <= {c.type for c in columns}
        found = [[_short(self.cell(form, c, row.get(c.path))) for c in columns] for row in rows]
        if quiet:
            for place in (n for n, c in enumerate(columns) if c.type == "status"):
                for line in (one for one in found if not one[place].empty):
                    line[place] = Cell(line[place].text, css="quiet-status")
        return found

    def cell(self, form: Form, column: Column, value: Any) -> Cell:
        if value is None or value == "" or value == []:
            return EMPTY
        if column.type == "status":
            return self.status(str(value))
        if column.type == "state":
            return self.state(form, str(value))
        if column.field is not None:
            return self.value(column.field, value)
        return self.plain(column.type, value)

    def later(self, definition: Field | None, was: Cell, now: Cell) -> Cell:
        """What a value was changed to, beside what it was: of a secret that there is another."""
        is_secret = definition is not None and definition.type == "secret"
        if not is_secret or was.empty or now.empty:
            return now
        return Cell(text("screens.form.secret_another", self.words))

    def value(self, definition: Field, value: Any) -> Cell:
        """One value of a field as the API writes it."""
        if value is None or value == "" or value == []:
            return EMPTY
        if isinstance(value, list) and (definition.many or definition.type == "tags"):
            items = tuple(self.one(definition, v) for v in value)
            joint = text("screens.joint", self.words)
            return Cell(joint.join(i.text for i in items), items=items)
        return self.one(definition, value)

    def one(self, definition: Field, value: Any) -> Cell:
        kind = definition.type
        if value == MASK and kind != "secret":  # no address, and neither yes nor no
            return Cell(MASK)
        if kind == "rating":
            return self.rating(definition, value)
        if kind in NUMERIC:
            return self.number(definition, value)
        if kind in ("choice", "classification"):
            return self.choice(definition, str(value))
        if kind == "link":
            return self.link(definition, value)
        if kind in FILES and type(value) is int:
            return self.file(value)
        if kind == "json":
            return Cell(json.dumps(value, ensure_ascii=False, indent=2, default=str), "code")
        if kind == "url":
            return Cell(str(value), href=str(value))
        if kind in FORMATTED:
            return Cell(str(value), html=html_of(str(value)))
        return self.plain(kind, value)

    def plain(self, kind: str, value: Any) -> Cell:
        match kind:
            case "org" | "indicator" | "post" | "role" | "form" | "definition":
                return Cell(self.title(kind, str(value)))
            case "region":
                return Cell(full_name(str(value)), "region")
            case "person":
                return Cell(self.person(str(value)))
            case "period":
                return Cell(self.period(str(value)))
            case "date":
                return Cell(self.day(str(value)), "nowrap")
            case "datetime":
                return Cell(self.moment(value), "nowrap")
            case "boolean":
                return Cell(text(f"screens.{'yes' if value else 'no'}", self.words))
            case "secret":
                return Cell(text("screens.form.secret_set", self.words))
            case "geolocation" if isinstance(value, Mapping):
                return Cell(spoken.place(value, self.words), "nowrap")
            case "email":
                return Cell(str(value), href=f"mailto:{quote(str(value), safe='@+')}")
            case "phone":
                return Cell(str(value), "nowrap", href=f"tel:{_DIALLED.sub('', str(value))}")
            case "color":
                return Cell(str(value), "nowrap", mark=marks.swatch(str(value)))
            case "barcode":
                return Cell(str(value), "code nowrap", mark=marks.bars(str(value)))
            case "code":
                return Cell(str(value), "code")
            case "numbering":
                return Cell(str(value), "nowrap")
            case "id":
                return Cell(f"#{value}", "num")
        return Cell(str(value))

    # --- kinds of values ------------------------------------------------------------------------

    def number(self, definition: Field, value: Any) -> Cell:
        number = as_decimal(value)
        if number is None:
            return Cell(str(value), "num")
        if definition.type == "duration":
            return Cell(spoken.duration(int(number), self.words), "num")
        if definition.type == "percent":
            digits = 2 if definition.precision is None else definition.precision
            shown = f"{self.digits(number * 100, digits)}%"
        else:
            number /= AMOUNTS.get(definition.show_in or "", Decimal(1))
            shown = self.digits(number, self.shown_digits(definition))
        is_nothing = not any(sign in "123456789" for sign in shown)  # -0.00 is no loss
        if is_nothing:
            shown = shown.removeprefix("-")
        return Cell(shown, "num neg" if number < 0 and not is_nothing else "num")

    def rating(self, definition: Field, value: Any) -> Cell:
        """Stars, and how many of how many."""
        number, most = as_decimal(value), marks.most_stars(definition)
        if number is None:
            return Cell(str(value))
        said = text("screens.stars_of", self.words, number=self.digits(number, None), most=most)
        drawn = marks.stars(number, most) if 0 <= number <= most else None
        return Cell(said, "nowrap", mark=drawn)

    def shown_digits(self, definition: Field) -> int | None:
        if definition.precision is not None:
            return definition.precision
        if definition.type == "integer":
            return 0
        return 2 if definition.type == "money" else None

    def digits(self, number: Decimal, digits: int | None) -> str:
        """Grouped digits; with `digits` None as many as there are."""
        if digits is not None:
            number = rounded(number, digits)
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            return format_decimal(number, format=pattern, locale=self.words)
        shown = number.normalize()
        return format_decimal(shown, locale=self.words, decimal_quantization=False)

    def choices(self, definition: Field) -> Sequence[Any]:
        return choices(self.view, definition)

    def offered(self, definition: Field, held: Collection[str] = ()) -> list[Any]:
        """The choices that may be chosen today, and those that the record has already."""
        today = self.view.today
        known = self.choices(definition)
        beyond = set(held) - {c.code for c in known}
        more = [c for code in sorted(beyond) if (c := choice_of(self.view, definition, code))]
        return [c for c in (*known, *more) if c.code in held or c.offered_on(today)]

    def choice(self, definition: Field, code: str) -> Cell:
        found = choice_of(self.view, definition, code)
        found = found or added_choice(self.view.catalogue, definition, code)
        if found is None:
            return Cell(code)
        return Cell(found.title(self.words), badge=color(found.color) if found.color else None)

    def status(self, status: str) -> Cell:
        return Cell(text(f"statuses.{status}", self.words), badge=STATUS_COLORS[status])

    def state(self, form: Form, name: str) -> Cell:
        state = form.states.get(name)
        if state is None:
            return Cell(name)
        return Cell(state.title(self.words), badge=color(state.color))

    def link(self, definition: Field, value: Any) -> Cell:
        form = value["form"] if isinstance(value, Mapping) else definition.to[0].partition(".")[0]
        identity = int(value["id"] if isinstance(value, Mapping) else value)
        return Cell(self.record_title(str(form), identity), href=f"/f/{form}/{identity}")

    def record_title(self, form: str, identity: int) -> str:
        """What a record is called, for those who may open it."""
        key = (form, identity)
        if key not in self._links:
            self._links[key] = self._record_title(form, identity)
        return self._links[key]

    def _record_title(self, form: str, identity: int) -> str:
        view = self.view
        nameless = f"{view.catalogue.forms[form].title(self.words)} #{identity}"
        raw = view.store.load(view.connection, form, [identity]).get(identity)
        if raw is None or not view.rights.may_read(view, form, raw).allowed:
            return nameless
        return display(view, form, raw, self.words)

    # --- names and time -------------------------------------------------------------------------

    def title(self, kind: str, name: str) -> str:
        catalogue: Any = self.view.catalogue
        found = getattr(catalogue, f"{kind}s", {}).get(name)
        return str(found.title(self.words)) if found is not None else name

    def learn_files(self, values: Iterable[Any]) -> None:
        """Look up together what files are called."""
        wanted = {v for one in values for v in _listed(one) if type(v) is int} - self._files.keys()
        if wanted:
            self._files.update(find_files(self.view.connection, wanted))

    def file(self, identity: int) -> Cell:
        """A file by its name and size; a picture is seen."""
        self.learn_files([identity])
        address, row = f"/api/v1/files/{identity}", self._files.get(identity)
        if row is None:
            return Cell(text("screens.file", self.words), href=address)
        picture = f"{address}?view=1" if row.type in file_types.PICTURES else ""
        hint = self.size(row.size)
        return Cell(row.name, href=picture or address, hint=hint, picture=picture)

    def size(self, size: int) -> str:
        """How many bytes, in a unit that is read at once."""
        for unit, one in (("MB", 1024 * 1024), ("KB", 1024)):
            if size >= one:
                return f"{self.digits(Decimal(size) / one, 1)} {unit}"
        return f"{size} B"

    def learn_people(self, logins: Iterable[Any]) -> None:
        flat = {str(one) for login in logins for one in _listed(login)}
        wanted = flat - self._people.keys()
        if wanted:
            found = people.find_people(self.view.connection, wanted)
            self._people.update({login: row.name for login, row in found.items()})

    def person(self, login: str | None) -> str:
        if login is None or login == "system":
            return text("screens.system", self.words)
        if login not in self._people:
            self.learn_people([login])
        return self._people.get(login, login)

    def period(self, written: str) -> str:
        return spoken.period(written, self.words)

    def day(self, written: str) -> str:
        return spoken.day(written, self.words)

    def moment(self, value: Any) -> str:
        """An instant in the installation's zone, to the minute."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return str(value)
        if not isinstance(value, datetime):
            return str(value)
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        there = at.astimezone(ZoneInfo(current().settings.timezone))
        return f"{self.day(there.date().isoformat())} {there:%H:%M}"


_DIALLED = re.compile(r"[^0-9+*#,;]")  # what no telephone dials
_MOST_IN_A_LIST = 120  # letters of a long text


def _short(cell: Cell) -> Cell:
    """As it fits into a list: a formatted or long text by its first words, no bars."""
    if cell.html is not None:
        cell = Cell(" ".join(cell.html.striptags().split()) or NOTHING)
    if len(cell.text) > _MOST_IN_A_LIST and not cell.items:
        cell = replace(cell, text=cell.text[: _MOST_IN_A_LIST - 1].rstrip() + "…")
    return replace(cell, mark=None) if "code" in cell.css and cell.mark is not None else cell


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def color(name: str | None) -> str:
    """A badge's colour; anything unknown is grey."""
    return name if name in COLORS else "grey"


def as_decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def rounded(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def big(number: Decimal, words: str, digits: int = 2) -> tuple[str, str]:
    """A large number for a card: its digits and its word (万, 亿; k, M, bn)."""
    steps = (
        (("亿", 10**8), ("万", 10**4))
        if words == "zh"
        else (("bn", 10**9), ("M", 10**6), ("k", 10**3))
    )
    for word, size in steps:
        if abs(number) >= size:
            shown = rounded(number / size, digits)
            return format_decimal(shown, format="#,##0.00", locale=words), word
    return format_decimal(rounded(number, digits), format="#,##0.##", locale=words), ""


def form_or_404(view: Reading, name: str) -> Form:
    """The form, if this person has anything to do with it."""
    from jingwei.services.listing import form_of, raise_unless_known

    form = form_of(view, name)
    raise_unless_known(view, form)
    return form


def shown_paths(form: Form, paths: Iterable[str], visible: frozenset[str]) -> list[str]:
    """Paths whose first field this person sees."""
    known = set(form.fields) | set(SYSTEM_FIELDS)
    return [p for p in paths if (f := p.partition(".")[0]) in visible and f in known]


__all__ = ["Cell", "Cells", "Column", "big", "color", "form_or_404", "shown_paths"]
