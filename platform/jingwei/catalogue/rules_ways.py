"""The ways through a workflow: every step can be reached, the flow can end, a return leads back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jingwei.catalogue.step_places import Chain, StepPlaces
from jingwei.language.workflow import Step, Workflow
from jingwei.problems import Position, Problems, nearest

# words a return may name beside the id of a step: no step may be called like that
WORDS_BACK = frozenset({"initiator", "previous", "any_earlier", "end"})
MOST_RETURNS = 100
_PASSED = frozenset({"cc", "branch", "inclusive", "parallel", "each", "end"})  # by themselves
_ANSWERED = frozenset({"fill", "approve"})  # what people have passed, and may be asked again


def check_ways(workflow: Workflow, places: StepPlaces, problems: Problems) -> None:
    _check_ids(places, problems)
    _check_order(workflow.steps, problems)
    endless = _check_endless(workflow.steps, problems)
    if workflow.steps and not endless and not _may_pass(workflow.steps):
        problems.add("never-approved", workflow.origin.key("steps"), severity="warning")
    _check_decided(workflow, places, problems)
    _check_default(workflow, places, problems)
    for step in places.steps:
        _check_ways_back(step, places, problems)
        _check_then(step, places, problems)
        if step.max is not None and not 1 <= step.max <= MOST_RETURNS:
            at = places.of(step, "return", "max")
            problems.add("out-of-range", at, value=step.max, low=1, high=MOST_RETURNS)
        if step.kind == "approve" and step.can is not None and "approve" not in step.can:
            problems.add("nobody-can-approve", places.key(step, "can"), id=step.id)


def _check_decided(workflow: Workflow, places: StepPlaces, problems: Problems) -> None:
    """Copies decide nothing: with nothing else, every request is approved at once."""
    kinds = {step.kind for step in places.steps}
    rejects = any(step.outcome == "rejected" for step in places.steps)
    if "cc" in kinds and kinds <= _PASSED and not rejects:
        at = workflow.origin.key("steps")
        problems.add("nobody-decides", at, severity="warning", workflow=workflow.name)


def _check_ids(places: StepPlaces, problems: Problems) -> None:
    seen: dict[str, Position] = {}
    for step in places.steps:
        if step.id in seen:
            problems.add("step-id-twice", step.at, id=step.id, line=seen[step.id].line)
        elif step.id in WORDS_BACK:
            problems.add("step-id-taken", step.at, suggestion=f"{step.id}_step", id=step.id)
        seen.setdefault(step.id, step.at)


# --- forwards


def _check_order(steps: tuple[Step, ...], problems: Problems) -> None:
    """Nothing follows an end; a way has steps, and several things at once are more than one."""
    for step, following in zip(steps, steps[1:], strict=False):
        if _is_last(step):
            problems.add("never-reached", following.at, id=following.id, after=step.id)
    for step in steps:
        if step.kind in ("parallel", "inclusive", "branch") and not step.branches:
            problems.add("no-ways", step.at, id=step.id)
        elif step.kind in ("parallel", "inclusive") and len(step.branches) < 2:
            problems.add("one-way", step.at, severity="warning", id=step.id)
        for branch in step.branches:
            if step.kind == "parallel" and not branch.steps:
                problems.add("empty-way", step.at, severity="warning", id=step.id, way=branch.name)
            _check_order(branch.steps, problems)
        if step.kind == "each" and not step.steps:
            problems.add("empty-way", step.at, severity="warning", id=step.id, way="each")
        _check_order(step.steps, problems)


def _is_last(step: Step) -> bool:
    """Whether the flow never comes to what follows."""
    if step.when is not None:
        return False
    ways = [any(_is_last(inner) for inner in branch.steps) for branch in step.branches]
    match step.kind:
        case "end":
            return True
        case "return":
            return step.max is None  # after so many returns it lets the flow pass
        case "branch" | "inclusive":
            whole = any(branch.when is None for branch in step.branches)
            return whole and all(ways)
        case "parallel":
            return any(ways)
    return False


def _check_endless(steps: tuple[Step, ...], problems: Problems) -> bool:
    """A return that nothing leads past. In a way of a branch it is the condition that does."""
    found = False
    for step in steps:
        if step.kind == "return" and step.when is None and step.max is None:
            problems.add("endless-return", step.at, id=step.id)
            found = True
        elif step.kind == "return" and step.max is None:
            problems.add("return-without-max", step.at, severity="warning", id=step.id)
        if step.when is None and step.kind == "parallel":
            for branch in step.branches:
                found |= _check_endless(branch.steps, problems)
    return found


def _may_pass(steps: tuple[Step, ...]) -> bool:
    """Whether a request can come out of these steps approved, or to what follows them."""
    return _ends_approved(steps) or not any(_is_last(step) for step in steps)


def _ends_approved(steps: tuple[Step, ...]) -> bool:
    for step in steps:
        inner = (step.steps, *(branch.steps for branch in step.branches))
        if step.outcome == "approved" or any(_ends_approved(one) for one in inner):
            return True
        if _is_last(step):
            return False
    return False


# --- backwards


def _check_ways_back(step: Step, places: StepPlaces, problems: Problems) -> None:
    for word, at in _targets(step, places):
        if word in WORDS_BACK:
            continue
        if word not in places.by_id:
            known = ", ".join(places.order)
            guess = nearest(word, places.order)
            problems.add("unknown-step", at, suggestion=guess, id=word, known=known)
        elif places.order[word] >= places.order[step.id]:
            problems.add("return-forwards", at, id=step.id, to=word)
        elif places.by_id[word].kind not in _ANSWERED:
            problems.add("return-to-nobody", at, id=step.id, to=word)
        elif _in_another_way(places.chains[step.id], places.chains[word]):
            problems.add("return-into-another-way", at, id=step.id, to=word)
        elif _may_be_skipped(step, word, places):
            problems.add("return-maybe-skipped", at, severity="warning", id=step.id, to=word)


def _check_default(workflow: Workflow, places: StepPlaces, problems: Problems) -> None:
    """`defaults: {return: {to: ID}}`, which holds for every step."""
    word, at = workflow.policy.return_.to, workflow.origin.value("defaults", "return", "to")
    if word in WORDS_BACK:
        return
    if word not in places.by_id:
        guess, known = nearest(word, places.order), ", ".join(places.order)
        problems.add("unknown-step", at, suggestion=guess, id=word, known=known)


def _in_another_way(here: Chain, there: Chain) -> bool:
    """Whether both stand in one block, in different ways of it: they never come one after the
    other."""
    for (block, way), (other, other_way) in zip(here, there, strict=False):
        if block != other:
            return False
        if way != other_way:
            return True
    return False


def _may_be_skipped(step: Step, to: str, places: StepPlaces) -> bool:
    """Whether a condition decides if the target was passed, that does not decide about the step."""
    around = {block for block, _ in places.chains[step.id]}
    blocks = [block for block, _ in places.chains[to] if block not in around]
    gates = [places.by_id[block] for block in blocks]
    return places.by_id[to].when is not None or any(
        gate.when is not None or gate.kind in ("branch", "inclusive") for gate in gates
    )


def _targets(step: Step, places: StepPlaces) -> Iterator[tuple[str, Position]]:
    yield step.on_reject, places.of(step, "approve", "on_reject", "return_to")
    if step.return_to is not None:
        yield step.return_to, places.of(step, "return", "to")
    rule = step.policy.get("return")
    at = places.of(step, "return", "to")
    if rule is not None and at != step.at:  # else it is the workflow's
        yield rule.to, at
    for index, late in enumerate(step.overdue):
        if "return_to" in late:
            yield late["return_to"], places.of(step, "overdue", index, "return_to")


def _check_then(step: Step, places: StepPlaces, problems: Problems) -> None:
    """A wait that lasted too long goes on at a step beside it, a step that is late at a later one
    beside it."""
    chain = places.chains[step.id]
    beside = [name for name, other in places.chains.items() if other == chain and name != step.id]
    if step.then is not None:
        if step.at_most is None:
            problems.add("then-without-limit", places.key(step, "wait", "then"), id=step.id)
        _check_goes_on(step, step.then, places.of(step, "wait", "then"), beside, places, problems)
    later = [name for name in beside if places.order[name] > places.order[step.id]]
    for index, late in enumerate(step.overdue):
        if "then" in late:
            at = places.of(step, "overdue", index, "then")
            _check_goes_on(step, late["then"], at, later, places, problems)


def _check_goes_on(
    step: Step,
    to: str,
    at: Position,
    beside: Sequence[str],
    places: StepPlaces,
    problems: Problems,
) -> None:
    if to not in places.by_id:
        guess, known = nearest(to, places.order), ", ".join(places.order)
        problems.add("unknown-step", at, suggestion=guess, id=to, known=known)
    elif not beside:
        problems.add("then-nowhere", at, id=step.id, to=to)
    elif to not in beside:
        problems.add("then-elsewhere", at, id=step.id, to=to, known=", ".join(beside))
