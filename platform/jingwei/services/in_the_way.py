"""What keeps somebody from an action that his rights include: where the record stands.

The checks are those that the action itself runs; nothing is changed here, and what stands in the
record (what it owes at submit, what a button asks) is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.form import Action, Form
from jingwei.refusals import Refused
from jingwei.services import actions, details, flows, structure, versions
from jingwei.services.commands import Reading
from jingwei.services.flows.begin import check_may_begin, workflow_of
from jingwei.services.form_paths import with_columns
from jingwei.services.rights import Decision, FieldRights
from jingwei.services.writable import (
    check_cancellable,
    check_submittable,
    check_unlocked,
    is_writable,
    left_open,
)

Record = Mapping[str, Any]


def decision(view: Reading, form: Form, action: str, record: Record) -> Decision:
    """Whether a grant, a task or a button's own `who` lets the actor do this, whatever the record
    stands at."""
    if action == "read":
        return view.rights.may_read(view, form.name, record)
    button = form.actions.get(action)
    if button is not None:
        return _pressed(view, form, button, record)
    if action == "submit" and record["status"] == "returned" and _flows(view, form, record):
        return Decision(True, "opened") if _to_correct(view, form, record) else NO_TASK
    return view.rights.decide(view, form.name, action, record)


NO_TASK = Decision(False, "no-task")  # a returned request is submitted by whom it was returned to


def _pressed(view: Reading, form: Form, button: Action, record: Record) -> Decision:
    granted = view.rights.decide(view, form.name, button.name, record)
    if granted.allowed or not button.who:
        return granted
    named = any(actions.may(view, form, button, record, row) for row in _rows(button, record))
    return Decision(True, "named") if named else Decision(False, "not-named")


def _rows(button: Action, record: Record) -> list[Any]:
    """What a button may be pressed on: rows of its table, or the record itself."""
    table = actions.table_of(button)
    return [None] if table is None else list(record.get(table) or ())


def refusal(view: Reading, form: Form, action: str, record: Record) -> Refused | None:
    """Why it cannot be done with the record as it stands; None where it can."""
    try:
        _check(view, form, action, record)
    except Refused as refused:
        return refused
    return None


def _check(view: Reading, form: Form, action: str, record: Record) -> None:
    button = form.actions.get(action)
    if button is not None:
        rows = _rows(button, record)
        actions.check_time(button, any(actions.is_time(view, button, record, r) for r in rows))
    elif action in ("update", "delete"):
        check_unlocked(form, record)
        if action == "delete":
            alone = {form.name: (record["id"],)}
            structure.require_unlinked(view, form, [record["id"]], alone)
            details.check_removable(view, form.name, record["id"])
    elif action == "submit":
        if not _flows(view, form, record):
            check_submittable(form, record)
        elif record["status"] != "returned":
            check_may_begin(view, form, record)
    elif action == "amend":
        versions.check_amendable(form, record)
    elif action == "cancel":
        check_cancellable(form, record)


def _flows(view: Reading, form: Form, record: Record) -> bool:
    return workflow_of(view, form, record) is not None


def _to_correct(view: Reading, form: Form, record: Record) -> bool:
    return flows.step_fields(view, form.name, record["id"], kinds=("fill",)) is not None


def writable_now(view: Reading, form: Form, record: Record, rights: FieldRights) -> frozenset[str]:
    """Fields that the actor may write of the record as it stands: by his grants, by what is left
    open after submitting, by the step that asks him."""
    may = view.rights.decide(view, form.name, "update", record).allowed
    found = rights.writable if may else frozenset()
    if refusal(view, form, "update", record) is not None:
        found &= still_open(form, record)
    step = flows.step_fields(view, form.name, record["id"]) if _runs(record) else None
    if step is not None:
        found |= with_columns(form, step.write) & rights.visible
    written = FieldRights(rights.visible, found, rights.masked)
    every = (f for outer in form.fields.values() for f in (outer, *outer.fields.values()))
    return frozenset(f.path for f in every if is_writable(f, f.path, written))


def _runs(record: Record) -> bool:
    return record.get("status") in ("in_approval", "returned")


def still_open(form: Form, record: Record) -> frozenset[str]:
    """What may be changed although the record was submitted: nothing in a locked state."""
    state = form.states.get(record.get("state") or "")
    if state is not None and state.locked:
        return frozenset()
    return with_columns(form, tuple(left_open(form, record["status"])))
