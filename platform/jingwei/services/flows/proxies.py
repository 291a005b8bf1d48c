"""Standing in for somebody absent: rules with dates, chains of them, and tasks already open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import structlog

from jingwei.refusals import FieldRefusal, Invalid, NotAllowed, NotFound, Refused, is_passing
from jingwei.services import tasks
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import runtime, who
from jingwei.services.flows.seats import acting_for
from jingwei.services.notices import Notice, notify
from jingwei.services.people import SYSTEM, may_sign_in
from jingwei.services.platform import Platform
from jingwei.services.tasks import instant
from jingwei.storage import proxies as kept
from jingwei.storage import tasks as task_rows
from jingwei.storage.changes import ChangeRow
from jingwei.storage.flow_rows import ProxyRow, TaskRow
from jingwei.storage.people import find_people, find_person
from jingwei.texts import text

log = structlog.get_logger(__name__)
KEYS = ("person", "to", "from", "until", "forms", "include_open")


def listed(reading: Reading, login: str | None = None) -> list[dict[str, Any]]:
    """The rules that a person gave or was given; of somebody else for administrators only."""
    login = login or reading.actor.login
    _check_right(reading, login)
    return [proxy_json(one) for one in kept.proxies_of(reading.connection, login)]


def given_now(reading: Reading) -> list[ProxyRow]:
    """The rules by which somebody stands in for the reader now."""
    mine = kept.proxies_of(reading.connection, reading.actor.login)
    now = reading.now
    return [p for p in mine if p.person == reading.actor.login and p.since <= now < p.until]


def chain(
    reading: Reading, person: str, to: str, forms: Sequence[str], most: int = 10
) -> list[str]:
    """Who would stand in for whom, beginning with this person and this stand-in: as the rules of
    today go on. The chain ends at the first repeat, after which nobody stands in."""
    active = kept.active_proxies(reading.connection, reading.now)
    following = {
        one.person: one.to
        for one in sorted(active, key=lambda p: (bool(p.forms), p.id))
        if not one.forms or not forms or set(one.forms) & set(forms)
    }
    found = [person, to]
    while found[-1] not in found[:-1] and len(found) < most:
        after = following.get(found[-1])
        if after is None:
            break
        found.append(after)
    return found


def proxy_json(proxy: ProxyRow) -> dict[str, Any]:
    return {
        "id": proxy.id,
        "person": proxy.person,
        "to": proxy.to,
        "from": instant(proxy.since),
        "until": instant(proxy.until),
        "forms": list(proxy.forms),
        "include_open": proxy.include_open,
        "created_at": instant(proxy.created_at),
        "created_by": proxy.created_by,
    }


def make(work: Work, body: Mapping[str, Any]) -> dict[str, Any]:
    """Name a stand-in. `person`: the actor unless an administrator names another; `from` (now)
    and `until` are days of the installation's zone, both inside, or instants, the last outside.
    The answer's `before` names the rules that this one stands before. Raises Invalid,
    NotAllowed."""
    refused: list[FieldRefusal] = []
    person, to = body.get("person") or work.actor.login, body.get("to")
    since = _instant(work, body.get("from"), "from", refused) or work.now
    until = _instant(work, body.get("until"), "until", refused, ends=True)
    if until is None and not refused:
        refused.append(FieldRefusal("until", "required"))
    if until is not None and (until <= since or until <= work.now):
        refused.append(FieldRefusal("until", "proxy-over"))
    known = find_people(work.connection, {p for p in (person, to) if isinstance(p, str)})
    for name, login in (("person", person), ("to", to)):
        if not login:
            refused.append(FieldRefusal(name, "required"))
        elif not isinstance(login, str) or login not in known:
            refused.append(FieldRefusal(name, "unknown-person", {"name": str(login)[:60]}))
    if to == person:
        refused.append(FieldRefusal("to", "proxy-oneself"))
    elif isinstance(to, str) and to in known and not may_sign_in(known[to], work.today):
        refused.append(FieldRefusal("to", "unknown-person", {"name": str(to)[:60]}))
    forms = body.get("forms") or []
    if not isinstance(forms, list):
        refused.append(FieldRefusal("forms", "not-a-list"))
    else:
        refused += [
            FieldRefusal("forms", "unknown-form", {"name": str(form)[:60]})
            for form in forms
            if not isinstance(form, str) or form not in work.catalogue.forms
        ]
    if not isinstance(body.get("include_open", False), bool):
        refused.append(FieldRefusal("include_open", "not-yes-no"))
    if refused or until is None:
        raise Invalid("invalid", fields=refused)
    _check_right(work, str(person))
    proxy = ProxyRow(
        work.store.next_ids(work.connection, 1)[0],
        str(person),
        str(to),
        since,
        until,
        work.now,
        work.actor.login,
        tuple(forms),
        bool(body.get("include_open", False)),
    )
    kept.insert_proxy(work.connection, tasks.books(work), proxy)
    _audit(work, proxy, "created")
    if proxy.include_open and proxy.since <= work.now:
        move_open(work, proxy)
    return {**proxy_json(proxy), "before": _behind(work, proxy)}


def _behind(work: Work, proxy: ProxyRow) -> list[int]:
    """The rules that this one stands before while they overlap: at every moment one person stands
    in for another about a form. A rule for some forms goes before one for all, the newer before
    the older."""
    return [
        other.id
        for other in kept.proxies_of(work.connection, proxy.person)
        if other.person == proxy.person
        and other.id != proxy.id
        and (proxy.since < other.until and other.since < proxy.until)
        and (not other.forms or bool(set(proxy.forms) & set(other.forms)))
    ]


def end(work: Work, proxy_id: int) -> None:
    """Take a rule back; tasks that are open stay where they are. Raises NotFound, NotAllowed."""
    proxy = kept.find_proxy(work.connection, proxy_id)
    if proxy is None or not _may(work, proxy.person):
        raise NotFound("no-such-proxy")
    kept.delete_proxy(work.connection, proxy_id)
    _audit(work, proxy, "deleted")


def _audit(work: Work, proxy: ProxyRow, action: str) -> None:
    values = {
        "person": proxy.person,
        "to": proxy.to,
        "from": instant(proxy.since),
        "until": instant(proxy.until),
    }
    pairs = {k: [None, v] if action == "created" else [v, None] for k, v in values.items()}
    row = find_person(work.connection, proxy.person)
    work.log(
        ChangeRow(
            at=work.now,
            actor=work.actor.login,
            action=action,
            kind="proxy",
            org=row.org if row else None,
            object=proxy.id,
            body=pairs,
            release=work.installation.release.id,
            request=work.request_id,
        )
    )


def _may(view: Reading, login: str) -> bool:
    if view.actor.is_system or login == view.actor.login:
        return True
    row = find_person(view.connection, login)
    return row is not None and runtime.is_administrator(view, {"org": row.org})


def _check_right(view: Reading, login: str) -> None:
    if not _may(view, login):
        raise NotAllowed("flow-proxy-of-another")


def _instant(
    view: Reading, value: Any, name: str, refused: list[FieldRefusal], *, ends: bool = False
) -> datetime | None:
    """RFC 3339 with offset, or a day: its first moment in the installation's zone; where the rule
    `ends`, the first one after it, so that the day is inside."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and len(value) == 10:
            day = date.fromisoformat(value) + timedelta(days=int(ends))
            return datetime.combine(day, time(), view.clock.zone).astimezone(view.now.tzinfo)
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError):
        refused.append(FieldRefusal(name, "not-a-day-or-instant"))
        return None
    if found.tzinfo is None:
        refused.append(FieldRefusal(name, "not-a-day-or-instant"))
        return None
    return found.astimezone(view.now.tzinfo)


