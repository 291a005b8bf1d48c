"""Receipts that a request asked for and does not wait for: what becomes of them when it ends."""

from __future__ import annotations

from jingwei.services import tasks
from jingwei.services.commands import Work
from jingwei.services.flows.state import State
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TERMINAL

OUTLIVED = "approved"  # people acknowledge what was approved afterwards; nothing else is left open


def ends_for_nothing(before: State, after: State) -> bool:
    """Whether the request ends now, and not approved."""
    status = after.flow.status
    return status in TERMINAL and status != OUTLIVED and before.flow.status not in TERMINAL


def cancel_receipts(work: Work, flow: int) -> None:
    """Nobody is asked any more to acknowledge a request that was not approved."""
    books = tasks.books(work)
    cancelled = [
        task._replace(
            state="closed",
            outcome="cancelled",
            closed_at=work.now,
            closed_by=None,
            reason="flow-ended",
        )
        for task in task_rows.tasks_beside(work.connection, books, flow)
        if task.state == "open"
    ]
    if cancelled:
        task_rows.write_tasks(work.connection, books, [], cancelled)
    for task in cancelled:
        tasks.closed_message(work, task)
