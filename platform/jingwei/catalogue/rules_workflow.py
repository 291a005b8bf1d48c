"""What must hold of a workflow: ways out, ways back, nobody decided by the clock."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.cycles import cycles
from jingwei.catalogue.rules_approvers import check_approvers
from jingwei.catalogue.rules_form import check_states_entered, paths_of, unknown
from jingwei.catalogue.rules_lateness import check_lateness, check_reminders
from jingwei.catalogue.rules_operations import check_operations
from jingwei.catalogue.rules_rows import check_rows
from jingwei.catalogue.rules_step_fields import check_step_fields
from jingwei.catalogue.rules_votes import check_vote
from jingwei.catalogue.rules_waits import check_waiting
from jingwei.catalogue.rules_ways import check_ways
from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.expressions.truth import covers
from jingwei.language.form import Form
from jingwei.language.workflow import Step, Workflow, walk
from jingwei.problems import Problems, nearest

FALLBACK = "flow_admin"


def check_workflow(catalogue: Catalogue, workflow: Workflow, problems: Problems) -> None:
    form = catalogue.forms[workflow.form]
    places = StepPlaces(workflow)
    steps = places.steps
    if not steps:
        problems.add("no-steps", workflow.origin.key("steps"))
    check_ways(workflow, places, problems)
    check_reminders(workflow, problems)
    for step in steps:
        _check_branches(step, problems)
        _check_ways_taken(catalogue, step, problems)
        check_step_fields(catalogue, form, step, places, problems)
        check_vote(step, places, problems)
        check_lateness(step, places, problems)
        check_operations(step, places, problems)
        check_rows(catalogue, step, places, problems)
        _check_subflow(catalogue, step, places, problems)
        check_waiting(catalogue, form, step, places, problems)
        check_states_entered(form, step.do, problems)
        if "major_decision" in workflow.tags:
            _check_no_clock_decides(step, problems)
    if "major_decision" in workflow.tags:
        _check_no_default_decides(workflow, steps, problems)
    for effects in workflow.end.values():
        check_states_entered(form, effects, problems)
    _check_routing_fields(form, workflow, places, problems)
    _check_used(catalogue, form, workflow, problems)
    _check_fallback(catalogue, workflow, steps, problems)
    _check_migration(workflow, steps, problems)
    check_approvers(catalogue, workflow, steps, problems)


def _check_branches(step: Step, problems: Problems) -> None:
    if step.kind not in ("branch", "inclusive"):
        return
    otherwise = [n for n, branch in enumerate(step.branches) if branch.when is None]
    if not otherwise:
        problems.add("branch-without-else", step.at, id=step.id)
    elif otherwise != [len(step.branches) - 1]:
        problems.add("else-not-last", step.at, id=step.id)


def _check_ways_taken(catalogue: Catalogue, step: Step, problems: Problems) -> None:
    """Of a branch the first way that holds is taken: a later one must be able to have its turn."""
    if step.kind != "branch":
        return
    conditions = [branch.when for branch in step.branches if branch.when is not None]
    for number, later in enumerate(conditions):
        for earlier in conditions[:number]:
            one, other = catalogue.expressions.get(earlier), catalogue.expressions.get(later)
            if one is None or other is None:
                continue
            same = "".join(earlier.source.split()) == "".join(later.source.split())
            if same or covers(one.root, other.root):
                problems.add(
                    "way-never-taken", later.at, severity="warning", before=earlier.source[:60]
                )
                break


def _check_migration(workflow: Workflow, steps: list[Step], problems: Problems) -> None:
    ids = [step.id for step in steps]
    for old, new in workflow.migrate.items():
        if new not in ids:
            at = workflow.origin.value("migrate", old)
            problems.add(
                "unknown-step", at, suggestion=nearest(new, ids), id=new, known=", ".join(ids)
            )


def check_subflows(catalogue: Catalogue, problems: Problems) -> None:
    """Flows that start each other without end."""
    edges = {
        name: [
            str(step.subflow["workflow"])
            for step in walk(workflow.steps)
            if step.kind == "subflow" and step.subflow is not None
        ]
        for name, workflow in catalogue.workflows.items()
    }
    for ring in cycles(edges):
        first, onward = catalogue.workflows[ring[0]], ring[1 % len(ring)]
        at = next(
            step.at
            for step in walk(first.steps)
            if step.subflow is not None and step.subflow["workflow"] == onward
        )
        problems.add("subflow-cycle", at, path=" → ".join(ring))


def _check_subflow(
    catalogue: Catalogue, step: Step, places: StepPlaces, problems: Problems
) -> None:
    """The records that a subflow makes must be of the form of its workflow."""
    if step.subflow is None:
        return
    other = catalogue.workflows.get(str(step.subflow["workflow"]))
    made = step.subflow["create"]["form"]
    if other is not None and other.form != made:
        problems.add("workflow-of-another-form", step.at, workflow=other.name, form=other.form)
    if step.subflow.get("wait") == "any" and step.subflow.get("each") is None:
        at = places.of(step, "subflow", "wait")
        problems.add("any-of-one", at, severity="warning", id=step.id)


def _check_no_clock_decides(step: Step, problems: Problems) -> None:
    # to go past a step is to do without its decision
    if any("decide" in late or "then" in late for late in step.overdue):
        problems.add("decided-by-timeout", step.at, id=step.id)
    if step.policy.get("empty") == "pass":
        problems.add("decided-by-nobody", step.at, id=step.id)


def _check_no_default_decides(workflow: Workflow, steps: list[Step], problems: Problems) -> None:
    """`defaults: {empty: pass}` decides every step that has no rule of its own."""
    if workflow.policy.empty != "pass":
        return
    bare = next((s for s in steps if s.kind == "approve" and "empty" not in s.policy), None)
    if bare is not None:
        problems.add("decided-by-nobody", workflow.origin.value("defaults", "empty"), id=bare.id)


def _check_routing_fields(
    form: Form, workflow: Workflow, places: StepPlaces, problems: Problems
) -> None:
    paths = paths_of(form)
    end = ("return", "walk_again_if_changed")
    for index, name in enumerate(workflow.policy.return_.walk_again_if_changed or ()):
        if name not in paths:
            at = workflow.origin.value("defaults", *end, index)
            unknown(problems, at, name, list(paths), form.name)
    for step in places.steps:
        rule = step.policy.get("return")
        if rule is None or places.of(step, *end) == step.at:
            continue
        for index, name in enumerate(rule.walk_again_if_changed or ()):
            if name not in paths:
                unknown(problems, places.of(step, *end, index), name, list(paths), form.name)


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
