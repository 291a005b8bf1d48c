"""Rows of `each` that go or come while their block runs."""

from __future__ import annotations

from jingwei.services.flows.returns import forget
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow

GONE = "row-gone"


def follow_rows(walk: Walk) -> None:
    """Rows that are gone are asked about no more, and those that are new are asked about as well:
    what was changed meanwhile is not decided by rows that nobody sees, nor passed unseen."""
    if walk.flow.status != "running":
        return
    blocks = [run for run in walk.runs.values() if run.kind == "each" and run.state == "open"]
    for block in sorted(blocks, key=lambda run: run.path.count("/")):
        run = walk.runs[block.id]
        if run.state == "open":  # and not in a row that is gone itself
            _follow(walk, run)
    walk.settle()


def _follow(walk: Walk, run: RunRow) -> None:
    step = walk.step_of(run)
    known = run.data.get("lanes", {})
    rows = walk.rows_of(run)
    going = [lane for lane, word in known.items() if word != "done"]
    gone = walk.asks.lanes_gone(step, rows, going)
    now = walk.lanes_of(step, rows) if walk.asks.of_a_field(step) else ()
    new = [lane for lane in now if lane not in known]
    if not gone and not new:
        return
    walk.note_system("rows_changed", step=step.id, gone=len(gone) or None, new=len(new) or None)
    for lane in gone:
        inside = [child.id for child in walk.children(run.id) if child.lane == lane]
        walk.cancel([one for id_ in inside for one in walk.below(id_)], "cancelled", GONE)
        forget(walk, f"{run.path}/{lane}", None)
    words = {**known, **dict.fromkeys(gone, "done"), **dict.fromkeys(new, "waiting")}
    waiting = [lane for lane, word in words.items() if word == "waiting"]
    if step.order == "one_by_one":
        opens = [] if "open" in words.values() else waiting[:1]
    else:
        opens = new
    words.update(dict.fromkeys(opens, "open"))
    walk.set_run(run.id, data={**run.data, "lanes": words})
    for lane in opens:
        walk.open_lane(step, run.id, lane)
    if set(words.values()) <= {"done"}:
        walk.finish(run.id, "passed")
