"""Fields that a record had under earlier definitions: what they are called today, and who may see
them in its history.

A field that was renamed is seen by whoever may see it today; one that was retired, by whoever might
see it under the last release that had it: what hid it there went with it. One that was retired and
whose name was given again is another field: it is told apart as `NAME@RELEASE`, of the last it was
in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jingwei.catalogue.compile import compile_texts
from jingwei.language.form import SHOWN_SYSTEM, Field
from jingwei.problems import DefinitionErrors
from jingwei.services.commands import Reading
from jingwei.services.earlier_names import Place, paths_by_place
from jingwei.services.record_views import RecordView
from jingwei.services.rights import Rights
from jingwei.storage.changes import Entry
from jingwei.storage.names import PhysicalNames
from jingwei.storage.removed import last_release_with, names_unlike
from jingwei.storage.runtime import earlier

_OURS = frozenset((*SHOWN_SYSTEM, "status", "state", "number", "org", "owner", "deleted_at"))


@dataclass(frozen=True, slots=True)
class PastFields:
    """`names`: today's name by (release of the change, name in it); a retired field keeps its own,
    where it is free. `fields`: the retired ones that the reader may see."""

    names: Mapping[tuple[int | None, str], str] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)


NOTHING = PastFields()


def past_fields(view: Reading, shown: RecordView, entries: Collection[Entry]) -> PastFields:
    """The fields that these changes name and that the record's form has no more, or calls
    otherwise."""
    asked = _asked(view, shown, entries)
    here = view.installation.names
    own = here.table(shown.form.name).name
    today = _by_place(here, own)
    found: dict[tuple[int | None, str], str] = {}
    gone: dict[str, tuple[str, Place]] = {}
    for release, held in names_unlike(view.connection, {r for r, _ in asked if r}, here).items():
        places = {name: place for place, name in _by_place(held, own).items()}
        for name in (name for of, name in asked if of == release and name in places):
            called = today.get(places[name]) or _free(view, shown, name, places[name])
            found[release, name] = called
            if places[name] not in today:
                gone[called] = (name, places[name])
    seen = {n: f for n, (was, at) in gone.items() if (f := _seen(view, shown, was, at))}
    return PastFields(found, seen)


def _asked(
    view: Reading, shown: RecordView, entries: Collection[Entry]
) -> set[tuple[int | None, str]]:
    """What was changed, as it was called: of today's release only what the form has no more."""
    current = view.installation.release.id
    return {
        (entry.change.release, name)
        for entry in entries
        for name in entry.change.body
        if name not in _OURS
        and not name.startswith("_")
        and (entry.change.release != current or name.partition(".")[0] not in shown.form.fields)
    }


def _free(view: Reading, shown: RecordView, name: str, place: Place) -> str:
    """What a retired field is called beside those of today."""
    if name not in shown.form.fields:
        return name
    return f"{name}@{last_release_with(view.connection, *place) or 0}"


def _by_place(names: PhysicalNames, own: str) -> dict[Place, str]:
    """The fields of the form, without the columns of its tables."""
    return {place: path for place, path in paths_by_place(names, own).items() if "." not in path}


def _seen(view: Reading, shown: RecordView, name: str, place: Place) -> Field | None:
    """The field as it was, when the reader might have seen it of this record."""
    release = last_release_with(view.connection, *place)
    if release is None:
        return None
    try:
        was = earlier(view.installation.database, release, compile_texts, view.store.zone)
    except DefinitionErrors:
        return None  # this engine reads those definitions no more: nobody can say who might see it
    own = view.installation.names.table(shown.form.name).name
    form = next(form for (form, part), t in was.names.tables.items() if t.name == own)
    past: Any = replace(view, installation=was).of(shown.raw.get("org"))
    definition = past.catalogue.forms[form].fields.get(name)
    if definition is None:
        return None
    record = {**dict.fromkeys(past.catalogue.forms[form].fields), **shown.raw}
    rights = Rights().fields(past, form, record)
    return definition if name in rights.visible - rights.masked else None
