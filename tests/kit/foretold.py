"""What a request foretells, held against what then happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.refusals import Refused
from jingwei.services.flows import predict, runtime
from jingwei.services.people import SYSTEM


def foretold(platform: Any, flow: int) -> dict[str, list[str]]:
    """By step that will certainly come: whom it will ask. Steps that come more than once are left
    out, and what could not be worked out."""
    with platform.commands.read(SYSTEM) as reading:
        try:
            coming = predict.ahead(runtime.load(reading, flow).walk())
        except (Refused, LookupError, ArithmeticError):
            return {}
    steps = [one.step.id for one in coming]
    return {
        one.step.id: sorted(one.people)
        for one in coming
        if one.certain and steps.count(one.step.id) == 1 and _is_known(one)
    }


def _is_known(one: Any) -> bool:
    """Neither what somebody will choose nor what nobody has to answer."""
    chosen = any(rule.kind == "chosen_by" for rule in one.step.who)
    return one.step.kind in ("fill", "approve") and not chosen


def untrue(told: Mapping[str, list[str]], before: Any, after: Any) -> list[str]:
    """Where a step opened that was foretold, and asked others."""
    found = []
    for run in after.runs.values():
        if run.id in before.runs or run.step not in told:
            continue
        tasks = [t for t in after.tasks.values() if t.run == run.id and t.outcome != "skipped"]
        asked = sorted({t.acting for t in tasks})
        if asked != told[run.step]:
            found.append(f"{run.step}: foretold {told[run.step]}, asked {asked}")
    return found
