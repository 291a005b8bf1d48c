"""The one inbox: every open request to a person, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jingwei.language.instants import written_instant
from jingwei.refusals import Conflict, Malformed, NotAllowed, NotFound, Refused
from jingwei.services.commands import Reading, Work
from jingwei.services.display import display
from jingwei.services.events import Changed
from jingwei.services.notices import Notice, notify
from jingwei.services.opened import shown_together
from jingwei.services.owners import look_ahead
from jingwei.services.reader_world import as_reader
from jingwei.services.row_titles import RowTitles, with_rows
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_kinds import Books
from jingwei.storage.flow_rows import TaskRow
from jingwei.storage.people import PersonRow, find_people
from jingwei.texts import text

BOXES = ("todo", "waiting", "done", "mine", "cc")
MOST_A_PAGE = 200
NO_FIELDS: Mapping[str, tuple[str, ...]] = {"write": (), "require": (), "hide": ()}
KIND_NAMES = {"answer": "approval"}  # what a delegate is asked is shown as what it is about


def books(view: Reading) -> Books:
    """Names and logins of what the rows hold as numbers."""
    return Books(view.installation.book, view.installation.database.people)


# --- tasks without a flow ------------------------------------------------------------------------


def open_todo(
    work: Work,
    person_login: str,
    form: str,
    record: int,
    title: str | Mapping[str, str],
    due: datetime | None = None,
    kind: str = "todo",
    key: str | None = None,
    flow: int | None = None,
) -> int:
    """Ask a person for something; the id of the task. The same `key` is the same task: a closed
    one is not opened again."""
    if key is not None:
        known = task_rows.find_task_by_key(work.connection, books(work), key)
        if known is not None:
            return known.id
    words = {"zh": title, "en": title} if isinstance(title, str) else dict(title)
    task = TaskRow(
        work.store.next_ids(work.connection, 1)[0],
        None,
        person_login,
        person_login,
        kind,
        "open",
        work.now,
        title=words,
        due_at=due,
        flow=flow,
        form=form,
        record=record,
        key=key,
    )
    task_rows.write_tasks(work.connection, books(work), [task], [])
    told(work, [task])
    return task.id


def close_todos(
    work: Work, form: str, record: int, outcome: str, kinds: tuple[str, ...] = ("todo", "collect")
) -> int:
    """Close every open task of these kinds on a record; how many there were."""
    found = task_rows.tasks_on(work.connection, books(work), record, kinds=kinds, state="open")
    return close_some(work, [task for task in found if task.form == form], outcome)


def open_among(work: Reading, records: Sequence[int]) -> set[int]:
    """Those of these records on which a task is open."""
    return task_rows.open_among(work.connection, records)


def close_some(work: Work, found: Sequence[TaskRow], outcome: str) -> int:
    """Close these tasks; how many there were."""
    by = None if work.actor.is_system else work.actor.login
    closed = [_closed(work, task, outcome, by) for task in found]
    if closed:
        task_rows.write_tasks(work.connection, books(work), [], closed)
    for task in closed:
        closed_message(work, task)
    return len(closed)


def _closed(work: Work, task: TaskRow, outcome: str, by: str | None, **more: Any) -> TaskRow:
    return task._replace(
        state="closed",
        outcome=outcome,
        closed_at=work.now,
        closed_by=by,
        reason=None if by else "step-decided",
        **more,
    )


def act_simply(work: Work, task: TaskRow, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a task that no flow waits for: a receipt, a to-do. Raises Refused or Conflict."""
    if work.actor.login not in (task.person, task.acting):
        raise NotAllowed("flow-not-your-task")
    if task.state != "open":
        raise Conflict("task-closed", by=task.closed_by or "system", outcome=task.outcome)
    outcomes = {"acknowledge": "acknowledged", "submit": "submitted"}
    if action not in outcomes or (action == "acknowledge") != (task.kind == "receipt"):
        raise Refused("flow-not-offered", action=action)
    comment = body.get("comment")
    done = _closed(work, task, outcomes[action], work.actor.login, comment=comment)
    task_rows.write_tasks(work.connection, books(work), [], [done])
    closed_message(work, done)
    told_inside(work, done)
    return task_json(work, done)


def told_inside(work: Work, task: TaskRow) -> None:
    """Have the transaction's listeners hear that a task was answered; they may refuse."""
    record = work.store.load(work.connection, task.form, [task.record]).get(task.record)
    if record is not None:
        after = {**record, "task": task}
        work.tell(Changed("task.closed", task.form, task.record, record, after, "task"))


