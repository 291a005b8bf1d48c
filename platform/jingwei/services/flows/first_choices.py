"""Whom the initiator names before a request begins: for which steps, and who may be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.language.form import Form
from jingwei.language.workflow import Step, Workflow, walk
from jingwei.refusals import Refused
from jingwei.services.commands import Reading
from jingwei.services.flows import predict
from jingwei.services.flows.begin import MAY_SUBMIT, workflow_of
from jingwei.services.flows.choices import owed
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import FlowRow

NOT_BEGUN = 0


@dataclass(frozen=True, slots=True)
class FirstChoice:
    """A step to come. `among`: the logins that may be named (none: anybody); `owed`: without a
    choice the request does not begin."""

    step: Step
    among: tuple[str, ...]
    owed: bool


def lets_choose(workflow: Workflow | None) -> bool:
    """Whether people are named for any step of this workflow."""
    return workflow is not None and any(_choosers(step) for step in walk(workflow.steps))


def first_choices(view: Reading, form: Form, record: Mapping[str, Any]) -> list[FirstChoice]:
    """The steps that the record, as it is now, would come to; nothing is begun."""
    workflow = workflow_of(view, form, record)
    if workflow is None or record.get("status") not in MAY_SUBMIT or not lets_choose(workflow):
        return []
    plan = FlowPlan(workflow)
    flow = FlowRow(
        NOT_BEGUN,
        form.name,
        record["id"],
        workflow.name,
        workflow.fingerprint,
        view.installation.release.id,
        "running",
        view.actor.login,
        view.now,
    )
    asks = WorldAsks(view, plan, flow)
    try:
        coming = predict.from_start(Walk(plan, State(flow), asks, view.now, view.actor.login))
    except (Refused, LookupError, ArithmeticError):
        return []  # submitting says what is wrong
    steps = [one.step for one in coming]
    first = steps[1:2] if steps and _is_own_fill(steps[0]) else steps[:1]
    found: dict[str, FirstChoice] = {}
    for step in steps:
        by = _choosers(step)
        if "initiator" in by or ("previous" in by and step in first):
            found.setdefault(step.id, FirstChoice(step, _among(asks, step), owed(step)))
    return list(found.values())


def _choosers(step: Step) -> set[str | None]:
    return {rule.name for rule in step.who if rule.kind == "chosen_by"}


def _is_own_fill(step: Step) -> bool:
    """Submitting is the answer to it, so that the initiator is who decided before the next one."""
    return step.kind == "fill" and any(rule.kind == "initiator" for rule in step.who)


def _among(asks: WorldAsks, step: Step) -> tuple[str, ...]:
    inner = tuple(who for rule in step.who if rule.kind == "chosen_by" for who in rule.of)
    return tuple(asks.persons(inner, ())) if inner else ()
