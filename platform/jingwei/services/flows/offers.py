"""What the screens of an approval need beside its JSON: the workflow to draw, and what may be
chosen where somebody acts: where to return to, who may be dropped, where one may jump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.workflow import Step, Workflow
from jingwei.language.workflow import walk as walk_steps
from jingwei.refusals import NotFound, Refused
from jingwei.services.commands import Reading
from jingwei.services.flows import predict
from jingwei.services.flows.choices import owed
from jingwei.services.flows.jumps import jump_targets
from jingwei.services.flows.operations import (
    ADDED,
    asked_first,
    is_adder,
    may_take_back,
    offered,
)
from jingwei.services.flows.plan import ASKS_PEOPLE
from jingwei.services.flows.returns import asked_target, targets
from jingwei.services.flows.runtime import Loaded, load, may_see
from jingwei.services.flows.signing import signs_in
from jingwei.services.flows.view import flow_json
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.ways import Ways, ways_of_today
from jingwei.storage.flow_rows import RunRow, TaskRow

Choice = tuple[str, str]  # id of a step, its title


@dataclass(frozen=True, slots=True)
class TaskOffer:
    """What the holder of an open task may choose from. `chosen`: steps to come whose people the
    holder names, each with the logins that may be named (none: anybody) and whether somebody must
    be named."""

    task: int
    actions: tuple[str, ...]
    returns: tuple[Choice, ...] = ()
    returns_to: str = ""  # where a return goes that names no step
    positions: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    chosen: tuple[tuple[str, str, tuple[str, ...], bool], ...] = ()
    waits_for: tuple[str, ...] = ()  # of a task that waits: the logins whose answer it needs
    step: str = ""  # its title
    signs: str = ""  # the field that takes the signature of who approves


@dataclass(frozen=True, slots=True)
class Drawn:
    """A request for its page. `others`: runs of steps that ask nobody, by step: open, done,
    rejected or skipped; `passed_by`: steps in lanes that their block did not take; `ways`: those
    that today's values give; `mine`: the actor's open task, else the one that waits for whom the
    actor asked; `taken`: the actor's newest decision, where it could be taken back now."""

    json: dict[str, Any]
    workflow: Workflow
    others: Mapping[str, str]
    passed_by: frozenset[str]
    ways: Ways
    mine: TaskOffer | None
    taken: int | None
    jumps: tuple[Choice, ...]
    open_steps: tuple[Choice, ...]


def drawn(reading: Reading, flow_id: int, task: int | None = None) -> Drawn:
    """`task`: of the actor's open tasks the one to look at. Raises NotFound."""
    found = load(reading, flow_id, though_it_fits_no_more=True, whole=True)
    if not may_see(reading, found.state):
        raise NotFound("no-such-flow")
    locale = reading.actor.locale or "zh"
    walk = found.walk()
    others = {
        run.step: _how(run)
        for run in found.state.runs.values()
        if run.kind in ("wait", "do", "subflow", "return", "end")
    }
    return Drawn(
        flow_json(reading, found),
        found.plan.workflow,
        others,
        _passed_by(found),
        ways_of_today(walk) if found.fits else Ways(),
        _mine(reading, found, walk, locale, task),
        _taken(walk, reading.actor.login) if found.fits else None,
        _jumps(found, locale),
        _open_steps(found, walk, locale),
    )


def _how(run: RunRow) -> str:
    """How a run of a step that asks nobody stands: its state, but for what did not go on. An `end`
    that rejects is where the request was meant to come."""
    missed = run.outcome == "skipped" or (run.outcome == "rejected" and run.kind == "subflow")
    return str(run.outcome) if missed else run.state


def _passed_by(found: Loaded) -> frozenset[str]:
    """Steps of the lanes that the newest run of their block did not take; with an `each` that had
    no rows, the block too."""
    if not found.fits:
        return frozenset()
    newest: dict[str, list[RunRow]] = {}
    for run in found.state.runs.values():
        if "lanes" in run.data and run.state != "cancelled":
            same = [r for r in newest.get(run.step, ()) if r.round == run.round]
            newest[run.step] = [*same, run]
    missed: set[str] = set()
    for name, runs in newest.items():
        taken = {lane for run in runs for lane in run.data.get("lanes", ())}
        step = found.plan.step(name)
        if step.kind == "each":
            missed |= {name, *(one.id for one in walk_steps(step.steps))} if not taken else set()
            continue
        for number, branch in enumerate(step.branches):
            if not taken & {str(number), branch.name}:
                missed |= {one.id for one in walk_steps(branch.steps)}
    return frozenset(missed)


