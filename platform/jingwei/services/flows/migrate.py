"""Moving a running request to the workflow of today: old step ids to new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.refusals import Conflict, Refused
from jingwei.services.commands import Work
from jingwei.services.flows import runtime
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.plan import START, FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.state import State
from jingwei.services.flows.view import flow_json
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import TERMINAL


def migrate(work: Work, found: Loaded, wish: Wish, body: Mapping[str, Any]) -> dict[str, Any]:
    """Pin today's workflow. `map`: old id → new id; the workflow's own `migrate` stands behind it.

    `dry_run` answers `{"items": [{flow, from, to, steps}]}` and changes nothing. Raises Refused
    when nothing would change, or when an open step has no counterpart at the same place.
    """
    flow = found.state.flow
    today = work.catalogue.workflows.get(flow.workflow)
    if flow.status in TERMINAL:
        raise Conflict("flow-ended", status=flow.status)
    if today is None or today.fingerprint == flow.fingerprint:
        raise Refused("flow-migrate-nothing")
    plan = FlowPlan(today)
    words = {**today.migrate, **{str(a): str(b) for a, b in dict(body.get("map") or {}).items()}}
    steps = _mapped(found, plan, words)
    if body.get("dry_run"):
        item = {"flow": flow.id, "from": flow.fingerprint, "to": today.fingerprint, "steps": steps}
        return {"items": [item], "dry_run": True}
    moved = Loaded(work, plan, WorldAsks(work, plan, flow), found.state)
    walk = moved.walk()
    walk.note("migrated", comment=wish.comment, steps=steps)
    walk.set_flow(fingerprint=today.fingerprint, release=work.installation.release.id)
    _rename(walk, steps)
    moved.state = runtime.commit(work, moved, walk)
    return flow_json(work, moved)


def _mapped(found: Loaded, plan: FlowPlan, words: Mapping[str, str]) -> dict[str, str]:
    """Every step that has run, by its new id; an open one must stand in the same blocks."""
    steps: dict[str, str] = {}
    for run in found.state.runs.values():
        new = words.get(run.step, run.step)
        stands = new in plan.places and plan.step(new).kind == run.kind
        if run.state == "open" and run.step != START:
            old = [(words.get(b, b), lane) for b, lane in found.plan.chain(run.step)]
            stands = stands and plan.chain(new) == old
            if not stands:
                raise Refused("flow-migrate-strands", step=run.step)
        if stands:
            steps[run.step] = new
        elif run.state != "open":
            steps.setdefault(run.step, run.step)
    return steps


def _rename(walk: Walk, steps: Mapping[str, str]) -> None:
    for run in list(walk.runs.values()):
        new = steps.get(run.step, run.step)
        parts = run.path.split("/")
        path = "/".join(steps.get(p, p) if n % 2 == 0 else p for n, p in enumerate(parts))
        if (new, path) != (run.step, run.path):
            walk.set_run(run.id, step=new, path=path)


__all__ = ["State", "migrate"]
