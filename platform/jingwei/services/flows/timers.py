"""Timers: reminders, escalations, waits. Each fires as a command of its own, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from jingwei.refusals import Refused, is_passing
from jingwei.services import tasks
from jingwei.services.commands import Work
from jingwei.services.display import display
from jingwei.services.flows import runtime
from jingwei.services.flows.automatic import look_at_wait
from jingwei.services.flows.returns import goto, send_back
from jingwei.services.flows.row_fields import asked_about
from jingwei.services.flows.rungs import with_reminders, with_rung
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.schedule import LOOK_AGAIN, remind_rule, timer
from jingwei.services.flows.seats import hand_on, may_take
from jingwei.services.flows.walk import Walk
from jingwei.services.notices import Notice, notify
from jingwei.services.people import SYSTEM
from jingwei.services.platform import Platform
from jingwei.services.row_titles import with_rows
from jingwei.storage import flow_timers as timer_rows
from jingwei.storage.flow_rows import RunRow, TaskRow, TimerRow
from jingwei.storage.people import find_people
from jingwei.texts import text

log = structlog.get_logger(__name__)


def fire_due(platform: Platform) -> int:
    """Fire what has come due; how many. Any number of processes may do so: a timer is gone with
    what it did, and no answer is kept, so that one which was not its turn is asked again."""
    fired = 0
    with platform.database.reading() as connection:
        due = timer_rows.due_timers(connection, platform.clock.now())
    for one in due:
        try:
            fired += platform.commands.run(partial(fire, timer_id=one.id), SYSTEM) is not None
        except Refused as refused:
            log.warning("timer_refused", timer=one.id, flow=one.flow, code=refused.code)
            _put_off(platform, one, passing=is_passing(refused))
        except Exception as error:  # noqa: BLE001 - the timers of all others come after it
            log.error("timer_failed", timer=one.id, flow=one.flow, exc_info=error)
            _put_off(platform, one, passing=False)
    return fired


def _put_off(platform: Platform, one: TimerRow, *, passing: bool) -> None:
    """Try again later: soon, and each time a little later, where others were only in the way."""
    tries = one.data.get("tries", 0) + 1 if passing else 0
    lag = min(LOOK_AGAIN, timedelta(seconds=2**tries)) if passing else LOOK_AGAIN
    try:
        platform.commands.run(partial(_postpone, one=one, lag=lag, tries=tries), SYSTEM)
    except Refused as refused:  # it stays due, and the next tick asks it again
        log.warning("timer_not_put_off", timer=one.id, code=refused.code)


def _postpone(work: Work, one: TimerRow, lag: timedelta, tries: int) -> None:
    data = {**one.data, "tries": tries} if tries else one.data
    again = TimerRow(one.id, one.flow, one.run, one.purpose, work.now + lag, data)
    timer_rows.write_timers(work.connection, [again], [one.id])


def fire(work: Work, timer_id: int) -> dict[str, Any] | None:
    """Do what a timer is for; None when it is gone, or its step is."""
    known = timer_rows.find_timer(work.connection, timer_id)
    if known is None:
        return None
    with runtime.at_work(known.flow):
        return _fire(work, known)


def _fire(work: Work, known: TimerRow | None) -> dict[str, Any] | None:
    assert known is not None
    timer_id = known.id
    found = runtime.load(work, known.flow, lock=True)
    known = timer_rows.find_timer(work.connection, timer_id)  # another process may have been faster
    if known is None or found.state.flow.status != "running":
        return None
    timer_rows.write_timers(work.connection, [], [timer_id])
    run = found.state.runs.get(known.run or 0)
    if run is None or run.state != "open":
        return None
    walk = found.walk(system=True)
    match known.purpose:
        case "remind":
            _remind(work, found, walk, run, known)
        case "overdue":
            _escalate(work, found, walk, run, known)
        case "wait":
            _look(work, found, walk, run, known)
        case "at_most":
            _give_up(walk, run)
    walk.settle()
    if walk.events:
        runtime.commit(work, found, walk, key=f"timer:{timer_id}")
    return {"timer": timer_id, "purpose": known.purpose}


def _is_late(work: Work, known: TimerRow) -> bool | None:
    return (work.now - known.due_at) > LOOK_AGAIN or None


def _remind(work: Work, found: Loaded, walk: Walk, run: RunRow, known: TimerRow) -> None:
    """One reminder, however many were missed; the next is in the future."""
    rule = remind_rule(found.asks, walk.step_of(run)) or {}
    number = known.data.get("number", 1)
    most = rule.get("max", 1)
    every = rule.get("every")
    at = known.due_at
    skipped, passed = 0, number
    while every is not None and number < most:
        at = found.asks.after(at, every)
        number += 1
        if at > work.now:
            fresh = timer(found.asks, run, "remind", at, number=number)
            timer_rows.write_timers(work.connection, [fresh])
            break
        skipped, passed = skipped + 1, number
    open_ = [t for t in walk.live_tasks(run.id) if t.state == "open"]
    walk.note_system(
        "reminded",
        step=run.step,
        run=walk.in_rows(run),
        people=[t.acting for t in open_],
        late=_is_late(work, known),
        skipped=skipped or None,
    )
    walk.set_run(run.id, data=with_reminders(run, passed))
    tasks.told(work, open_, "remind", found.asks.record, about=runtime.row_of(found, found.state))


def _escalate(work: Work, found: Loaded, walk: Walk, run: RunRow, known: TimerRow) -> None:
    step = walk.step_of(run)
    number = known.data["number"]
    if number >= len(step.overdue):  # moved by an edition that left timers as they were
        return
    rung = step.overdue[number]
    late = _is_late(work, known)
    open_ = [t for t in walk.live_tasks(run.id) if t.state == "open"]
    did = next((verb for verb in rung if verb != "after"), "notify")
    rows_ = walk.rows_of(run)
    told: dict[str, None] = {}
    for task in open_:
        for verb in ("notify", "urge"):
            if verb in rung:
                people = found.asks.persons(rung[verb], rows_, task.person)
                told.update(dict.fromkeys(people))
                _tell(work, found, walk, people, run)
    whose = {"people": [t.acting for t in open_], "told": list(told) or None}
    walk.note_system("escalated", step=step.id, did=did, late=late, run=walk.in_rows(run), **whose)
    walk.set_run(run.id, data=with_rung(run, rung))
    if "transfer" in rung:
        given: list[dict[str, str]] = []
        walk.events[-1].data["given"] = given
        for task in _late_seats(walk, open_):
            people = found.asks.persons(rung["transfer"], rows_, task.person)
            heir = _transfer(walk, run, task, people)
            if heir is not None:
                given.append({"person": task.person, "to": heir})
    if "return_to" in rung:
        walk.cancel([run.id], "returned", "overdue")
        send_back(walk, walk.runs[run.id], rung["return_to"])
    if "then" in rung:
        walk.events[-1].data["to"] = rung["then"]
        _go_past(walk, run, rung["then"], "overdue")
    if "decide" in rung:
        word = "approved" if rung["decide"] == "approve" else "rejected"
        walk.events[-1].data["outcome"] = word
        for task in walk.live_tasks(run.id):
            asked_first = task.position in ("before", "delegate")  # whoever asked decides
            outcome = "cancelled" if asked_first else word
            walk.close_task(task.id, outcome, by=None, reason="overdue")
        walk.look_at(run.id)


def _late_seats(walk: Walk, open_: Sequence[TaskRow]) -> list[TaskRow]:
    """Who is late: not who was asked for an opinion, who is asked no more, but who asked him."""
    seats: dict[int, TaskRow] = {}
    for task in open_:
        seat = task
        while seat.position == "delegate" and seat.origin in walk.tasks:
            walk.close_task(seat.id, "cancelled", by=None, reason="overdue")
            seat = walk.tasks[seat.origin or 0]
        seats[seat.id] = seat
    return list(seats.values())


def _transfer(walk: Walk, run: RunRow, task: TaskRow, people: Sequence[str]) -> str | None:
    """To the first who may take it: who is named, else an administrator of flows. Who got it."""
    others = [*people, *walk.asks.flow_admins()]
    heir = next((p for p in others if p != task.person and may_take(walk, run, p, task)), None)
    if heir is None:
        walk.next_turn(run.id)
    else:
        hand_on(walk, task, heir, by=None, reason="overdue")
    return heir


def _tell(work: Work, found: Loaded, walk: Walk, people: list[str], run: RunRow) -> None:
    flow, title = walk.flow, walk.step_of(run).title
    known = find_people(work.connection, set(people)) if people else {}
    about = asked_about(found.view.catalogue, found.plan, run)
    notices = []
    for login, row in known.items():
        locale = row.locale or "zh"
        reader = tasks.told_as(work, flow.form, row)
        lines = tasks.rows_about(reader, flow.form, found.asks.record, about, locale)
        words = text(
            "flows.notices.overdue",
            locale,
            display=display(work, flow.form, found.asks.record, locale),
            step=with_rows(title(locale), lines, locale),
        )
        link = f"/f/{flow.form}/{flow.record}"
        notices.append(Notice(login, words, "task_overdue", link, True))
    notify(work, notices)


def _look(work: Work, found: Loaded, walk: Walk, run: RunRow, known: TimerRow) -> None:
    """Go on, or look again: a wait without a timer would stand for ever, and a calendar that has
    changed since may have moved its end."""
    if look_at_wait(walk, run.id):
        return
    step, again = walk.step_of(run), known.data.get("again")
    end = None if step.wait_for is None else found.asks.after(run.opened_at, step.wait_for)
    if again:
        at, data = work.now + LOOK_AGAIN, {"again": True}
    elif end is not None and end > work.now:
        at, data = end, {}
    else:  # the condition has a timer of its own
        return
    timer_rows.write_timers(work.connection, [timer(found.asks, run, "wait", at, **data)])


def _give_up(walk: Walk, run: RunRow) -> None:
    """The longest wait is over: go on, or at the step that `then` names."""
    step = walk.step_of(run)
    walk.note_system("wait_over", step=step.id, reason="at_most")
    if step.then is None:
        walk.finish(run.id, "passed")
        return
    _go_past(walk, run, step.then, "at_most")


def _go_past(walk: Walk, run: RunRow, to: str, reason: str) -> None:
    """Leave a step undecided for another one beside it; what was answered stays as it is."""
    walk.cancel([run.id], "cancelled", reason)
    around = "/".join(run.path.split("/")[:-1])
    goto(walk, f"{around}/{to}" if around else to)
