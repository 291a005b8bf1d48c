"""Who takes the seats of a step of people: empty ones, one's own, the same person again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from jingwei.language.workflow import Step
from jingwei.refusals import FieldRefusal, Invalid, Refused
from jingwei.services.flows.asks import Found, Group, Rows
from jingwei.services.flows.row_fields import ROW
from jingwei.services.flows.truth import NOBODY
from jingwei.services.flows.votes import SAME, VOTE, vote_data, weight_lacking, weights_of
from jingwei.storage.flow_rows import RunRow, TaskRow

if TYPE_CHECKING:
    from jingwei.services.flows.walk import Walk

SELF = "self-approval"
NOBODY_ELSE = "nobody-else"  # why a leaver's seat went to somebody who is asked there already
TOO_FEW = "too-few-votes"
TASK_KINDS = {"fill": "fill", "approve": "approval", "acknowledge": "receipt"}


def open_people(walk: Walk, step: Step, parent: int | None, lane: str | None, rows: Rows) -> RunRow:
    chosen = walk.flow.memory.get("chosen", {}).get(step.id, ())
    found = walk.asks.people(step, rows, chosen)
    if walk.chooses and not chosen and _must_be_named(step):
        raise Invalid(
            "invalid", fields=[FieldRefusal("chosen", "chosen-missing", {"step": step.title})]
        )
    walk.note_system("step_opened", step=step.id)
    run = walk.new_run(step, parent, lane)
    due = walk.asks.due(step, rows)
    several = walk.asks.several(rows)
    about: dict[str, Any] = {"rows": several} if several else {}
    if step.kind == "approve" and step.mode == "vote":
        about |= vote_data(step.pass_share, rule_by_seat(step, found))
    run = walk.set_run(run.id, due_at=due, data={"found": dict(found.how), **about})
    if step.kind == "cc":
        _tell(walk, step, run, found)
    elif step.kind == "acknowledge" and not step.wait:
        walk.receipts += [(step, person) for person in _everybody(found)]
        walk.finish(run.id, "passed")
    else:
        _seat(walk, step, run, found)
        walk.look_at(run.id)
    return walk.runs[run.id]


def _must_be_named(step: Step) -> bool:
    """The one who decided before must say who is asked here, and the step has no rule for when he
    does not."""
    named = bool(step.who) and all(w.kind == "chosen_by" and w.name == "previous" for w in step.who)
    return named and "empty" not in step.policy


def _tell(walk: Walk, step: Step, run: RunRow, found: Found) -> None:
    for person in _everybody(found):
        _ask(walk, step, run, person, 0, kind="cc", state="told")
    walk.finish(run.id, "passed")


def _ask(walk: Walk, step: Step, run: RunRow, person: str, seat: int, **more: Any) -> TaskRow:
    values: dict[str, Any] = {
        "kind": TASK_KINDS.get(step.kind, "approval"),
        "state": "open",
        **more,
    }
    values.setdefault("acting", acting_for(walk, step, values["kind"], person))
    return walk.add_task(
        TaskRow(
            walk.asks.next_id(),
            run.id,
            person,
            opened_at=walk.now,
            title={"zh": step.title.zh, "en": step.title.en},
            seat=seat,
            due_at=run.due_at,
            flow=walk.flow.id,
            form=walk.flow.form,
            record=walk.flow.record,
            **values,
        )
    )


def acting_for(walk: Walk, step: Step, kind: str, person: str) -> str:
    """Who is asked in a person's place: never the initiator about his own request, and nobody
    to correct it but himself."""
    if kind == "cc" or (kind == "fill" and person == walk.flow.initiator):
        return person
    found = walk.asks.stand_in(person)
    if found.loops:
        walk.note_system("proxy_loop", step=step.id, person=person, chain=list(found.via))
    own = found.acting == walk.flow.initiator and step.kind == "approve"
    if own and walk.plan.policy(step, "self_approval") != "allow":
        return person
    return found.acting


def ask_more(walk: Walk, run: int, person: str, seat: int, **more: Any) -> TaskRow:
    """Another task of a run that is open."""
    row = walk.runs[run]
    return _ask(walk, walk.step_of(row), row, person, seat, **more)


def may_take(walk: Walk, run: RunRow, person: str, task: TaskRow) -> bool:
    """Whether somebody may be given this task of another: see `why_not`."""
    return why_not(walk, run, person, task) is None


def why_not(walk: Walk, run: RunRow, person: str, task: TaskRow) -> str | None:
    """Why somebody may not be given this task of another: nobody is asked twice at one step
    (`asked-already`, `decided-already`), and nobody about a request of his own unless the workflow
    lets him (`own-request`)."""
    others = [t for t in walk.tasks_of(run.id) if t.id != task.id]
    if any(has_decided(t, person) for t in others):
        return "decided-already"
    if any(is_asked(t, person) for t in others):
        return "asked-already"
    own = person == walk.flow.initiator and task.kind == "approval"
    if own and walk.plan.policy(walk.step_of(run), "self_approval") != "allow":
        return "own-request"
    return None


def is_asked(task: TaskRow, person: str) -> bool:
    """Whether somebody is asked with this task: as whose seat it is, or standing in."""
    return task.state in ("open", "waiting") and person in (task.person, task.acting)


def has_decided(task: TaskRow, person: str) -> bool:
    """Whether somebody decided with it: for himself, or standing in."""
    return task.outcome in ("approved", "rejected") and person in (task.person, task.closed_by)


def sits_elsewhere(walk: Walk, task: TaskRow) -> bool:
    """Whether the person of a task that is closed was given another one of its run meanwhile, so
    that with both he would decide twice. What the rule itself gave him is no bar, nor what came
    to him because nobody else was left."""
    known = walk.tasks_of(task.run or 0)
    others = [
        t
        for t in known
        if t.person == task.person
        and t.id != task.id
        and (t.state in ("open", "waiting") or t.outcome in ("approved", "rejected"))
        and not for_want_of_others(known, t.person, t.seat)
    ]
    if for_want_of_others(known, task.person, task.seat):
        return False
    seats = {task.seat, *(t.seat for t in others)}
    return bool(others) and not all(by_rule(known, task.person, seat) for seat in seats)


def by_rule(tasks: Iterable[TaskRow], person: str, seat: int) -> bool:
    """Whether the step itself gave a person this seat, and nobody else did."""
    first = _first(tasks, person, seat)
    return first.key is None and first.position is None


def for_want_of_others(tasks: Collection[TaskRow], person: str, seat: int) -> bool:
    """Whether a leaver's seat came to a person because nobody else was left: then he may have it
    beside his own. `tasks`: of the run."""
    key = _first(tasks, person, seat).key
    return any(given_key(t) == key and t.reason == NOBODY_ELSE for t in tasks)


def _first(tasks: Iterable[TaskRow], person: str, seat: int) -> TaskRow:
    return min((t for t in tasks if (t.person, t.seat) == (person, seat)), key=lambda t: t.id)


def given_key(task: TaskRow) -> str:
    """The key of the task that somebody has in place of this one."""
    return f"given:{task.id}"


def hand_on(
    walk: Walk,
    task: TaskRow,
    person: str,
    *,
    by: str | None,
    reason: str | None,
    comment: str | None = None,
    state: str = "open",
) -> TaskRow:
    """Give the seat of a task to somebody else, who then waits for whom its holder asked first;
    `by` None: the system."""
    more = {} if comment is None else {"comment": comment}
    walk.close_task(task.id, "transferred", by=by, reason=reason, **more)
    fresh = ask_more(
        walk,
        task.run or 0,
        person,
        task.seat,
        weight=task.weight,
        origin=task.origin,
        position=task.position,
        kind=task.kind,
        state=state,
        key=given_key(task),
    )
    for asked in [t for t in walk.live_tasks(task.run or 0) if t.origin == task.id]:
        if asked.position in ("before", "delegate"):
            walk.set_task(asked.id, origin=fresh.id)
    return fresh


def _seat(walk: Walk, step: Step, run: RunRow, found: Found) -> None:
    seats = seats_wanted(step, found)
    seats = _without_empty(walk, step, run, seats)
    if walk.runs[run.id].state != "open":
        return
    seen: set[str] = set()
    for number, (people, weight) in enumerate(seats):
        for person in dict.fromkeys(people):
            _take_seat(walk, step, run, person, number, weight, seen)
    if step.kind == "approve" and step.mode == "vote":
        fill_up(walk, step, run, len(seats), seen)
    if step.mode == "sequential" and step.kind == "approve":
        _queue_up(walk, run.id)


def _take_seat(
    walk: Walk, step: Step, run: RunRow, person: str, seat: int, weight: int, seen: set[str]
) -> bool:
    if step.kind != "approve":
        _ask(walk, step, run, person, seat, weight=weight)
        return True
    if person == walk.flow.initiator:
        rule = walk.plan.policy(step, "self_approval")
        if rule == "skip":
            _skip(walk, step, run, person, seat, weight, SELF)
            return False
        if rule in ("superior", "forbid"):
            above = walk.asks.superior(person) if rule == "superior" else None
            others = [above] if above else walk.asks.flow_admins()
            others = [other for other in others if other != person]
            if not others:
                raise Refused("flow-self-approval", step=step.title)
            asked = False
            for other in others:
                asked |= _take_seat(walk, step, run, other, seat, weight, seen)
            return asked
    if person in seen:
        if step.mode == "vote":
            _ask(walk, step, run, person, seat, weight=weight)
        return step.mode == "vote"
    seen.add(person)
    if _decided_before(walk, step, run, person):
        _skip(walk, step, run, person, seat, weight, SAME)
        return False
    _ask(walk, step, run, person, seat, weight=weight)
    return True


def _skip(
    walk: Walk, step: Step, run: RunRow, person: str, seat: int, weight: int, reason: str
) -> None:
    task = _ask(walk, step, run, person, seat, weight=weight, acting=person)
    walk.close_task(task.id, "skipped", by=None, reason=reason)


def _without_empty(
    walk: Walk, step: Step, run: RunRow, seats: list[tuple[tuple[str, ...], int]]
) -> list[tuple[tuple[str, ...], int]]:
    """The empty rule: for each seat where all must decide, else when nobody was found."""
    empty = [n for n, (people, _) in enumerate(seats) if not people]
    if not empty and seats:
        return seats
    if not needs_every_seat(step) and len(empty) < len(seats):
        return seats
    seats = seats or [((), 1)]
    rule = walk.plan.policy(step, "empty")
    named = any(w.kind == "chosen_by" for w in step.who)
    reason = "not-chosen" if named else None
    if rule == "pass" and step.kind != "fill":
        _note_empty(walk, step, run, "pass", reason)
        if len(empty) == len(seats):
            word = "approved" if step.kind == "approve" else "acknowledged"
            walk.finish(run.id, word, NOBODY)
        return seats
    if rule == "reject" and step.kind == "approve":
        _note_empty(walk, step, run, "reject", reason)
        walk.reject_run(run.id, NOBODY)
        return []
    stand_ins = _ask_for_nobody(walk, step, run, reason)
    return [seat if seat[0] else (stand_ins, seat[1]) for seat in seats]


def _note_empty(
    walk: Walk, step: Step, run: RunRow, rule: str, reason: str | None, **more: Any
) -> None:
    about = {"reason": reason, "run": walk.in_rows(run), **more}
    walk.note_system("seat_empty", step=step.id, rule=rule, **about)


def _ask_for_nobody(walk: Walk, step: Step, run: RunRow, reason: str | None) -> tuple[str, ...]:
    """Who is asked in a seat that nobody has: whom the empty rule names, else administrators."""
    rule = walk.plan.policy(step, "empty")
    found = walk.asks.persons(rule, walk.rows_of(run)) if isinstance(rule, tuple) else []
    found = found or walk.asks.flow_admins()
    if not found:
        raise Refused("flow-nobody", step=step.title)
    _note_empty(walk, step, run, "flow_admin", reason, people=found)
    return tuple(found)


def fill_up(walk: Walk, step: Step, run: RunRow, seat: int, seen: set[str]) -> None:
    """The empty rule for the votes that a step lacks to pass though everybody said yes: without it
    nobody would be asked, and it would be rejected by nobody."""
    lacking = weight_lacking(step, weights_of(walk.tasks_of(run.id)))
    if not lacking:
        return
    match walk.plan.policy(step, "empty"):
        case "pass":  # those who are there suffice, if all of them agree
            _note_empty(walk, step, run, "pass", TOO_FEW)
            vote = {**walk.runs[run.id].data[VOTE], "pass": "100%"}
            walk.set_run(run.id, data={**walk.runs[run.id].data, VOTE: vote})
        case "reject":
            _note_empty(walk, step, run, "reject", TOO_FEW)
            walk.reject_run(run.id, TOO_FEW)
        case _:
            for person in _ask_for_nobody(walk, step, run, TOO_FEW):
                _take_seat(walk, step, run, person, seat, lacking, seen)


def _decided_before(walk: Walk, step: Step, run: RunRow, person: str) -> bool:
    """Whether the same-person rule lets the earlier approval of this round stand."""
    if walk.plan.policy(step, "same_person") == "keep_last":
        return _asked_later(walk, step, run, person)
    return any(
        task.person == person
        and (task.outcome == "approved" or (task.outcome == "skipped" and task.reason == SAME))
        and not asks_more(step, walk.step_of(r))
        for r in looked_back_at(walk, run)
        for task in walk.tasks_of(r.id)
    )


def looked_back_at(walk: Walk, run: RunRow) -> list[RunRow]:
    """The runs whose approvals the same-person rule of this one lets stand."""
    rule = walk.plan.policy(walk.step_of(run), "same_person")
    if rule not in ("consecutive", "any_earlier"):
        return []
    earlier = [
        r
        for r in walk.runs.values()
        if r.kind == "approve"
        and r.id != run.id
        and r.round == walk.flow.round
        and r.state == "done"
        and r.outcome == "approved"
        and not walk.beside(r, run)
    ]
    return earlier[-1:] if rule == "consecutive" else earlier


def _asked_later(walk: Walk, step: Step, run: RunRow, person: str) -> bool:
    """Whether a later step that is sure to come asks the same person."""
    step_id: str | None = step.id
    while step_id is not None:
        place = walk.plan.places[step_id]
        for later in place.beside[place.index + 1 :]:
            if later.kind == "approve" and later.when is None and not asks_more(step, later):
                found = walk.asks.people(later, walk.rows_of(run), ())
                if person in _everybody(found):
                    return True
        step_id = place.block
    return False


def _queue_up(walk: Walk, run: int) -> None:
    """In a sequential step one seat is asked at a time."""
    live = sorted(walk.live_tasks(run), key=lambda t: (t.seat, t.id))
    for task in live:
        if task.seat != live[0].seat and task.state == "open" and task.position is None:
            walk.set_task(task.id, state="waiting")


def asks_more(step: Step, other: Step) -> bool:
    """Whether a step asks a person for something that the other one does not: fields to write, an
    opinion, a signature. Then an answer there is none here."""
    owed = step.opinion == "required" and other.opinion != "required"
    signs = step.signature is not None and other.signature != step.signature
    fields = {*step.fields.write, *step.fields.require}
    own = any(name.startswith(ROW) for name in fields)  # the other one opened another row
    return owed or signs or own or not fields <= {*other.fields.write, *other.fields.require}


def _everybody(found: Found) -> list[str]:
    return list(dict.fromkeys(person for group in found.groups for person in group.people))


def seats_wanted(step: Step, found: Found) -> list[tuple[tuple[str, ...], int]]:
    """The seats of a step before any rule: (people who may take it, weight)."""
    if step.kind == "acknowledge" or (step.kind == "approve" and step.mode == "any"):
        return [((person,), 1) for person in _everybody(found)]
    if step.kind == "fill":
        return [(g.people, 1) for g in found.groups] if found.groups else []
    if step.mode == "one":
        return [(tuple(_everybody(found)), 1)]
    return [(seat, group.weight) for group in found.groups for seat in _seats_of(step, group)]


def _seats_of(step: Step, group: Group) -> list[tuple[str, ...]]:
    """The seats of one rule, where each rule has its own: who may take them."""
    vote = step.mode == "vote" and step.holders != "claim"
    shared = group.shared and step.holders != "all" and not vote
    if shared or not group.people:
        return [group.people]
    return [(person,) for person in group.people]


def rule_by_seat(step: Step, found: Found) -> list[int]:
    """For each seat of a step where each rule has its own, the number of its rule."""
    return [n for n, group in enumerate(found.groups) for _ in _seats_of(step, group)]


def needs_every_seat(step: Step) -> bool:
    """Whether a seat that nobody has is a matter of its own, though others are asked."""
    return step.kind == "approve" and step.mode in ("all", "sequential", "vote")


def lacks_people(step: Step, found: Found) -> bool:
    """Whether the empty rule would be asked: for a seat, or for votes without which none passes."""
    seats = seats_wanted(step, found)
    if needs_every_seat(step):
        full = all(people for people, _ in seats)
        votes = [weight for _, weight in seats] if step.mode == "vote" else []
        return not (seats and full) or weight_lacking(step, votes) > 0
    return not any(people for people, _ in seats)
