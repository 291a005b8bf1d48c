"""What waits for somebody who leaves, before it is handed over."""

from __future__ import annotations

from typing import Any

from jingwei.refusals import NotAllowed, NotFound
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.flows import runtime
from jingwei.storage.people import find_person
from jingwei.storage.tasks import open_tasks_of


def tasks_to_hand_over(view: Reading, login: str) -> list[dict[str, Any]]:
    """Everything that waits for a person, as JSON. Raises NotFound, and NotAllowed for who does not
    administer flows at or above the person's org."""
    row = find_person(view.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:60])
    if not runtime.is_administrator(view, {"org": row.org}):
        raise NotAllowed("flow-administrators-only", action="hand-over")
    found = open_tasks_of(view.connection, tasks.books(view), row.id)
    return tasks.tasks_json(view, [task for task in found if task.flow is not None and task.run])
