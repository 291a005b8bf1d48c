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
from jingwei.services.flows.plan import START
from jingwei.services.flows.returns import asked_target, earlier, send_back
from jingwei.services.flows.seats import ask_more
from jingwei.services.flows.undoing import ask_again, check_nobody_after, check_untouched, reopen
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import Listed, Word, action_word, outcome_word, positions_word
from jingwei.storage.flow_rows import RunRow, TaskRow

ADDED = ("before", "after", "with")
DECIDED = ("approved", "rejected")


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
        raise Refused("flow-no-such-action", action=action)
    if walk.flow.status == "suspended" and action != "comment":
        raise Conflict("flow-suspended")
    if action not in ("comment", "urge"):
        if not (administrator and action == "drop_sign"):
            _check_mine(walk, task)
        if action == "take_back":
            _check_taken(walk, task)
        elif action == "drop_sign":
            pass  # the adder's own task may wait or be closed: who was added is looked at
        else:
            check_open(walk, task)
    step = None if task.run is None else walk.step_of(walk.runs[task.run])
    if step is not None and not _offered(step, task, action):
        if task.kind == "answer" and action in ("approve", "reject", "return"):
            raise Refused("flow-asked-for-opinion")
        raise Refused("flow-not-offered", action=action_word(action))
    if walk.actor != task.person and walk.actor == task.acting:
        walk.on_behalf_of = task.person
    deed(walk, task, wish)
    walk.settle()


def _check_mine(walk: Walk, task: TaskRow) -> None:
    if walk.actor not in (task.person, task.acting):
        raise NotAllowed("flow-not-your-task")


def check_open(walk: Walk, task: TaskRow) -> None:
    """Raises Conflict for a task that is closed (saying by whom) or that waits."""
    if task.state == "closed":
        by = task.closed_by or (_decider(walk, task) or "system")
        raise Conflict("task-closed", by=_by_word(walk, by), outcome=outcome_word(task.outcome))
    if task.state != "open":
        raise Conflict("task-waits", people=_waited_for(walk, task))


def _waited_for(walk: Walk, task: TaskRow) -> Listed:
    """Whom this task waits for: the people its holder asked, else those whose turn it is."""
    turn = asked_first(walk, task)
    turn = turn or [t for t in walk.live_tasks(task.run or 0) if t.state == "open"]
    return Listed(tuple(walk.asks.named(login) for login in dict.fromkeys(t.acting for t in turn)))


def asked_first(walk: Walk, task: TaskRow) -> list[TaskRow]:
    """The open tasks that this one waits for: of whom its holder asked, or these asked in turn."""
    live = walk.live_tasks(task.run or 0)
    asking = [task.id]
    for one in asking:
        asking += [t.id for t in live if t.origin == one and t.position in ("before", "delegate")]
    return [t for t in live if t.id in asking[1:] and t.state == "open"]


def _by_word(walk: Walk, login: str) -> object:
    return Word("screens", "system") if login == "system" else walk.asks.named(login)


def _decider(walk: Walk, task: TaskRow) -> str | None:
    """Who decided the step that this task belonged to."""
    others = [t for t in walk.tasks_of(task.run or 0) if t.closed_by]
    return others[-1].closed_by if others else None


def _handed_out(walk: Walk, task: TaskRow, position: str | None = None) -> list[TaskRow]:
    """The open tasks of people whom the holder of this one asked (in this position)."""
    return [
        t
        for t in walk.live_tasks(task.run or 0)
        if t.origin == task.id
        and (t.position == position if position else t.position in ADDED)
        and t.id != task.id
    ]


def _check_taken(walk: Walk, task: TaskRow) -> None:
    if task.state == "waiting" and _handed_out(walk, task, "delegate"):
        return
    if task.state != "closed" or task.outcome not in ("approved", "rejected"):
        raise Conflict("flow-nothing-to-take-back")
    if task.closed_by != walk.actor:
        raise NotAllowed("flow-not-your-task")


OF_KIND: Mapping[str, tuple[str, ...]] = {
    "approval": (
        "approve", "reject", "return", "transfer", "delegate", "add_sign", "drop_sign", "claim",
        "cc", "urge", "comment", "take_back",
    ),
    "fill": ("submit", "transfer", "claim", "cc", "urge", "comment"),
    "receipt": ("acknowledge", "urge", "comment"),
    "answer": ("submit", "delegate", "comment", "urge", "take_back"),
    "cc": ("comment",),
}  # fmt: skip
_NOT_LIMITED = frozenset({"submit", "acknowledge"})


