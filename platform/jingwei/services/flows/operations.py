"""Which operations a person may do with a task now: what is offered is what will be accepted.

One question, `obstacle`, is asked by both: before an operation is done, and for the list of those
that are shown. What an operation is told besides (whom, where to) is looked at when it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from jingwei.catalogue.rules_operations import ALWAYS, OF_STEP
from jingwei.language.workflow import Step
from jingwei.refusals import Conflict, NotAllowed, Refused
from jingwei.services.flows.returns import asked_target, came_back, names_a_step
from jingwei.services.flows.seats import given_key, sits_elsewhere
from jingwei.services.flows.undoing import check_nobody_after, check_untouched
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import (
    Listed,
    Said,
    Word,
    action_word,
    flow_status_word,
    outcome_word,
)
from jingwei.storage.flow_rows import RunRow, TaskRow

ADDED = ("before", "after", "with")
OF_KIND: Mapping[str, tuple[str, ...]] = {
    "approval": OF_STEP["approve"],
    "fill": OF_STEP["fill"],
    "receipt": OF_STEP["acknowledge"],
    "answer": ("submit", "delegate", "comment", "urge", "take_back"),
    "cc": OF_STEP["cc"],
}
_LIMITED = frozenset({"approval", "fill", "receipt"})  # by `can` of the step
OF_ADMINISTRATORS = ("drop_sign", "reassign")  # what administrators of flows do with any task
_FOR_ANYBODY = frozenset({"comment", "urge"})  # who may see the request
Obstacle = Callable[[], Refused]


def offered(walk: Walk, task: TaskRow, login: str, *, administrator: bool = False) -> list[str]:
    """The operations that this person may do with a task now. What `take_back` needs to know of a
    closed task: every run of the instance."""
    if task.run is None:
        return []
    known = [*OF_KIND.get(task.kind, ()), *(OF_ADMINISTRATORS if administrator else ())]
    before, walk.actor = walk.actor, login
    try:
        return [
            one
            for one in dict.fromkeys(known)
            if obstacle(walk, task, one, administrator=administrator) is None
            and not _lacks_choice(walk, task, one)
        ]
    finally:
        walk.actor = before


def obstacle(walk: Walk, task: TaskRow, action: str, *, administrator: bool) -> Obstacle | None:
    """Why the actor may not do this now; None when it may be done, were the right thing told."""
    if walk.flow.status == "suspended" and action != "comment":
        return lambda: suspended(walk)
    if action == "reassign":
        return _not_reassigned(walk, task, administrator)
    return (
        _not_by_whom(walk, task, action, administrator)
        or _not_of_kind(walk, task, action)
        or _not_now(walk, task, action)
    )


def _not_by_whom(walk: Walk, task: TaskRow, action: str, administrator: bool) -> Obstacle | None:
    """The wrong person, or a task that is answered or waits."""
    if action in _FOR_ANYBODY:
        return None
    if not (administrator and action == "drop_sign") and not _is_mine(walk, task):
        return lambda: NotAllowed("flow-not-your-task")
    if action == "take_back":
        return _nothing_taken(walk, task)
    # drop_sign: the adder's own task may wait or be closed; who was added is looked at
    return None if action == "drop_sign" else not_open(walk, task)


def _not_of_kind(walk: Walk, task: TaskRow, action: str) -> Obstacle | None:
    """This kind of task has no such operation, or the step rules it out with `can`."""
    place = None if task.run is None else walk.plan.places.get(walk.runs[task.run].step)
    if task.run is None or (place is not None and is_of_kind(place.step, task, action)):
        return None  # a step may be gone, since the request was moved to another version
    if task.kind == "answer" and action in ("approve", "reject", "return"):
        return lambda: Refused("flow-asked-for-opinion")
    return lambda: Refused("flow-not-offered", action=action_word(action))


def is_of_kind(step: Step, task: TaskRow, action: str) -> bool:
    if action not in OF_KIND.get(task.kind, ()):
        return False
    limited = task.kind in _LIMITED and step.can is not None and action not in ALWAYS
    return not limited or action in (step.can or ())


def _not_now(walk: Walk, task: TaskRow, action: str) -> Obstacle | None:
    match action:
        case "urge":
            return _nobody_urged(walk, task)
        case "transfer" if _corrects(walk, task):
            return lambda: Refused("flow-correction-stays")
        case "claim" if not holders_beside(walk, task):
            return lambda: Refused("flow-not-offered", action=action_word(action))
        case "take_back" if task.state == "closed":
            return _raised(lambda: _check_withdrawable(walk, walk.runs[task.run or 0], task))
    return None


def _lacks_choice(walk: Walk, task: TaskRow, action: str) -> bool:
    """Whether it would be refused whatever were told: no step to return to, nobody to drop."""
    run = walk.runs[task.run or 0]
    match action:
        case "return" if names_a_step(walk.plan, walk.step_of(run)):
            return _raised(lambda: asked_target(walk, run, None)) is not None
        case "add_sign":
            return not walk.step_of(run).add_sign
        case "drop_sign":
            return not droppable(walk, task)
    return False


def _raised(check: Callable[[], object]) -> Obstacle | None:
    try:
        check()
    except Refused as refused:
        found = refused
        return lambda: found
    return None


def _is_mine(walk: Walk, task: TaskRow) -> bool:
    return walk.actor in (task.person, task.acting)


# --- answered, or waiting ------------------------------------------------------------------------


def check_open(walk: Walk, task: TaskRow) -> None:
    """Raises Conflict for a task that is closed (saying by whom) or that waits."""
    found = not_open(walk, task)
    if found is not None:
        raise found()


def not_open(walk: Walk, task: TaskRow) -> Obstacle | None:
    if task.state == "open":
        return None
    if task.state != "closed":
        return lambda: Conflict("task-waits", people=_waited_for(walk, task))

    def closed() -> Refused:
        if (
            task.closed_by is None
            and walk.flow.status == "recalled"
            and task.reason == "flow-ended"
        ):
            named = walk.asks.named(walk.flow.initiator)
            return Conflict("task-closed", by=named, outcome=flow_status_word("recalled"))
        if walk.flow.status == "terminated" and task.reason == "flow-ended":
            event = walk.asks.last_event("terminated")
            by = (event.actor if event is not None else None) or "system"
            outcome = flow_status_word("terminated")
            return Conflict("task-closed", by=by_word(walk, by), outcome=outcome)
        by = task.closed_by or (decider(walk, task) or "system")
        return Conflict("task-closed", by=by_word(walk, by), outcome=outcome_word(task.outcome))

    return closed


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


def suspended(walk: Walk) -> Conflict:
    """Who suspended the request, when and why; with the one above, where that was suspended."""
    event = walk.asks.last_event("suspended")
    how: object = ""
    if event is not None and event.actor is not None:
        holes = {
            "who": walk.asks.named(event.actor),
            "at": walk.asks.moment(event.at),
            "why": event.comment or "—",
        }
        how = Said("flows.refused.suspended_by", holes)
    elif event is not None:
        how = Said("flows.refused.suspended_above", {"at": walk.asks.moment(event.at)})
    return Conflict("flow-suspended", how=how)


def by_word(walk: Walk, login: str) -> object:
    return Word("screens", "system") if login == "system" else walk.asks.named(login)


def decider(walk: Walk, task: TaskRow) -> str | None:
    """Who decided the step that this task belonged to."""
    others = [t for t in walk.tasks_of(task.run or 0) if t.closed_by]
    return others[-1].closed_by if others else None


def _nobody_urged(walk: Walk, task: TaskRow) -> Obstacle | None:
    if task.state == "waiting" and asked_first(walk, task):
        return None
    own = task.acting == walk.actor
    return not_open(walk, task) or ((lambda: Refused("flow-nobody-to-urge")) if own else None)


# --- seats and signers ---------------------------------------------------------------------------


def holders_beside(walk: Walk, task: TaskRow) -> list[TaskRow]:
    """Others who may answer for the same seat."""
    live = walk.live_tasks(task.run or 0)
    return [t for t in live if t.seat == task.seat and t.id != task.id]


def handed_out(walk: Walk, task: TaskRow, position: str | None = None) -> list[TaskRow]:
    """The open tasks of people whom the holder of this one asked (in this position)."""
    return [
        t
        for t in walk.live_tasks(task.run or 0)
        if t.origin == task.id
        and (t.position == position if position else t.position in ADDED)
        and t.id != task.id
    ]


def is_adder(walk: Walk, task: TaskRow) -> bool:
    """Whether the actor added this signer."""
    adder = walk.tasks.get(task.origin or 0)
    return adder is not None and walk.actor in (adder.person, adder.acting, adder.closed_by)


def droppable(walk: Walk, task: TaskRow) -> list[TaskRow]:
    """The signers that the actor may drop at the step of this task: whom he added, and as an
    administrator who holds no task of it, all who were added. One at least is left, or has voted.
    """
    run = task.run or 0
    voted = any(t.outcome in ("approved", "rejected") for t in walk.tasks_of(run))
    return [
        t
        for t in walk.live_tasks(run)
        if t.position in ADDED
        and (not _is_mine(walk, task) or is_adder(walk, t))
        and (voted or left_without(walk, run, [t.person]))
    ]


def left_without(walk: Walk, run: int, people: Collection[str]) -> list[TaskRow]:
    """The live tasks of a step, were these added signers dropped: whom they asked goes with
    them."""
    gone = {t.seat for t in walk.live_tasks(run) if t.person in people and t.position in ADDED}
    before = -1
    while len(gone) != before:  # whoever was asked may have asked others
        before = len(gone)
        asking = {t.id for t in walk.tasks_of(run) if t.seat in gone}
        gone |= {t.seat for t in walk.tasks_of(run) if t.origin in asking}
    return [t for t in walk.live_tasks(run) if t.seat not in gone]


def _not_reassigned(walk: Walk, task: TaskRow, administrator: bool) -> Obstacle | None:
    if not administrator:
        return lambda: NotAllowed("flow-administrators-only", action=action_word("reassign"))
    if task.run is None or task.kind == "cc":
        return lambda: Refused("flow-not-offered", action=action_word("reassign"))
    if task.state == "open" and _corrects(walk, task):
        return lambda: Refused("flow-correction-stays")
    return None if task.state == "waiting" else not_open(walk, task)


def _corrects(walk: Walk, task: TaskRow) -> bool:
    """Whether the initiator has the request back: the record is open to him and to nobody else."""
    run = walk.runs.get(task.run or 0)
    own = task.person == walk.flow.initiator
    return own and run is not None and came_back(walk.state, run)


# --- taking back ---------------------------------------------------------------------------------


def may_take_back(walk: Walk, task: TaskRow) -> bool:
    """Whether the actor could take back this decision now. All runs must be known."""
    return task.run is not None and obstacle(walk, task, "take_back", administrator=False) is None


def _nothing_taken(walk: Walk, task: TaskRow) -> Obstacle | None:
    if task.state == "waiting" and handed_out(walk, task, "delegate"):
        return None
    if task.state != "closed" or task.outcome not in ("approved", "rejected", "transferred"):
        returned = task.outcome == "returned" and task.closed_by == walk.actor
        code = "flow-return-stands" if returned else "flow-nothing-to-take-back"
        return lambda: Conflict(code)
    if task.closed_by != walk.actor:
        return lambda: NotAllowed("flow-not-your-task")
    return None


def _check_withdrawable(walk: Walk, run: RunRow, task: TaskRow) -> None:
    if walk.flow.status != "running":
        raise Conflict("flow-too-late")
    if task.outcome == "transferred":
        receiver_of(walk, task)
    elif run.state != "open":
        check_untouched(walk, run)
    elif walk.plan.policy(walk.step_of(run), "vote_withdraw") == "never":
        raise Refused("flow-votes-stand")
    else:
        check_nobody_after(walk, run, task)


def receiver_of(walk: Walk, task: TaskRow) -> TaskRow:
    """The open task of who was given this one. Raises Conflict once the receiver has acted: has
    decided or handed on, or asked somebody; Refused where its person has another seat by now."""
    key = given_key(task)
    found = next((t for t in walk.live_tasks(task.run or 0) if t.key == key), None)
    if found is None or any(t.origin == found.id for t in walk.tasks_of(task.run or 0)):
        raise Conflict("flow-too-late")
    if sits_elsewhere(walk, task):
        raise Refused("flow-already-asked", person=walk.asks.named(task.person))
    return found
