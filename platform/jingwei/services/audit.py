"""The audit log, for those whose role is marked for it and for nobody else.

Who holds the role at an org reads what was done at and below it; who holds it at the top,
everything, what belongs to no org included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from jingwei.refusals import NotAllowed
from jingwei.services.commands import Reading
from jingwei.services.presenting import instant
from jingwei.storage.changes import ChangeRow, Entry, read_log

TAG = "auditor"  # of a role's definition


@dataclass(frozen=True, slots=True)
class AuditWish:
    """Which entries; `since` and `until` are days in the installation's zone, both inclusive."""

    actor: str | None = None
    kind: str | None = None
    org: str | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None
    size: int = 100


def may_audit(view: Reading) -> bool:
    """Whether the reader holds a role that is marked `auditor`."""
    return bool(_held_at(view))


def audited_orgs(view: Reading) -> frozenset[str] | None:
    """The orgs whose entries the reader may see; None: all entries."""
    tree, held = view.catalogue.tree, _held_at(view)
    if tree.root in held:
        return None
    return frozenset(
        code
        for code in view.catalogue.orgs
        if not held.isdisjoint(tree.ancestors(code, view.today))
    )


def _held_at(view: Reading) -> set[str]:
    roles: Mapping[str, Any] = view.catalogue.roles
    return {org for role, org in view.actor.roles if role in roles and TAG in roles[role].tags}


def log(view: Reading, wish: AuditWish) -> list[dict[str, Any]]:
    """Entries, newest first. Raises NotAllowed."""
    if not may_audit(view):
        raise NotAllowed("not-allowed", action="audit")
    if wish.actor is not None and wish.actor not in view.store.people.ids:
        return []
    among = audited_orgs(view)
    if wish.org is not None and wish.org not in (view.catalogue.orgs if among is None else among):
        return []
    entries = read_log(
        view.connection,
        view.installation.book,
        view.store.people,
        limit=wish.size,
        before=wish.before,
        actor=wish.actor,
        kind=wish.kind,
        org=wish.org,
        among=among,
        since=_start(view, wish.since),
        until=_start(view, wish.until + timedelta(days=1)) if wish.until else None,
    )
    return [_entry(entry) for entry in entries]


def _start(view: Reading, day: date | None) -> datetime | None:
    """The first instant of a day, in the form that instants are kept in."""
    if day is None:
        return None
    return datetime.combine(day, time(), view.clock.zone).astimezone(UTC)


def _named(change: ChangeRow) -> str | None:
    """Who did it at a command line, where that is nobody of the installation: what the machine says
    of him stands in the entry."""
    if change.kind != "definition":
        return None
    author = change.body.get("author")
    return str(author[1]) if isinstance(author, list) and len(author) == 2 else None


def _entry(entry: Entry) -> dict[str, Any]:
    change = entry.change
    return {
        "id": entry.id,
        "at": instant(change.at),
        "actor": change.actor or _named(change),
        "on_behalf_of": change.on_behalf_of,
        "action": change.action,
        "kind": change.kind,
        "form": change.form,
        "object": change.object,
        "revision": change.object_version,
        "org": change.org,
        "changes": change.body,
        "release": change.release,
        "request": change.request,
        "hash": entry.hash,
    }
