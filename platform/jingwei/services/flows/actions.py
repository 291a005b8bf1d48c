"""What a person does with a task: command and state in, changes in the walk out.

Each action first checks that the task is open and that it is the actor's; a refusal changes
nothing, because the walk works on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jingwei.language.workflow import Step
from jingwei.refusals import Conflict, FieldRefusal, Invalid, NotAllowed, Refused
from jingwei.services.flows.choices import keep_chosen
from jingwei.services.flows.copies import give_copies
from jingwei.services.flows.operations import (
    ADDED,
    asked_first,
    by_word,
    decider,
    handed_out,
    holders_beside,
    is_adder,
    left_without,
    obstacle,
    receiver_of,
)
from jingwei.services.flows.operations import may_take_back as may_take_back
from jingwei.services.flows.operations import offered as offered
from jingwei.services.flows.returns import asked_target, send_back
from jingwei.services.flows.seats import ask_more, hand_on, has_decided, is_asked, why_not
from jingwei.services.flows.undoing import ask_again, reopen
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import no_such_action, outcome_word, positions_word
from jingwei.storage.flow_rows import RunRow, TaskRow


@dataclass(frozen=True, slots=True)
class Wish:
    """What came with an action. `step`: the one that is left, where `to` names another."""

    comment: str | None = None
    to: str | None = None
    step: str | None = None
    people: tuple[str, ...] = ()
    position: str | None = None
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def act(walk: Walk, task_id: int, action: str, wish: Wish, *, administrator: bool = False) -> None:
    """Do one action of one task. Raises Refused, Conflict or NotAllowed. `administrator`: of
    flows, who may drop signers too."""
    task = walk.tasks[task_id]
    deed = ACTIONS.get(action)
    if deed is None:
        raise no_such_action(action, ACTIONS)
    found = obstacle(walk, task, action, administrator=administrator)
    if found is not None:
        raise found()
    if walk.actor != task.person and walk.actor == task.acting:
        walk.on_behalf_of = task.person
    deed(walk, task, wish)
    walk.settle()


# --- deciding ------------------------------------------------------------------------------------


def _opinion(walk: Walk, task: TaskRow, wish: Wish) -> None:
    if task.run is None:
        return
    step = walk.step_of(walk.runs[task.run])
    if step.opinion == "required" and not (wish.comment or "").strip():
        raise Invalid("invalid", fields=[FieldRefusal("comment", "required")])


def _reason_owed(wish: Wish) -> None:
    if not (wish.comment or "").strip():
        raise Invalid("invalid", fields=[FieldRefusal("comment", "required")])


def _close(walk: Walk, task: TaskRow, outcome: str, wish: Wish) -> None:
    walk.close_task(task.id, outcome, by=walk.actor, comment=wish.comment)


def _approve(walk: Walk, task: TaskRow, wish: Wish) -> None:
    _opinion(walk, task, wish)
    run = _run(walk, task)
    walk.note("approved", step=run.step, comment=wish.comment, task=task.id)
    _close(walk, task, "approved", wish)
    keep_chosen(walk, wish.chosen)
    _others_of_seat(walk, task)
    walk.look_at(run.id)


def _others_of_seat(walk: Walk, task: TaskRow) -> None:
    """One holder answered for the seat: the others are asked no more."""
    for other in holders_beside(walk, task):
        walk.close_task(other.id, "superseded", by=None, reason="answered-by-other")


def _reject(walk: Walk, task: TaskRow, wish: Wish) -> None:
    _reason_owed(wish)
    run = _run(walk, task)
    walk.note("rejected", step=run.step, comment=wish.comment, task=task.id)
    _close(walk, task, "rejected", wish)
    _others_of_seat(walk, task)
    walk.look_at(run.id)


def _run(walk: Walk, task: TaskRow) -> RunRow:
    run = walk.runs[task.run or 0]
    if run.state != "open":
        by = by_word(walk, decider(walk, task) or "system")
        raise Conflict("task-closed", by=by, outcome=outcome_word(run.outcome))
    return run


def _return(walk: Walk, task: TaskRow, wish: Wish) -> None:
    _reason_owed(wish)
    run = _run(walk, task)
    target = asked_target(walk, run, wish.to)
    walk.note("returned", step=run.step, comment=wish.comment, task=task.id, to=target)
    _close(walk, task, "returned", wish)
    send_back(walk, run, target)


def _submit(walk: Walk, task: TaskRow, wish: Wish) -> None:
    if task.kind == "answer":  # an opinion without words would be none
        _reason_owed(wish)
    run = _run(walk, task)
    walk.note("submitted", step=run.step, comment=wish.comment, task=task.id)
    _close(walk, task, "submitted", wish)
    if task.kind == "answer":
        walk.next_turn(run.id)
        return
    keep_chosen(walk, wish.chosen)
    _others_of_seat(walk, task)
    walk.look_at(run.id)


def _acknowledge(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    walk.note("acknowledged", step=run.step, comment=wish.comment, task=task.id)
    _close(walk, task, "acknowledged", wish)
    walk.look_at(run.id)


# --- handing on ----------------------------------------------------------------------------------


def _somebody(walk: Walk, run: RunRow, task: TaskRow, wish: Wish) -> str:
    if not wish.to:
        raise Invalid("invalid", fields=[FieldRefusal("to", "required")])
    if wish.to == walk.actor:
        raise Refused("flow-to-oneself")
    _check_newcomer(walk, run, task, wish.to)
    return wish.to


def _check_newcomer(walk: Walk, run: RunRow, task: TaskRow, person: str) -> None:
    """Whoever is asked at the step already, or stands in for somebody who is, would answer twice;
    but a task may go to whom it waits with for its owner."""
    step = walk.step_of(run)
    others = [t for t in walk.tasks_of(run.id) if t.id != task.id or t.person == person]
    if any(is_asked(t, person) for t in others):
        raise Refused("flow-already-asked", person=walk.asks.named(person))
    if _never_asked(walk, run, person):
        raise _own_request(walk, step, person)


def _never_asked(walk: Walk, run: RunRow, person: str) -> bool:
    """Whether this is the initiator, whom the step does not ask about his own request."""
    step = walk.step_of(run)
    own = person == walk.flow.initiator and step.kind == "approve"
    return own and walk.plan.policy(step, "self_approval") != "allow"


def _own_request(walk: Walk, step: Step, person: str) -> Refused:
    return Refused("flow-own-request", person=walk.asks.named(person), step=step.title)


def _transfer(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    person = _somebody(walk, run, task, wish)
    if any(has_decided(t, person) for t in walk.tasks_of(run.id)):
        raise Refused("flow-already-asked", person=walk.asks.named(person))
    whose = {"person": task.person, "to": person}
    walk.note("transferred", step=run.step, comment=wish.comment, task=task.id, **whose)
    hand_on(walk, task, person, by=walk.actor, reason=None, comment=wish.comment)


def _reassign(walk: Walk, task: TaskRow, wish: Wish) -> None:
    """An administrator gives one task to somebody else, with a reason."""
    run = _run(walk, task)
    wrong = [FieldRefusal("reason", "required")] if not (wish.comment or "").strip() else []
    if not wish.to:
        wrong.append(FieldRefusal("to", "required"))
    if wrong or not wish.to:
        raise Invalid("invalid", fields=wrong)
    if wish.to == task.acting:
        raise Refused("flow-already-asked", person=walk.asks.named(wish.to))
    whose = {"person": task.person, "acting": task.acting, "to": wish.to}
    if wish.to == task.person:  # who stands in is asked no more: the owner decides
        walk.note("reassigned", step=run.step, comment=wish.comment, task=task.id, **whose)
        walk.set_task(task.id, acting=wish.to)
        return
    match why_not(walk, run, wish.to, task):
        case "own-request":
            raise _own_request(walk, walk.step_of(run), wish.to)
        case str():
            raise Refused("flow-already-asked", person=walk.asks.named(wish.to))
    walk.note("reassigned", step=run.step, comment=wish.comment, task=task.id, **whose)
    hand_on(walk, task, wish.to, by=walk.actor, reason="reassigned", state=task.state)


def _delegate(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    if wish.to == walk.flow.initiator and _never_asked(walk, run, wish.to):
        raise Refused("flow-opinion-of-initiator", person=walk.asks.named(wish.to))
    person = _somebody(walk, run, task, wish)
    whose = {"person": task.person, "to": person}
    walk.note("delegated", step=run.step, comment=wish.comment, task=task.id, **whose)
    walk.set_task(task.id, state="waiting")
    ask_more(
        walk,
        run.id,
        person,
        task.seat,
        origin=task.id,
        position="delegate",
        kind="answer",
        weight=0,
    )


def _claim(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    people = [one.acting for one in holders_beside(walk, task)]  # who are asked no more
    walk.note("claimed", step=run.step, task=task.id, people=people)
    _others_of_seat(walk, task)


# --- signers -------------------------------------------------------------------------------------


def _add_sign(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    step = walk.step_of(run)
    position = wish.position or (step.add_sign[0] if step.add_sign else "")
    if position not in step.add_sign:
        raise Refused(
            "flow-add-sign-position",
            position=positions_word([position]),
            known=positions_word(step.add_sign),
        )
    people = wish.people or ((wish.to,) if wish.to else ())
    if not people:
        raise Invalid("invalid", fields=[FieldRefusal("people", "required")])
    if len(set(people)) < len(people):
        raise Invalid("invalid", fields=[FieldRefusal("people", "named-twice")])
    known = walk.tasks_of(run.id)
    for person in people:
        if any(t.person == person or has_decided(t, person) for t in known):
            raise Refused("flow-already-asked", person=walk.asks.named(person))
        _check_newcomer(walk, run, task, person)
    walk.note(
        "signers_added",
        step=run.step,
        comment=wish.comment,
        task=task.id,
        position=position,
        people=list(people),
    )
    seat = max(t.seat for t in walk.tasks_of(run.id))
    for number, person in enumerate(dict.fromkeys(people)):
        ask_more(walk, run.id, person, seat + 1 + number, origin=task.id, position=position)
    if position == "before":
        walk.set_task(task.id, state="waiting")
    elif position == "after":
        _opinion(walk, task, wish)
        _close(walk, task, "approved", wish)
        _others_of_seat(walk, task)
        walk.look_at(run.id)


def _drop_sign(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    live = {t.person: t for t in walk.live_tasks(run.id)}
    people = wish.people or ((wish.to,) if wish.to else ())
    if not people:
        raise Invalid("invalid", fields=[FieldRefusal("people", "required")])
    for person in people:
        if person not in live or live[person].position not in ADDED:
            raise _not_dropped(walk, run, person)
        holds = walk.actor in (task.person, task.acting)  # else an administrator
        if holds and not is_adder(walk, live[person]):
            raise NotAllowed("flow-not-the-adder", person=walk.asks.named(person))
    left = left_without(walk, run.id, people)
    votes = [t for t in walk.tasks_of(run.id) if t.outcome in ("approved", "rejected")]
    if not left and not votes:
        raise Refused("flow-last-signer")
    named = {"task": task.id, "people": list(people)}
    walk.note("signers_dropped", step=run.step, comment=wish.comment, **named)
    for person in people:
        walk.close_task(live[person].id, "dropped", by=walk.actor, comment=wish.comment)
    for asked in walk.live_tasks(run.id):
        if asked not in left:
            walk.close_task(asked.id, "cancelled", by=None, reason="adder-dropped")
    walk.look_at(run.id)


def _not_dropped(walk: Walk, run: RunRow, person: str) -> Refused:
    """Who was never added, or was and has his task behind him."""
    named = walk.asks.named(person)
    over = [t for t in walk.tasks_of(run.id) if t.person == person and t.position in ADDED]
    if over and over[-1].state == "closed":
        return Refused("flow-signer-done", person=named, outcome=outcome_word(over[-1].outcome))
    return Refused("flow-not-added", person=named)


# --- taking back ---------------------------------------------------------------------------------


def _take_back(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = walk.runs[task.run or 0]
    if task.state == "waiting":
        _ask_no_more(walk, run, task, wish)
    elif task.outcome == "transferred":
        _take_over(walk, run, task, wish)
    else:
        walk.note("taken_back", step=run.step, comment=wish.comment, task=task.id)
        if run.state != "open":
            reopen(walk, run)
        walk.set_task(task.id, outcome="withdrawn")
        ask_again(walk, run, task)


def _ask_no_more(walk: Walk, run: RunRow, task: TaskRow, wish: Wish) -> None:
    """Whoever was asked for an opinion and has not answered is asked no more, nor whom he asked."""
    asked = handed_out(walk, task, "delegate")
    for one in asked:
        asked += handed_out(walk, one, "delegate")
    people = [one.person for one in asked]
    walk.note("taken_back", step=run.step, comment=wish.comment, task=task.id, people=people)
    for one in asked:
        walk.close_task(one.id, "withdrawn", by=walk.actor, comment=wish.comment)
    walk.next_turn(run.id)


def _take_over(walk: Walk, run: RunRow, task: TaskRow, wish: Wish) -> None:
    """Whoever was given the task and has not acted gives it back."""
    given = receiver_of(walk, task)
    whose = {"task": task.id, "people": [given.person]}
    walk.note("taken_back", step=run.step, comment=wish.comment, **whose)
    walk.close_task(given.id, "withdrawn", by=walk.actor, comment=wish.comment)
    ask_more(
        walk,
        run.id,
        task.person,
        task.seat,
        weight=task.weight,
        origin=task.origin,
        position=task.position,
        kind=task.kind,
        state=given.state,
    )


# --- words ---------------------------------------------------------------------------------------


def _comment(walk: Walk, task: TaskRow, wish: Wish) -> None:
    _reason_owed(wish)
    step = None if task.run is None else walk.runs[task.run].step
    walk.note("commented", step=step, comment=wish.comment, task=task.id)


def _urge(walk: Walk, task: TaskRow, wish: Wish) -> None:
    asked = asked_first(walk, task) if task.state == "waiting" else [task]
    step = None if task.run is None else walk.runs[task.run].step
    people = [one.acting for one in asked]
    walk.note("urged", step=step, comment=wish.comment, task=task.id, people=people)
    walk.urged += asked


ACTIONS: Mapping[str, Callable[[Walk, TaskRow, Wish], None]] = {
    "approve": _approve,
    "reject": _reject,
    "return": _return,
    "submit": _submit,
    "acknowledge": _acknowledge,
    "transfer": _transfer,
    "reassign": _reassign,
    "delegate": _delegate,
    "claim": _claim,
    "add_sign": _add_sign,
    "drop_sign": _drop_sign,
    "take_back": _take_back,
    "cc": give_copies,
    "comment": _comment,
    "urge": _urge,
}