# --- tasks that are open already -----------------------------------------------------------------


def move_due(platform: Platform) -> int:
    """Move the open tasks of absences that have begun; of how many."""
    with platform.database.reading() as connection:
        due = kept.proxies_to_move(connection, platform.clock.now())
    for one in due:
        try:
            platform.commands.run(partial(move_open, proxy=one), SYSTEM, key=f"proxy:{one.id}")
        except Refused as refused:  # other absences have begun too
            log.warning("proxy_not_moved", proxy=one.id, code=refused.code)
            if not is_passing(refused):
                platform.commands.run(partial(_give_up, proxy=one, refused=refused), SYSTEM)
    return len(due)


def _give_up(work: Work, proxy: ProxyRow, refused: Refused) -> None:
    """The tasks stay where they are, and who administers flows is told so once."""
    if not kept.mark_moved(work.connection, proxy.id, work.now):
        return
    row = find_person(work.connection, proxy.person)
    org = row.org if row else work.actor.org
    known = find_people(work.connection, set(who.nearest(work, "role", who.FLOW_ADMIN, org)))
    notices = []
    for login, admin in known.items():
        locale = admin.locale or "zh"
        words = text(
            "flows.notices.not_moved",
            locale,
            person=row.name if row else proxy.person,
            why=refused.message(locale),
        )
        notices.append(Notice(login, words, "notice", "/flows", True, f"proxy:{proxy.id}"))
    notify(work, notices)


def move_open(work: Work, proxy: ProxyRow) -> int:
    """Give a person's open tasks, and those he has for others, to who stands in; how many."""
    if not kept.mark_moved(work.connection, proxy.id, work.now):
        return 0
    person = find_person(work.connection, proxy.person)
    if person is None:
        return 0
    found = task_rows.open_tasks_of(work.connection, tasks.books(work), person.id)
    mine = [t for t in found if t.flow is not None and t.run is not None]
    about = [t for t in mine if not proxy.forms or t.form in proxy.forms]
    moved = 0
    for flow_id in dict.fromkeys(t.flow for t in about):
        with runtime.at_work(flow_id or 0):
            moved += _move_of_flow(work, flow_id or 0, proxy)
    return moved


def _move_of_flow(work: Work, flow_id: int, proxy: ProxyRow) -> int:
    loaded = runtime.load(work, flow_id, lock=True, though_it_fits_no_more=True)
    if not loaded.fits:  # until it is migrated nobody can act on it
        return 0
    walk = loaded.walk()
    moved: list[TaskRow] = []
    for task in [t for t in walk.tasks.values() if t.state in ("open", "waiting")]:
        if proxy.person not in (task.person, task.acting) or task.kind == "cc":
            continue
        run = walk.runs[task.run or 0]
        acting = acting_for(walk, walk.step_of(run), task.kind, task.person)
        if acting != task.acting:
            whose = {"person": task.person, "to": acting}
            walk.note("given_to_proxy", step=run.step, task=task.id, **whose)
            walk.set_task(task.id, acting=acting)
            moved.append(task)
    if moved:
        runtime.commit(work, loaded, walk)
    return len(moved)
