"""Which ways a request would take from here, were the values of its record those of today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jingwei.language.workflow import Step
from jingwei.language.workflow import walk as walk_steps
from jingwei.refusals import Refused
from jingwei.services.flows.plan import START
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow


@dataclass(frozen=True, slots=True)
class Ways:
    """Of what is still to come. `lanes`: by block of conditions, the lanes that hold today;
    `likely`: steps behind conditions that hold; `otherwise`: steps it would come to only if values
    changed."""

    lanes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    likely: frozenset[str] = frozenset()
    otherwise: frozenset[str] = frozenset()


def ways_of_today(walk: Walk) -> Ways:
    """Best effort: where a condition cannot be worked out now, nothing is said of any."""
    open_ = [run.step for run in walk.runs.values() if run.state == "open"]
    if walk.flow.status not in ("running", "suspended") or not open_:
        return Ways()
    looked = _Looked(walk)
    try:
        looked.at(walk.plan.workflow.steps, behind=False)
    except (Refused, LookupError, ArithmeticError):
        return Ways()
    order = [START, *(step for step in walk.plan.places if step != START)]
    coming = frozenset(order[min(order.index(step) for step in open_) + 1 :])
    return Ways(
        {block: lanes for block, lanes in looked.lanes.items() if block in coming},
        frozenset(looked.likely) & coming,
        frozenset(looked.otherwise) & coming,
    )


class _Looked:
    """The whole workflow, along what was walked in this round and then along what holds. Rows of
    an `each` may differ: of what is inside nothing is said."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.lanes: dict[str, frozenset[str]] = {}
        self.likely: set[str] = set()
        self.otherwise: set[str] = set()
        self._walked: dict[str, RunRow] = {
            run.step: run
            for run in walk.runs.values()
            if run.state == "open" or (run.round == walk.flow.round and run.state != "cancelled")
        }

    def at(self, steps: tuple[Step, ...], *, behind: bool) -> bool:
        """Whether the request would end in here. `behind`: a condition that holds."""
        ends = False
        for step in steps:
            if ends:
                self._never(step)
            else:
                ends = self._step(step, behind)
        return ends

    def _step(self, step: Step, behind: bool) -> bool:
        run = self._walked.get(step.id)
        if run is None and step.when is not None and not self.walk.asks.holds(step.when, ()):
            self._never(step)
            return False
        behind = behind or step.when is not None
        if behind:
            self.likely.add(step.id)
        match step.kind:
            case "branch" | "inclusive":
                return self._choose(step, run)
            case "parallel":
                # each of them is looked at, also behind one that ends
                return True in [self.at(one.steps, behind=behind) for one in step.branches]
        return step.kind == "end" and run is None

    def _choose(self, step: Step, run: RunRow | None) -> bool:
        lanes = self.walk.lanes_of(step, ()) if run is None else run.data.get("lanes", ())
        self.lanes[step.id] = taken = frozenset(lanes)
        ends = False
        for number, branch in enumerate(step.branches):
            if str(number) in taken:
                ends |= self.at(branch.steps, behind=True)
            else:
                for one in branch.steps:
                    self._never(one)
        return ends

    def _never(self, step: Step) -> None:
        self.otherwise |= {one.id for one in walk_steps((step,))}
