"""Values as cells of a sheet, with one maker a column: as the screens show them, as the API writes
them, or so that they are read back as what they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any, Literal, get_args

from jingwei.catalogue.by_kind import definitions_of
from jingwei.language.clock_words import duration_text
from jingwei.language.form import STATUSES, Field, Form
from jingwei.language.regions import name_back
from jingwei.services.commands import Reading
from jingwei.services.linked import is_masked
from jingwei.services.presenting import MASK, needs_presenting, presenter
from jingwei.services.sheet_cells import NAMED, SEVERAL
from jingwei.services.sheet_names import PeopleNames, RecordNames
from jingwei.services.titles import Titles, choices
from jingwei.storage.files import find_files
from jingwei.storage.people import find_people
from jingwei.storage.types import canonical_json
from jingwei.texts import LOCALES, text

Shown = Callable[[Any], Any]
Ways = Literal["titles", "codes", "edit"]
WAYS: tuple[Ways, ...] = get_args(Ways)
IN_WORDS = ("money", "number", "percent", "period")  # read as their text where days are
FILES = ("file", "image", "signature")
_AS_JSON = ("json", "geolocation")
_MARKS = frozenset("".join(SEVERAL) + "[")


class Cells:
    """Makes cells of JSON values. `learn` reads the names of a page's people and records."""

    def __init__(
        self,
        view: Reading,
        form: Form,
        locale: str,
        values: Ways,
        days: bool,
    ) -> None:
        self._view = view
        self._form = form
        self._locale = locale
        self._values = values
        self._days = days
        self._people: dict[str, str] = {}
        self._files: dict[int, str] = {}
        self._titles: dict[tuple[str, Any], Any] = {}
        self._named_back: dict[tuple[str, Any], Any] = {}
        self._masked = view.rights.fields(view, form.name).masked

    # --- names -----------------------------------------------------------------------------------

    def learn(self, columns: Mapping[str, Sequence[Any]], paths: Sequence[str]) -> None:
        """Read what is named in some rows, given as one list a path: people, linked records."""
        if self._values == "codes":
            return
        people = [p for p in paths if self._kind(p) == "person"]
        self._learn_people(one for p in people for value in columns[p] for one in _each(value))
        files = [p for p in paths if self._kind(p) in FILES]
        self._learn_files(one for p in files for value in columns[p] for one in _each(value))
        links = [p for p in paths if self._kind(p) == "link" or "." in p]
        if links:
            known = Titles(self._view, self._form, self._locale)
            lists = zip(*(columns[p] for p in links), strict=True)
            parts = [dict(zip(links, row, strict=True)) for row in lists]
            for part, titles in zip(parts, known.of(parts), strict=True):
                for path, title in titles.items():
                    self._titles[path, _key(part[path])] = title
        if self._values == "edit":
            for path in links:
                definition = self._form.fields.get(path)
                if definition is not None and len(definition.to) == 1:
                    values = [one for value in columns[path] for one in _each(value)]
                    self._learn_back(definition, values)

    def learn_rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Field]) -> None:
        """The same for the rows of a table."""
        if self._values == "codes":
            return
        for column in columns:
            values = [one for row in rows for one in _each(row.get(column.name))]
            if column.type == "person":
                self._learn_people(values)
            elif column.type in FILES:
                self._learn_files(values)
            elif column.type == "link" and len(column.to) == 1:
                self._learn_back(column, values)

    def _learn_people(self, logins: Iterable[Any]) -> None:
        fresh = {str(login) for login in logins} - self._people.keys()
        if not fresh:
            return
        found = find_people(self._view.connection, fresh)
        names = {login: found[login].name if login in found else login for login in fresh}
        if self._values == "edit":  # a name that several people have would not come back
            back = PeopleNames(self._view).find(set(names.values()))
            names = {
                login: name if back.get(name) == login and name == name.strip() else login
                for login, name in names.items()
            }
        self._people |= names

    def _learn_files(self, ids: Iterable[Any]) -> None:
        fresh = {one for one in ids if type(one) is int} - self._files.keys()
        if fresh and self._values == "titles":
            found = find_files(self._view.connection, fresh)
            self._files |= {id_: row.name for id_, row in found.items()}

    def _learn_back(self, definition: Field, ids: Sequence[Any]) -> None:
        """Words for linked records that name each of them and no other."""
        form = definition.to[0].partition(".")[0]
        fresh = {i for i in ids if type(i) is int and (form, i) not in self._named_back}
        if not fresh or form not in self._view.catalogue.forms:
            return
        names = RecordNames(self._view, form)
        words = {i: w for i, w in names.words_of(fresh).items() if w == w.strip()}
        back = names.find(set(words.values()))
        words = {i: w for i, w in words.items() if back.get(w) == i}
        rest = {i: str(i) for i in fresh - words.keys()}
        back = names.find(set(rest.values())) if rest else {}
        for identity in fresh:
            is_id = back.get(rest.get(identity, "")) == identity
            place = identity if is_id else f"{form}/{identity}"
            self._named_back[form, identity] = words.get(identity, place)

    def _kind(self, path: str) -> str:
        definition = self._form.fields.get(path)
        if definition is not None:
            return definition.type
        return "person" if path in ("owner", "created_by", "updated_by") else ""

    # --- makers ----------------------------------------------------------------------------------

    def maker(self, path: str) -> Shown | None:
        """From the engine value at a path to what stands in the cell; None: the value itself."""
        if path in self._masked or is_masked(self._view, self._form, path):
            return None
        definition = self._form.fields.get(path)
        if definition is not None and not definition.many:
            if definition.type == "percent" and not self._days and self._values == "titles":
                return _percent
            if definition.type == "date" or (not self._days and definition.type in IN_WORDS):
                return None
            if definition.type == "datetime" and self._values != "codes":
                return self._moment_of
        if needs_presenting(self._form, path):
            return _after(presenter(self._view, self._form, path), self._shown(path))
        return self._shown(path)

    def _shown(self, path: str) -> Shown | None:
        """The same from the JSON value."""
        definition = self._form.fields.get(path)
        if "." in path:
            return self._plain if self._values == "codes" else lambda v: self._linked(path, v)
        if definition is not None:
            if definition.type == "link" and self._values == "titles":
                return lambda v: self._linked(path, v)
            return self.maker_of(definition)
        return self._system(path)

    def maker_of(self, definition: Field) -> Shown | None:
        """The same for a field, or a column of a table."""
        one = self._one(definition)
        if definition.many or definition.type == "tags":
            return lambda values: _joined([v if one is None else one(v) for v in _each(values)])
        return one

    def _one(self, definition: Field) -> Shown | None:
        kind = definition.type
        if kind == "date":
            return _day if self._days else None
        if kind in _AS_JSON:
            return _as_json
        if kind == "link":
            return self._link_back(definition) if self._values == "edit" else self._plain
        if self._values == "codes":
            return None
        if kind in ("choice", "classification"):
            titles = {c.code: c.title(self._locale) for c in choices(self._view, definition)}
            return _named(titles)
        if kind == "boolean":
            yes, no = (text(f"reports.{word}", self._locale) for word in ("yes", "no"))
            return _Named({True: yes, False: no}).__getitem__
        if kind == "person":
            return lambda login: self._people.get(login, login)
        if kind == "datetime":
            return self._moment
        if kind in FILES and self._values == "titles":
            return lambda id_: self._files.get(id_, id_)
        if kind == "percent" and self._values == "titles" and not self._days:
            return _percent
        if kind == "region":
            return name_back
        if kind == "duration":
            return _length
        if kind == "rating":
            return _stars
        if kind in NAMED:
            return self._of_catalogue(kind)
        if kind == "definition":
            known = definitions_of(self._view.catalogue, definition)
            return _named({name: one.title(self._locale) for name, one in known.items()})
        return None

    def _system(self, path: str) -> Shown | None:
        if self._values == "codes":
            return None
        if path == "org":
            return self._of_catalogue("org")
        if path == "status":
            return _named({s: text(f"statuses.{s}", self._locale) for s in STATUSES})
        if path == "state":
            return _named({s.name: s.title(self._locale) for s in self._form.states.values()})
        if path in ("owner", "created_by", "updated_by"):
            return lambda login: self._people.get(login, login)
        return None

    def _of_catalogue(self, kind: str) -> Shown:
        known: Mapping[str, Any] = getattr(self._view.catalogue, f"{kind}s")
        return _named({name: one.title(self._locale) for name, one in known.items()})

    def _moment(self, value: str) -> str:
        """An instant in the installation's zone, to the second where it is whole."""
        if value == MASK:
            return value
        return self._moment_of(datetime.fromisoformat(value))

    def _moment_of(self, value: datetime) -> str:
        at = value.astimezone(self._view.clock.zone).replace(tzinfo=None)
        return at.isoformat(" ", "milliseconds" if at.microsecond else "seconds")

    def _linked(self, path: str, value: Any) -> Any:
        title = self._titles.get((path, _key(value)))
        if isinstance(title, list | tuple):
            return _joined(title)
        return self._plain(value) if title is None else title

    def _link_back(self, definition: Field) -> Shown:
        form = definition.to[0].partition(".")[0] if len(definition.to) == 1 else ""
        return lambda value: self._named_back.get((form, _key(value)), self._plain(value))

    @staticmethod
    def _plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return _joined([Cells._plain(one) for one in value])
        return f"{value.get('form')}/{value.get('id')}" if isinstance(value, Mapping) else value


