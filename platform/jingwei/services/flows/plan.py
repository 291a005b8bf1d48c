"""A workflow by step id: who stands beside whom, and in which lane of which block."""

from __future__ import annotations

from dataclasses import dataclass

from jingwei.language.text import Text
from jingwei.language.who import Who
from jingwei.language.workflow import Policy, ReturnRule, Step, Workflow, walk
from jingwei.texts import text

START = "@start"  # a request that comes back where no step of the workflow is a fill
BLOCKS = frozenset({"branch", "inclusive", "parallel", "each"})
ASKS_PEOPLE = frozenset({"fill", "approve", "acknowledge"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands. `lane` None: any lane (a row of `each`), or the root."""

    step: Step
    block: str | None
    lane: str | None
    beside: tuple[Step, ...]
    index: int


class FlowPlan:
    """One workflow, ready to be walked."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.places: dict[str, Place] = {}
        every = walk(workflow.steps)
        reminds = workflow.policy.remind is not None
        self.has_timers = reminds or any(
            s.kind == "wait" or s.overdue or "remind" in s.policy for s in every
        )
        self.gives_receipts = any(s.kind == "acknowledge" and not s.wait for s in every)
        self.named = frozenset(
            rule.name for s in every for rule in s.who if rule.kind == "person" and rule.name
        )
        self._add(workflow.steps, None, None)
        if workflow.steps:
            at = workflow.steps[0].at
            start = Step(
                id=START,
                kind="fill",
                title=Text(text("flows.start", "zh"), text("flows.start", "en")),
                at=at,
                who=(Who("initiator", at),),
            )
            self.places[START] = Place(start, None, None, workflow.steps, -1)

    def _add(self, steps: tuple[Step, ...], block: str | None, lane: str | None) -> None:
        for index, step in enumerate(steps):
            self.places[step.id] = Place(step, block, lane, steps, index)
            if step.kind == "each":
                self._add(step.steps, step.id, None)
            for number, branch in enumerate(step.branches):
                name = branch.name if step.kind == "parallel" else str(number)
                self._add(branch.steps, step.id, name)

    def step(self, step_id: str) -> Step:
        """Raises KeyError for a step the workflow does not have."""
        return self.places[step_id].step

    def chain(self, step_id: str) -> list[tuple[str, str | None]]:
        """The blocks around a step from outside in, each with the lane that leads to it."""
        found: list[tuple[str, str | None]] = []
        place = self.places[step_id]
        while place.block is not None:
            found.append((place.block, place.lane))
            place = self.places[place.block]
        return found[::-1]

    def lane_steps(self, block: Step, lane: str) -> tuple[Step, ...]:
        if block.kind == "each":
            return block.steps
        if block.kind == "parallel":
            return next(b.steps for b in block.branches if b.name == lane)
        return block.branches[int(lane)].steps

    def next_of(self, step_id: str) -> Step | None:
        """The step after this one in its lane; None at the lane's end."""
        place = self.places[step_id]
        after = place.index + 1
        return place.beside[after] if after < len(place.beside) else None

    # --- policies: the step's own word, else the workflow's

    def policy(self, step: Step, key: str) -> object:
        if key in step.policy:
            return step.policy[key]
        policy: Policy = self.workflow.policy
        return getattr(policy, "return_" if key == "return" else key)

    def return_rule(self, step: Step) -> ReturnRule:
        found = self.policy(step, "return")
        return found if isinstance(found, ReturnRule) else ReturnRule()
