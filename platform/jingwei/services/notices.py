"""Notices: in the product at once, outside it through the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from jingwei.services.commands import Reading, Work
from jingwei.storage import notices as rows
from jingwei.storage.notices import NoticeRow
from jingwei.storage.people import PersonRow, find_people

SEND = "notice.send"
MOST_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person is told, in that person's language and with that person's rights applied.

    `key`: the same key is the same notice, told once. `link`: an address within the product.
    """

    person: str
    text: str
    kind: str = "notice"
    link: str | None = None
    urgent: bool = False
    key: str | None = None


def notify(
    work: Work,
    notices: Sequence[Notice],
    people: Mapping[str, PersonRow] | None = None,
    *,
    counted: bool = True,
) -> int:
    """Tell people; how many were new. Logins that are unknown or inactive are told nothing.
    `people`: by login, where they are known already. Not `counted`: they are written with the
    messages of this command, which saves a statement, and all are taken for new."""
    if people is None:
        people = find_people(work.connection, {notice.person for notice in notices})
    known = [n for n in notices if n.person in people and people[n.person].active]
    if not known:
        return 0
    ids = work.store.next_ids(work.connection, len(known))
    made = [
        NoticeRow(
            id_,
            people[notice.person].id,
            work.now,
            notice.kind,
            notice.text,
            notice.link,
            notice.urgent,
            None if notice.key is None else f"{notice.key}:{notice.person}",
        )
        for id_, notice in zip(ids, known, strict=True)
    ]
    if counted:
        fresh = rows.insert_notices(work.connection, made)
    else:
        work.outbox.tell(made)
        fresh = set(ids)
    # One message a person: a bad address must not hold up the others.
    for row in made:
        if row.id in fresh:
            later = None if row.urgent else quiet_until(work)
            work.outbox.add(SEND, {"notice": row.id}, f"{SEND}:{row.id}", later)
    return len(fresh)


def quiet_until(view: Reading) -> datetime | None:
    """When what is not urgent may leave the house; None when it may now."""
    hours = view.catalogue.manifest.quiet_hours
    if hours is None:
        return None
    first, last = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    zone = view.clock.zone
    local = view.now.astimezone(zone)
    over_night = first > last
    now = local.time()
    quiet = now >= first or now < last if over_night else first <= now < last
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_night and now >= first else 0)
    return datetime.combine(day, last, zone).astimezone(UTC)


def inbox(reading: Reading, *, limit: int = 20, before: int | None = None) -> dict[str, Any]:
    """The reader's own notices, newest first, with how many are unread."""
    found = rows.notices_of(
        reading.connection, reading.actor.id, limit=min(limit, MOST_A_PAGE), before=before
    )
    total, unread = rows.count_notices(reading.connection, reading.actor.id)
    items = [
        {
            "id": row.id,
            "at": row.at,
            "kind": row.kind,
            "text": row.text,
            "link": row.link,
            "urgent": row.urgent,
            "read_at": row.read_at,
        }
        for row in found
    ]
    return {"items": items, "total": total, "unread": unread, "size": limit}


def mark_read(work: Work, ids: Sequence[int] | None = None) -> int:
    """The actor has read all notices, or these; how many were unread."""
    return rows.mark_read(work.connection, work.actor.id, work.now, ids)
