"""What an alert does: tells people, opens a record with something to do, climbs its ladder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jingwei.catalogue.scopes import check_filter
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.form import Form
from jingwei.language.output import Alert, Todo
from jingwei.language.who import Whos
from jingwei.refusals import Refused
from jingwei.services import records, tasks
from jingwei.services.alerts.subjects import Subject
from jingwei.services.commands import Work
from jingwei.services.effects.scene import Scene
from jingwei.services.flows import who
from jingwei.services.messages import message_for
from jingwei.services.notices import Notice, notify
from jingwei.services.reader_world import as_reader
from jingwei.storage import alerts as rows
from jingwei.storage import effects as done
from jingwei.storage import tasks as task_rows
from jingwei.storage.alerts import AlertRow
from jingwei.storage.query import ALL_ROWS, Query
from jingwei.storage.types import canonical_json
from jingwei.texts import LOCALES, text

KIND = "alert"
FINAL_STATUSES = ("cancelled", "terminated", "rejected")


@dataclass(frozen=True, slots=True)
class Fired:
    """It fired. `refused`: why the record could not be opened."""

    refused: str | None = None


def fire(
    work: Work,
    alert: Alert,
    subject: Subject,
    rung: int,
    due: datetime,
    groups: Sequence[Sequence[str]],
    *,
    late: bool,
) -> Fired | None:
    """Do it once; None when the ledger has it already. `groups`: those whom each rule names; the
    first that is anybody gets the record to deal with, everybody else is told."""
    people = everybody(groups)
    row = AlertRow(
        work.store.next_ids(work.connection, 1)[0],
        alert.name,
        subject.key,
        rung,
        due,
        work.now,
        late,
        org=subject.org,
        form=subject.form.name if subject.form is not None else None,
        record=subject.record.get("id"),
        level=subject.values.get("level"),
        period=_text(subject.values.get("period")),
        value=_text(subject.values.get("value")),
        people=people,
        text={locale: said(work, alert, subject, None, locale) for locale in LOCALES},
    )
    if not rows.insert_alert(work.connection, work.installation.book, row):
        return None
    work.outbox.add("alert.opened", {"id": row.id, "alert": alert.name}, key=f"alert:{row.id}")
    busy: Sequence[str] = ()
    refused: str | None = None
    if alert.todo is not None:
        try:
            row, busy = _open_record(work, alert, alert.todo, subject, row, groups)
        except Refused as found:  # nothing of the record was written: people are told all the same
            why = "; ".join(f"{f.path}: {f.message('zh')}" for f in found.fields)
            refused = why or found.message("zh")
    link = _link(row)
    notify(
        work,
        [
            Notice(
                login,
                said(work, alert, subject, login, None),
                KIND,
                link,
                alert.urgent,
                f"alert:{alert.name}:{subject.key}:{rung}:{due.isoformat()}",
            )
            for login in people
            if login not in busy
        ],
    )
    return Fired(refused)


def everybody(groups: Sequence[Sequence[str]]) -> list[str]:
    """Everybody whom any rule names, once."""
    return list(dict.fromkeys(login for group in groups for login in group))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _link(row: AlertRow) -> str | None:
    if row.todo is not None:
        return f"/f/{row.todo_form}/{row.todo}"
    return f"/f/{row.form}/{row.record}" if row.form is not None else None


def said(work: Work, alert: Alert, subject: Subject, login: str | None, locale: str | None) -> str:
    """The message in a person's language as that person may see it; with no person, in `locale`
    and without what is only the record's."""
    person = work.people.find(work.connection, login, work.today) if login else None
    locale = locale or (person.locale if person is not None else None) or "zh"
    if person is None and subject.form is not None:
        return alert.title(locale)
    if alert.message is None:
        return alert.title(locale)
    reader = as_reader(work, person) if person is not None else work
    level = subject.values.get("level")
    words = {**subject.values}
    if level is not None:
        words["level"] = text(f"alerts.level.{level}", locale)
    record = subject.record
    return message_for(reader, alert.message, subject.form, record, locale, subject.row, **words)


# --- people --------------------------------------------------------------------------------------


def groups_of(work: Work, whos: Whos, subject: Subject, of: str | None = None) -> list[list[str]]:
    """Whom each rule names; `of`: whose superior `superior` means."""
    record = subject.record or {"org": subject.org}
    owner = subject.record.get("owner") or subject.record.get("created_by") or ""
    around = who.Around(subject.environment(work), record, owner, of)
    return [list(group.people) for group in who.groups(work, whos, around)]


def climbed(work: Work, alert: Alert, subject: Subject, rung: int) -> list[list[str]]:
    """Whom a rung addresses (from 1). Its `superior` is that of the rung before."""
    groups = groups_of(work, alert.to, subject)
    for one in alert.urge[:rung]:
        if one.to:
            before = everybody(groups)
            groups = [
                group for login in before for group in groups_of(work, one.to, subject, login)
            ]
            if not before:
                groups = groups_of(work, one.to, subject)
    return groups


# --- the record that is opened -------------------------------------------------------------------


