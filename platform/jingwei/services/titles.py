"""What people read instead of names, logins and ids: titles for many records at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jingwei.catalogue.extensions import added_choice
from jingwei.language.form import STATUSES, Field, Form
from jingwei.services import code_lists
from jingwei.services.commands import Reading
from jingwei.services.display import MOST_NAMES, Known, display, reads_of
from jingwei.services.opened import shown_together
from jingwei.services.owners import look_ahead
from jingwei.storage.people import find_people, find_person
from jingwei.texts import text

NAMED = ("org", "role", "post", "indicator")
_SYSTEM: Mapping[str, str] = {
    "org": "org",
    "owner": "person",
    "created_by": "person",
    "updated_by": "person",
}
Link = tuple[str, int]  # form, id


class Titles:
    """Titles of one answer; people and linked records are read once for all its records."""

    def __init__(self, view: Reading, form: Form, locale: str) -> None:
        self._view = view
        self._form = form
        self._locale = locale
        self._people: dict[str, str] = {}
        self._links: dict[Link, str] = {}

    def of(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """`{path: title}` of each item, only where a title says more than the value."""
        logins: set[str] = set()
        links: set[Link] = set()
        for item in items:
            for path, value in item.items():
                self._gather(self._definition(path), path, value, logins, links)
        self._read_people(logins)
        self._read_links(links)
        return [self._titles(item) for item in items]

    def _definition(self, path: str) -> Field | None:
        """The field of `a`, or of the form that `a.b` leads to."""
        form: Form | None = self._form
        first, _, rest = path.partition(".")
        while rest and form is not None:
            link = form.fields.get(first)
            form = self._view.catalogue.forms.get(link.to[0]) if link and link.to else None
            first, _, rest = rest.partition(".")
        return form.fields.get(first) if form is not None else None

    def _gather(
        self, field: Field | None, path: str, value: Any, logins: set[str], links: set[Link]
    ) -> None:
        if value is None:
            return
        kind = _SYSTEM.get(path.rpartition(".")[2]) if field is None else field.type
        if field is not None and field.type == "table":
            for row in value:
                for name, cell in row.items():
                    self._gather(field.fields.get(name), name, cell, logins, links)
        elif kind == "person":
            logins.update(str(one) for one in _each(value))
        elif kind == "link" and field is not None:
            links.update(found for one in _each(value) if (found := _link(field, one)))

    def _read_people(self, logins: set[str]) -> None:
        if logins:
            found = find_people(self._view.connection, logins)
            self._people = {login: row.name for login, row in found.items()}

    def _read_links(self, links: set[Link]) -> None:
        view = self._view
        by_form: dict[str, list[int]] = {}
        for form, identity in sorted(links):
            by_form.setdefault(form, []).append(identity)
        for form, ids in by_form.items():
            if form not in view.catalogue.forms:
                continue
            found = view.store.load(view.connection, form, ids)
            shown_together(view, found)
            look_ahead(view, form, found.values())
            for identity, raw in found.items():
                if view.rights.may_read(view, form, raw).allowed:
                    self._links[form, identity] = display(view, form, raw, self._locale)

    def _titles(self, item: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, value in item.items():
            title = self._title(self._definition(path), path, value)
            if title is not None:
                found[path] = title
        return found

    def _title(self, field: Field | None, path: str, value: Any) -> Any:
        if value is None:
            return None
        if field is None:
            return self._system_title(path.rpartition(".")[2], value)
        if field.type == "table":
            rows = [
                {
                    name: title
                    for name, cell in row.items()
                    if (title := self._title(field.fields.get(name), name, cell)) is not None
                    and field.fields.get(name) is not None
                }
                for row in value
            ]
            return rows if any(rows) else None
        if isinstance(value, list):
            titles = [self._one(field, one) for one in value]
            return None if all(title is None for title in titles) else titles
        return self._one(field, value)

    def _system_title(self, name: str, value: Any) -> str | None:
        if name == "status" and value in STATUSES:
            return text(f"statuses.{value}", self._locale)
        if name == "state" and value in self._form.states:
            return self._form.states[value].title(self._locale)
        return self._named(_SYSTEM.get(name, ""), value)

    def _one(self, field: Field, value: Any) -> str | None:
        if field.type in ("choice", "classification"):
            found = choice_of(self._view, field, str(value))
            found = found or added_choice(self._view.catalogue, field, str(value))
            return None if found is None else str(found.title(self._locale))
        if field.type == "link":
            found = _link(field, value)
            return self._links.get(found) if found else None
        return self._named(field.type, value)

    def _named(self, kind: str, value: Any) -> str | None:
        if kind == "person":
            return self._people.get(str(value))
        if kind not in (*NAMED, "form", "definition"):
            return None
        known: Mapping[str, Any] = getattr(self._view.catalogue, f"{kind}s")
        found = known.get(str(value))
        return found.title(self._locale) if found is not None else None


def choices(view: Reading, field: Field) -> Sequence[Any]:
    """The choices of a choice field: its own, or those of its code list; the levels of a
    classification."""
    if field.type == "classification" and field.of:
        known = view.catalogue.classifications.get(field.of[0])
        return () if known is None else tuple(known.levels.values())
    if isinstance(field.choices, str):
        return tuple(code_lists.items(view, field.choices).values())
    return field.choices or ()


def choice_of(view: Reading, field: Field, code: str) -> Any:
    """The choice that a code stands for, though it is not among those that are offered; None for
    none."""
    if isinstance(field.choices, str):
        return code_lists.choice_of(view, field.choices, code)
    return next((one for one in choices(view, field) if one.code == code), None)


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _link(field: Field, value: Any) -> Link | None:
    if isinstance(value, Mapping):
        return str(value.get("form")), int(value.get("id") or 0)
    if isinstance(value, int) and field.to:
        return field.to[0], value
    return None


def title_of(view: Reading, kind: str, name: Any, locale: str, form: str | None = None) -> str:
    """What an org, a person, an indicator … is called by people."""
    if name is None:
        return ""
    if kind == "person":
        row = find_person(view.connection, str(name))
        return row.name if row else str(name)
    catalogue: Any = view.catalogue
    found = getattr(catalogue, f"{kind}s", {}).get(name)
    return found.title(locale) if found is not None else str(name)


def displays_of(view: Reading, form: str, ids: Sequence[int], locale: str) -> Mapping[int, str]:
    """The numbers and display texts of records, read together with what they lead to; nothing for
    those that the reader cannot see."""
    found = {}
    records, known = _with_names(view, form, ids, locale)
    for id_, raw in records.items():
        if view.rights.may_read(view, form, raw).allowed:
            said = display(view.of(raw["org"]), form, raw, locale, known=known)
            number = raw.get("number") or ""
            found[id_] = said if number in said else f"{number} {said}"
    return found


def names_of(view: Reading, form: str, ids: Sequence[int], locale: str) -> dict[int, str]:
    """The display texts of records that their reader was shown just now."""
    records, known = _with_names(view, form, ids, locale)
    return {
        id_: display(view.of(raw["org"]), form, raw, locale, known=known)
        for id_, raw in records.items()
    }


def _with_names(
    view: Reading, form: str, ids: Sequence[int], locale: str
) -> tuple[Mapping[int, Mapping[str, Any]], Known]:
    """The records, and those to which their names lead."""
    records = view.store.load(view.connection, form, list(ids))
    shown_together(view, records)
    look_ahead(view, form, records.values())
    known: Known = {}
    _read_ahead(view, form, records.values(), _named_by(view, form, locale), locale, known)
    return records, known


def _named_by(view: Reading, form: str, locale: str) -> frozenset[str]:
    template = view.catalogue.forms[form].display
    return frozenset() if template is None else reads_of(view, template, locale)


def _read_ahead(
    view: Reading,
    form: str,
    records: Iterable[Mapping[str, Any]],
    paths: frozenset[str],
    locale: str,
    known: Known,
    depth: int = 0,
) -> None:
    """The records to which paths lead, each form of them at once."""
    for name, field in view.catalogue.forms[form].fields.items():
        if field.type != "link" or name not in paths or depth > MOST_NAMES:
            continue
        values = (one for record in records for one in _each(record.get(name)))
        wanted: dict[str, set[int]] = {}
        for target, id_ in filter(None, (_link(field, one) for one in values)):
            if (target, id_) not in known:
                wanted.setdefault(target, set()).add(id_)
        for target, ids in wanted.items():
            if target not in view.catalogue.forms:
                continue
            loaded = view.store.load(view.connection, target, sorted(ids))
            shown_together(view, loaded)
            look_ahead(view, target, loaded.values())
            known.update({(target, one): loaded.get(one) for one in ids})
            rest = {path.partition(".")[2] for path in paths if path.startswith(f"{name}.")}
            rest |= {path.partition(".")[0] for path in rest} | _named_by(view, target, locale)
            _read_ahead(view, target, loaded.values(), frozenset(rest), locale, known, depth + 1)
