"""What comes round again: schedules of the release, and firing each due time once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.output import Alert
from jingwei.language.values import At, Rung
from jingwei.services.ladders import HOUR, HOURS
from jingwei.storage import schedules as rows
from jingwei.storage.database import Connection
from jingwei.storage.outbox import OutboxWriter
from jingwei.storage.schedules import ScheduleRow

CHECK = "alert.check"
TICK = "states.tick"
URGE = "receipts.urge"
COLLECT = "collect.tick"
RUN = "schedule.run"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One thing a catalogue wants done again and again. `cron`: in the installation's zone."""

    name: str
    cron: str
    topic: str
    payload: Mapping[str, Any]


def scheduled(catalogue: Catalogue) -> list[Scheduled]:
    """Every schedule of a catalogue: checks of alerts, states that follow the day, reports made
    by the calendar."""
    checks = [(alert.name, check_cron(alert)) for alert in catalogue.alerts.values()]
    found = [
        Scheduled(f"alert/{name}", cron, CHECK, {"alert": name})
        for name, cron in checks
        if cron is not None
    ]
    found += [
        Scheduled(f"states/{form.name}", "1 0 * * *", TICK, {"form": form.name})
        for form in catalogue.forms.values()
        if any(state.enter_when is not None for state in form.states.values())
    ]
    found += [
        Scheduled(f"receipts/{form.name}", ladder_cron(rungs), URGE, {"form": form.name})
        for form in catalogue.forms.values()
        for rungs in [[rung for one in form.receipts.values() for rung in one.urge]]
        if rungs
    ]
    found += [
        Scheduled(f"schedule/{one.name}", one.at.cron, RUN, {"schedule": one.name})
        for one in catalogue.schedules.values()
        if one.retired is None
    ]
    found += [
        Scheduled(f"collect/{form.name}", f"0 {HOUR} * * *", COLLECT, {"form": form.name})
        for form in catalogue.forms.values()
        if form.collect is not None
    ]
    found += [
        Scheduled(
            f"report/{report.name}", report.schedule.cron, "report.make", {"report": report.name}
        )
        for report in catalogue.reports.values()
        if report.schedule is not None and report.retired is None
    ]
    return found


def check_cron(alert: Alert) -> str | None:
    """When an alert is looked at; None for one that only follows changes. A ladder is looked at
    when its rungs may be due."""
    if alert.retired is not None:
        return None
    if isinstance(alert.check, At):
        return alert.check.cron
    if alert.date is None:
        return None
    return ladder_cron(alert.urge)


def ladder_cron(rungs: Sequence[Rung]) -> str:
    """When the rungs of a ladder may be due."""
    hours = any(rung.offset.unit in HOURS for rung in rungs)
    return "*/15 * * * *" if hours else f"0 {HOUR} * * *"


def next_run(cron: str, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after `after` that the cron names in this zone (UTC)."""
    local = after.astimezone(zone)
    found: datetime = croniter(cron, local).get_next(datetime)
    return found.astimezone(UTC)


def match_schedules(
    connection: Connection, catalogue: Catalogue, now: datetime, zone: ZoneInfo
) -> None:
    """Make the rows say what this release schedules. A changed time counts from now."""
    known = rows.all_schedules(connection)
    wanted = {s.name: s for s in scheduled(catalogue)}
    for schedule in wanted.values():
        row = known.get(schedule.name)
        same = row is not None and row.active and row.cron == schedule.cron
        if (
            row is not None
            and same
            and (row.topic, row.payload)
            == (
                schedule.topic,
                dict(schedule.payload),
            )
        ):
            continue
        at = row.next_run if row is not None and same else next_run(schedule.cron, now, zone)
        rows.save_schedule(
            connection,
            ScheduleRow(
                schedule.name,
                schedule.cron,
                schedule.topic,
                schedule.payload,
                at,
                row.last_run if row else None,
            ),
        )
    gone = [name for name, row in known.items() if row.active and name not in wanted]
    if gone:
        rows.retire_schedules(connection, gone)


def fire_due(connection: Connection, now: datetime, zone: ZoneInfo) -> int:
    """Put what has come round into the outbox, each (schedule, due time) once; how many.

    After downtime only the latest due time of a schedule fires, marked late.
    """
    due = rows.due_schedules(connection, now)
    outbox = OutboxWriter(now)
    for row in due:
        at = _latest_due(row, now, zone)
        payload = {**row.payload, "due": at.isoformat(), "late": at != row.next_run}
        outbox.add(row.topic, payload, key=f"schedule:{row.name}:{at.isoformat()}")
        rows.move_on(connection, row.name, at, next_run(row.cron, at, zone))
    outbox.flush(connection)
    return len(due)


def _latest_due(row: ScheduleRow, now: datetime, zone: ZoneInfo) -> datetime:
    at = row.next_run
    if next_run(row.cron, at, zone) > now:
        return at
    # `get_prev` is strict, and now itself may be due.
    latest: datetime = croniter(row.cron, now.astimezone(zone)).get_prev(datetime)
    if next_run(row.cron, latest, zone) <= now:
        latest = next_run(row.cron, latest, zone)
    return latest.astimezone(UTC)
