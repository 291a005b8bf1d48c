"""Records into a sheet: every row a reader may see that a list asks for, one after the other.

Columns are shown as the screens show them, or (`codes`) as the API writes them, which is what comes
back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from jingwei.language.form import STATUSES, Field, Form
from jingwei.refusals import NotAllowed
from jingwei.services import listing
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish
from jingwei.services.sheet_cells import NAMED, NOT_IN_SHEETS
from jingwei.services.titles import Titles, choices
from jingwei.storage.people import find_people
from jingwei.texts import has_text, text

AT_ONCE = 1_000  # rows of a page that is read
NUMBERS = ("integer", "number", "money", "percent", "rating")
Shown = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """`type`: of its values, for whoever writes them."""

    path: str
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A sheet of a form; `rows` may be walked once."""

    columns: tuple[SheetColumn, ...]
    rows: Iterator[list[Any]]

    @property
    def titles(self) -> list[str]:
        return [column.title for column in self.columns]


def export(
    view: Reading,
    form: str,
    wish: ListWish,
    locale: str,
    *,
    codes: bool = False,
    days: bool = True,
) -> Exported:
    """Every row of a list. `codes`: names and ids instead of titles, field names as headings.
    `days`: dates as such, not as their text.

    Raises NotFound, NotAllowed, Malformed.
    """
    definition = listing.form_of(view, form)
    listing.raise_unless_known(view, definition)
    if not view.rights.decide(view, form, "export").allowed:
        raise NotAllowed("not-allowed", action="export")
    paths = _paths(view, definition, wish, codes)
    wish = replace(wish, fields=paths, size=AT_ONCE, page=1, after=None, count=None)
    columns = tuple(_column(view, definition, path, locale, codes) for path in paths)
    listing.check(view, form, wish)
    shown = _Cells(view, definition, locale, codes, days)
    return Exported(columns, _rows(view, definition, wish, paths, shown))


def _paths(view: Reading, form: Form, wish: ListWish, codes: bool) -> tuple[str, ...]:
    if wish.fields is not None:
        return tuple(path for path in wish.fields if path not in form.tables)
    visible = view.rights.fields(view, form.name).visible
    own = [
        name
        for name in listing.kept_fields(view, form)
        if name in visible and form.fields[name].type not in NOT_IN_SHEETS
    ]
    heads = ("org",) if codes else ("number", "org", "status")
    return tuple(dict.fromkeys((*heads, *own)))


def _column(view: Reading, form: Form, path: str, locale: str, codes: bool) -> SheetColumn:
    field = form.fields.get(path)
    if codes:
        title = path
    elif field is not None:
        title = field.title(locale)
    else:
        key = f"system_fields.{path}"
        title = text(key, locale) if has_text(key, locale) else path
    kind = "text" if field is None or field.many else field.type
    return SheetColumn(path, title, kind)


def _rows(
    view: Reading,
    form: Form,
    wish: ListWish,
    paths: Sequence[str],
    shown: _Cells,
) -> Iterator[list[Any]]:
    makers = [(path, shown.maker(path)) for path in paths]
    after: str | None = None
    while True:
        page = listing.listing(view, form.name, replace(wish, after=after), most=AT_ONCE)
        shown.learn(page.items, paths)
        for item in page.items:
            yield [
                value if (value := item[path]) is None or make is None else make(value)
                for path, make in makers
            ]
        after = page.next_after
        if after is None:
            return


class _Cells:
    """Values as cells, with one maker a column."""

    def __init__(self, view: Reading, form: Form, locale: str, codes: bool, days: bool) -> None:
        self._view = view
        self._form = form
        self._locale = locale
        self._codes = codes
        self._days = days
        self._people: dict[str, str] = {}
        self._titles: dict[tuple[str, Any], Any] = {}

    def learn(self, items: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> None:
        """Read what the rows of a page are called: people and linked records."""
        if self._codes:
            return
        people = [p for p in paths if self._kind(p) == "person"]
        logins = {str(one) for p in people for item in items for one in _each(item.get(p))}
        fresh = logins - self._people.keys()
        if fresh:
            found = find_people(self._view.connection, fresh)
            self._people |= {
                login: found[login].name if login in found else login for login in fresh
            }
        links = [p for p in paths if self._kind(p) == "link" or "." in p]
        if links:
            known = Titles(self._view, self._form, self._locale)
            parts = [{p: item.get(p) for p in links} for item in items]
            for part, titles in zip(parts, known.of(parts), strict=True):
                for path, title in titles.items():
                    self._titles[path, _key(part[path])] = title

    def _kind(self, path: str) -> str:
        field = self._form.fields.get(path)
        if field is not None:
            return field.type
        return "person" if path in ("owner", "created_by", "updated_by") else ""

    def maker(self, path: str) -> Shown | None:
        """From the JSON value to what stands in the cell; None: the value itself."""
        field = self._form.fields.get(path)
        if "." in path or (field is not None and field.type == "link"):
            return self._plain if self._codes else lambda value: self._linked(path, value)
        one = self._one(path, field)
        if field is not None and field.many:
            return lambda value: "; ".join(str(one(v) if one else v) for v in value)
        return one

    def _linked(self, path: str, value: Any) -> Any:
        title = self._titles.get((path, _key(value)))
        if isinstance(title, list | tuple):
            return "; ".join(str(one) for one in title)
        return self._plain(value) if title is None else title

    @staticmethod
    def _plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return "; ".join(str(_Cells._plain(one)) for one in value)
        return f"{value.get('form')}/{value.get('id')}" if isinstance(value, Mapping) else value

    def _one(self, path: str, field: Field | None) -> Shown | None:
        kind = self._kind(path)
        if field is not None and field.type == "date":
            return _day if self._days else None
        if self._codes:
            return None
        if field is not None and field.type == "choice":
            return self._named({c.code: c.title(self._locale) for c in choices(self._view, field)})
        if kind == "person":
            return lambda login: self._people.get(login, login)
        if kind in NAMED or path == "org":
            known: Mapping[str, Any] = getattr(self._view.catalogue, f"{kind or 'org'}s")
            return self._named({name: one.title(self._locale) for name, one in known.items()})
        if path == "status":
            return self._named({s: text(f"statuses.{s}", self._locale) for s in STATUSES})
        if path == "state":
            return self._named({s.name: s.title(self._locale) for s in self._form.states.values()})
        return None

    @staticmethod
    def _named(titles: Mapping[str, str]) -> Shown:
        """The title, but the name where two have the same: what is read must be readable back."""
        seen = list(titles.values())
        plain = {name: t if seen.count(t) == 1 else name for name, t in titles.items()}
        return lambda name: plain.get(name, name)


def _day(value: str) -> Any:
    """The day; a masked value stays what it is."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def _each(value: Any) -> Sequence[Any]:
    return () if value is None else value if isinstance(value, list | tuple) else (value,)


def _key(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("form"), value.get("id")
    return tuple(_key(one) for one in value) if isinstance(value, list | tuple) else value
