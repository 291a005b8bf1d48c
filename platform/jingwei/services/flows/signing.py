"""The picture of a signature that an approval leaves in the field which its step names.

It is a file of its own, which the record owns: what the signer draws later changes nothing here.
Signers who were added beside the step's own people leave none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.workflow import Step
from jingwei.services import files, personal, records
from jingwei.services.commands import Work
from jingwei.services.flows.runtime import Loaded
from jingwei.storage.files import find_files
from jingwei.storage.flow_rows import RunRow, TaskRow


def at_decision(work: Work, found: Loaded, run: RunRow, task: TaskRow) -> dict[str, Any]:
    """What the actor's approval writes: by field, a picture, or nothing where he has none. Empty
    where the step wants no signature of him, and where it is there already."""
    field = signs_in(found.plan.step(run.step), task)
    if field is None:
        return {}
    return _wanted(work, found, field, personal.signature(work))


def withdraw(work: Work, found: Loaded, run: RunRow, tasks: Iterable[TaskRow]) -> None:
    """After an approval of this run was taken back, the signature is that of who approved last
    before, or none. `tasks`: as they are by now."""
    place = found.plan.places.get(run.step)  # it may be gone, since the request was moved
    if place is None or place.step.signature is None:
        return
    step, field = place.step, place.step.signature
    left = [t for t in tasks if t.run == run.id and signs_in(step, t) and t.outcome == "approved"]
    asked = [(t.closed_by, t.closed_at) for t in left if t.closed_by and t.closed_at]
    last = max(reversed(asked), key=lambda one: one[1], default=None)
    picture = None if last is None else personal.signatures_at(work, [last]).get(last)
    values = _wanted(work, found, field, picture)
    if values:
        flow = found.state.flow
        records.update(
            replace(work, origin=f"flow:{flow.id}"),
            flow.form,
            flow.record,
            values,
            source="flow",
            allowed=frozenset(values),
        )
        found.asks.forget()


def signs_in(step: Step, task: TaskRow) -> str | None:
    """The field that takes the signature of who approves with this task."""
    signs = task.kind == "approval" and task.position is None
    return step.signature if signs else None


def _wanted(work: Work, found: Loaded, field: str, picture: int | None) -> dict[str, Any]:
    """The field with a copy of this picture; empty where it holds the same already."""
    held: int | None = found.asks.record.get(field)
    known = find_files(work.connection, [one for one in (held, picture) if one is not None])
    if picture is None or picture not in known:
        return {} if held is None else {field: None}
    drawn = known[picture]
    if held in known and _same(known, held, drawn.sha256):
        return {}
    return {field: files.add(work, drawn.name, drawn.type, drawn.sha256, drawn.size)["id"]}


def _same(known: Mapping[int, Any], held: int | None, sha256: str) -> bool:
    return held is not None and known[held].sha256 == sha256
