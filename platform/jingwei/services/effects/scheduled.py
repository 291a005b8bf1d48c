"""Effects by the calendar: kind `schedule`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from jingwei.language.periods import Period
from jingwei.services import effects, workdays
from jingwei.services.commands import Work
from jingwei.services.effects.scene import WIDEST
from jingwei.services.schedules import RUN
from jingwei.services.world import environment

FURTHEST_DAYS = 31  # a calendar that has no working day for a month has none


def on_run(work: Work, payload: Mapping[str, Any]) -> None:
    """Do what a schedule says for this due time, once for each row. `late`: the time was missed;
    one that is due on a day off is done on the next working day."""
    schedule = work.catalogue.schedules.get(payload.get("schedule", ""))
    if schedule is None or schedule.retired is not None:
        return
    if payload.get("late") and schedule.missed == "skip":
        return
    due = datetime.fromisoformat(payload["due"])
    day = due.astimezone(work.clock.zone).date()
    if schedule.calendar is not None and not payload.get("moved"):
        calendar = work.catalogue.calendars[schedule.calendar]
        days = 0
        while not workdays.is_workday(calendar, day + timedelta(days=days)):
            days += 1
            if days > FURTHEST_DAYS:
                return
        if days:
            key = f"schedule/{schedule.name}:moved:{due.isoformat()}"
            later = {**payload, "moved": True}
            work.outbox.add(RUN, later, key, due + timedelta(days=days))
            return
    period = Period.containing(day, "month")
    rows: list[Any] = [None]
    if schedule.each is not None:
        around = environment(work, {}, period=period)
        rows = list(work.catalogue.closure(schedule.each)(around) or ())[:WIDEST]
    for row in rows:
        named = row.get("id") if isinstance(row, Mapping) else row
        effects.run(
            work,
            schedule.do,
            trigger=f"schedule:{schedule.name}:{due.isoformat()}:{named}",
            row=row,
            variables={"period": period},
        )
