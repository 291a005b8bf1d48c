"""What waits for somebody who leaves, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jingwei.refusals import NotAllowed, NotFound, Refused
from jingwei.services import tasks
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import runtime, who
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.seats import hand_on, may_take
from jingwei.services.flows.walk import Walk
from jingwei.services.people import Person
from jingwei.services.world import superior_of
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TaskRow
from jingwei.storage.people import find_person

TODOS = ("todo", "collect")


def tasks_to_hand_over(view: Reading, login: str) -> list[dict[str, Any]]:
    """Everything that would be handed over, as JSON. Raises NotFound, and NotAllowed for who does
    not administer flows at or above the person's org."""
    row = find_person(view.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:60])
    if not runtime.is_administrator(view, {"org": row.org}):
        raise NotAllowed("flow-administrators-only", action="hand-over")
    found = task_rows.open_tasks_of(view.connection, tasks.books(view), row.id)
    mine = [t for t in found if (t.flow is not None and t.run) or t.kind in TODOS]
    return tasks.tasks_json(view, mine)


def hand_over_by(work: Work, login: str, to: str | None = None) -> int:
    """The same for a person: administrators of flows at or above the leaver's org only."""
    row = find_person(work.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:60])
    if not runtime.is_administrator(work, {"org": row.org}):
        raise NotAllowed("flow-administrators-only", action="hand-over")
    return hand_over(work, login, to)


def hand_over(work: Work, login: str, to: str | None = None) -> int:
    """Hand a person's open tasks to somebody else, one event each: to `to`, else the superior,
    else the flow administrator. How many there were."""
    person = work.people.find(work.connection, login, work.today)
    if person is None:
        raise NotFound("no-such-person", login=login)
    if to is not None:
        runtime.check_people(work, [to])
    mine = task_rows.open_tasks_of(work.connection, tasks.books(work), person.id)
    moved = 0
    for flow_id in dict.fromkeys(t.flow for t in mine if t.flow is not None and t.run is not None):
        found = runtime.load(work, flow_id, lock=True)
        walk = found.walk()
        for task in [t for t in walk.tasks.values() if t.state in ("open", "waiting")]:
            if login in (task.person, task.acting):
                _hand_one(found, walk, task, login, to)
                moved += 1
        if walk.events:  # somebody may have decided meanwhile
            runtime.commit(work, found, walk)
    return moved + _hand_todos(work, mine, person, to)


def _hand_todos(work: Work, mine: Sequence[TaskRow], person: Person, to: str | None) -> int:
    """To-dos and collections that no request waits for go the same way; how many."""
    open_ = [t for t in mine if t.run is None and t.kind in TODOS and t.person == person.login]
    if not open_:
        return 0
    admins = who.nearest(work, "role", who.FLOW_ADMIN, person.org)
    heirs = [to, superior_of(work, person.login), *admins]
    heir = next((h for h in heirs if h and h != person.login), None)
    if heir is None:
        return 0
    moved = [replace(task, person=heir, acting=heir) for task in open_]
    task_rows.write_tasks(work.connection, tasks.books(work), [], moved)
    tasks.told(work, moved)
    return len(moved)


def _hand_one(found: Loaded, walk: Walk, task: TaskRow, login: str, to: str | None) -> None:
    run = walk.runs[task.run or 0]
    if task.person != login:  # who stood in goes: whose seat it is decides himself
        walk.note("handed_over", step=run.step, task=task.id, to=task.person)
        walk.set_task(task.id, acting=task.person)
        return
    heirs = [to, found.asks.superior(login), *found.asks.flow_admins()]
    heir = next((h for h in heirs if h and h != login and may_take(walk, run, h, task)), None)
    if heir is None:
        raise Refused("flow-nobody", step=task.title.get("zh", ""))
    walk.note("handed_over", step=run.step, task=task.id, to=heir)
    hand_on(walk, task, heir, by=walk.actor, reason="handed-over", state=task.state)