def cells_of(view: Reading, form: Form, path: str, value: Any) -> Iterator[str]:
    """What stood in a cell for a value, of a field or of a column (`table.column`), in whatever
    language and way it was written."""
    table, _, name = path.rpartition(".")
    for locale, values in product(LOCALES, WAYS):
        cells = Cells(view, form, locale, values, days=True)
        if table:
            column = form.fields[table].fields[name]
            cells.learn_rows([{name: value}], [column])
            make = cells.maker_of(column)
        else:
            cells.learn({path: [value]}, [path])
            make = cells.maker(path)
        cell = value if make is None else make(value)
        if isinstance(cell, str):
            yield cell


def _after(first: Shown, then: Shown | None) -> Shown:
    return first if then is None else lambda value: then(first(value))


def _named(titles: Mapping[str, str]) -> Shown:
    """The title, but the name where two have the same: what is read must be readable back."""
    seen = list(titles.values())
    plain = {
        name: t if seen.count(t) == 1 and (t == name or t not in titles) else name
        for name, t in titles.items()
    }
    return _Named(plain).__getitem__


class _Named(dict[Any, Any]):
    """Titles by name; a name without one is its own title."""

    def __missing__(self, name: Any) -> Any:
        return name


def _joined(values: Sequence[Any]) -> str:
    """Several values in one cell; as JSON where one of them holds what stands between them."""
    words = [str(one) for one in values]
    if any(_MARKS & set(word) or word != word.strip() for word in words):
        return json.dumps(words, ensure_ascii=False)
    return "; ".join(words)


def _as_json(value: Any) -> str:
    return value if value == MASK else canonical_json(value).decode()


@lru_cache(maxsize=4_096)  # a column says the same again and again
def _percent(value: Any) -> Any:
    """`13%`, which is read back as the same fraction."""
    return value if value == MASK else f"{(Decimal(value) * 100).normalize():f}%"


def _stars(value: Any) -> Any:
    """Without the noughts behind the point."""
    return value if value == MASK else Decimal(f"{Decimal(value).normalize():f}")


def _length(value: Any) -> Any:
    return value if value == MASK else duration_text(int(value))


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
