"""Moving a running request to the workflow of today: old step ids to new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.workflow import Step, Workflow
from jingwei.problems import nearest
from jingwei.refusals import Conflict, Invalid, Refused
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import runtime
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.automatic import look_at_children
from jingwei.services.flows.moved_lanes import GONE, Lanes, lanes_moved, moved_path
from jingwei.services.flows.moving import MovedTask, TriedAsks, new_lanes, tasks_moved
from jingwei.services.flows.plan import ASKS_PEOPLE, START, FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.retiming import (
    MovedTime,
    move_deadlines,
    remember_fired,
    times_moved,
)
from jingwei.services.flows.reweighing import MovedVote, reweigh, votes_moved
from jingwei.services.flows.row_lanes import follow_rows
from jingwei.services.flows.rungs import rules, same_people
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.state import State
from jingwei.services.flows.view import flow_json
from jingwei.services.flows.walk import GOES_ON, Walk
from jingwei.services.flows.words import Word, flow_status_word, step_word
from jingwei.storage import flow_timers as timer_rows
from jingwei.storage.flow_rows import TERMINAL, RunRow, TimerRow


@dataclass(frozen=True, slots=True)
class Planned:
    """What moving a request would do. `steps`: old id → new id of every step that has run;
    `lanes`: by block what its ways are called today;
    `opens`: the open runs whose step becomes another one and asks its people afresh."""

    workflow: Workflow
    plan: FlowPlan
    steps: Mapping[str, str]
    lanes: Lanes
    opens: list[RunRow]


def check_map(today: Workflow, given: Mapping[str, str]) -> None:
    """Raises Invalid `migrate-no-step` for what is called a step of today and is none."""
    places = FlowPlan(today).places
    known = [step for step in places if step != START]
    wrong = sorted({new for new in given.values() if new not in places})
    if wrong:
        meant = [(new, nearest(new, known)) for new in wrong]
        raise Invalid(
            "migrate-no-step",
            workflow=today.name,
            steps=", ".join(f"{new} (→ {guess}?)" if guess else new for new, guess in meant),
            known=", ".join(known),
        )


def planned(view: Reading, found: Loaded, given: Any = None) -> Planned:
    """Nothing is changed. `given`: old id → new id, before what the workflow itself says. Raises
    Refused when nothing would change, or when an open step has no counterpart at the same place."""
    flow = found.state.flow
    today = view.catalogue.workflows.get(flow.workflow)
    if flow.status in TERMINAL:
        raise Conflict("flow-ended", status=flow_status_word(flow.status))
    if today is None or today.fingerprint == flow.fingerprint:
        raise Refused("flow-migrate-nothing")
    plan = FlowPlan(today)
    check_map(today, {str(a): str(b) for a, b in dict(given or {}).items()})
    words = {**today.migrate, **{str(a): str(b) for a, b in dict(given or {}).items()}}
    lanes = lanes_moved(found.state, found.plan if found.fits else None, plan, words)
    steps = _mapped(found, plan, words, lanes)
    return Planned(today, plan, steps, lanes, _opened_afresh(found, plan, steps))


def counterparts(view: Reading, found: Loaded, given: Mapping[str, str]) -> dict[str, list[str]]:
    """By open step that has none, which steps of today could stand for it: of its kind, at its
    place. `given`: what was chosen so far; a step that was chosen for may be chosen for again."""
    today = view.catalogue.workflows[found.state.flow.workflow]
    plan, walk = FlowPlan(today), found.walk()
    words = {**today.migrate, **given}
    lanes = lanes_moved(found.state, found.plan if found.fits else None, plan, words)
    choices: dict[str, list[str]] = {}
    for run in found.state.runs.values():
        if run.state != "open" or run.step == START:
            continue
        blocks = _blocks(walk, run, words, lanes)
        fits = [
            step_id
            for step_id, place in plan.places.items()
            if step_id != START and place.step.kind == run.kind and plan.chain(step_id) == blocks
        ]
        if today.migrate.get(run.step, run.step) not in fits:
            choices[run.step] = fits
    return choices


def migrate(work: Work, found: Loaded, wish: Wish, body: Mapping[str, Any]) -> dict[str, Any]:
    """Pin today's workflow. `map`: old id → new id; the workflow's own `migrate` stands behind it.

    An open step that keeps its id keeps its tasks, and so does one that only got another id; one
    that becomes another step (other people or another mode) is closed, and the new one asks its
    own people. Decisions that were made stay as they are, and decide at once where the step names
    the same people and its rule of today is satisfied by them; the weights of a vote and its `pass`
    are of one version (`reweighing`). Deadlines, reminders and waits are those of the new version,
    counted from when the step was opened. A new way of a parallel block that runs is opened.

    `dry_run` answers `{"items": [{flow, from, to, steps, opens, tasks, times, votes}]}`, needs no
    reason and changes nothing; `tasks` says whose stay, close and are asked afresh, `times` which
    moments become others, `votes` which votes are counted otherwise, or as before (see
    `moving.MovedTask`, `retiming.MovedTime`, `reweighing.MovedVote`).
    Raises Refused when nothing would change, when an open step has no counterpart at the same
    place, or when nobody could be asked.
    """
    flow = found.state.flow
    to = planned(work, found, body.get("map"))
    if body.get("dry_run"):
        tasks_, times, votes = rehearsed(work, found, to)
        item = {
            "flow": flow.id,
            "from": flow.fingerprint,
            "to": to.workflow.fingerprint,
            "steps": to.steps,
            "opens": [to.steps[run.step] for run in to.opens],
            "tasks": [one.to_json() for one in tasks_],
            "times": [one.to_json(work.now) for one in times],
            "votes": [one.to_json() for one in votes],
        }
        return {"items": [item], "dry_run": True}
    moved = Loaded(work, to.plan, WorldAsks(work, to.plan, flow), found.state, found.beside)
    walk = moved.walk()
    timers = timer_rows.timers_of(work.connection, flow.id)
    _move(walk, to, found, timers, wish.comment, work.installation.release.id)
    runtime.commit(work, moved, walk)
    return flow_json(work, moved)


def rehearsed(
    view: Reading, found: Loaded, to: Planned
) -> tuple[list[MovedTask], list[MovedTime], list[MovedVote]]:
    """What the move would make of the tasks, of deadlines, reminders and waits, and of votes;
    nothing is changed. Raises Refused where nobody could be asked."""
    flow = found.state.flow
    asks = TriedAsks(view, to.plan, flow)
    walk = Loaded(view, to.plan, asks, found.state).walk()
    timers = timer_rows.timers_of(view.connection, flow.id)
    _move(walk, to, found, timers, None, view.installation.release.id)
    was = found.plan if found.fits else None
    times = times_moved(found.state, walk, asks, was, timers)
    return tasks_moved(found.state, walk), times, votes_moved(found.state, walk, was)


def _move(
    walk: Walk,
    to: Planned,
    found: Loaded,
    timers: Sequence[TimerRow],
    reason: str | None,
    release: int,
) -> None:
    steps, opens = to.steps, to.opens
    was = found.plan if found.fits else None
    afresh = [steps[run.step] for run in opens] or None
    walk.note("migrated", comment=reason, steps=dict(steps), opens=afresh)
    walk.set_flow(fingerprint=to.workflow.fingerprint, release=release)
    walk.cancel([run.id for run in opens], "cancelled", "migrated")
    remember_fired(walk, was, timers)
    _rename(walk, steps, to.lanes, {run.id for run in opens}, found.state)
    move_deadlines(walk, was, steps)
    walk.remember(**_remembered(walk.flow.memory, to.plan, steps, to.lanes))
    for run in opens:
        step = to.plan.step(steps[run.step])
        walk.start_step(step, run.parent, walk.runs[run.id].lane, whatever=True)
    reweigh(walk, found.state, was)
    for block, lane in new_lanes(walk, found.state):
        walk.open_lane(walk.step_of(walk.runs[block]), block, lane)
    follow_rows(walk)
    if walk.flow.status == "running":  # what it waits for may have ended while it fitted no more
        for run in [r for r in walk.runs.values() if r.kind == "subflow" and r.state == "open"]:
            look_at_children(walk, run.id)
        for run_id in _of_same_people(walk, found):
            walk.look_at(run_id)  # what was answered may be enough by the rule of today
    walk.settle()


def _opened_afresh(found: Loaded, plan: FlowPlan, steps: Mapping[str, str]) -> list[RunRow]:
    """Open runs of people whose step becomes another one."""
    changed = []
    for run in found.state.runs.values():
        new = steps.get(run.step, run.step)
        if run.state != "open" or run.kind not in ASKS_PEOPLE or new == run.step:
            continue
        old = found.plan.places.get(run.step) if found.fits else None
        if old is None or _asked(old.step) != _asked(plan.step(new)):
            changed.append(run)
    return changed


def _of_same_people(walk: Walk, found: Loaded) -> list[int]:
    """Runs that stay open and whose step names the people it named. Where it names others, the
    answers are of people whom it would not ask: alone they decide nothing there."""
    if not found.fits:  # nobody knows whom the version before asked
        return []
    same = []
    for run in found.state.runs.values():
        old = found.plan.places.get(run.step)
        if old is None or run.kind not in ASKS_PEOPLE or walk.runs[run.id].state != "open":
            continue
        if same_people(old.step.who, walk.step_of(walk.runs[run.id]).who):
            same.append(run.id)
    return same


def _asked(step: Step) -> tuple[object, ...]:
    return step.kind, step.mode, step.holders, step.pass_share, rules(step.who)


def _mapped(
    found: Loaded, plan: FlowPlan, words: Mapping[str, str], lanes: Lanes
) -> dict[str, str]:
    """Every step that has run, by its new id; an open one must stand in the same blocks."""
    steps: dict[str, str] = {}
    walk = found.walk()
    for run in found.state.runs.values():
        new = words.get(run.step, run.step)
        stands = new in plan.places and plan.step(new).kind == run.kind
        there = stands and plan.chain(new) == _blocks(walk, run, words, lanes)
        if run.state == "open" and run.step != START and not there:
            raise _stranded(found, plan, run, new)
        if stands:
            steps[run.step] = new
        elif run.state != "open":
            steps.setdefault(run.step, run.step)
    return steps


def _blocks(
    walk: Walk, run: RunRow, words: Mapping[str, str], lanes: Lanes
) -> list[tuple[str, str | None]]:
    """The blocks around a run by their new ids, each with its lane, as `FlowPlan.chain` says it."""
    return [
        (
            words.get(block.step, block.step),
            None if block.kind == "each" else lanes.get(block.path, {}).get(lane, lane),
        )
        for block, lane in walk.ancestors(run)
    ]


def _stranded(found: Loaded, plan: FlowPlan, run: RunRow, new: str) -> Refused:
    """Why an open step cannot become this one."""
    step = step_word(found.plan, run.step)
    if new not in plan.places:
        return Refused("flow-migrate-strands", step=step)
    other = plan.step(new)
    if other.kind != run.kind:
        kinds = Word("flow_diagram.kinds", run.kind), Word("flow_diagram.kinds", other.kind)
        return Refused(
            "flow-migrate-kind", step=step, other=other.title, kind=kinds[0], becomes=kinds[1]
        )
    return Refused("flow-migrate-elsewhere", step=step, other=other.title)


def _rename(
    walk: Walk, steps: Mapping[str, str], lanes: Lanes, but: Collection[int], before: State
) -> None:
    """`but`: runs of steps that became another one, and keep their own ids."""
    for run in list(walk.runs.values()):
        new = run.step if run.id in but else steps.get(run.step, run.step)
        path = moved_path(run.path, steps if run.id not in but else {**steps, run.step: new}, lanes)
        above = before.runs[run.parent].path if run.parent is not None else ""
        lane = lanes.get(above, {}).get(run.lane or "", run.lane)
        if (new, path, lane) != (run.step, run.path, run.lane):
            walk.set_run(run.id, step=new, path=path, lane=lane)
        names = lanes.get(run.path, {})
        if any(name != today for name, today in names.items()) and "lanes" in run.data:
            named = {names.get(one, one): word for one, word in run.data["lanes"].items()}
            kept = {one: word for one, word in named.items() if not one.endswith(GONE)}
            walk.set_run(run.id, data={**run.data, "lanes": kept})
        if GOES_ON in run.data:
            ways = {one: moved_path(to, steps, lanes) for one, to in run.data[GOES_ON].items()}
            lead = {one: to for one, to in ways.items() if _leads(walk.plan, to)}
            walk.set_run(run.id, data={**walk.runs[run.id].data, GOES_ON: lead})


def _remembered(
    memory: Mapping[str, Any], plan: FlowPlan, steps: Mapping[str, str], lanes: Lanes
) -> dict[str, Any]:
    """What an instance remembers, by the new ids. A request that was to go on at a step that is
    gone, or stands elsewhere, walks again."""
    found: dict[str, Any] = {**memory}
    for name in ("returns", "chosen"):
        if name in memory:
            found[name] = {steps.get(step, step): kept for step, kept in memory[name].items()}
    resume = {}
    for path, entry in memory.get("resume", {}).items():
        back, step = (
            moved_path(entry["from"], steps, lanes),
            steps.get(entry["step"], entry["step"]),
        )
        if _leads(plan, back):
            beside = [moved_path(one, steps, lanes) for one in entry["with"]]
            resume[moved_path(path, steps, lanes)] = {
                **entry,
                "from": back,
                "step": step,
                "with": beside,
            }
    return {**found, "resume": resume} if "resume" in memory else found


def _leads(plan: FlowPlan, path: str) -> bool:
    """Whether the workflow has a step at this path."""
    parts = path.split("/")
    if parts[-1] not in plan.places:
        return False
    chain = plan.chain(parts[-1])
    there = list(zip(parts[:-1:2], parts[1::2], strict=True))
    return len(chain) == len(there) and all(
        block == step and lane in (None, into)
        for (block, lane), (step, into) in zip(chain, there, strict=True)
    )
