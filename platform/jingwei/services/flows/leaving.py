"""What waits for somebody who leaves, and where it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.refusals import FieldRefusal, Invalid, NotAllowed, NotFound
from jingwei.services import tasks
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import runtime, who
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.seats import NOBODY_ELSE, hand_on, may_take, why_not
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import action_word
from jingwei.services.people import Person
from jingwei.services.world import superior_of
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TaskRow
from jingwei.storage.people import find_people, find_person
from jingwei.texts import text

TODOS = ("todo", "collect")
OTHER_ORG = "other-org"
NOBODY = "nobody"
NEEDS_MIGRATION = "needs-migration"
ALWAYS_SAID = frozenset({OTHER_ORG, NOBODY, NEEDS_MIGRATION})


def foreseen(view: Reading, login: str, to: str | None = None) -> list[dict[str, Any]]:
    """Everything that waits for a person, as JSON, each with whom `hand_over_by` would give it to:
    `to` (nobody: none could be found), `why` not to who was named, `stays` with the leaver. Raises
    NotFound, and NotAllowed for who does not administer flows at or above the person's org."""
    row = find_person(view.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:60])
    if not runtime.is_administrator(view, {"org": row.org}):
        raise NotAllowed("flow-administrators-only", action=action_word("hand_over"))
    if to is not None:
        runtime.check_people(view, [to])
    mine = task_rows.open_tasks_of(view.connection, tasks.books(view), row.id)
    given = [*_foreseen_in_flows(view, mine, login, to), *_foreseen_todos(view, mine, login, to)]
    lines = tasks.tasks_json(view, [one.task for one in given])
    return [
        {**line, **gift, "stays": one.to == login}
        for one, line, gift in zip(given, lines, _shown(view, given, to), strict=True)
    ]


def _foreseen_in_flows(
    view: Reading, mine: Sequence[TaskRow], login: str, to: str | None
) -> Iterator[Given]:
    for flow_id in dict.fromkeys(t.flow for t in mine if t.flow is not None and t.run is not None):
        found = runtime.load(view, flow_id, though_it_fits_no_more=True)
        if not runtime.is_administrator(view, found.asks.record):
            yield from (Given(t, login, OTHER_ORG) for t in mine if t.flow == flow_id)
            continue
        if not found.fits:
            yield from (Given(t, "", NEEDS_MIGRATION) for t in mine if t.flow == flow_id)
            continue
        walk = found.walk()
        for task in _of_person(walk, login):
            yield _gift(found, walk, task, login, to) or Given(task, "", NOBODY)


def _foreseen_todos(
    view: Reading, mine: Sequence[TaskRow], login: str, to: str | None
) -> Iterator[Given]:
    heir = _heir_of_todos(view, login, to)
    for task in _todos(mine, login):
        ours = _is_ours(view, task)
        if not ours:
            yield Given(task, login, OTHER_ORG)
        else:
            yield Given(task, heir, None) if heir else Given(task, "", NOBODY)


def hand_over_by(
    work: Work, login: str, to: str | None = None, reason: str | None = None
) -> list[dict[str, Any]]:
    """The same for a person: administrators of flows at or above the leaver's org only, with a
    reason. For each task: to whom it went, and why not to `to`."""
    row = find_person(work.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:60])
    if not runtime.is_administrator(work, {"org": row.org}):
        raise NotAllowed("flow-administrators-only", action=action_word("hand_over"))
    wrong = []
    if not (reason or "").strip():
        wrong.append(FieldRefusal("reason", "required"))
    if to == login:
        wrong.append(FieldRefusal("to", "hand-over-to-leaver"))
    if wrong:
        raise Invalid("invalid", fields=wrong)
    given = _hand_over(work, login, to, (reason or "").strip(), own_orgs_only=True)
    return _shown(work, given, to)


def hand_over(work: Work, login: str, to: str | None = None) -> int:
    """Hand a person's open tasks to somebody else, one event each: to `to`, else the superior,
    else the flow administrator. Nothing stops a person from leaving: what nobody can take, and what
    follows a version that fits no more, stays. How many there were."""
    return len(_hand_over(work, login, to, None))


@dataclass(frozen=True, slots=True)
class Given:
    """A task that went to somebody; `why`: the code of why not to the one who was named, or why
    it stays where it is."""

    task: TaskRow
    to: str
    why: str | None = None


def _hand_over(
    work: Work, login: str, to: str | None, reason: str | None, *, own_orgs_only: bool = False
) -> list[Given]:
    """`own_orgs_only`: tasks about records of orgs whose flows the actor does not administer stay
    with the leaver."""
    person = work.people.find(work.connection, login, work.today)
    if person is None:
        raise NotFound("no-such-person", login=login)
    if to is not None:
        runtime.check_people(work, [to])
    mine = task_rows.open_tasks_of(work.connection, tasks.books(work), person.id)
    given: list[Given] = []
    for flow_id in dict.fromkeys(t.flow for t in mine if t.flow is not None and t.run is not None):
        found = runtime.load(work, flow_id, lock=True, though_it_fits_no_more=True)
        if own_orgs_only and not runtime.is_administrator(work, found.asks.record):
            given += [Given(t, login, OTHER_ORG) for t in mine if t.flow == flow_id]
            continue
        if not found.fits:
            given += [Given(t, login, NEEDS_MIGRATION) for t in mine if t.flow == flow_id]
            continue
        walk = found.walk()
        given += [_hand_one(found, walk, t, login, to, reason) for t in _of_person(walk, login)]
        if walk.events:  # somebody may have decided meanwhile
            runtime.commit(work, found, walk)
    if own_orgs_only:
        kept = [t for t in mine if t.run is None and t.kind in TODOS and not _is_ours(work, t)]
        given += [Given(t, login, OTHER_ORG) for t in kept]
        mine = [t for t in mine if t not in kept]
    return given + _hand_todos(work, mine, person, to)