def _offered(step: Step, task: TaskRow, action: str) -> bool:
    """Whether this kind of task has the action, and the step does not rule it out with `can`."""
    if action not in OF_KIND.get(task.kind, ()):
        return False
    limited = task.kind == "approval" and step.can is not None and action not in _NOT_LIMITED
    return not limited or action in (step.can or ())


def offered(walk: Walk, task: TaskRow, login: str) -> list[str]:
    """The actions that this person may do now."""
    if task.run is None:
        return []
    run = walk.runs[task.run]
    step = walk.step_of(run)
    if login not in (task.person, task.acting) or walk.flow.status != "running":
        return ["comment"]
    found = [a for a in OF_KIND.get(task.kind, ()) if _offered(step, task, a)]
    if task.state == "open":
        found = [a for a in found if a != "take_back" and _sensible(walk, run, step, task, a)]
    else:
        allowed = {"comment"}
        decided = task.state == "closed" and task.outcome in ("approved", "rejected")
        waits = task.state == "waiting"
        if waits and asked_first(walk, task):
            allowed.add("urge")
        if decided or (waits and _handed_out(walk, task, "delegate")):
            allowed.add("take_back")
        if run.state == "open" and _handed_out(walk, task):
            allowed.add("drop_sign")
        found = [a for a in found if a in allowed]
    return found


def _sensible(walk: Walk, run: RunRow, step: Step, task: TaskRow, action: str) -> bool:
    others = [t for t in walk.live_tasks(run.id) if t.seat == task.seat and t.id != task.id]
    if action == "claim":
        return bool(others)
    if action == "drop_sign":
        return any(is_adder(walk, t) for t in walk.live_tasks(run.id) if t.position in ADDED)
    if action == "add_sign":
        return bool(step.add_sign)
    return True


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
    for other in walk.live_tasks(task.run or 0):
        if other.seat == task.seat and other.id != task.id:
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
        by = _by_word(walk, _decider(walk, task) or "system")
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


def _somebody(walk: Walk, run: RunRow, wish: Wish) -> str:
    if not wish.to:
        raise Invalid("invalid", fields=[FieldRefusal("to", "required")])
    if wish.to == walk.actor:
        raise Refused("flow-to-oneself")
    _check_newcomer(walk, run, wish.to)
    return wish.to


def _check_newcomer(walk: Walk, run: RunRow, person: str) -> None:
    step = walk.step_of(run)
    if any(t.person == person and t.state in ("open", "waiting") for t in walk.tasks_of(run.id)):
        raise Refused("flow-already-asked", person=walk.asks.named(person))
    own = person == walk.flow.initiator and step.kind == "approve"
    if own and walk.plan.policy(step, "self_approval") != "allow":
        raise Refused("flow-self-approval", step=step.title)


