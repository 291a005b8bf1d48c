"""Collections (填报): who owes a form for which period, how far it is, and urging those who owe.

The states (`not_due missing draft in_approval returned done late`) are derived here and nowhere
else. `late` says that the due day is over and it is not done; `stage` beside it says how far it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import structlog

from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import Binary, Constant, Name, Type
from jingwei.language.form import Collect, Form
from jingwei.language.periods import Period
from jingwei.language.values import Due, Formula
from jingwei.refusals import Malformed, NotAllowed, NotFound, Refused
from jingwei.services import records, tasks, workdays
from jingwei.services.commands import Reading, Work
from jingwei.services.events import Changed
from jingwei.services.flows import who
from jingwei.services.ladders import addressees, newest_due
from jingwei.services.linked import readable
from jingwei.services.measures import due_day, references
from jingwei.services.notices import Notice, notify
from jingwei.services.world import environment
from jingwei.storage import effects as done
from jingwei.storage import flows as flow_rows
from jingwei.storage.people import find_people
from jingwei.storage.query import ALL_ROWS, Query
from jingwei.texts import text

log = structlog.get_logger(__name__)

KIND = "collect"
STATES = ("not_due", "missing", "draft", "in_approval", "returned", "done", "late")
DONE = ("approved", "submitted")
OWED = ("missing", "draft", "returned")  # stages in which the collector's people have to act
ON_THE_WAY = (*DONE, "in_approval")
FURTHEST = 60  # periods that are looked back
MOST_PERIODS = 24


@dataclass(frozen=True, slots=True)
class Line:
    """One org in one period. `done_at`: when it was handed in; `late` also of what came late."""

    org: str
    period: Period
    opens: date
    due: date
    state: str
    stage: str
    late: bool
    record: int | None = None
    number: str | None = None
    done_at: datetime | None = None
    people: Sequence[str] = field(default_factory=tuple)


# --- who owes what -------------------------------------------------------------------------------


def collect_of(view: Reading, form: str) -> tuple[Form, Collect]:
    """Raises NotFound for a form that is not collected by period."""
    definition = view.catalogue.forms.get(form)
    if definition is None or definition.collect is None:
        raise NotFound("no-collection")
    if not isinstance(definition.collect.every, str):
        raise NotFound("no-collection")
    return definition, definition.collect


def newest_open(view: Reading, collect: Collect) -> Period | None:
    """The newest period that may be filled in by now."""
    assert isinstance(collect.every, str)
    period = Period.containing(view.today, collect.every)  # type: ignore[arg-type]
    for _ in range(FURTHEST):
        if opens_on(view, collect, period, "") <= view.today:
            return period
        period = period.shifted(-1)
    return None


def opens_on(view: Reading, collect: Collect, period: Period, org: str) -> date:
    """The first day on which a period may be filled in; by default the day after its end."""
    return period.end if collect.opens is None else _day(view, collect.opens, period, org)


def due_on(view: Reading, collect: Collect, period: Period, org: str) -> date:
    """The last day on which it is in time."""
    return _day(view, collect.due, period, org)


def _day(view: Reading, rule: Due, period: Period, org: str) -> date:
    if rule.date is None:
        return due_day(view, rule, period, org)
    found = view.catalogue.closure(rule.date)(environment(view, {}, org=org, period=period))
    return found if isinstance(found, date) else period.end


def orgs_of(view: Reading, collect: Collect) -> list[str]:
    """The orgs that owe the form, in the order of the tree."""
    asked = view.catalogue.closure(collect.orgs)
    apart = references(view)
    return [
        code
        for code in view.catalogue.orgs
        if code not in apart
        and view.catalogue.tree.exists(code, view.today)
        and asked(environment(view, {"org": code}, org=code))
    ]


def people_of(
    view: Reading,
    collect: Collect,
    org: str,
    period: Period,
    of: str | None = None,
    whos: Any = None,
) -> list[str]:
    """Who fills it in for an org; `whos`: another rule, with `superior` that of `of`."""
    env = environment(view, {"org": org}, org=org, period=period)
    around = who.Around(env, {"org": org}, of or "", of)
    return who.people(view, collect.who if whos is None else whos, around)


def lines(
    view: Reading, form: str, period: Period, orgs: Sequence[str] | None = None
) -> Iterator[Line]:
    """How far each org is with one period, as the system sees it."""
    definition, collect = collect_of(view, form)
    there = _records(view, definition, period)
    for org in orgs_of(view, collect):
        if orgs is None or org in orgs:
            yield _line(view, definition, collect, org, period, there.get(org))


def _records(view: Reading, form: Form, period: Period) -> dict[str, Mapping[str, Any]]:
    names = ("id", "org", "period", "status", "number", "created_at", "updated_at")
    kind = Type("period")
    same = Binary(
        0,
        0,
        Type("boolean"),
        "==",
        Name(0, 0, kind, "record", "period"),
        Constant(0, 0, kind, period),
    )
    query = Query(form.name, names, ALL_ROWS, where=finished(f"period=={period}", same), page=None)
    found: dict[str, Mapping[str, Any]] = {}
    for row in view.store.select(view.connection, query).items:
        found.setdefault(row["org"], row)
    return found


def _line(
    view: Reading,
    form: Form,
    collect: Collect,
    org: str,
    period: Period,
    record: Mapping[str, Any] | None,
) -> Line:
    opens, due = opens_on(view, collect, period, org), due_on(view, collect, period, org)
    end = workdays.end_of(due, view.clock.zone)
    stage = _stage(record)
    handed_in = None
    if record is not None and stage in ("done", "in_approval"):
        handed_in = _handed_in(view, record)
    state = stage
    if stage == "missing" and view.today < opens:
        state = stage = "not_due"
    elif stage != "done" and view.now > end:
        state = "late"
    return Line(
        org,
        period,
        opens,
        due,
        state,
        stage,
        state == "late" or (handed_in is not None and handed_in > end),
        None if record is None else record["id"],
        None if record is None else record.get("number"),
        handed_in,
        people_of(view, collect, org, period),
    )


def _stage(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return "missing"
    match record["status"]:
        case None | "approved" | "submitted":
            return "done"
        case "in_approval" | "returned" | "draft" as status:
            return str(status)
    return "returned" if record["status"] == "rejected" else "draft"


def _handed_in(view: Reading, record: Mapping[str, Any]) -> datetime:
    """When it was submitted: the beginning of its request, else its newest writing."""
    latest = flow_rows.latest_flow(view.connection, record["id"])
    if latest is not None:
        found = flow_rows.find_flow(view.connection, tasks.books(view), latest)
        if found is not None:
            return found.started_at
    at = record["created_at"] if record["status"] is None else record["updated_at"]
    assert isinstance(at, datetime)
    return at


# --- shown to people -----------------------------------------------------------------------------


def matrix(
    view: Reading, form: str, periods: Sequence[Period] = (), org: str | None = None
) -> dict[str, Any]:
    """The lines of one or several periods that the reader may see, with counts by state.

    Without periods: the newest that is open. Raises NotFound, NotAllowed.
    """
    definition, collect = collect_of(view, form)
    sight = _sight(view, form)
    wanted = list(periods[:MOST_PERIODS]) or [p for p in [newest_open(view, collect)] if p]
    found = [
        line
        for period in wanted
        for line in _seen(
            view, definition, sight, lines(view, form, period, None if org is None else [org])
        )
    ]
    counted = Counter(line.state for line in found)
    due = [line for line in found if line.state != "not_due"]
    ended = sum(line.stage == "done" for line in due)
    locale = view.actor.locale or "zh"
    return {
        "form": form,
        "title": definition.title(locale),
        "periods": [str(period) for period in wanted],
        "items": [_shown(view, line, locale) for line in found],
        "counts": {state: counted.get(state, 0) for state in STATES},
        "due": len(due),
        "done": ended,
        "in_time": sum(line.stage == "done" and not line.late for line in due),
        "total": len(found),
    }


def _shown(view: Reading, line: Line, locale: str) -> dict[str, Any]:
    return {
        "org": line.org,
        "org_title": view.catalogue.orgs[line.org].title(locale),
        "period": str(line.period),
        "state": line.state,
        "stage": line.stage,
        "state_title": text(f"receipts.state.{line.state}", locale),
        "late": line.late,
        "opens": line.opens.isoformat(),
        "due": line.due.isoformat(),
        "record": line.record,
        "number": line.number,
        "done_at": tasks.instant(line.done_at),
        "people": list(line.people),
    }


@dataclass(frozen=True, slots=True)
class _Sight:
    """Orgs of which the reader may see the records of a form; None: of all. `own`: those of which
    he may see his own."""

    orgs: frozenset[str] | None
    own: frozenset[str] = frozenset()


def _sight(view: Reading, form: str) -> _Sight:
    """Raises NotFound. A grant for rows that a condition picks tells of no org as a whole."""
    if view.actor.is_system:
        return _Sight(None)
    found: set[str] = set()
    own: set[str] = set()
    readers = [g for g in view.rights.grants(view, form).grants if "read" in g.permission.can]
    if not readers:
        raise NotFound("no-such-form")
    for grant in readers:
        if isinstance(grant.permission.scope, Formula) or grant.permission.where is not None:
            continue
        if grant.permission.scope == "own":
            own |= set(view.actor.orgs)
        elif grant.orgs is None:
            return _Sight(None)
        else:
            found |= grant.orgs
    return _Sight(frozenset(found), frozenset(own))


def _seen(view: Reading, form: Form, sight: _Sight, found: Iterator[Line]) -> list[Line]:
    """The lines that tell the reader of nothing he may not list: of an org of which he sees his own
    records only, those, and what he is asked for himself."""
    if view.actor.is_system:
        return list(found)
    asked = [
        line
        for line in found
        if sight.orgs is None
        or line.org in sight.orgs
        or (line.org in sight.own and (line.record or view.actor.login in line.people))
    ]
    there = readable(view, form.name, {line.record for line in asked if line.record is not None})
    return [
        line
        for line in asked
        if (line.record in there if line.record else not _is_kept_out(view, form, line))
    ]


def _is_kept_out(view: Reading, form: Form, line: Line) -> bool:
    """Whether the reader could not see the record that is owed."""
    owed = {**dict.fromkeys(form.fields), "org": line.org, "period": line.period}
    return view.rights.decide(view, form.name, "read", owed).reason == "restricted"


def period_of(view: Reading, form: str, given: str) -> Period:
    """A period as it is written. Raises Malformed for one that is none, or of another grain."""
    _, collect = collect_of(view, form)
    try:
        period = Period.parse(given)
    except ValueError:
        raise Malformed("parameter-period", name="period") from None
    if period.grain != collect.every:
        raise Malformed("parameter-period", name="period")
    return period


# --- opening and urging --------------------------------------------------------------------------


def on_tick(work: Work, payload: Mapping[str, Any]) -> None:
    """Once a day: open what is collected from today on, and climb the ladders."""
    form = work.catalogue.forms.get(payload["form"])
    if form is None or form.collect is None or not isinstance(form.collect.every, str):
        return
    newest = newest_open(work, form.collect)
    if newest is None:
        return
    for period in (newest, newest.shifted(-1)):
        for line in list(lines(work, form.name, period)):
            if period == newest and form.collect.create == "at_open" and line.record is None:
                line = _open(work, form, line)
            if line.stage in OWED and form.collect.urge:
                _climb(work, form, form.collect, line)


def _open(work: Work, form: Form, line: Line) -> Line:
    """The record for an org and period, made once, and a task for those who fill it in."""
    key = f"{form.name}:collect:{line.org}:{line.period}"
    if done.hold(work.connection, key) is not None or line.state == "not_due":
        return line
    try:
        values = {"org": line.org, "period": str(line.period)}
        made = records.create(work.as_system(), form.name, values, source="system")
    except Refused as refused:  # one org must not hold up the others
        log.warning("collect_not_opened", form=form.name, org=line.org, code=refused.code)
        return line
    done.remember(work.connection, key, made.id)
    if line.people:
        records.set_system(work.as_system(), form.name, made.id, owner=line.people[0])
    due = workdays.end_of(line.due, work.clock.zone)
    for login in line.people:
        title = {
            locale: text("receipts.fill", locale, form=form.title, period=line.period)
            for locale in ("zh", "en")
        }
        tasks.open_todo(work, login, form.name, made.id, title, due, KIND, f"{key}:{login}")
    return Line(
        line.org, line.period, line.opens, line.due, line.state, "draft", line.late, made.id,
        people=line.people,
    )  # fmt: skip


def on_changed(work: Work, changed: Changed) -> None:
    """What is handed in is no longer asked for."""
    form = work.catalogue.forms.get(changed.form)
    if form is None or form.collect is None or changed.after is None:
        return
    before = changed.before or {}
    status = changed.after.get("status")
    if status in ON_THE_WAY and before.get("status") not in ON_THE_WAY:
        tasks.close_todos(work, form.name, changed.id, "submitted", (KIND,))


def _climb(work: Work, form: Form, collect: Collect, line: Line) -> None:
    rung = newest_due(work, collect.urge, line.due, line.org)
    if rung is None:
        return
    number, at = rung
    people = addressees(
        collect.urge,
        number,
        line.people,
        lambda whos, of: people_of(work, collect, line.org, line.period, of, whos),
    )
    key = f"collect:{form.name}:{line.org}:{line.period}:{number}:{at.isoformat()}"
    _tell(work, form, line, people, key)


def _tell(work: Work, form: Form, line: Line, people: Sequence[str], key: str) -> int:
    known = find_people(work.connection, set(people))
    link = f"/f/{form.name}/{line.record}" if line.record else f"/f/{form.name}/new"
    notices = []
    for login in people:
        locale = (known[login].locale if login in known else None) or "zh"
        words = text(
            "receipts.report" if login in line.people else "receipts.report-superior",
            locale,
            org=work.catalogue.orgs[line.org].title,
            form=form.title,
            period=line.period,
            due=line.due,
        )
        notices.append(Notice(login, words, "task_urge", link, True, key))
    return notify(work, notices)


def urge(work: Work, form: str, period: Period | None, orgs: Sequence[str] | None) -> int:
    """Urge who owes the period (the newest that is open), of some orgs or of all that the actor
    may see; how many people were told. Raises NotFound, NotAllowed."""
    definition, collect = collect_of(work, form)
    sight = _sight(work, form)
    if not may_urge(work, definition):
        raise NotAllowed("not-allowed", action="urge")
    period = period or newest_open(work, collect)
    told = 0
    owing = () if period is None else lines(work, form, period, orgs)
    for line in _seen(work, definition, sight, iter(owing)):
        if line.stage in OWED:
            key = f"urge:{form}:{line.org}:{period}:{work.today}"  # once a day, whoever urges
            told += _tell(work, definition, line, line.people, key)
    return told


def may_urge(view: Reading, form: Form) -> bool:
    """Those who see more than one org's records may urge; a reporter does not urge himself."""
    orgs = _sight(view, form.name).orgs
    return orgs is None or len(orgs) > 1
