"""The expressions of a workflow: all see the record of its form."""

from __future__ import annotations

from typing import Any

from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.scope import Scope
from jingwei.language.form import Form
from jingwei.language.workflow import Step, Workflow


def type_workflow(typing: Typing, workflow: Workflow) -> None:
    form = typing.catalogue.forms[workflow.form]
    scope = typing.record(form)
    typing.who(workflow.start_who, scope)
    typing.condition(workflow.start_when, scope)
    _type_empty(typing, workflow.policy.empty, scope)
    _type_steps(typing, workflow.steps, form, scope)
    for effects in workflow.end.values():
        typing.effects(effects, form, scope)


def _type_empty(typing: Typing, empty: Any, scope: Scope) -> None:
    if not isinstance(empty, str):
        typing.who(empty, scope)


def _type_steps(typing: Typing, steps: tuple[Step, ...], form: Form, scope: Scope) -> None:
    for step in steps:
        _type_step(typing, step, form, scope)


def _type_step(typing: Typing, step: Step, form: Form, scope: Scope) -> None:
    typing.condition(step.when, scope)
    typing.due(step.due, scope)
    typing.who(step.who, scope)
    _type_empty(typing, step.policy.get("empty", ""), scope)
    for late in step.overdue:
        for verb in ("notify", "urge", "transfer"):
            if verb in late:
                typing.who(late[verb], scope)
    typing.condition(step.wait_until, scope)
    typing.effects(step.do, form, scope)
    for branch in step.branches:
        typing.condition(branch.when, scope)
        _type_steps(typing, branch.steps, form, scope)
    inner = typing.each(step.of, scope) if step.of is not None else scope
    typing.formula(step.distinct, inner)
    _type_steps(typing, step.steps, form, inner)
