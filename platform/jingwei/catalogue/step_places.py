"""Where the steps of a workflow stand: in the file, in reading order, and in which blocks."""

from __future__ import annotations

from jingwei.language.workflow import Step, Workflow, walk
from jingwei.problems import Position

# a block and the way inside it; None for a row of `each`, of which any may be meant
Chain = tuple[tuple[str, str | None], ...]


class StepPlaces:
    """The steps of one workflow by id; of an id written twice, the first."""

    def __init__(self, workflow: Workflow) -> None:
        self.origin = workflow.origin
        self.steps = walk(workflow.steps)
        values = workflow.origin.values
        self._paths = {values[path]: path[:-1] for path in values if path and path[-1] == "id"}
        self.order: dict[str, int] = {}
        self.by_id: dict[str, Step] = {}
        for number, step in enumerate(self.steps):
            self.order.setdefault(step.id, number)
            self.by_id.setdefault(step.id, step)
        self.chains: dict[str, Chain] = {}
        self._follow(workflow.steps, ())

    def _follow(self, steps: tuple[Step, ...], chain: Chain) -> None:
        for step in steps:
            self.chains.setdefault(step.id, chain)
            self._follow(step.steps, (*chain, (step.id, None)))
            for number, branch in enumerate(step.branches):
                self._follow(branch.steps, (*chain, (step.id, branch.name or str(number))))

    def of(self, step: Step, *path: str | int) -> Position:
        """The value below a step, or the step's id where it is not written."""
        whole = (*self._paths.get(step.at, ()), *path)
        return self.origin.values.get(whole, step.at)

    def key(self, step: Step, *path: str | int) -> Position:
        """The key below a step, or the step's id where it is not written."""
        whole = (*self._paths.get(step.at, ()), *path)
        return self.origin.keys.get(whole, step.at)
