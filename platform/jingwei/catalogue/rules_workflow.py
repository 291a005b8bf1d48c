"""What must hold of a workflow: ways out, ways back, nobody decided by the clock."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import check_states_entered, paths_of, unknown
from jingwei.language.form import Form
from jingwei.language.workflow import Step, Workflow, walk
from jingwei.problems import Position, Problems, nearest

FALLBACK = "flow_admin"
_WORDS_BACK = frozenset({"initiator", "previous", "any_earlier", "end"})


def check_workflow(catalogue: Catalogue, workflow: Workflow, problems: Problems) -> None:
    form = catalogue.forms[workflow.form]
    steps = walk(workflow.steps)
    _check_ids(workflow, steps, problems)
    for step in steps:
        _check_branches(step, problems)
        _check_ways_back(workflow, step, steps, problems)
        _check_fields(form, step, problems)
        _check_vote(step, problems)
        check_states_entered(form, step.do, problems)
        if "major_decision" in workflow.tags:
            _check_no_clock_decides(step, problems)
    for effects in workflow.end.values():
        check_states_entered(form, effects, problems)
    _check_routing_fields(form, workflow, problems)
    _check_used(catalogue, form, workflow, problems)
    _check_fallback(catalogue, workflow, steps, problems)


def _check_ids(workflow: Workflow, steps: list[Step], problems: Problems) -> None:
    seen: dict[str, Position] = {}
    for step in steps:
        if step.id in seen:
            problems.add("step-id-twice", step.at, id=step.id, line=seen[step.id].line)
        seen.setdefault(step.id, step.at)
    if not steps:
        problems.add("no-steps", workflow.origin.key("steps"))


def _check_branches(step: Step, problems: Problems) -> None:
    if step.kind not in ("branch", "inclusive"):
        return
    otherwise = [n for n, branch in enumerate(step.branches) if branch.when is None]
    if not otherwise:
        problems.add("branch-without-else", step.at, id=step.id)
    elif otherwise != [len(step.branches) - 1]:
        problems.add("else-not-last", step.at, id=step.id)


def _check_ways_back(workflow: Workflow, step: Step, steps: list[Step], problems: Problems) -> None:
    ids = [other.id for other in steps]
    here = ids.index(step.id)
    for word in _targets(step):
        if word in _WORDS_BACK:
            continue
        if word not in ids:
            problems.add(
                "unknown-step",
                step.at,
                suggestion=nearest(word, ids),
                id=word,
                known=", ".join(ids),
            )
        elif ids.index(word) >= here:
            problems.add("return-forwards", step.at, id=step.id, to=word)
    if step.then is not None and step.then not in ids:
        problems.add(
            "unknown-step",
            step.at,
            suggestion=nearest(step.then, ids),
            id=step.then,
            known=", ".join(ids),
        )


def _targets(step: Step) -> Iterator[str]:
    yield step.on_reject
    if step.return_to is not None:
        yield step.return_to
    rule = step.policy.get("return")
    if rule is not None:
        yield rule.to
    for late in step.overdue:
        if "return_to" in late:
            yield late["return_to"]


def _check_fields(form: Form, step: Step, problems: Problems) -> None:
    paths = paths_of(form)
    for name in (*step.fields.write, *step.fields.require, *step.fields.hide):
        if name not in paths and not name.startswith("row."):
            unknown(problems, step.at, name, list(paths), form.name)
    if step.signature is not None and step.signature not in form.fields:
        unknown(problems, step.at, step.signature, form.fields, form.name)


def _check_vote(step: Step, problems: Problems) -> None:
    if step.mode == "vote" and step.pass_share is None:
        problems.add("vote-without-pass", step.at, id=step.id)


def _check_no_clock_decides(step: Step, problems: Problems) -> None:
    if any("decide" in late for late in step.overdue):
        problems.add("decided-by-timeout", step.at, id=step.id)
    if step.policy.get("empty") == "pass":
        problems.add("decided-by-nobody", step.at, id=step.id)


def _check_routing_fields(form: Form, workflow: Workflow, problems: Problems) -> None:
    paths = paths_of(form)
    for index, name in enumerate(workflow.policy.return_.walk_again_if_changed):
        if name not in paths:
            at = workflow.origin.value("defaults", "return", "walk_again_if_changed", index)
            unknown(problems, at, name, list(paths), form.name)


def _check_used(catalogue: Catalogue, form: Form, workflow: Workflow, problems: Problems) -> None:
    used = {form.workflow, *form.workflows.values()}
    used |= {name for p in catalogue.profiles.values() for name in p.workflows.values()}
    if workflow.name not in used:
        at = workflow.origin.value("form")
        problems.add(
            "workflow-not-used", at, severity="warning", workflow=workflow.name, form=form.name
        )


def _check_fallback(
    catalogue: Catalogue, workflow: Workflow, steps: list[Step], problems: Problems
) -> None:
    """A rule that finds nobody falls back to the flow administrator: the role must exist."""
    asks = any(step.kind in ("approve", "fill") for step in steps)
    if asks and workflow.policy.empty == FALLBACK and FALLBACK not in catalogue.roles:
        at = workflow.origin.key("steps")
        problems.add("no-flow-admin", at, severity="warning", role=FALLBACK)
