"""Raw values, as a browser, a program or a sheet sends them, as engine values.

From here on a secret is sealed: whatever is written, told or compared afterwards never had it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.secret import Sealed
from jingwei.language.field_types.table import parse_value
from jingwei.language.form import Field
from jingwei.refusals import FieldRefusal
from jingwei.services.code_lists import is_sourced
from jingwei.services.commands import Reading
from jingwei.services.found import Found, Values
from jingwei.services.plans import FormPlan
from jingwei.services.sheet_rows import Unread
from jingwei.storage import people


class Names:
    """Which names exist, for field types to ask."""

    def __init__(self, view: Reading) -> None:
        self._view = view

    def knows(self, kind: str, name: str) -> bool:
        catalogue: Any = self._view.catalogue
        if kind == "person":
            if name in self._view.store.people.ids:
                return True
            return people.find_person(self._view.connection, name) is not None
        return name in getattr(catalogue, f"{kind}s")

    def codes(self, field: Field) -> Collection[str] | None:
        if is_sourced(self._view, field.choices):
            return None  # asked once it is known what the record had before
        if isinstance(field.choices, str):
            return self._view.catalogue.code_lists[field.choices].items.keys()
        if field.choices is None:
            return None
        return [choice.code for choice in field.choices]


def parse(view: Reading, plan: FormPlan, raw: Mapping[str, Any], found: Found) -> Values:
    """Engine values of what was sent; values that cannot be read are in `found`."""
    names = Names(view)
    values: Values = {}
    parsers = plan.parsers
    for name, given in raw.items():
        parse_ = parsers.get(name)
        if parse_ is not None:
            if given is None or given == "":
                values[name] = None
                continue
            try:
                values[name] = parse_(given, names)
            except ValueRefused as refused:
                refusal = _refusal(given, refused, name)
                found.refusals.append(_with_example(view, plan.form.fields[name], refusal))
        elif name in plan.tables:
            rows = _rows(view, plan, name, given, names, found)
            if rows is not None:
                values[name] = rows
        elif isinstance(given, Unread):
            found.refusals.append(given.refusal(name))
        elif name == "org":
            values[name] = _org(view, given, found)
    for name in plan.secrets:
        if name in values:
            values[name] = _sealed(view, values[name])
    return values


def _sealed(view: Reading, word: str | None) -> str | None:
    if word is None or isinstance(word, Sealed):
        return word
    return view.installation.database.keys.seal(word)


_UNREAD = object()


def _parsed(
    view: Reading, definition: Field, given: Any, names: Names, path: str, found: Found
) -> Any:
    if isinstance(given, Unread):
        found.refusals.append(given.refusal(path))
        return _UNREAD
    try:
        return parse_value(definition, given, names)
    except ValueRefused as refused:
        refusal = _refusal(given, refused, path)
        found.refusals.append(_with_example(view, definition, refusal))
        return _UNREAD


def _refusal(given: Any, refused: ValueRefused, path: str) -> FieldRefusal:
    """Why a value is refused; of a cell, or of one of several words in it, that is known better."""
    if isinstance(given, Unread):
        return given.refusal(path)
    one = given[int(refused.below)] if isinstance(given, list) and refused.below.isdigit() else None
    return (
        one.refusal(f"{path}.{refused.below}") if isinstance(one, Unread) else refused.refusal(path)
    )


def _with_example(view: Reading, link: Field, refusal: FieldRefusal) -> FieldRefusal:
    """The refusal of what names no form and record, with a form that may be named."""
    if refusal.code != "not-a-form-and-id":
        return refusal
    return replace(refusal, holes={**refusal.holes, "form": example_form(view, link)})


def example_form(view: Reading, link: Field) -> str:
    """A form to whose records the link may lead, and which the reader may read, where there is
    one."""
    forms = link.to or tuple(view.catalogue.forms)
    may = (one for one in forms if view.rights.decide(view, one, "read").allowed)
    return next(may, forms[0])


def _org(view: Reading, given: Any, found: Found) -> Any:
    if isinstance(given, str) and given in view.catalogue.orgs:
        return given
    if given in (None, ""):
        found.add("org", "required")
    else:
        found.add("org", "unknown-org", name=str(given))
    return None


def _rows(
    view: Reading, plan: FormPlan, table: str, given: Any, names: Names, found: Found
) -> list[Values] | None:
    try:
        raw_rows = parse_value(plan.form.fields[table], given, names) or []
    except ValueRefused as refused:
        found.refusals.append(refused.refusal(table))
        return None
    rows: list[Values] = []
    columns = plan.form.fields[table].fields
    for index, raw in enumerate(raw_rows):
        row: Values = {}
        for name, value in raw.items():
            path = f"{table}.{index}.{name}"
            if name == "id":
                if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                    found.add(path, "not-a-record-id")
                else:
                    row["id"] = value
            elif name in columns:
                parsed = _parsed(view, columns[name], value, names, path, found)
                if columns[name].type == "secret" and isinstance(parsed, str):
                    parsed = _sealed(view, parsed)
                if parsed is not _UNREAD:
                    row[name] = parsed
        rows.append(row)
    return rows
