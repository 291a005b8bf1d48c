"""Sending back, and going on where it came from: the ways through a workflow that are not forwards.

Only what lies on the way to a step can be returned to: never another lane of a block that is still
open. Returning from after a join runs one lane again (`rerun: block`: all); returning to before a
split cancels every lane.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from jingwei.language.workflow import ReturnRule, Step
from jingwei.refusals import Refused
from jingwei.services.flows.plan import ASKS_PEOPLE, START, FlowPlan
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import DONE, GOES_ON, Walk
from jingwei.services.flows.words import step_word, steps_word
from jingwei.storage.flow_rows import RunRow


def way_back(walk: Walk, run: RunRow, target: str) -> int | None:
    """How many blocks the run shares with the step, when it may be returned to; else None."""
    if target not in walk.plan.places:
        return None
    chain = walk.plan.chain(target)
    around = walk.ancestors(run)
    shared = 0
    while shared < min(len(chain), len(around)) and chain[shared][0] == around[shared][0].step:
        lane = chain[shared][1]
        if lane is not None and lane != around[shared][1]:
            return None
        shared += 1
    here = around[shared][0].step if shared < len(around) else run.step
    there = chain[shared][0] if shared < len(chain) else target
    return shared if walk.plan.places[there].index < walk.plan.places[here].index else None


def earlier(walk: Walk, run: RunRow) -> list[str]:
    """Steps of people on the way to this run that were passed, oldest first."""
    passed: dict[str, None] = {}
    for other in walk.runs.values():
        done = other.kind in ("fill", "approve") and other.outcome in DONE
        if other.step == START:
            continue
        if done and other.id < run.id and _leads_back(walk, run, other.step):
            passed.pop(other.step, None)
            passed[other.step] = None
    order = list(walk.plan.places)
    return sorted(passed, key=order.index)


def _leads_back(walk: Walk, run: RunRow, target: str) -> bool:
    """Whether it may be returned to, by ways that were taken: after a migration a step may stand in
    one that was not."""
    shared = way_back(walk, run, target)
    if shared is None:
        return False
    taken: dict[str, set[str]] = {}
    for other in walk.runs.values():
        taken.setdefault(other.step, set()).update(other.data.get("lanes", ()))
    return all(
        lane is None or lane in taken.get(block, ())
        for block, lane in walk.plan.chain(target)[shared:]
    )


def to_initiator(walk: Walk, run: RunRow) -> str:
    """The first fill of the initiator on the way, also one that a jump left out; else a step of its
    own."""
    for step_id in earlier(walk, run):
        if asks_initiator(walk.plan.step(step_id)):
            return step_id
    for step in walk.plan.workflow.steps:
        if asks_initiator(step) and step.when is None and way_back(walk, run, step.id) is not None:
            return step.id
    return START


def asks_initiator(step: Step) -> bool:
    return step.kind == "fill" and any(who.kind == "initiator" for who in step.who)


def came_back(state: State, run: RunRow) -> bool:
    """Whether a round began with this: the initiator corrects what was sent back to him, or who
    took over from him does."""
    if run.kind != "fill" or run.round == 1:
        return False
    own = any(t.run == run.id and t.person == state.flow.initiator for t in state.tasks.values())
    before = (r for r in state.runs.values() if r.round == run.round and r.id < run.id)
    return own and not any(r.kind in ASKS_PEOPLE for r in before)


def targets(walk: Walk, run: RunRow) -> list[str]:
    """Where a person may return to from here by the rule of the step, the latest first."""
    rule = walk.plan.return_rule(walk.step_of(run))
    if rule.to != "any_earlier":
        return [target_of(walk, run, rule.to)]
    return list(dict.fromkeys([*reversed(earlier(walk, run)), to_initiator(walk, run)]))


def target_of(walk: Walk, run: RunRow, word: str) -> str:
    """The step a word names: initiator, previous, or a step that was passed. Raises Refused."""
    known = earlier(walk, run)
    if word in ("initiator", START):
        return to_initiator(walk, run)
    if word in ("previous", "any_earlier"):
        return known[-1] if known and word == "previous" else to_initiator(walk, run)
    begins = to_initiator(walk, run)
    if word not in known and word != begins:
        steps = steps_word(walk.plan, dict.fromkeys([begins, *known]))
        raise Refused("flow-return-where", step=step_word(walk.plan, word), known=steps)
    return word


def names_a_step(plan: FlowPlan, step: Step) -> bool:
    """Whether the rule of a step says which one a return goes to: only if it was walked, then."""
    return plan.return_rule(step).to not in ("initiator", "previous", "any_earlier")


def asked_target(walk: Walk, run: RunRow, to: str | None) -> str:
    """Where a person may return to, by the rule of the step."""
    rule = walk.plan.return_rule(walk.step_of(run))
    fixed = None if rule.to == "any_earlier" else target_of(walk, run, rule.to)
    if to is None:
        return fixed or to_initiator(walk, run)
    asked = target_of(walk, run, to)
    if fixed is not None and asked != fixed:
        raise Refused(
            "flow-return-where", step=step_word(walk.plan, to), known=step_word(walk.plan, fixed)
        )
    return asked


def send_back(walk: Walk, run: RunRow, word: str, *, resumes: bool = True) -> None:
    """Return from a run to an earlier step; a new round begins there. `resumes`: by the rule of
    the step it may later go on from here."""
    target = target_of(walk, run, word)
    shared = way_back(walk, run, target) or 0
    step = walk.step_of(run)
    rule = walk.plan.return_rule(step)
    around = walk.ancestors(run)
    top = around[shared][0] if shared < len(around) else run
    walk.note_system("sent_back", step=step.id, to=target)
    walk.set_flow(round=walk.flow.round + 1)
    walk.cancel(walk.below(top.id), "returned", "returned")
    comes_again = resumes and rule.resume == "returner"
    forget(walk, top.path, run.path if comes_again else None)
    container = around[shared - 1] if shared else None
    paths = _reopen(walk, target, shared, container, step)
    if comes_again:
        _plan_resume(walk, [_in_last_row(walk, path) for path in paths], run, rule, target)


def _in_last_row(walk: Walk, path: str) -> str:
    """Rows that take turns are all walked before the request goes on where it came from: the same
    step in the last of them."""
    parts = path.split("/")
    for end in range(1, len(parts), 2):
        block = "/".join(parts[:end])
        runs = [r for r in walk.runs.values() if r.path == block and r.state == "open"]
        lanes = runs[-1].data.get("lanes", {}) if runs else {}
        if "waiting" in lanes.values():
            return "/".join([block, list(lanes)[-1], *parts[end + 1 :]])
    return path


def forget(walk: Walk, path: str, kept: str | None) -> None:
    """What was to go on inside something that is cancelled will not; but for the returner, who is
    asked again and then still goes on where he was to."""
    resume = {
        key: entry
        for key, entry in walk.flow.memory.get("resume", {}).items()
        if key == kept or (key != path and not key.startswith(path + "/"))
    }
    walk.remember(resume=resume)


def _plan_resume(walk: Walk, paths: list[str], run: RunRow, rule: ReturnRule, target: str) -> None:
    fields = rule.walk_again_if_changed
    if fields is None:
        fields = tuple(walk.asks.routing_fields(_passed(walk, target, run.step)))
    entry = {
        "from": run.path,
        "step": run.step,
        "with": paths,
        "snapshot": walk.asks.snapshot(fields),
    }
    resume = dict(walk.flow.memory.get("resume", {}))
    resume.update(dict.fromkeys(paths, entry))
    walk.remember(resume=resume)


def _passed(walk: Walk, target: str, returner: str) -> list[Step]:
    """The steps that the request came past between the two, whose conditions are not looked at
    again where it goes straight back; the people of the returner are asked for afresh anyway."""
    came = {run.step for run in walk.runs.values()}
    order = [name for name in walk.plan.places if name != START]
    first = order.index(target) + 1 if target != START else 0
    between = order[first : order.index(returner) + 1]
    steps = [walk.plan.step(name) for name in between if name in came]
    return [replace(step, who=()) if step.id == returner else step for step in steps]


def _reopen(
    walk: Walk,
    target: str,
    shared: int,
    container: tuple[RunRow, str] | None,
    returner: Step,
) -> list[str]:
    """Open the target again inside the blocks that lead to it; the paths that were opened."""
    parents: list[tuple[int | None, str | None]] = [
        (container[0].id, container[1]) if container else (None, None)
    ]
    for block, lane in walk.plan.chain(target)[shared:]:
        found: list[tuple[int | None, str | None]] = []
        for parent, inside in parents:
            found += _enter(walk, block, lane, parent, inside, target, returner)
        parents = found
    paths = []
    for parent, lane in parents:
        opened = walk.start_step(walk.plan.step(target), parent, lane, whatever=True)
        if opened is not None:
            paths.append(opened.path)
    return paths


def _enter(
    walk: Walk,
    block: str,
    lane: str | None,
    parent: int | None,
    inside: str | None,
    target: str,
    returner: Step,
) -> list[tuple[int | None, str | None]]:
    """Go into the last run of a block again: only the lane that leads to the target."""
    path = block if parent is None else f"{walk.runs[parent].path}/{inside}/{block}"
    last = [r for r in walk.runs.values() if r.path == path]
    if not last:
        raise Refused("flow-return-where", step=step_word(walk.plan, target), known="—")
    run = last[-1]
    step, known = walk.plan.step(block), run.data.get("lanes", {})
    if lane is not None and lane not in known:
        raise Refused("flow-return-where", step=step_word(walk.plan, target), known="—")
    takes_turns = step.order == "one_by_one"
    # of `each` the rows of today: those that are gone since are not asked about again
    every = list(known) if lane is not None else _rows_now(walk, step, parent, inside, known)
    lanes = [lane] if lane is not None else every[:1] if takes_turns else every
    whole = walk.plan.policy(returner, "rerun") == "block"
    # a lane that a jump left before its end is not gone into again
    left = "waiting" if takes_turns else "open" if whole else "done"
    gone = [name for name in known if name not in every]
    words = {
        **dict.fromkeys(gone, "done"),
        **dict.fromkeys(every, left),
        **dict.fromkeys(lanes, "open"),
    }
    data = _with_lanes(run, words)
    if whole or run.parent != parent:
        run = walk.set_run(walk.new_run(step, parent, inside).id, data=data)
    else:
        walk.set_run(run.id, state="open", outcome=None, closed_at=None, data=data)
    for name in every:
        if words[name] == "open" and (name not in known or name not in lanes):
            walk.open_lane(step, run.id, name)  # from its first step
    if not every:
        walk.finish(run.id, "passed")
    return [(run.id, name) for name in lanes if name in known]


def _rows_now(
    walk: Walk, step: Step, parent: int | None, lane: str | None, known: Collection[str]
) -> list[str]:
    """The lanes of an `each` that is gone into anew: those of before whose rows are still there,
    and those of rows that are new."""
    rows = walk.rows(parent, lane)
    gone, now = walk.asks.lanes_gone(step, rows, known), walk.lanes_of(step, rows)
    return [*(name for name in known if name not in now and name not in gone), *now]


def _with_lanes(run: RunRow, words: Mapping[str, str]) -> dict[str, Any]:
    """The data of a block run that is gone into anew: no row of it goes on anywhere but at its
    first step."""
    kept = {name: value for name, value in run.data.items() if name != GOES_ON}
    return {**kept, "lanes": words}


# --- going on ------------------------------------------------------------------------------------


def resume(walk: Walk, run: RunRow) -> bool:
    """Go on where the request came from, if this run was asked to correct it."""
    entries = dict(walk.flow.memory.get("resume", {}))
    entry = entries.pop(run.path, None)
    if entry is None:
        return False
    snapshot = entry["snapshot"]
    changed = [
        name
        for name, value in walk.asks.snapshot(list(snapshot)).items()
        if value != snapshot[name]
    ]
    if changed:
        walk.note_system("walks_again", step=run.step, changed=changed)
        for path in entry["with"]:
            entries.pop(path, None)
        walk.remember(resume=entries)
        return False
    waiting = any(path in entries for path in entry["with"])
    walk.note_system("resumed", step=entry["step"])
    walk.remember(resume=entries)
    if waiting:
        _mark_lane(walk, run)
        return True
    if not _leave(walk, run, entry["from"]):
        return True
    goto(walk, entry["from"], keeps=True)
    return True


def _mark_lane(walk: Walk, run: RunRow) -> None:
    if run.parent is not None:
        block = walk.runs[run.parent]
        lanes = {**block.data.get("lanes", {}), run.lane or "": "done"}
        walk.set_run(block.id, data={**block.data, "lanes": lanes})


def _leave(walk: Walk, run: RunRow, path: str) -> bool:
    """Close the blocks around a run that do not lead to the path; False while a lane is open."""
    for block, lane in reversed(walk.ancestors(run)):
        if path.startswith(f"{block.path}/{lane}/"):
            return True
        lanes = {**walk.runs[block.id].data.get("lanes", {}), lane: "done"}
        data = {**walk.runs[block.id].data, "lanes": lanes}
        walk.set_run(block.id, data=data)
        if set(lanes.values()) != {"done"}:
            return False
        walk.set_run(block.id, state="done", outcome="passed", closed_at=walk.now)
    return True


def goto(walk: Walk, path: str, *, keeps: bool = False) -> None:
    """Open the step at a path. Blocks on the way that are closed begin afresh, all their lanes;
    where it `keeps`, each lane of an inclusive block goes on where it was, or stays at its end."""
    parts = path.split("/")
    parent: int | None = None
    lane: str | None = None
    for step_id, into in zip(parts[:-1:2], parts[1::2], strict=True):
        open_ = [
            r
            for r in walk.runs.values()
            if r.step == step_id and (r.parent, r.lane) == (parent, lane) and r.state == "open"
        ]
        if _is_gone(walk, step_id, into, parent, lane):
            _leave_row(walk, step_id, into, parent, lane, open_)
            return
        if not open_ and _takes_turns_afresh(walk, step_id, into, parent, lane, path):
            return
        block = open_[-1] if open_ else _fresh_block(walk, step_id, into, parent, lane, keeps)
        lanes = {**walk.runs[block.id].data.get("lanes", {}), into: "open"}
        walk.set_run(block.id, data={**walk.runs[block.id].data, "lanes": lanes})
        parent, lane = block.id, into
    walk.start_step(walk.plan.step(parts[-1]), parent, lane, whatever=True)


def _is_gone(walk: Walk, step_id: str, into: str, parent: int | None, lane: str | None) -> bool:
    """Whether a way leads into a row that is there no more."""
    step = walk.plan.step(step_id)
    if step.kind != "each":
        return False
    return bool(walk.asks.lanes_gone(step, walk.rows(parent, lane), [into]))


def _leave_row(
    walk: Walk,
    step_id: str,
    into: str,
    parent: int | None,
    lane: str | None,
    open_: Sequence[RunRow],
) -> None:
    """Nobody is asked about a row that is gone: its block goes on with the others."""
    if open_:
        walk.lane_done(open_[-1].id, into)
        return
    step = walk.plan.step(step_id)
    run = walk.new_run(step, parent, lane)
    walk.open_lanes(run.id, walk.lanes_of(step, walk.rows(parent, lane)))


def _takes_turns_afresh(
    walk: Walk, step_id: str, into: str, parent: int | None, lane: str | None, path: str
) -> bool:
    """Rows that take turns, of which all are asked again, begin with the first, not with the one
    that the way leads into: that goes on at the end of the path when it has its turn. Whether this
    block does so, and is open now."""
    step = walk.plan.step(step_id)
    if step.order != "one_by_one":
        return False
    lanes = walk.lanes_of(step, walk.rows(parent, lane))
    if not lanes or lanes[0] == into:
        return False
    run = walk.new_run(step, parent, lane)
    walk.set_run(run.id, data={**run.data, GOES_ON: {into: path}})
    walk.open_lanes(run.id, lanes)
    return True


def _fresh_block(
    walk: Walk, step_id: str, into: str, parent: int | None, lane: str | None, keeps: bool
) -> RunRow:
    step = walk.plan.step(step_id)
    run = walk.new_run(step, parent, lane)
    lanes: list[str] = [into]
    if step.kind in ("parallel", "each", "inclusive"):
        now = walk.lanes_of(step, walk.rows(parent, lane))
        lanes = now if into in now else [*now, into]
    last = None
    if keeps and step.kind == "inclusive":
        last = next((r for r in reversed(walk.runs.values()) if _is_before(r, run)), None)
    if last is None:
        walk.open_lanes(run.id, lanes, (into,))
        return walk.runs[run.id]
    words = last.data.get("lanes", {})
    left = _left_off(walk, last, [name for name in lanes if name != into])
    done = {name for name, word in words.items() if word == "done"}
    walk.open_lanes(run.id, lanes, {into, *left}, done)
    for name, one in left.items():
        walk.later(partial(walk.start_step, one, run.id, name, whatever=True))
    return walk.runs[run.id]


def _is_before(one: RunRow, run: RunRow) -> bool:
    return one.path == run.path and one.id != run.id


def _left_off(walk: Walk, block: RunRow, lanes: Collection[str]) -> dict[str, Step]:
    """The steps of a block run that were open when it was left, by lane."""
    newest = {run.lane: run for run in walk.children(block.id) if run.lane in lanes}
    return {str(n): walk.step_of(r) for n, r in newest.items() if r.state == "cancelled"}
