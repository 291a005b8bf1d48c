"""Steps without people: waits, effects, other requests, returns, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jingwei.language.workflow import Step
from jingwei.refusals import Refused
from jingwei.services.flows.asks import Rows
from jingwei.storage.flow_rows import TERMINAL, RunRow

if TYPE_CHECKING:
    from jingwei.services.flows.walk import Walk


def run_automatic(walk: Walk, step: Step, run: RunRow, rows: Rows) -> None:
    match step.kind:
        case "wait":
            look_at_wait(walk, run.id)
        case "do":
            walk.asks.effects(step.do, f"{run.path}:{run.id}", rows)
            walk.finish(run.id, "passed")
        case "subflow":
            made = walk.asks.start_children(step, f"{run.path}:{run.id}", rows, run.id)
            walk.set_run(run.id, data={"children": made})
            look_at_children(walk, run.id, begins=True)
        case "return":
            _automatic_return(walk, step, run)
        case "end":
            walk.set_run(run.id, state="done", outcome=step.outcome, closed_at=walk.now)
            outcome = step.outcome or "approved"
            words = {"zh": step.reason.zh, "en": step.reason.en} if step.reason else None
            why = {"reason": "end-step", "words": words}
            walk.note_system("ended", step=step.id, outcome=outcome, **why)
            walk.end(outcome, noted=True)
        case _:
            raise Refused("flow-step-not-yet", step=step.id, kind=step.kind)


def look_at_wait(walk: Walk, run: int) -> bool:
    """Go on when what the step waits for is there."""
    waiting = walk.runs[run]
    over = walk.asks.wait_over(walk.step_of(waiting), walk.rows_of(waiting), waiting.opened_at)
    if over:
        if not walk.events:
            walk.note_system("wait_over", step=waiting.step)
        walk.finish(run, "passed")
    return over


def look_at_children(walk: Walk, run: int, *, begins: bool = False) -> None:
    """Go on when the requests that a subflow began are decided: `all` or `any` of them
    approved; one that was recalled or terminated counts no more. `begins`: they just were."""
    waiting = walk.runs[run]
    step = walk.step_of(waiting)
    wait = (step.subflow or {}).get("wait", "all")
    children = waiting.data.get("children", ())
    words = list(walk.asks.statuses(children).values()) if children else []
    open_ = any(word not in TERMINAL for word in words)
    approved = "approved" in words
    if wait == "none" or not words:
        outcome = "passed"
    elif wait == "any":
        outcome = "passed" if approved else "" if open_ else "rejected"
    elif "rejected" in words:
        outcome = "rejected"
    else:
        outcome = "" if open_ else "passed" if approved else "rejected"
    if not outcome:
        return
    if not begins:
        walk.note_system("children_ended", step=step.id)
    if outcome == "passed":
        walk.finish(run, "passed")
    else:
        walk.set_run(run, state="done", outcome="rejected", closed_at=walk.now)
        walk.end("rejected", reason="subflow")


def _automatic_return(walk: Walk, step: Step, run: RunRow) -> None:
    from jingwei.services.flows.returns import send_back

    counts = dict(walk.flow.memory.get("returns", {}))
    counts[step.id] = counts.get(step.id, 0) + 1
    if step.max is not None and counts[step.id] > step.max:
        walk.finish(run.id, "passed")
        return
    walk.remember(returns=counts)
    send_back(walk, run, step.return_to or "initiator", resumes=False)
