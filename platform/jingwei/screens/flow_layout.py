"""Where the steps of a workflow stand on paper: boxes, lines and labels, in pixels.

A workflow is nested blocks, so its picture needs no solver: a sequence runs downwards, the lanes
of a block stand side by side under its gate and meet again in a join.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jingwei.language.workflow import Branch, Step

WIDE = 168  # of a box
GATE_HIGH = 34
LINE_HIGH = 18
PADDING = 10
DOWN = 26  # between a box and the next one
LANE_DOWN = 44  # between a gate and its lanes: the condition is written there
BESIDE = 18  # between lanes
ROUND_HIGH = 28  # of the start and the end
JOIN = 4  # radius
EDGE = 8  # around the whole

BoxKind = Literal["start", "end", "step", "gate", "join", "frame"]
GATES = frozenset({"branch", "inclusive", "parallel", "each"})

# how many lines of words a step needs
Lines = Callable[[Step], int]
LaneTitle = Callable[[Step, Branch | None], str]


@dataclass(frozen=True, slots=True)
class Box:
    """`x`, `y`: of the upper left corner. `step` None: the start or the end of the flow."""

    kind: BoxKind
    x: float
    y: float
    wide: float
    high: float
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A line with corners, downwards. `into`: ids of the steps behind it, all lanes of a block
    included; empty for a line that leads to a join past all of its lane."""

    points: tuple[tuple[float, float], ...]
    into: tuple[str, ...] = ()
    out_of: tuple[str, ...] = ()
    arrow: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """Words over a lane, in the middle of it. `way`: the block, and the lane of it."""

    words: str
    x: float
    y: float
    wide: float
    way: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Layout:
    """The whole picture."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    wide: float = 0
    high: float = 0


def laid_out(steps: Sequence[Step], lines: Lines, lane_title: LaneTitle) -> Layout:
    """The steps from the start to the end of the flow."""
    return _Paper(lines, lane_title).whole(steps)


def leaves(step: Step) -> bool:
    """Whether the flow never goes on behind this step: an end or a return that always happens."""
    if step.when is not None:
        return False
    return step.kind == "end" or (step.kind == "return" and step.max is None)


def ids_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """All ids of these steps and of what is inside them."""
    found: list[str] = []
    for step in steps:
        found.append(step.id)
        found += ids_of(step.steps)
        for branch in step.branches:
            found += ids_of(branch.steps)
    return tuple(found)


class _Paper:
    def __init__(self, lines: Lines, lane_title: LaneTitle) -> None:
        self.lines = lines
        self.lane_title = lane_title
        self.layout = Layout()

    def whole(self, steps: Sequence[Step]) -> Layout:
        layout = self.layout
        wide = max(_width(steps), WIDE)
        middle = EDGE + wide / 2
        layout.boxes.append(Box("start", middle - 46, EDGE, 92, ROUND_HIGH))
        y: float = EDGE + ROUND_HIGH
        if steps:
            self._down(middle, y, y + DOWN, into=ids_of(steps[:1]))
            y = self._sequence(steps, middle, y + DOWN)
        if not steps or not leaves(steps[-1]):
            self._down(middle, y, y + DOWN, into=("@end",), out_of=ids_of(steps[-1:]))
        layout.boxes.append(Box("end", middle - 46, y + DOWN, 92, ROUND_HIGH))
        layout.wide = wide + 2 * EDGE
        layout.high = y + DOWN + ROUND_HIGH + EDGE
        return layout

    def _down(
        self,
        x: float,
        top: float,
        bottom: float,
        *,
        into: tuple[str, ...] = (),
        out_of: tuple[str, ...] = (),
        arrow: bool = True,
    ) -> None:
        self.layout.edges.append(Edge(((x, top), (x, bottom)), into, out_of, arrow))

    def _sequence(self, steps: Sequence[Step], middle: float, y: float) -> float:
        """One under the other; where the last one ends."""
        for index, step in enumerate(steps):
            if index:
                before = steps[index - 1]
                if not leaves(before):
                    self._down(middle, y, y + DOWN, into=ids_of([step]), out_of=ids_of([before]))
                y += DOWN
            y = self._block(step, middle, y) if step.kind in GATES else self._leaf(step, middle, y)
        return y

    def _leaf(self, step: Step, middle: float, y: float) -> float:
        high = 2 * PADDING + LINE_HIGH * self.lines(step)
        self.layout.boxes.append(Box("step", middle - WIDE / 2, y, WIDE, high, step))
        return y + high

    def _block(self, step: Step, middle: float, y: float) -> float:
        """A gate, its lanes side by side, and the join."""
        self.layout.boxes.append(Box("gate", middle - WIDE / 2, y, WIDE, GATE_HIGH, step))
        y += GATE_HIGH
        top, lanes = y + LANE_DOWN, _lanes(step)
        x = middle - _inside(step) / 2
        ends: list[tuple[float, float, tuple[Step, ...]]] = []
        for number, (branch, inside) in enumerate(lanes):
            wide = _width(inside)
            center = x + wide / 2
            bend = y + 12
            corners = ((middle, y), (middle, bend), (center, bend), (center, top))
            into = ids_of(inside)
            self.layout.edges.append(Edge(_straight(corners), into, (step.id,), bool(inside)))
            words = self.lane_title(step, branch)
            if words:
                way = (step.id, str(number))
                self.layout.labels.append(Label(words, center, top - 12, wide - 8, way))
            bottom = self._sequence(inside, center, top) if inside else top
            ends.append((center, bottom, inside))
            x += wide + BESIDE
        meet = max(bottom for _, bottom, _ in ends) + DOWN
        if step.kind == "each":
            wide = _width([step])
            frame = Box("frame", middle - wide / 2, y + 16, wide, meet - y - 28, step)
            self.layout.boxes.insert(0, frame)
        for center, bottom, inside in ends:
            if inside and leaves(inside[-1]):
                continue
            bend = meet - 12
            corners = ((center, bottom), (center, bend), (middle, bend), (middle, meet))
            out = ids_of(inside)
            self.layout.edges.append(Edge(_straight(corners), (), out or (step.id,), arrow=False))
        self.layout.boxes.append(Box("join", middle - JOIN, meet - JOIN, 2 * JOIN, 2 * JOIN, step))
        return meet + JOIN


def _lanes(step: Step) -> list[tuple[Branch | None, tuple[Step, ...]]]:
    if step.kind == "each":
        return [(None, step.steps)]
    return [(branch, branch.steps) for branch in step.branches]


def _width(steps: Sequence[Step]) -> float:
    """What a sequence needs; an empty lane is narrow, but wide enough for its condition."""
    if not steps:
        return WIDE * 0.6
    return max(_step_width(step) for step in steps)


def _step_width(step: Step) -> float:
    if step.kind not in GATES:
        return WIDE
    around = 2 * BESIDE if step.kind == "each" else 0
    return max(WIDE, _inside(step) + around)


def _inside(step: Step) -> float:
    """What the lanes of a block need beside each other."""
    lanes = _lanes(step)
    return sum(_width(steps) for _, steps in lanes) + BESIDE * (len(lanes) - 1)


def _straight(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Without the corners of a line that has none."""
    if corners[0][0] == corners[-1][0]:
        return corners[0], corners[-1]
    return corners