def offer(reading: Reading, found: Loaded, walk: Walk, task: TaskRow, locale: str) -> TaskOffer:
    """What may be chosen with this open task."""
    run = walk.runs[task.run or 0]
    step = walk.step_of(run)
    actions = tuple(offered(walk, task, reading.actor.login))
    live = walk.live_tasks(run.id)
    return TaskOffer(
        task.id,
        actions,
        _returns(walk, run, locale) if "return" in actions else (),
        _title(walk, _default_return(walk, run), locale) if "return" in actions else "",
        tuple(step.add_sign) if "add_sign" in actions else (),
        tuple(t.person for t in live if t.position in ADDED and is_adder(walk, t)),
        tuple(dict.fromkeys(t.person for t in walk.tasks_of(run.id))),
        _chosen(reading, walk, step, task, locale),
        tuple(dict.fromkeys(t.acting for t in asked_first(walk, task))),
        step.title(locale),
        signs_in(step, task) or "",
    )


def _mine(
    reading: Reading, found: Loaded, walk: Walk, locale: str, task: int | None
) -> TaskOffer | None:
    if not found.fits:
        return None
    login = reading.actor.login
    mine = [
        t
        for t in walk.tasks.values()
        if t.state in ("open", "waiting")
        and t.run is not None
        and login in (t.acting, t.person if t.state == "waiting" else t.acting)
        and t.kind != "cc"
    ]
    mine.sort(key=lambda t: (t.state != "open", t.id != task))
    if not mine or (mine[0].state == "waiting" and not asked_first(walk, mine[0])):
        return None
    return offer(reading, found, walk, mine[0], locale)


def _taken(walk: Walk, login: str) -> int | None:
    decided = [
        t
        for t in walk.tasks.values()
        if (t.closed_by == login and t.state == "closed") or t.state == "waiting"
    ]
    return next((t.id for t in reversed(decided) if may_take_back(walk, t)), None)


def _title(walk: Walk, step_id: str, locale: str) -> str:
    return str(walk.plan.step(step_id).title(locale))


def _default_return(walk: Walk, run: RunRow) -> str:
    return asked_target(walk, run, None)


def _returns(walk: Walk, run: RunRow, locale: str) -> tuple[Choice, ...]:
    """The steps a return may go to, the latest first; one where the rule of the step says which."""
    return tuple((one, _title(walk, one, locale)) for one in targets(walk, run))


def _chosen(
    reading: Reading, walk: Walk, step: Step, task: TaskRow, locale: str
) -> tuple[tuple[str, str, tuple[str, ...], bool], ...]:
    """Steps whose people this person names: the next one (`previous`), and as initiator any."""
    kept = walk.flow.memory.get("chosen", {})
    last = sum(t.state == "open" for t in walk.live_tasks(task.run or 0)) == 1
    try:
        coming = predict.ahead(walk)
    except (Refused, LookupError, ArithmeticError):
        return ()
    initiates = task.person == walk.flow.initiator
    found = []
    for number, one in enumerate(coming):
        rules = [who for who in one.step.who if who.kind == "chosen_by"]
        names = {who.name for who in rules}
        if ("previous" in names and number == 0) or ("initiator" in names and initiates):
            among: Sequence[str] = ()
            inner = tuple(w for who in rules for w in who.of)
            if inner:
                among = walk.asks.persons(inner, ())
            must = last and number == 0 and owed(one.step) and not kept.get(one.step.id)
            found.append((one.step.id, one.step.title(locale), tuple(among), must))
    return tuple(found)


# --- for administrators --------------------------------------------------------------------------


def _jumps(found: Loaded, locale: str) -> tuple[Choice, ...]:
    """Every step of people or block that the request may be moved to."""
    if not found.fits:
        return ()
    plan = found.plan
    return tuple((step_id, plan.step(step_id).title(locale)) for step_id in jump_targets(plan))


def _open_steps(found: Loaded, walk: Walk, locale: str) -> tuple[Choice, ...]:
    if not found.fits:
        return ()
    open_ = [r.step for r in walk.runs.values() if r.state == "open" and r.kind in ASKS_PEOPLE]
    return tuple((one, _title(walk, one, locale)) for one in dict.fromkeys(open_))
