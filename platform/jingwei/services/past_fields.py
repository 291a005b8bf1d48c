"""Fields that a record had under earlier definitions: what they are called today, and who may see
them in its history.

A field that was renamed is seen by whoever may see it today; one that was retired, by whoever might
see it under the last release that had it: what hid it there went with it.
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
from jingwei.storage.releases import read_names
from jingwei.storage.removed import last_release_with
from jingwei.storage.runtime import earlier

_OURS = frozenset((*SHOWN_SYSTEM, "status", "state", "number", "org", "owner", "deleted_at"))


@dataclass(frozen=True, slots=True)
class PastFields:
    """`names`: today's name by (release of the change, name in it); a retired field keeps its own.
    `fields`: the retired ones that the reader may see."""

    names: Mapping[tuple[int | None, str], str] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)


NOTHING = PastFields()


def past_fields(view: Reading, shown: RecordView, entries: Collection[Entry]) -> PastFields:
    """The fields that these changes name and the record's form has no more."""
    asked = {
        (entry.change.release, name)
        for entry in entries
        for name in entry.change.body
        if name.partition(".")[0] not in shown.form.fields
        and name not in _OURS
        and not name.startswith("_")
    }
    if not asked:
        return NOTHING
    here = view.installation.names
    today = _by_place(here, here.table(shown.form.name).name)
    found: dict[tuple[int | None, str], str] = {}
    gone: dict[str, Place] = {}
    for release in {release for release, _ in asked if release is not None}:
        held = read_names(view.connection, release)
        places = {name: p for p, name in _by_place(held, here.table(shown.form.name).name).items()}
        for name in (name for of, name in asked if of == release and name in places):
            if places[name] in today:
                found[release, name] = today[places[name]]
            else:
                found[release, name] = name
                gone[name] = places[name]
    seen = {name: f for name, place in gone.items() if (f := _seen(view, shown, name, place))}
    return PastFields(found, seen)


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
