"""What layers add to forms: the fields that are kept beside the group's, by org or type of org."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import live_formulas
from jingwei.catalogue.layered import (
    Standing,
    catalogue_under,
    layers_under,
    patching,
    resolve,
    standings,
)
from jingwei.language.field_types.table import stored_as
from jingwei.language.form import Field, Form
from jingwei.problems import Problems


@dataclass(frozen=True, slots=True)
class Extension:
    """Kept fields that the layers of one org (or type of org) add to the records of a form, or to
    the rows of one of its tables."""

    form: str
    table: str  # empty: the form itself
    for_: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class AddedTable:
    """A table that a layer adds, with its kept columns."""

    form: str
    table: Field
    for_: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Extensions:
    """Of all forms. Each field is in one place, however many orgs stand under its layer."""

    fields: tuple[Extension, ...] = ()
    tables: tuple[AddedTable, ...] = ()


NOTHING = Extensions()


def extensions(catalogue: Catalogue) -> Extensions:
    """Everything that layers add, by form, table and org."""
    if not catalogue.layers:
        return NOTHING
    kept: Extensions | None = catalogue._layered.get("extensions")
    if kept is None:
        kept = catalogue._layered["extensions"] = _extensions(catalogue)
    return kept


def _extensions(catalogue: Catalogue) -> Extensions:
    fields: dict[tuple[str, str, str], dict[str, Field]] = {}
    tables: dict[tuple[str, str], AddedTable] = {}
    for under in standings(catalogue):
        whole = catalogue_under(catalogue, under)
        for form, added in _added(catalogue, under):
            live = set(live_formulas(whole, form))
            for (table, field), for_ in added:
                if field.type == "table":
                    later = {one.name for (of, one), _ in added if of == field.name}
                    columns = [c for n, c in field.fields.items() if n not in later]
                    kept = tuple(c for c in columns if c.compute is None or c.compute not in live)
                    tables.setdefault(
                        (form.name, field.name), AddedTable(form.name, field, for_, kept)
                    )
                elif field.compute is None or field.compute not in live:
                    fields.setdefault((form.name, table, for_), {}).setdefault(field.name, field)
    return Extensions(
        tuple(Extension(*key, tuple(own.values())) for key, own in fields.items()),
        tuple(tables.values()),
    )


_Added = list[tuple[tuple[str, Field], str]]


def _added(catalogue: Catalogue, under: Standing) -> Iterator[tuple[Form, _Added]]:
    """The forms of those who stand so, with the fields and columns that their layers add."""
    for kind, name in patching(catalogue):
        if kind != "form" or not layers_under(catalogue, kind, name, under):
            continue
        found = resolve(catalogue, kind, name, under, Problems())
        assert found is not None  # `check` has made it before
        added: _Added = []
        for path, for_ in found.added.items():
            match path:
                case ("fields", str(field)):
                    added.append((("", found.definition.fields[field]), for_))
                case ("fields", str(table), "fields", str(column)):
                    added.append(((table, found.definition.fields[table].fields[column]), for_))
        yield found.definition, added


def added_choice(catalogue: Catalogue, field: Field, code: str) -> Any:
    """What a layer adds to the choices of a field, for lists that mix the rows of many orgs; None:
    no layer adds such a choice."""
    return _every_added_choice(catalogue).get((field.path, code))


def added_choices(catalogue: Catalogue, field: Field) -> list[Any]:
    """All that layers add to the choices of a field."""
    added = _every_added_choice(catalogue)
    return [choice for (path, _), choice in added.items() if path == field.path]


def _every_added_choice(catalogue: Catalogue) -> dict[tuple[str, str], Any]:
    base = catalogue.base or catalogue
    if not base.layers:
        return {}
    kept: dict[tuple[str, str], Any] | None = base._layered.get("choices")
    if kept is None:
        kept = base._layered["choices"] = dict(_added_choices(base))
    return kept


def _added_choices(catalogue: Catalogue) -> Iterator[tuple[tuple[str, str], Any]]:
    for under in standings(catalogue):
        for kind, name in patching(catalogue):
            if kind != "form" or not layers_under(catalogue, kind, name, under):
                continue
            found = resolve(catalogue, kind, name, under, Problems())
            assert found is not None  # `check` has made it before
            for path in found.added:
                if len(path) < 4 or path[-2] != "choices":
                    continue
                field = found.definition.fields[path[1]]
                field = field if len(path) == 4 else field.fields[path[3]]
                for choice in field.choices or ():
                    if choice.code == path[-1]:
                        yield (field.path, choice.code), choice


def kept_ways(catalogue: Catalogue, form: Form) -> Mapping[str, Any]:
    """How the value of each field and column is kept, by path; None: worked out by the query."""
    live = set(live_formulas(catalogue, form))
    return {
        field.path: None if field.compute in live else stored_as(field)
        for outer in form.fields.values()
        for field in (outer, *outer.fields.values())
    }
