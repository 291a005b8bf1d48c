"""What requests hear of changes: a record that a step waits for, a record that goes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from jingwei.language.workflow import walk as all_steps
from jingwei.services import tasks
from jingwei.services.commands import Work
from jingwei.services.events import Changed
from jingwei.services.flows import runtime
from jingwei.services.people import may_sign_in
from jingwei.storage import flows as rows
from jingwei.storage.flow_rows import TERMINAL
from jingwei.storage.people import find_person


def on_changed(work: Work, changed: Changed) -> None:
    """Look at waits again when a record was written; end the request of a record that is gone."""
    if changed.kind == "record.deleted":
        if changed.is_among("requests", partial(rows.on_the_way_among, work.connection)):
            _end_with_record(work, changed)
    elif changed.kind == "record.updated":
        _look_at_waits(work, changed)
    elif changed.kind == "person.disabled":
        _person_left(work, changed)


def _waits_for_records(work: Work, form: str) -> bool:
    return any(
        step.wait_until is not None
        for workflow in work.catalogue.workflows.values()
        if workflow.form == form
        for step in all_steps(workflow.steps)
    )


def _look_at_waits(work: Work, changed: Changed) -> None:
    if not _waits_for_records(work, changed.form):
        return
    books = tasks.books(work)
    for flow in rows.running_flows(work.connection, books, record=changed.id):
        if runtime.is_at_work(flow.id):
            continue
        with runtime.at_work(flow.id):
            found = runtime.load(work, flow.id, lock=True)
            walk = found.walk(system=True)
            runtime.look_at_waits(walk)
            if walk.events:
                runtime.commit(work, found, walk)


def _end_with_record(work: Work, changed: Changed) -> None:
    books = tasks.books(work)
    for flow in rows.running_flows(work.connection, books, record=changed.id):
        found = runtime.load(work, flow.id, lock=True)
        if found.state.flow.status in TERMINAL:  # while this waited for the lock
            continue
        walk = found.walk(system=True)
        walk.note_system("terminated", reason="record-gone")
        walk.end("terminated", noted=True)
        runtime.commit(work, found, walk)


def _person_left(work: Work, changed: Changed) -> None:
    from jingwei.services.flows import hand_over

    login = (changed.after or {}).get("login")
    if login and find_person(work.connection, str(login)):
        hand_over(work, str(login))


def on_leave(work: Work, payload: Mapping[str, Any]) -> None:
    """The day has come on which somebody leaves, if nobody moved it."""
    from jingwei.services.flows import hand_over

    row = find_person(work.connection, str(payload["person"]))
    if row is not None and not may_sign_in(row, work.today):
        hand_over(work, row.login)
