"""Effects: one interpreter and one table of verbs, for buttons, events, flows and schedules.

They run in the transaction of their trigger, through the write path, as the system on behalf of
whoever caused it. The same (trigger, path) runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from jingwei.language.effects import Effect, Effects
from jingwei.language.expressions.environment import Environment
from jingwei.services.commands import Work
from jingwei.services.effects import moving, telling, writing
from jingwei.services.effects.scene import Outcome, Scene
from jingwei.storage.effects import is_first

log = structlog.get_logger(__name__)

Verb = Callable[[Scene, Effect, Sequence[Environment]], None]

VERBS: Mapping[str, Verb] = {
    "set": writing.set_fields,
    "enter": writing.enter,
    "create": writing.create,
    "update": writing.update,
    "append": writing.append,
    "notify": telling.tell,
    "urge": telling.urge,
    "start": moving.start,
    "publish": moving.publish,
    "amend": moving.amend,
    "discard_amendment": moving.discard_amendment,
    "score": moving.score,
    "call": moving.call,
}


def run(
    work: Work,
    effects: Effects,
    form: str | None = None,
    record: int | None = None,
    *,
    trigger: str | None = None,
    initiator: str | None = None,
    flow: Mapping[str, Any] | None = None,
    row: Any = None,
    old: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Outcome:
    """Do these effects, all or none. `trigger`: the occasion, by which the same one is known;
    a flow's is its id and the path of its step. Raises what the write path raises."""
    if flow is not None:
        trigger = trigger or f"flow:{flow['id']}:{flow['path']}"
    definition = work.catalogue.forms[form] if form is not None else None
    scene = Scene(
        work.as_system(),
        definition,
        record,
        trigger,
        initiator,
        row,
        old,
        {**(variables or {}), **({"flow": flow} if flow is not None else {})},
    )
    for effect in effects:
        _run(scene, effect)
    return scene.outcome


def _run(scene: Scene, effect: Effect) -> None:
    work = scene.work
    if scene.trigger is not None:
        key = f"{scene.trigger}#{effect.path}"
        if not is_first(work.connection, key, work.now):
            return
    env = scene.environment()
    if not scene.holds(effect.when, env):
        return
    verb = VERBS.get(effect.verb)
    if verb is None:  # `check` warned of it
        log.warning("effect_not_run", verb=effect.verb, path=effect.path)
        return
    verb(scene, effect, scene.elements(effect, env))
