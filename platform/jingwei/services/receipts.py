"""Receipts (签收): who is asked to acknowledge a record, who has, and what follows when all have.

The tasks of the inbox are the truth; their keys say of which receipt and round they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from jingwei.language.form import Form, Receipt
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import effects, tasks, workdays
from jingwei.services.commands import Reading, Work
from jingwei.services.effects.listeners import enter_when, has_enter_when
from jingwei.services.effects.scene import WIDEST
from jingwei.services.events import Changed
from jingwei.services.flows import who
from jingwei.services.ladders import addressees, newest_due
from jingwei.services.notices import Notice, notify
from jingwei.services.world import environment
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TaskRow
from jingwei.storage.people import find_people
from jingwei.storage.versions import versions_of
from jingwei.texts import text

KIND = ("receipt",)
DONE = ("acknowledged",)
Record = Mapping[str, Any]


# --- asking --------------------------------------------------------------------------------------


def on_changed(work: Work, changed: Changed) -> None:
    """Ask whom a receipt names while its condition holds; take back what is open when it does not;
    go on when everybody has answered."""
    form = work.catalogue.forms.get(changed.form)
    if form is None or not form.receipts or changed.after is None:
        return
    if changed.kind == "task.closed":
        _answered(work, form, changed.id, changed.after["task"])
        return
    record = changed.after
    if record.get("deleted_at") is not None:
        if changed.is_among("tasks", partial(tasks.open_among, work)):
            tasks.close_todos(work.as_system(), form.name, changed.id, "cancelled", KIND)
        return
    asked = _asked(work, changed.id)
    for receipt in form.receipts.values():
        env = environment(work, record, old=changed.before)
        if work.catalogue.closure(receipt.when)(env):
            _ask(work, form, record, receipt, asked)
        else:
            _take_back(work, form, record, receipt, asked)


def _asked(view: Reading, record: int) -> list[TaskRow]:
    return task_rows.tasks_on(view.connection, tasks.books(view), record, kinds=KIND)


def _prefix(form: str, record: int, receipt: str) -> str:
    return f"receipt/{form}/{record}/{receipt}/"


def _round(view: Reading, receipt: Receipt, record: int) -> int:
    """Receipts that are asked `again_on` a version count its number; others are asked once."""
    if receipt.again_on != "version":
        return 1
    return max(1, len(versions_of(view.connection, record)))


def _of_round(
    view: Reading, form: str, record: int, receipt: Receipt, asked: Sequence[TaskRow]
) -> list[TaskRow]:
    prefix = f"{_prefix(form, record, receipt.name)}{_round(view, receipt, record)}/"
    return [task for task in asked if (task.key or "").startswith(prefix)]


def _ask(
    work: Work, form: Form, record: Record, receipt: Receipt, asked: Sequence[TaskRow]
) -> None:
    id_ = record["id"]
    there = {task.person for task in _of_round(work, form.name, id_, receipt, asked)}
    people = [p for p in _people(work, receipt, record) if p not in there][:WIDEST]
    if not people:
        return
    due = _due(work, receipt, record)
    title = {"zh": receipt.title.zh, "en": receipt.title.en}
    round_ = _round(work, receipt, id_)
    for login in people:
        key = f"{_prefix(form.name, id_, receipt.name)}{round_}/{login}"
        tasks.open_todo(work, login, form.name, id_, title, due, "receipt", key)


def _people(work: Reading, receipt: Receipt, record: Record) -> list[str]:
    initiator = record.get("created_by") or ""
    around = who.Around(environment(work, record), record, initiator)
    return who.people(work, receipt.of, around)


def _due(work: Reading, receipt: Receipt, record: Record) -> datetime | None:
    rule = receipt.due
    if rule is None:
        return None
    zone = work.clock.zone
    if rule.date is not None:
        day = work.catalogue.closure(rule.date)(environment(work, record))
        return None if day is None else workdays.end_of(day, zone)
    if rule.lag is not None and rule.lag.unit in ("h", "min"):
        return workdays.add_duration(work.catalogue, work.now, rule.lag, record.get("org"), zone)
    day = workdays.due_day(work.catalogue, rule, work.today, record.get("org"))
    return workdays.end_of(day, zone)


def _take_back(
    work: Work, form: Form, record: Record, receipt: Receipt, asked: Sequence[TaskRow]
) -> None:
    prefix = _prefix(form.name, record["id"], receipt.name)
    open_ = [t for t in asked if t.state == "open" and (t.key or "").startswith(prefix)]
    tasks.close_some(work.as_system(), open_, "cancelled")


# --- answering -----------------------------------------------------------------------------------


def _answered(work: Work, form: Form, record: int, task: TaskRow) -> None:
    receipt = _receipt_of(form, task)
    if receipt is None:
        return
    if receipt.done_by == "sign" and not (task.comment or "").strip():
        raise Invalid("invalid", fields=[FieldRefusal("comment", "required")])
    _go_on(work, form, record, receipt)


def _receipt_of(form: Form, task: TaskRow) -> Receipt | None:
    parts = (task.key or "").split("/")
    if len(parts) < 4 or parts[0] != "receipt" or parts[1] != form.name:
        return None
    return form.receipts.get(parts[3])


def _go_on(work: Work, form: Form, record: int, receipt: Receipt) -> None:
    counted = count(work, form.name, record, receipt)
    if counted["open"] == 0 and counted["done"] > 0 and receipt.then:
        round_ = _round(work, receipt, record)
        trigger = f"{_prefix(form.name, record, receipt.name)}{round_}/all"
        found = work.store.load(work.connection, form.name, [record]).get(record, {})
        effects.run(
            work,
            receipt.then,
            form.name,
            record,
            trigger=trigger,
            initiator=found.get("created_by"),
        )
    if has_enter_when(form):
        enter_when(work.as_system(), form, record)


def opened(work: Work, form: str, record: int) -> int:
    """The actor has opened the record: receipts that are done by that are done; how many."""
    definition = work.catalogue.forms[form]
    mine = [
        task
        for task in task_rows.tasks_on(
            work.connection,
            tasks.books(work),
            record,
            acting=work.actor.id,
            kinds=KIND,
            state="open",
        )
        if _is_done_by_opening(definition, task)
    ]
    for task in mine:
        tasks.act_simply(work, task, "acknowledge", {})
    return len(mine)


def is_done_by_opening(view: Reading, form: str, record: int) -> bool:
    """Whether opening the record would answer something that this person is asked."""
    definition = view.catalogue.forms[form]
    if not any(receipt.done_by == "open" for receipt in definition.receipts.values()):
        return False
    mine = task_rows.tasks_on(
        view.connection, tasks.books(view), record, acting=view.actor.id, kinds=KIND, state="open"
    )
    return any(_is_done_by_opening(definition, task) for task in mine)


def _is_done_by_opening(form: Form, task: TaskRow) -> bool:
    receipt = _receipt_of(form, task)
    return receipt is not None and receipt.done_by == "open"


# --- counting ------------------------------------------------------------------------------------


def count(view: Reading, form: str, record: int, receipt: Receipt) -> dict[str, Any]:
    """`asked done open rate` of the newest round; `rate` a fraction, None when nobody was asked."""
    return _counted(_of_round(view, form, record, receipt, _asked(view, record)))


def _counted(found: Sequence[TaskRow]) -> dict[str, Any]:
    asked = [task for task in found if task.outcome != "cancelled"]
    done = sum(task.outcome in DONE for task in asked)
    open_ = sum(task.state == "open" for task in asked)
    rate = None
    if asked:
        rate = (Decimal(done) / len(asked)).quantize(Decimal("0.000001"))
    return {"asked": len(asked), "done": done, "open": open_, "rate": rate}


def counts(view: Reading, form: str, record: int) -> dict[str, dict[str, Any]]:
    """The counts of every receipt of a record, by name."""
    receipts = view.catalogue.forms[form].receipts
    return {name: count(view, form, record, receipt) for name, receipt in receipts.items()}


def name_of(view: Reading, task: TaskRow) -> str | None:
    """The receipt that a task belongs to; None for one of a flow's step."""
    receipt = _receipt_of(view.catalogue.forms[task.form], task)
    return receipt.name if receipt is not None else None


