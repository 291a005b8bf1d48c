"""What must hold of a workflow: ways out, ways back, nobody decided by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.cycles import cycles
from jingwei.catalogue.rules_approvers import check_approvers
from jingwei.catalogue.rules_form import check_states_entered, paths_of, unknown
from jingwei.language.expressions.truth import covers
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.numbers import written_number
from jingwei.language.form import Form
from jingwei.language.workflow import Step, Workflow, walk
from jingwei.problems import Position, Problems, nearest

FALLBACK = "flow_admin"
_WORDS_BACK = frozenset({"initiator", "previous", "any_earlier", "end"})


def check_workflow(catalogue: Catalogue, workflow: Workflow, problems: Problems) -> None:
    form = catalogue.forms[workflow.form]
    steps = walk(workflow.steps)
    _check_ids(workflow, steps, problems)
    places = _Places(workflow)
    _check_order(workflow.steps, problems)
    for step in steps:
        _check_branches(step, problems)
        _check_ways_taken(catalogue, step, problems)
        _check_ways_back(step, steps, places, problems)
        _check_fields(form, step, places, problems)
        _check_vote(step, places, problems)
        _check_subflow(catalogue, step, problems)
        _check_waiting(step, problems)
        check_states_entered(form, step.do, problems)
        if "major_decision" in workflow.tags:
            _check_no_clock_decides(step, problems)
    for effects in workflow.end.values():
        check_states_entered(form, effects, problems)
    _check_routing_fields(form, workflow, problems)
    _check_used(catalogue, form, workflow, problems)
    _check_fallback(catalogue, workflow, steps, problems)
    _check_migration(workflow, steps, problems)
    check_approvers(catalogue, workflow, steps, problems)


class _Places:
    """Where the words of a step stand: steps know only the place of their id."""

    def __init__(self, workflow: Workflow) -> None:
        self.origin = workflow.origin
        self._order: dict[str, int] = {}
        values = workflow.origin.values
        self.paths = {values[path]: path[:-1] for path in values if path and path[-1] == "id"}

    def order(self, steps: list[Step]) -> dict[str, int]:
        """Each id with its place in reading order; of an id written twice, the first."""
        if not self._order:
            for number, step in enumerate(steps):
                self._order.setdefault(step.id, number)
        return self._order

    def of(self, step: Step, *path: str | int) -> Position:
        """The value below a step, or the step's id where it is not written."""
        whole = (*self.paths.get(step.at, ()), *path)
        return self.origin.values.get(whole, step.at)


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


def _check_order(steps: tuple[Step, ...], problems: Problems) -> None:
    """Nothing follows an end; a way has steps, and several things at once are more than one."""
    for step, following in zip(steps, steps[1:], strict=False):
        over = step.kind == "end" or (step.kind == "return" and step.when is None)
        if over and step.when is None:
            problems.add("never-reached", following.at, id=following.id, after=step.id)
    for step in steps:
        if step.kind == "return" and step.when is None and step.max is None:
            problems.add("endless-return", step.at, id=step.id)
        if step.kind in ("parallel", "inclusive") and len(step.branches) < 2:
            problems.add("one-way", step.at, severity="warning", id=step.id)
        for branch in step.branches:
            if step.kind == "parallel" and not branch.steps:
                problems.add("empty-way", step.at, severity="warning", id=step.id, way=branch.name)
            _check_order(branch.steps, problems)
        _check_order(step.steps, problems)


def _check_waiting(step: Step, problems: Problems) -> None:
    if step.kind == "wait" and step.wait_for is None and step.wait_until is None:
        problems.add("waits-for-nothing", step.at, id=step.id)


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
        at = catalogue.workflows[ring[0]].origin.key("steps")
        problems.add("subflow-cycle", at, path=" → ".join(ring))


def _check_ways_back(step: Step, steps: list[Step], places: _Places, problems: Problems) -> None:
    ids = places.order(steps)
    here = ids[step.id]
    for word, at in _targets(step, places):
        if word in _WORDS_BACK:
            continue
        if word not in ids:
            problems.add(
                "unknown-step",
                at,
                suggestion=nearest(word, ids),
                id=word,
                known=", ".join(ids),
            )
        elif ids[word] >= here:
            problems.add("return-forwards", at, id=step.id, to=word)
    if step.then is not None and step.then not in ids:
        problems.add(
            "unknown-step",
            places.of(step, "wait", "then"),
            suggestion=nearest(step.then, ids),
            id=step.then,
            known=", ".join(ids),
        )


def _targets(step: Step, places: _Places) -> Iterator[tuple[str, Position]]:
    yield step.on_reject, places.of(step, "approve", "on_reject", "return_to")
    if step.return_to is not None:
        yield step.return_to, places.of(step, "return", "to")
    rule = step.policy.get("return")
    if rule is not None:
        yield rule.to, places.of(step, "return", "to")
    for index, late in enumerate(step.overdue):
        if "return_to" in late:
            yield late["return_to"], places.of(step, "overdue", index, "return_to")


def _check_fields(form: Form, step: Step, places: _Places, problems: Problems) -> None:
    paths = paths_of(form)
    for key in ("write", "require", "hide"):
        for index, name in enumerate(getattr(step.fields, key)):
            if name not in paths and not name.startswith("row."):
                at = places.of(step, step.kind, "fields", key, index)
                unknown(problems, at, name, list(paths), form.name)
    for index, name in enumerate(step.fields.require):
        if name in step.fields.hide:
            at = places.of(step, step.kind, "fields", "require", index)
            problems.add("required-and-hidden", at, name=name, id=step.id)
    for index, name in enumerate(step.fields.write):
        first, _, below = name.partition(".")
        column = form.fields.get(first)
        column = column.fields.get(below) if column is not None and below else column
        if column is not None and column.compute is not None and column.mode == "always":
            at = places.of(step, step.kind, "fields", "write", index)
            problems.add("computed-not-written", at, severity="warning", name=name)
    if step.signature is None:
        return
    at = places.of(step, "approve", "signature")
    field = form.fields.get(step.signature)
    if field is None:
        unknown(problems, at, step.signature, form.fields, form.name)
    elif field.type != "signature":
        problems.add("not-a-signature", at, name=field.name, type=field.type)


def _check_vote(step: Step, places: _Places, problems: Problems) -> None:
    if step.mode != "vote":
        return
    if step.pass_share is None:
        problems.add("vote-without-pass", step.at, id=step.id)
        return
    try:
        share = written_number(step.pass_share)
    except ValueRefused:
        share = Decimal(-1)
    whole = Decimal(1) if "%" in step.pass_share else Decimal(1_000)
    if not 0 < share <= whole:
        at = places.of(step, "approve", "pass")
        problems.add("bad-share", at, value=step.pass_share)


def _check_subflow(catalogue: Catalogue, step: Step, problems: Problems) -> None:
    """The records that a subflow makes must be of the form of its workflow."""
    if step.subflow is None:
        return
    other = catalogue.workflows.get(str(step.subflow["workflow"]))
    made = step.subflow["create"]["form"]
    if other is not None and other.form != made:
        problems.add("workflow-of-another-form", step.at, workflow=other.name, form=other.form)


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
