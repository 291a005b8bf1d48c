"""Details go where their owner goes: into its org, into the bin and back.

What follows is written by the system on behalf of whoever moved the owner, in the same
transaction, each with a history of its own. What goes with the owner comes back with it: it was
removed at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from jingwei.language.form import Form
from jingwei.services import structure
from jingwei.services.commands import Work
from jingwei.services.found import Found
from jingwei.services.owners import details_of, links_to_owners, owner_of
from jingwei.services.wanted import Change, Prepared, Source
from jingwei.storage.pointing import details_at

Write = Callable[..., Any]  # `write_many` and `set_system`, which stand above


def take_org(
    work: Work, form: Form, record: dict[str, Any], given: Collection[str], found: Found
) -> None:
    """Put a detail into the org of its owner, unless its form has an `org` of its own."""
    if "org" in form.fields:
        return
    for link in links_to_owners(form):
        named = owner_of(link, record)
        if named is None or named[0] not in work.catalogue.forms:
            continue
        owner = work.store.load(work.connection, named[0], [named[1]]).get(named[1])
        if owner is None:
            continue  # told where links are judged
        if "org" in given and record.get("org") not in (None, owner["org"]):
            found.add("org", "org-of-owner", org=owner["org"])
        record["org"] = owner["org"]
        return


def follow(
    work: Work, form: str, one: Prepared, source: Source, write_many: Write, set_system: Write
) -> None:
    """Do to the details of a record what was done to it."""
    if one.before is None:
        return
    was, now = one.before["deleted_at"], one.after["deleted_at"]
    if was != now:
        _remove_or_restore(work, form, one, source, write_many)
    elif one.before["org"] != one.after["org"]:
        _move(work.as_system(), form, one.id, one.after["org"], set_system)


def _remove_or_restore(
    work: Work, form: str, one: Prepared, source: Source, write_many: Write
) -> None:
    assert one.before is not None
    removed_at = one.before["deleted_at"]
    for detail, link in details_of(work.catalogue, form):
        ids = details_at(work.connection, work.store, detail.name, link, one.id, removed_at)
        if source == "user" and one.change.kind == "delete":
            for id in ids:
                _require_unlinked(work, detail, id)
        changes = [Change(one.change.kind, id) for id in ids]
        write_many(work.as_system(), detail.name, changes, source="system")


def _require_unlinked(work: Work, form: Form, id: int) -> None:
    """Raises Conflict for a detail that others link to, or one of whose own details they do."""
    structure.require_unlinked(work, form, id)
    for detail, link in details_of(work.catalogue, form.name):
        for there in details_at(work.connection, work.store, detail.name, link, id, None):
            _require_unlinked(work, detail, there)


def _move(work: Work, form: str, id: int, org: str | None, set_system: Write) -> None:
    for detail, link in details_of(work.catalogue, form):
        if "org" in detail.fields:
            continue
        for there in details_at(work.connection, work.store, detail.name, link, id, None):
            set_system(work, detail.name, there, org=org)
            _move(work, detail.name, there, org, set_system)