def _of_person(walk: Walk, login: str) -> list[TaskRow]:
    """What waits for a person in a request, or will."""
    live = [t for t in walk.tasks.values() if t.state in ("open", "waiting")]
    return [t for t in live if login in (t.person, t.acting)]


def _is_ours(work: Reading, task: TaskRow) -> bool:
    """Whether the actor administers the flows of the org that a to-do is about; one that is about
    no record goes with its person."""
    if task.form not in work.catalogue.forms or not task.record:
        return True
    record = work.store.load(work.connection, task.form, [task.record]).get(task.record)
    return record is None or runtime.is_administrator(work, record)


def _shown(work: Reading, given: Sequence[Given], to: str | None) -> list[dict[str, Any]]:
    """Each task as JSON, with whom it went to and, where that is not who was named, why."""
    locale = work.actor.locale or "zh"
    known = find_people(work.connection, {one.to for one in given})
    shown = tasks.tasks_json(work, [one.task for one in given])
    return [
        {
            "task": one.task.id,
            "flow": one.task.flow,
            "display": line["display"],
            "title": line["title"],
            "to": one.to,
            "to_name": known[one.to].name if one.to in known else one.to,
            "why": one.why if to is not None or one.why in ALWAYS_SAID else None,
            "message": text(f"flows.handing.{one.why}", locale)
            if one.why and (to or one.why in ALWAYS_SAID)
            else "",
        }
        for one, line in zip(given, shown, strict=True)
    ]


def _hand_todos(work: Work, mine: Sequence[TaskRow], person: Person, to: str | None) -> list[Given]:
    """To-dos and collections that no request waits for go the same way."""
    open_ = _todos(mine, person.login)
    heir = _heir_of_todos(work, person.login, to) if open_ else None
    if heir is None:
        return []
    moved = [task._replace(person=heir, acting=heir) for task in open_]
    task_rows.write_tasks(work.connection, tasks.books(work), [], moved)
    tasks.told(work, moved)
    return [Given(task, heir) for task in moved]


def _todos(mine: Sequence[TaskRow], login: str) -> list[TaskRow]:
    return [t for t in mine if t.run is None and t.kind in TODOS and t.person == login]


def _heir_of_todos(view: Reading, login: str, to: str | None) -> str | None:
    person = view.people.find(view.connection, login, view.today)
    admins = [] if person is None else who.nearest(view, "role", who.FLOW_ADMIN, person.org)
    heirs = [to, superior_of(view, login), *admins]
    return next((h for h in heirs if h and h != login), None)


def _gift(found: Loaded, walk: Walk, task: TaskRow, login: str, to: str | None) -> Given | None:
    """Who gets a task; None where there is nobody."""
    run = walk.runs[task.run or 0]
    if task.person != login:  # who stood in goes: whose seat it is decides himself
        return Given(task, task.person, None if task.person == to else "stood-in")
    heir = _heir(found, walk, task, login, to)
    if heir is None:
        return None
    why = why_not(walk, run, to, task) if to is not None and to != heir else None
    return Given(task, heir, why)


def _heir(found: Loaded, walk: Walk, task: TaskRow, login: str, to: str | None) -> str | None:
    """Nobody is asked twice, unless nobody else is left: then an administrator who is asked there
    already has this seat too."""
    run = walk.runs[task.run or 0]
    view, org = found.view, found.asks.org
    near = [h for some in who.by_nearness(view, "role", who.FLOW_ADMIN, org) for h in some]
    above = found.asks.superior(login)
    heirs = [h for h in (to, above, *near) if h and h != login]
    free = next((h for h in heirs if may_take(walk, run, h, task)), None)
    if free is not None:
        return free
    seated = [h for h in (*near, above) if h and h != login]
    return next((h for h in seated if why_not(walk, run, h, task) != "own-request"), None)


def _hand_one(
    found: Loaded, walk: Walk, task: TaskRow, login: str, to: str | None, reason: str | None
) -> Given:
    given = _gift(found, walk, task, login, to)
    if given is None:
        return Given(task, login, NOBODY)
    run = walk.runs[task.run or 0]
    step = run.step
    if task.person != login:
        whose = {"person": task.person, "acting": task.acting, "to": given.to}
        walk.note("handed_over", step=step, comment=reason, task=task.id, **whose)
        walk.set_task(task.id, acting=given.to)
        return given
    more = {"instead_of": to, "why": given.why} if given.why is not None else {}
    whose = {"person": task.person, "to": given.to}
    walk.note("handed_over", step=step, comment=reason, task=task.id, **whose, **more)
    free = may_take(walk, run, given.to, task)
    hand_on(
        walk,
        task,
        given.to,
        by=walk.actor,
        reason="handed-over" if free else NOBODY_ELSE,
        state=task.state,
    )
    return given
