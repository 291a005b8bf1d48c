"""What is done with a whole request: by its initiator, and by administrators with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jingwei.refusals import Conflict, FieldRefusal, Invalid, NotAllowed, Refused
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.returns import jump, jump_from
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import action_word, flow_status_word

ADMINISTRATORS = frozenset({"jump", "terminate", "suspend", "resume", "reopen", "migrate"})


def act_on_flow(walk: Walk, action: str, wish: Wish, *, administrator: bool) -> None:
    """Do one action of the whole request. Raises Refused, Conflict or NotAllowed."""
    deed = ACTIONS.get(action)
    if deed is None:
        raise Refused("flow-no-such-action", action=action)
    if action in ADMINISTRATORS:
        if not administrator:
            raise NotAllowed("flow-administrators-only", action=action_word(action))
        if not (wish.comment or "").strip():
            raise Invalid("invalid", fields=[FieldRefusal("reason", "required")])
    elif not administrator and walk.actor != walk.flow.initiator:
        raise NotAllowed("flow-initiator-only", action=action_word(action))
    deed(walk, wish)
    walk.settle()


def _check_running(walk: Walk, *, suspended: bool = False) -> None:
    if walk.flow.status == "suspended" and not suspended:
        raise Conflict("flow-suspended")
    if walk.flow.status not in ("running", "suspended"):
        raise Conflict("flow-ended", status=flow_status_word(walk.flow.status))


def _recall(walk: Walk, wish: Wish) -> None:
    _check_running(walk, suspended=True)
    rule = walk.plan.workflow.recall
    if rule == "never":
        raise Refused("flow-no-recall")
    decided = any(
        t.outcome in ("approved", "rejected", "returned") and t.closed_by is not None
        for t in walk.tasks.values()
        if t.kind == "approval" and t.run and walk.runs[t.run].round == walk.flow.round
    )
    if rule == "until_first_decision" and decided:
        raise Conflict("flow-recall-too-late")
    walk.note("recalled", comment=wish.comment)
    walk.end("recalled", noted=True)


def _terminate(walk: Walk, wish: Wish) -> None:
    _check_running(walk, suspended=True)
    walk.note("terminated", comment=wish.comment)
    walk.end("terminated", noted=True)


def _jump(walk: Walk, wish: Wish) -> None:
    _check_running(walk)
    if not wish.to:
        raise Invalid("invalid", fields=[FieldRefusal("step", "required")])
    walk.note("jumped", step=wish.step, comment=wish.comment, to=wish.to)
    if wish.step not in (None, wish.to):
        jump_from(walk, wish.step or "", wish.to)
    else:
        jump(walk, wish.to)


def _suspend(walk: Walk, wish: Wish) -> None:
    _check_running(walk)
    walk.note("suspended", comment=wish.comment)
    walk.set_flow(status="suspended")


def _resume(walk: Walk, wish: Wish) -> None:
    _check_running(walk, suspended=True)
    if walk.flow.status != "suspended":
        raise Conflict("flow-not-suspended")
    walk.note("resumed_by_administrator", comment=wish.comment)
    walk.set_flow(status="running")


def _urge(walk: Walk, wish: Wish) -> None:
    _check_running(walk)
    asked = [t for t in walk.tasks.values() if t.state == "open"]
    people = list(dict.fromkeys(t.acting for t in asked))
    walk.note("urged", comment=wish.comment, people=people)
    walk.urged += asked


ACTIONS: Mapping[str, Callable[[Walk, Wish], None]] = {
    "recall": _recall,
    "terminate": _terminate,
    "jump": _jump,
    "suspend": _suspend,
    "resume": _resume,
    "urge": _urge,
}