def _open_record(
    work: Work,
    alert: Alert,
    todo: Todo,
    subject: Subject,
    row: AlertRow,
    groups: Sequence[Sequence[str]],
) -> tuple[AlertRow, Sequence[str]]:
    """The record with its tasks, and who has one. An open one for the same `one_open_per` is
    taken instead, and nobody is asked twice."""
    form = work.catalogue.forms[todo.form]
    scene = Scene(work.as_system(), None, None)
    values = scene.values(form.fields, todo.set, subject.environment(work))
    if "org" not in values and subject.org is not None:
        values["org"] = subject.org
    known, key = _open_one(work, form, todo, values)
    if known is not None:
        rows.set_todo(work.connection, work.installation.book, row.id, form.name, known)
        return replace(row, todo_form=form.name, todo=known), ()
    made = records.create(work.as_system(), form.name, values, source="system")
    if key is not None:
        done.remember(work.connection, key, made.id)
    rows.set_todo(work.connection, work.installation.book, row.id, form.name, made.id)
    first = next((group for group in groups if group), ())
    for login in first:
        _ask(work, alert, subject, form, made.id, login, f"alert:{row.id}", "todo")
    return replace(row, todo_form=form.name, todo=made.id), first


def _ask(
    work: Work,
    alert: Alert,
    subject: Subject,
    form: Form,
    record: int,
    login: str,
    key: str,
    words: str,
) -> None:
    if words == "todo":
        title = {locale: said(work, alert, subject, login, locale) for locale in LOCALES}
    else:
        title = {locale: text(f"alerts.{words}", locale, title=alert.title) for locale in LOCALES}
    tasks.open_todo(work, login, form.name, record, title, key=f"{key}:{login}")


def _open_one(
    work: Work, form: Form, todo: Todo, values: Mapping[str, Any]
) -> tuple[int | None, str | None]:
    """The open record for these values, held against others who look for it."""
    if not todo.one_open_per:
        return None, None
    wanted = {name: values.get(name) for name in todo.one_open_per}
    digest = hashlib.sha256(canonical_json(wanted)).hexdigest()
    key = f"{form.name}:open:{digest}"
    made = done.hold(work.connection, key)
    if made is not None and _is_open(work, form, made):
        return made, key
    return _found_by_hand(work, form, wanted), key


def _found_by_hand(work: Work, form: Form, wanted: Mapping[str, Any]) -> int | None:
    """An open record that somebody entered."""
    conditions = [
        f"{name} is empty" if value is None else f"{name} == {json.dumps(value, default=str)}"
        for name, value in wanted.items()
    ]
    try:
        where = check_filter(work.catalogue, form.name, " and ".join(conditions))
    except ExpressionError:
        return None  # values that cannot be written in a condition: files, places …
    query = Query(form.name, ("id",), ALL_ROWS, where=where, page=None)
    for found in work.store.select(work.connection, query).items:
        if _is_open(work, form, found["id"]):
            return int(found["id"])
    return None


def _is_open(work: Work, form: Form, id_: int) -> bool:
    record = work.store.load(work.connection, form.name, [id_]).get(id_)
    return record is not None and not is_over(form, record)


def is_over(form: Form, record: Mapping[str, Any]) -> bool:
    """Whether nothing is left to do about a record."""
    state = form.states.get(record.get("state") or "")
    final = state is not None and state.final
    return final or record.get("status") in FINAL_STATUSES or record["deleted_at"] is not None


# --- the end -------------------------------------------------------------------------------------


def end(work: Work, alert: Alert, subject: Subject, row: AlertRow, why: str = "ended") -> None:
    """The condition no longer holds: the alert is over, and its record as `todo` says."""
    rows.close_alerts(work.connection, [row.id], work.now, why)
    work.outbox.add(
        "alert.closed", {"id": row.id, "alert": alert.name}, key=f"alert.closed:{row.id}"
    )
    todo = alert.todo
    if todo is None or row.todo is None or row.todo_form is None:
        return
    if todo.close_when is not None:
        env = subject.environment(work)
        if not work.catalogue.closure(todo.close_when)(env):
            return
    form = work.catalogue.forms.get(row.todo_form)
    if form is None or not _is_open(work, form, row.todo):
        return
    if todo.closes_by == "itself":
        _close(work, form, row.todo)
        return
    books = tasks.books(work)
    kinds = ("todo",)
    open_ = task_rows.tasks_on(work.connection, books, row.todo, kinds=kinds, state="open")
    holders = [task.acting for task in open_] or list(row.people)[:1]
    for login in dict.fromkeys(holders):
        key = f"alert-close:{row.id}"
        _ask(work, alert, subject, form, row.todo, login, key, "ask-to-close")


def _close(work: Work, form: Form, id_: int) -> None:
    final = next((state.name for state in form.states.values() if state.final), None)
    if final is not None:
        records.set_system(work.as_system(), form.name, id_, action="closed", state=final)
    tasks.close_todos(work.as_system(), form.name, id_, "cancelled", ("todo",))