def told(
    work: Work,
    tasks: list[TaskRow],
    kind: str = "task",
    record: Mapping[str, Any] | None = None,
    known: Mapping[str, PersonRow] | None = None,
    about: Callable[[TaskRow], Any] | None = None,
    hides: Callable[[TaskRow], Collection[str]] | None = None,
) -> None:
    """Messages and notices about tasks that were opened (or are urged: `kind`). `record`: the one
    that all of them are about, `known`: people by login, where they are known; `about`: tells of a
    task which rows it is about, `hides`: what of `record` it keeps from whom only it shows it to,
    as long as it is not written."""
    people = {t.acting: known[t.acting] for t in tasks if known and t.acting in known}
    fresh = {t.acting for t in tasks} - people.keys()
    if fresh:
        people |= find_people(work.connection, fresh)
    notices = []
    for task in tasks:
        if kind == "task":
            payload = {"task": task.id, "flow": task.flow, "form": task.form, "id": task.record}
            payload |= {"person": task.acting, "kind": task.kind}
            once = f"{task.id}:{task.acting}:{instant(task.opened_at)}"
            work.outbox.add("task.opened", payload, key=f"task.opened:{once}")
        row = people.get(task.acting)
        if row is None or (task.acting == work.actor.login and kind == "task"):
            continue
        locale = row.locale or "zh"
        reader = told_as(work, task.form, row)
        hidden: Collection[str] = ()
        if hides and record and work.rights.may_close(work, task.form):
            reads = reader.rights.decide(reader, task.form, "read", record).allowed
            hidden = () if reads else hides(task)
        lines = rows_about(reader, task.form, record, about(task), locale) if about else []
        words = text(
            f"flows.notices.{'cc' if task.kind == 'cc' else kind}",
            locale,
            display=display(reader, task.form, record, locale, hidden=hidden)
            if record
            else _display(reader, task, locale),
            step=with_rows(task.title.get(locale, ""), lines, locale),
        )
        at = task.opened_at if kind == "task" else work.now
        once = f"task:{task.id}:{task.acting}:{kind}:{at}"
        link = f"/f/{task.form}/{task.record}" + (f"?task={task.id}" if lines else "")
        notices.append(Notice(task.acting, words, f"task_{kind}", link, kind != "task", once))
    if notices:
        notify(work, notices, people, counted=False)


def told_as(work: Work, form: str, person: PersonRow) -> Reading:
    """Who a notice about a record is read by, where a field may be closed to somebody: as far as
    it is opened to whoever is asked, whatever its cause may see."""
    if not work.rights.may_close(work, form):
        return work.as_system()
    return as_reader(work, work.people.person(work.connection, person, work.today))


def closed_message(work: Work, task: TaskRow) -> None:
    """The outcome that was committed, and no other."""
    payload = {"task": task.id, "flow": task.flow, "form": task.form, "id": task.record}
    payload |= {"person": task.person, "outcome": task.outcome, "by": task.closed_by}
    work.outbox.add("task.closed", payload, key=f"task.closed:{task.id}:{task.outcome}")


def _display(view: Reading, task: TaskRow, locale: str) -> str:
    record = view.store.load(view.connection, task.form, [task.record]).get(task.record)
    return display(view, task.form, record, locale) if record else str(task.record)


# --- reading -------------------------------------------------------------------------------------