class _Counts(dict[str, Mapping[str, Any]]):
    """Counts by receipt; of one that was asked of nobody yet, zero."""

    def get(self, name: str, otherwise: Any = None) -> Any:
        return super().get(name, {"asked": 0, "done": 0, "open": 0, "rate": None})


def counts_space(view: Any, record: Record) -> Mapping[str, Any]:
    """`receipts.NAME.done` … in expressions, of the newest round that was asked."""
    found = _Counts()
    by_round: dict[str, dict[int, list[TaskRow]]] = {}
    for task in _asked(view, record["id"]) if record.get("id") else ():
        parts = (task.key or "").split("/")
        if len(parts) == 6 and parts[0] == "receipt":
            by_round.setdefault(parts[3], {}).setdefault(int(parts[4]), []).append(task)
    for name, rounds in by_round.items():
        found[name] = _counted(rounds[max(rounds)])
    return found


# --- urging --------------------------------------------------------------------------------------


def on_urge(work: Work, payload: Mapping[str, Any]) -> None:
    """Urge those who have not answered, by the ladder from the day it was due. Each rung reaches a
    person once; of rungs that were missed only the last."""
    form = work.catalogue.forms.get(payload["form"])
    if form is None:
        return
    found = task_rows.open_of_form(work.connection, tasks.books(work), form.name, KIND)
    for task in found:
        receipt = _receipt_of(form, task)
        if receipt is not None and receipt.urge and task.due_at is not None:
            _urge(work, form, receipt, task)


def _urge(work: Work, form: Form, receipt: Receipt, task: TaskRow) -> None:
    record = work.store.load(work.connection, form.name, [task.record]).get(task.record)
    if record is None:
        return
    rung = newest_due(work, receipt.urge, task.due_at, record.get("org"))
    if rung is None:
        return
    number, at = rung

    def named(whos: Any, of: str | None) -> list[str]:
        around = who.Around(environment(work, record), record, task.person, of)
        return who.people(work, whos, around)

    people = addressees(receipt.urge, number, [task.acting], named)
    known = find_people(work.connection, {*people, task.acting})
    notices = []
    for login in people:
        locale = (known[login].locale if login in known else None) or "zh"
        words = text(
            "receipts.urge" if login == task.acting else "receipts.urge-superior",
            locale,
            form=form.title,
            number=record.get("number") or record["id"],
            title=receipt.title,
            person=known[task.acting].name if task.acting in known else task.acting,
        )
        key = f"urge:{task.key}:{number}:{at.isoformat()}"
        notices.append(
            Notice(login, words, "task_urge", f"/f/{form.name}/{record['id']}", True, key)
        )
    notify(work, notices)
