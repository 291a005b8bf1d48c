"""What records bring about by themselves: their `events`, states that are entered when something
holds, versions that an approval cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from jingwei.language.form import Form
from jingwei.services import effects, records, tasks, versions
from jingwei.services.commands import Work
from jingwei.services.events import Changed
from jingwei.services.record_ids import select_ids
from jingwei.services.world import environment

BATCH = 1_000


def on_changed(work: Work, changed: Changed) -> None:
    """Run what the form says should follow, inside the transaction of the change."""
    form = work.catalogue.forms.get(changed.form)
    if form is None:
        return
    if (changed.kind == "record.approved" and versions.cuts_at_approval(form)) or (
        changed.kind == "record.submitted" and versions.cuts_at_submit(form)
    ):
        versions.cut(work.as_system(), form.name, changed.id)
    if form.events:
        _run_events(work, form, changed)
    if changed.kind in ("record.created", "record.updated") and has_enter_when(form):
        enter_when(work.as_system(), form, changed.id)
    if _is_over(form, changed) and _may_have_tasks(work, changed):
        tasks.close_todos(work.as_system(), form.name, changed.id, "cancelled", ("todo",))


def _may_have_tasks(work: Work, changed: Changed) -> bool:
    gone = changed.kind == "record.deleted"  # nobody opens a task on it any more
    return not gone or changed.is_among("tasks", partial(tasks.open_among, work))


def _is_over(form: Form, changed: Changed) -> bool:
    """Whether nothing is left to be done: deleted, or come to a final state."""
    if changed.kind == "record.deleted":
        return True
    before, after = (changed.before or {}).get("state"), (changed.after or {}).get("state")
    state = form.states.get(after or "")
    return after != before and state is not None and state.final


def has_enter_when(form: Form) -> bool:
    return any(state.enter_when is not None for state in form.states.values())


def _run_events(work: Work, form: Form, changed: Changed) -> None:
    after = changed.after or {}
    for event in _events(form, changed):
        found = form.events.get(event)
        if found:
            effects.run(
                work,
                found,
                form.name,
                changed.id,
                trigger=f"event:{form.name}:{changed.id}:{after.get('revision')}:{event}",
                initiator=after.get("created_by"),
                old=changed.before,
                variables={"is_new": changed.before is None},
            )


def _events(form: Form, changed: Changed) -> Iterator[str]:
    before, after = changed.before or {}, changed.after or {}
    match changed.kind:
        case "record.created":
            yield "created"
        case "record.deleted":
            yield "deleted"
            return
        case "record.updated":
            yield "changed"
            for name in form.fields:
                if before.get(name) != after.get(name):
                    yield f"field.{name}"
        case _:
            return
    if after.get("state") is not None and before.get("state") != after["state"]:
        yield f"entered.{after['state']}"


# --- states ------------------------------------------------------------------------------------


def enter_when(work: Work, form: Form, id: int) -> bool:
    """Enter the first state whose condition holds; True when the record moved. A final state is
    never left."""
    record = work.store.load(work.connection, form.name, [id]).get(id)
    return record is not None and _enter(work, form, record)


def _enter(work: Work, form: Form, record: Mapping[str, Any]) -> bool:
    current = form.states.get(record.get("state") or "")
    if record["deleted_at"] is not None or (current is not None and current.final):
        return False
    env = environment(work, record)
    for state in form.states.values():
        if state.enter_when is not None and work.catalogue.closure(state.enter_when)(env):
            if current is not None and state.name == current.name:
                return False
            records.set_system(work, form.name, record["id"], state=state.name)
            return True
    return False


def on_tick(work: Work, payload: Mapping[str, Any]) -> None:
    """Once a day: conditions that hold because a day has passed."""
    form = work.catalogue.forms.get(payload["form"])
    if form is None:
        return
    ids = select_ids(work, form.name)
    for start in range(0, len(ids), BATCH):
        found = work.store.load(work.connection, form.name, ids[start : start + BATCH])
        for record in found.values():
            own = work.of(record["org"])
            _enter(own, own.catalogue.forms[form.name], record)
