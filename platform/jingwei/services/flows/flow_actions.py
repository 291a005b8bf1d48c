"""What is done with a whole request: by its initiator, and by administrators with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jingwei.refusals import Conflict, FieldRefusal, Invalid, NotAllowed, Refused
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.automatic import look_at_children
from jingwei.services.flows.jumps import jump, jump_from
from jingwei.services.flows.operations import suspended
from jingwei.services.flows.returns import came_back
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import action_word, flow_status_word, no_such_action
from jingwei.storage.flow_rows import TaskRow

HELD_BY = "suspended_with"  # in the memory of a request: the one above, which was suspended
ADMINISTRATORS = frozenset({"jump", "terminate", "suspend", "resume", "reopen", "migrate"})


def act_on_flow(walk: Walk, action: str, wish: Wish, *, administrator: bool) -> None:
    """Do one action of the whole request. Raises Refused, Conflict or NotAllowed."""
    deed = ACTIONS.get(action)
    if deed is None:
        raise no_such_action(action, ACTIONS)
    if _is_barred(walk, action, administrator):
        ours = action in ADMINISTRATORS
        code = "flow-administrators-only" if ours else "flow-initiator-only"
        raise NotAllowed(code, action=action_word(action))
    if action in ADMINISTRATORS and not (wish.comment or "").strip():
        raise Invalid("invalid", fields=[FieldRefusal("reason", "required")])
    found = _obstacle(walk, action)
    if found is not None:
        raise suspended(walk) if found.code == "flow-suspended" else found
    deed(walk, wish)
    walk.settle()


def offered_on_flow(walk: Walk, login: str, *, administrator: bool) -> list[str]:
    """What this person may do with the whole request now: these are accepted, and no others. All
    runs must be known."""
    before, walk.actor = walk.actor, login
    try:
        return [
            one
            for one in ACTIONS
            if not _is_barred(walk, one, administrator) and _obstacle(walk, one) is None
        ]
    finally:
        walk.actor = before


def _is_barred(walk: Walk, action: str, administrator: bool) -> bool:
    """The wrong person."""
    if action in ADMINISTRATORS:
        return not administrator
    return walk.actor != walk.flow.initiator and not (administrator and action == "urge")


def _obstacle(walk: Walk, action: str) -> Refused | None:
    """Not as the request stands now."""
    status = walk.flow.status
    if status not in ("running", "suspended"):
        return Conflict("flow-ended", status=flow_status_word(status))
    if action == "resume":
        return _not_resumed(walk)
    if status == "suspended" and action != "terminate":
        return Conflict("flow-suspended")
    if action == "recall":
        return _not_recalled(walk)
    if action == "urge" and not _urged(walk):
        return Refused("flow-nobody-to-urge")
    return None


def _not_resumed(walk: Walk) -> Refused | None:
    if walk.flow.status != "suspended":
        return Conflict("flow-not-suspended")
    return Conflict("flow-parent-suspended") if HELD_BY in walk.flow.memory else None


def _not_recalled(walk: Walk) -> Refused | None:
    rule = walk.plan.workflow.recall
    if rule == "never":
        return Refused("flow-no-recall")
    if rule == "until_first_decision" and _decided(walk):
        return Conflict("flow-recall-too-late")
    return None


def _decided(walk: Walk) -> bool:
    """Whether somebody has decided since the request was last in its initiator's hands."""
    since = max(
        (run.id for run in walk.runs.values() if came_back(walk.state, run)),
        default=0,
    )
    return any(
        t.outcome in ("approved", "rejected", "returned") and t.closed_by is not None
        for t in walk.tasks.values()
        if t.kind == "approval" and (t.run or 0) > since
    )


def _urged(walk: Walk) -> list[TaskRow]:
    """The open tasks of others."""
    return [t for t in walk.tasks.values() if t.state == "open" and t.acting != walk.actor]


def _recall(walk: Walk, wish: Wish) -> None:
    walk.note("recalled", comment=wish.comment)
    walk.end("recalled", noted=True)


def _terminate(walk: Walk, wish: Wish) -> None:
    walk.note("terminated", comment=wish.comment)
    walk.end("terminated", noted=True)


def _jump(walk: Walk, wish: Wish) -> None:
    if not wish.to:
        raise Invalid("invalid", fields=[FieldRefusal("step", "required")])
    walk.note("jumped", step=wish.step, comment=wish.comment, to=wish.to)
    if wish.step and wish.step != wish.to:
        jump_from(walk, wish.step, wish.to)
    else:
        jump(walk, wish.to)


def _suspend(walk: Walk, wish: Wish) -> None:
    walk.note("suspended", comment=wish.comment)
    walk.set_flow(status="suspended")


def _resume(walk: Walk, wish: Wish) -> None:
    walk.note("resumed_by_administrator", comment=wish.comment)
    walk.set_flow(status="running")
    for run in [r for r in walk.runs.values() if r.kind == "subflow" and r.state == "open"]:
        look_at_children(walk, run.id)


def _urge(walk: Walk, wish: Wish) -> None:
    asked = _urged(walk)
    people = list(dict.fromkeys(t.acting for t in asked))
    walk.note("urged", comment=wish.comment, people=people)
    walk.urged += asked


ACTIONS: Mapping[str, Callable[[Walk, Wish], None]] = {
    "recall": _recall,
    "urge": _urge,
    "jump": _jump,
    "suspend": _suspend,
    "resume": _resume,
    "terminate": _terminate,
}
