"""Who will probably be asked from here on, were everything approved; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from jingwei.language.workflow import Step
from jingwei.refusals import Refused
from jingwei.services.flows.asks import Rows
from jingwei.services.flows.foresight import Foresight, stands_still
from jingwei.services.flows.plan import BLOCKS
from jingwei.services.flows.seats import lacks_people, seats_wanted
from jingwei.services.flows.walk import GOES_ON, Walk
from jingwei.storage.flow_rows import RunRow

MOST = 100


ASKED = ("fill", "approve", "acknowledge", "cc")
STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Ahead:
    """One step to come. `certain`: no condition stands before it, and whom it asks depends on
    nobody's answer.

    `named`: whom its rules name; `people`: whom it will ask, stand-ins and the rules for nobody,
    one's own request and the same person considered; `on_behalf_of`: by who stands in, whose seats
    he is asked for (his own too, where he has one). `by_itself`: why the system would decide it
    (a code of `flows.reasons`), `outcome` then, and `stuck` where nobody could be asked; `lacks`:
    a seat of it that must be filled is named nobody, or too few may vote for it to pass. Steps
    of no people (`wait`, `subflow`, an `each` without rows): `from_start` alone, when wished.
    """

    step: Step
    people: tuple[str, ...]
    certain: bool
    named: tuple[str, ...] = ()
    by_itself: str | None = None
    outcome: str | None = None
    on_behalf_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacks: bool = False


class _Over(Exception):
    """The request would end here."""


def ahead(walk: Walk) -> list[Ahead]:
    """The steps of people that follow the open ones, in the order of the workflow."""
    if walk.flow.status not in ("running", "suspended"):
        return []
    walk.asks.foresee()
    open_ = [run for run in walk.runs.values() if run.state == "open"]
    back = {run.id: returner_of(walk, run) for run in open_}
    coming = _Coming(Foresight(walk))
    # from inside out: what comes after a block comes after what is in it
    for run in sorted(open_, key=lambda one: -one.path.count("/")):
        if not any(path.startswith(f"{run.path}/") for path in coming.ends):
            coming.after(run, back[run.id])
    order = list(walk.plan.places)
    return sorted(coming.found, key=lambda one: order.index(one.step.id))[:MOST]


def returner_of(walk: Walk, run: RunRow) -> str | None:
    """The step that sent the request back here and gets it again, as the record is now."""
    entry = walk.flow.memory.get("resume", {}).get(run.path)
    if entry is None:
        return None
    snapshot = entry["snapshot"]
    return str(entry["step"]) if walk.asks.snapshot(list(snapshot)) == snapshot else None


def _on_from(walk: Walk, step: str) -> Iterator[Sequence[Step]]:
    """This step and what follows it, out of one block after the other."""
    place = walk.plan.places[step]
    yield place.beside[place.index :]
    for block, _ in reversed(walk.plan.chain(step)):
        around = walk.plan.places[block]
        yield around.beside[around.index + 1 :]


def _is_repeated(walk: Walk, step: str) -> bool:
    """Whether it stands in an `each`: then what follows depends on the row."""
    return any(walk.plan.step(block).kind == "each" for block, _ in walk.plan.chain(step))


def from_start(walk: Walk, *, every: bool = False) -> list[Ahead]:
    """The same for a request that has not begun; `every`: the steps of no people as well that hold
    it up or ask others."""
    walk.asks.foresee()
    return _Coming(Foresight(walk), every=every).all(walk.plan.workflow.steps)


class _Coming:
    """What was found so far."""

    def __init__(self, walk: Foresight, *, every: bool = False) -> None:
        self.walk = walk
        self.every = every
        self.found: list[Ahead] = []
        self.seen: set[tuple[str, Rows]] = set()
        self.ends: list[str] = []  # paths of runs after which the request ends

    def after(self, run: RunRow, back: str | None) -> None:
        """What follows an open run."""
        try:
            self._after(run, back, not self.ends)
        except _Over:
            self.ends.append(run.path)

    def _after(self, run: RunRow, back: str | None, sure: bool) -> None:
        place = self.walk.plan.places[run.step]
        if back is not None and not _is_repeated(self.walk, back):
            for steps in _on_from(self.walk, back):
                if steps:
                    self._steps(steps, *self._inside(steps[0]), sure)
            return
        lanes = run.data.get("lanes") or {}
        if lanes and set(lanes.values()) == {"done"}:
            return
        block = self.walk.step_of(run)
        for lane in [name for name, word in lanes.items() if word == "waiting"]:
            self._steps(self._lane_from(block, run, lane), run.id, lane, sure)
        self._steps(place.beside[place.index + 1 :], run.parent, run.lane, sure)

    def _lane_from(self, block: Step, run: RunRow, lane: str) -> Sequence[Step]:
        """The steps of a lane that waits for its turn, from where it will begin."""
        steps = self.walk.plan.lane_steps(block, lane)
        path = run.data.get(GOES_ON, {}).get(lane)
        if path is None:
            return steps
        first = path[len(f"{run.path}/{lane}/") :].partition("/")[0]
        return steps[[step.id for step in steps].index(first) :]

    def _inside(self, step: Step) -> tuple[int | None, str | None]:
        """The newest run of the block around a step, and its lane."""
        place = self.walk.plan.places[step.id]
        runs = [run.id for run in self.walk.runs.values() if run.step == place.block]
        return (runs[-1], place.lane) if runs else (None, None)

    def all(self, steps: Sequence[Step]) -> list[Ahead]:
        """What a request comes to that begins with these."""
        with suppress(_Over):
            self._steps(steps, None, None, True)
        return self.found

    def _steps(
        self, steps: Sequence[Step], parent: int | None, lane: str | None, certain: bool
    ) -> None:
        walk = self.walk
        rows = walk.rows(parent, lane)
        for step in steps:
            if (step.id, rows) in self.seen or len(self.found) >= MOST:
                continue
            self.seen.add((step.id, rows))
            sure = certain and step.when is None
            if step.when is not None and not walk.asks.holds(step.when, rows):
                continue
            if step.kind in BLOCKS:
                self._lanes(step, parent, lane, sure)
            elif step.kind in ASKED:
                self.found.append(self._asked(step, parent, lane, sure))
                if self.found[-1].outcome == "rejected" and step.on_reject == "end":
                    raise _Over
            elif step.kind == "end":
                raise _Over
            elif self.every and step.kind in ("wait", "subflow"):
                self.found.append(Ahead(step, (), sure))

    def _lanes(self, step: Step, parent: int | None, lane: str | None, sure: bool) -> None:
        walk = self.walk
        lanes = walk.lanes_of(step, walk.rows(parent, lane))
        if self.every and step.kind == "each" and not lanes:
            self.found.append(Ahead(step, (), sure))
            return
        run = walk.block(step, parent, lane)
        sure = sure and step.kind in ("parallel", "each")
        ends = False
        for one in lanes:
            try:
                self._steps(walk.plan.lane_steps(step, one), run.id, one, sure and not ends)
            except _Over:
                ends = True
        if ends:
            raise _Over

    def _asked(self, step: Step, parent: int | None, lane: str | None, sure: bool) -> Ahead:
        walk = self.walk
        chosen: Sequence[str] = walk.flow.memory.get("chosen", {}).get(step.id, ())
        rules = walk.asks.people(step, walk.rows(parent, lane), chosen)
        named = tuple(dict.fromkeys(p for seat, _ in seats_wanted(step, rules) for p in seat))
        if not chosen and any(rule.kind == "chosen_by" for rule in step.who):
            return Ahead(step, named, sure, named, lacks=not named)  # somebody will say who
        lacks = lacks_people(step, rules)
        try:
            run, seats, depends = walk.seat(step, parent, lane)
        except Refused as error:
            if not stands_still(error):
                raise
            return Ahead(step, (), sure, named, by_itself=STUCK, lacks=lacks)
        sure = sure and not depends
        people = tuple(dict.fromkeys(acting for acting, _ in seats))
        reason = run.data.get("reason") if not people and step.kind != "cc" else None
        outcome = run.outcome if reason is not None else None
        return Ahead(step, people, sure, named, reason, outcome, _stands_in(seats), lacks)


def _stands_in(seats: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Of whom it is asked for others: whose seats, by who stands in."""
    owners: dict[str, list[str]] = {}
    for acting, owner in seats:
        owners.setdefault(acting, []).append(owner)
    return {acting: tuple(whose) for acting, whose in owners.items() if set(whose) != {acting}}
