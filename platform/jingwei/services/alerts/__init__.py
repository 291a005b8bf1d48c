"""Alerts: looked at by the clock or after a change, fired once, with a ledger that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from jingwei.language.output import Alert
from jingwei.language.values import Duration
from jingwei.services import tasks, workdays
from jingwei.services.alerts import firing
from jingwei.services.alerts.firing import everybody
from jingwei.services.alerts.subjects import Look, Subject, look_at_figures, look_at_records
from jingwei.services.commands import Work
from jingwei.services.events import Changed
from jingwei.services.ladders import HOURS, rung_due
from jingwei.services.schedules import CHECK
from jingwei.storage import alerts as rows
from jingwei.storage.alerts import AlertRow, LookRow

LEVELS = ("red", "orange", "yellow", "blue", "green")  # most severe first
LATE = timedelta(minutes=30)
LATE_DAY = timedelta(hours=12)  # what is due on a day is not late on that day


# --- when ----------------------------------------------------------------------------------------


def on_changed(work: Work, changed: Changed) -> None:
    """A record that is watched is looked at after the commit; one that an alert opened and that is
    over now takes its tasks with it."""
    form = work.catalogue.forms.get(changed.form)
    if form is None:
        return
    for alert in work.catalogue.alerts.values():
        if alert.watch_form == form.name and alert.check == "on_change" and not alert.retired:
            work.outbox.add(CHECK, {"alert": alert.name, "record": changed.id})
    if changed.after is None or not any(
        alert.todo is not None and alert.todo.form == form.name
        for alert in work.catalogue.alerts.values()
    ):
        return
    was_over = changed.before is not None and firing.is_over(form, changed.before)
    if was_over or not firing.is_over(form, changed.after):
        return
    if rows.alerts_of_todo(work.connection, work.installation.book, changed.id):
        tasks.close_todos(work, form.name, changed.id, "superseded", ("todo",))


def on_facts(work: Work, payload: Mapping[str, Any]) -> None:
    """Alerts on figures that follow changes are looked at when facts changed."""
    touched = set(payload.get("indicators", ()))
    for alert in work.catalogue.alerts.values():
        if alert.watch_indicator in touched and alert.check == "on_change" and not alert.retired:
            _look(work, alert, work.now, late=False)


def on_check(work: Work, payload: Mapping[str, Any]) -> None:
    """Look at an alert: all of it, or `record` only. `due`, `late`: of the schedule."""
    alert = work.catalogue.alerts.get(payload.get("alert", ""))
    if alert is None or alert.retired is not None:
        return
    due = datetime.fromisoformat(payload["due"]) if "due" in payload else work.now
    late = bool(payload.get("late")) or work.now - due > LATE
    record = payload.get("record")
    _look(work, alert, due, late=late, ids=None if record is None else [int(record)])


# --- looking -------------------------------------------------------------------------------------


def _look(
    work: Work, alert: Alert, due: datetime, *, late: bool, ids: Sequence[int] | None = None
) -> None:
    rows.hold(work.connection, alert.name)
    if alert.watch_indicator is not None:
        looks: Iterable[Look] = look_at_figures(work, alert)
    else:
        looks = look_at_records(work, alert, ids)
    if alert.date is not None:
        _climb(work, alert, list(looks))
    else:
        _watch(work, alert, list(looks), due, late=late, everything=ids is None)


def _watch(
    work: Work,
    alert: Alert,
    looks: Sequence[Look],
    due: datetime,
    *,
    late: bool,
    everything: bool,
) -> None:
    """Open what holds now, close what holds no more."""
    book = work.installation.book
    known = {look.subject: look for look in rows.looks(work.connection, book, alert.name)}
    open_ = rows.open_alerts(work.connection, book, alert.name)
    fresh = [
        _judged(work, alert, look, known.get(look.subject.key), open_, due, late=late)
        for look in looks
    ]
    if everything and alert.watch_form is not None:
        # A record for which nothing holds any more is not among those that were looked at.
        seen = {look.subject.key for look in looks}
        for key, row in open_.items():
            if key not in seen and row.record is not None:
                fresh += _look_again(work, alert, row)
    rows.save_looks(work.connection, book, fresh)


def _look_again(work: Work, alert: Alert, row: AlertRow) -> list[LookRow]:
    again = [
        look
        for look in look_at_records(work, alert, [row.record or 0])
        if look.subject.key == row.subject
    ]
    look = again[0] if again else Look(Subject(row.subject, row.org), False, "record-gone")
    if look.holds is False:
        firing.end(work, alert, look.subject, row)
        return [_said(work, alert, look, "ended")]
    return []


def _judged(
    work: Work,
    alert: Alert,
    look: Look,
    before: LookRow | None,
    open_: Mapping[str, AlertRow],
    due: datetime,
    *,
    late: bool,
) -> LookRow:
    subject = look.subject
    row = open_.get(subject.key)
    if look.holds is None:
        return _said(work, alert, look, look.outcome)
    if not look.holds:
        if row is not None:
            firing.end(work, alert, subject, row)
            return _said(work, alert, look, "ended")
        return _said(work, alert, look, look.outcome)
    since = _since(work, before)
    if row is None and _is_too_short(work, alert, subject, since):
        return _said(work, alert, look, "too-short-since", since=since.isoformat())
    if row is not None and not _is_worse(subject, row):
        return _said(work, alert, look, "already-open", at=row.at.isoformat())
    groups = firing.groups_of(work, alert.to, subject)
    fired = firing.fire(work, alert, subject, 0, due, groups, late=late)
    if fired is None:
        return _said(work, alert, look, "already-fired", at=due.isoformat())
    if row is not None:
        rows.close_alerts(work.connection, [row.id], work.now, "level-changed")
    if fired.refused is not None:
        return _said(work, alert, look, "record-refused", why=fired.refused)
    outcome = "fired-late" if late else "fired"
    return _said(work, alert, look, outcome if everybody(groups) else "nobody")


def _said(work: Work, alert: Alert, look: Look, outcome: str, **more: Any) -> LookRow:
    holes = {name: None if v is None else str(v) for name, v in {**look.holes, **more}.items()}
    return LookRow(alert.name, look.subject.key, work.now, look.subject.org, outcome, holes)


def _since(work: Work, before: LookRow | None) -> datetime:
    """Since when the condition holds without a break, as far as was looked."""
    if before is not None and before.outcome == "too-short-since":
        return datetime.fromisoformat(str(before.holes["since"]))
    return work.now


def _is_too_short(work: Work, alert: Alert, subject: Subject, since: datetime) -> bool:
    wanted = alert.for_at_least
    if wanted is None or wanted.unit == "periods":
        return False
    zone = work.clock.zone
    return workdays.add_duration(work.catalogue, since, wanted, subject.org, zone) > work.now


def _is_worse(subject: Subject, row: AlertRow) -> bool:
    level = subject.values.get("level")
    if level not in LEVELS or row.level not in LEVELS:
        return False
    return LEVELS.index(level) < LEVELS.index(row.level)


# --- ladders -------------------------------------------------------------------------------------

_AT_ONCE = Duration(0, "d")


def _climb(work: Work, alert: Alert, looks: Sequence[Look]) -> None:
    """Every rung that is due and not in the ledger. Of several that were missed only the last one
    reaches the same people; the others are booked as overtaken."""
    holding = [look for look in looks if look.holds]
    keys = [look.subject.key for look in holding]
    done = rows.rungs_done(work.connection, alert.name, keys)
    fresh: list[LookRow] = []
    for look in holding:
        fresh.append(_climb_one(work, alert, look, done))
    rows.save_looks(work.connection, work.installation.book, fresh)


def _climb_one(
    work: Work, alert: Alert, look: Look, done: set[tuple[str, int, datetime]]
) -> LookRow:
    subject = look.subject
    assert alert.date is not None
    anchor = work.catalogue.closure(alert.date)(subject.environment(work))
    if anchor is None:
        return _said(work, alert, look, "no-date")
    offsets = [rung.offset for rung in alert.urge] or [_AT_ONCE]
    at = [rung_due(work, anchor, offset, subject.org) for offset in offsets]
    owed = [
        number
        for number, due in enumerate(at, 1)
        if due <= work.now and (subject.key, number, due) not in done
    ]
    fired = 0
    for number in owed:
        own = bool(alert.urge) and bool(alert.urge[number - 1].to)
        if number != owed[-1] and not own:
            _overtaken(work, alert, subject, number, at[number - 1])
            continue
        groups = firing.climbed(work, alert, subject, number)
        bound = LATE if offsets[number - 1].unit in HOURS else LATE_DAY
        late = work.now - at[number - 1] > bound
        if firing.fire(work, alert, subject, number, at[number - 1], groups, late=late):
            fired = number
    if fired:
        return _said(work, alert, look, "rung-fired", rung=fired, at=at[fired - 1].isoformat())
    later = [due for due in at if due > work.now]
    if later:
        return _said(work, alert, look, "next-rung", at=min(later).isoformat())
    return _said(work, alert, look, "ladder-done")


def _overtaken(work: Work, alert: Alert, subject: Subject, number: int, due: datetime) -> None:
    row = AlertRow(
        work.store.next_ids(work.connection, 1)[0],
        alert.name,
        subject.key,
        number,
        due,
        work.now,
        True,
        org=subject.org,
        form=subject.form.name if subject.form is not None else None,
        record=subject.record.get("id"),
        closed_at=work.now,
        closed_why="overtaken",
    )
    rows.insert_alert(work.connection, work.installation.book, row)