def task_json(
    view: Reading,
    task: TaskRow,
    record: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The shape `task` of the interfaces. `record` and `more` (step, actions, fields) save asking
    where they are known. `revision` is the record's: what If-Match is compared with."""
    locale = view.actor.locale or "zh"
    if more is None:
        in_flow = task.flow is not None and task.run is not None
        more = (
            view.beyond.describers["flow"](view, [task])[task.id]
            if in_flow
            else _simple(view, task)
        )
    if record is None:
        record = view.store.load(view.connection, task.form, [task.record]).get(task.record)
    rows_ = rows_about(view, task.form, record, more.get("about"), locale)
    return {
        "id": task.id,
        "kind": KIND_NAMES.get(task.kind, task.kind),
        "form": task.form,
        "record": task.record,
        "number": record.get("number") if record else None,
        "display": display(view, task.form, record, locale) if record else str(task.record),
        "revision": record["revision"] if record else None,
        "flow": task.flow,
        "step": more.get("step"),
        "title": task.title.get(locale) or next(iter(task.title.values()), ""),
        "row": rows_[0] if len(rows_) == 1 else None,
        "rows": rows_,
        "person": task.acting,
        "on_behalf_of": None if task.acting == task.person else task.person,
        "opened_at": instant(task.opened_at),
        "due_at": instant(task.due_at),
        "overdue": bool(task.state == "open" and task.due_at and task.due_at < view.now),
        "state": task.state,
        "outcome": task.outcome,
        "closed_at": instant(task.closed_at),
        "closed_by": task.closed_by,
        "comment": task.comment,
        "actions": list(more.get("actions", ())),
        "opinion": more.get("opinion", "optional"),
        "labels": dict(more.get("labels", {})),
        "fields": {name: list(names) for name, names in more.get("fields", NO_FIELDS).items()},
        **({"waiting_for": list(more["waiting_for"])} if "waiting_for" in more else {}),
    }


def rows_about(
    view: Reading, form: str, record: Mapping[str, Any] | None, asked: Any, locale: str
) -> list[dict[str, Any]]:
    """The rows that a task is about, as its reader may know them."""
    if asked is None or not record:
        return []
    return RowTitles(view, form, record, locale).all(asked.table, asked.ids, asked.hide)


def tasks_json(view: Reading, found: Sequence[TaskRow]) -> list[dict[str, Any]]:
    """The same for many, with as many statements as for one of each form."""
    described = view.beyond.describers["flow"](view, [t for t in found if t.flow and t.run])
    by_form: dict[str, list[int]] = {}
    for task in found:
        by_form.setdefault(task.form, []).append(task.record)
    records: dict[int, Mapping[str, Any]] = {}
    for form, ids in by_form.items():
        if form in view.catalogue.forms:
            there = view.store.load(view.connection, form, list(dict.fromkeys(ids)))
            look_ahead(view, form, there.values())
            records.update(there)
    shown_together(view, records)
    return [
        task_json(view, t, records.get(t.record, {}), described.get(t.id) or _simple(view, t))
        for t in found
    ]


def _simple(view: Reading, task: TaskRow) -> Mapping[str, Any]:
    mine = view.actor.login in (task.person, task.acting) and task.state == "open"
    word = "acknowledge" if task.kind == "receipt" else "submit"
    return {"actions": [word] if mine and task.kind in ("receipt", "todo") else []}


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else written_instant(at)


@dataclass(frozen=True, slots=True)
class InboxWish:
    """What of a box (but `mine`): a kind of task, tasks about a form, those that are late."""

    kind: str | None = None
    form: str | None = None
    overdue: bool = False


def inbox(
    reading: Reading, box: str, page: int = 1, size: int = 20, wish: InboxWish | None = None
) -> dict[str, Any]:
    """One page of a box of the reader. `waiting`: own tasks that wait for somebody whom the reader
    asked; `mine`: what the reader began, each with the task that holds it up."""
    wish = wish or InboxWish()
    if wish.form is not None and wish.form not in reading.catalogue.forms:
        raise NotFound("no-such-form")
    if box not in BOXES:
        raise Malformed("no-such-box", box=box, known=", ".join(BOXES))
    size = max(1, min(size, MOST_A_PAGE))
    offset = (max(page, 1) - 1) * size
    person = reading.actor.id
    if box == "mine":
        total, flows = rows.flows_of(reading.connection, books(reading), person, size, offset)
        items = reading.beyond.describers["mine"](reading, flows)
        return {"items": items, "total": total, "page": page, "size": size}
    total, found = task_rows.inbox(
        reading.connection,
        books(reading),
        box,
        person,
        size,
        offset,
        kind=wish.kind,
        form=wish.form,
        due_before=reading.now if wish.overdue else None,
    )
    items = tasks_json(reading, found)
    return {"items": items, "total": total, "page": page, "size": size}


def counts(reading: Reading) -> dict[str, int]:
    """How much is in each box of the reader."""
    return task_rows.box_counts(reading.connection, reading.actor.id)


def task_row(view: Reading, task_id: int) -> TaskRow:
    """The task. Raises NotFound, alike for none and for one of a record that is not the actor's
    to see."""
    task = task_rows.find_task(view.connection, books(view), task_id)
    if task is None:
        raise NotFound("no-such-task")
    if view.actor.is_system or view.actor.login in (task.person, task.acting):
        return task
    record = view.store.load(view.connection, task.form, [task.record]).get(task.record)
    if record is None or not view.rights.may_read(view, task.form, record).allowed:
        raise NotFound("no-such-task")
    return task


def one(reading: Reading, task_id: int) -> dict[str, Any]:
    """A task as JSON. Raises NotFound."""
    return task_json(reading, task_row(reading, task_id))
