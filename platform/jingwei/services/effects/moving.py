"""Effects that move a record along: `start publish amend discard_amendment score`, and what leaves
the house: `call`."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.language.effects import Effect
from jingwei.language.expressions.environment import Environment
from jingwei.services import flows, records, versions
from jingwei.services.effects.scene import Scene
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.begin import begin

CALL = "webhook.call"


def start(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`start`: the workflow that is named, on the record."""
    form, id_ = scene.the_form()
    workflow = scene.work.catalogue.workflows.get(effect.args.get("workflow", ""))
    if not envs:
        return
    if workflow is None:
        flows.submit(scene.work, form.name, id_)
    else:
        record = records.locked(scene.work, form.name, id_)
        begin(scene.work, form, record, Wish(), workflow=workflow)
    scene.forget()


def publish(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`publish`: the record as it is now becomes its next version."""
    form, id_ = scene.the_form()
    if envs:
        versions.cut(scene.work, form.name, id_, effect.args.get("label"))


def amend(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    form, id_ = scene.the_form()
    if envs:
        versions.amend(scene.work, form.name, id_)
        scene.forget()


def discard_amendment(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    form, id_ = scene.the_form()
    if envs:
        versions.discard(scene.work, form.name, id_)
        scene.forget()


def score(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`score`: the figures of a score sheet are fetched again, though they stand."""
    form, id_ = scene.the_form()
    if envs:
        sheets = frozenset((effect.args["field"],))
        records.update(scene.work, form.name, id_, {}, source="action", rescore=sheets)
        scene.forget()


def call(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`call`: JSON to a webhook, by the outbox: at least once, with the same id each time."""
    for number, env in enumerate(envs):
        body = scene.values({}, effect.args.get("body", {}), env)
        about = {"form": scene.form.name if scene.form else None, "id": scene.record_id}
        payload = {"webhook": effect.args["webhook"], **about, "body": body}
        key = None
        if scene.trigger is not None:
            key = f"{CALL}:{scene.trigger}#{effect.path}:{number}"
        scene.work.outbox.add(CALL, payload, key)