def _transfer(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    person = _somebody(walk, run, wish)
    if any(t.person == person and t.outcome in DECIDED for t in walk.tasks_of(run.id)):
        raise Refused("flow-already-asked", person=walk.asks.named(person))
    walk.note("transferred", step=run.step, comment=wish.comment, task=task.id, to=person)
    _close(walk, task, "transferred", wish)
    ask_more(
        walk,
        run.id,
        person,
        task.seat,
        weight=task.weight,
        origin=task.origin,
        position=task.position,
        kind=task.kind,
    )


def _delegate(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    person = _somebody(walk, run, wish)
    walk.note("delegated", step=run.step, comment=wish.comment, task=task.id, to=person)
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
    walk.note("claimed", step=run.step, task=task.id)
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
    had = {t.person for t in walk.tasks_of(run.id)}
    for person in people:
        if person in had:
            raise Refused("flow-already-asked", person=walk.asks.named(person))
        _check_newcomer(walk, run, person)
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


def is_adder(walk: Walk, task: TaskRow) -> bool:
    """Whether the actor added this signer."""
    adder = walk.tasks.get(task.origin or 0)
    return adder is not None and walk.actor in (adder.person, adder.acting, adder.closed_by)


def _drop_sign(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = _run(walk, task)
    live = {t.person: t for t in walk.live_tasks(run.id)}
    people = wish.people or ((wish.to,) if wish.to else ())
    if not people:
        raise Invalid("invalid", fields=[FieldRefusal("people", "required")])
    for person in people:
        if person not in live or live[person].position not in ADDED:
            raise Refused("flow-not-added", person=walk.asks.named(person))
        holds = walk.actor in (task.person, task.acting)  # else an administrator
        if holds and not is_adder(walk, live[person]):
            raise NotAllowed("flow-not-the-adder", person=walk.asks.named(person))
    left = [t for t in walk.live_tasks(run.id) if t.person not in people]
    votes = [t for t in walk.tasks_of(run.id) if t.outcome in ("approved", "rejected")]
    if not left and not votes:
        raise Refused("flow-last-signer")
    walk.note("signers_dropped", step=run.step, task=task.id, people=list(people))
    for person in people:
        walk.close_task(live[person].id, "withdrawn", by=walk.actor, comment=wish.comment)
    walk.look_at(run.id)


# --- taking back ---------------------------------------------------------------------------------


def may_take_back(walk: Walk, task: TaskRow) -> bool:
    """Whether the actor could take back this decision now. All runs must be known."""
    if task.run is None or walk.actor not in (task.person, task.acting):
        return False
    try:
        _check_taken(walk, task)
        if task.state == "closed":
            _check_withdrawable(walk, walk.runs[task.run], task)
    except Refused:
        return False
    return _offered(walk.step_of(walk.runs[task.run]), task, "take_back")


def _check_withdrawable(walk: Walk, run: RunRow, task: TaskRow) -> None:
    if walk.flow.status != "running":
        raise Conflict("flow-too-late")
    if run.state == "open":
        if walk.plan.policy(walk.step_of(run), "vote_withdraw") == "never":
            raise Refused("flow-votes-stand")
        check_nobody_after(walk, run, task)
    else:
        check_untouched(walk, run)


def _take_back(walk: Walk, task: TaskRow, wish: Wish) -> None:
    run = walk.runs[task.run or 0]
    if task.state == "waiting":
        _ask_no_more(walk, run, task, wish)
        return
    _check_withdrawable(walk, run, task)
    walk.note("taken_back", step=run.step, comment=wish.comment, task=task.id)
    if run.state != "open":
        reopen(walk, run)
    walk.set_task(task.id, outcome="withdrawn")
    ask_again(walk, run, task)


def _ask_no_more(walk: Walk, run: RunRow, task: TaskRow, wish: Wish) -> None:
    """Whoever was asked for an opinion and has not answered is asked no more, nor whom he asked."""
    walk.note("taken_back", step=run.step, comment=wish.comment, task=task.id)
    asked = _handed_out(walk, task, "delegate")
    for one in asked:
        asked += _handed_out(walk, one, "delegate")
        walk.close_task(one.id, "withdrawn", by=walk.actor, comment=wish.comment)
    walk.next_turn(run.id)


# --- words ---------------------------------------------------------------------------------------


def _comment(walk: Walk, task: TaskRow, wish: Wish) -> None:
    _reason_owed(wish)
    step = None if task.run is None else walk.runs[task.run].step
    walk.note("commented", step=step, comment=wish.comment, task=task.id)


def _urge(walk: Walk, task: TaskRow, wish: Wish) -> None:
    asked = asked_first(walk, task) if task.state == "waiting" else []
    if not asked:
        check_open(walk, task)
    step = None if task.run is None else walk.runs[task.run].step
    walk.note("urged", step=step, comment=wish.comment, task=task.id)
    walk.urged += asked or [task]


ACTIONS: Mapping[str, Callable[[Walk, TaskRow, Wish], None]] = {
    "approve": _approve,
    "reject": _reject,
    "return": _return,
    "submit": _submit,
    "acknowledge": _acknowledge,
    "transfer": _transfer,
    "delegate": _delegate,
    "claim": _claim,
    "add_sign": _add_sign,
    "drop_sign": _drop_sign,
    "take_back": _take_back,
    "cc": give_copies,
    "comment": _comment,
    "urge": _urge,
}


def targets(walk: Walk, run: RunRow) -> list[str]:
    """Where a person may return to from here."""
    return [*earlier(walk, run), START]
