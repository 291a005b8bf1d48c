"""The workflow that an instance began with, typed against the forms of today."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar

from jingwei.catalogue.compile import compile_texts
from jingwei.catalogue.layered import patching, resolve, with_text
from jingwei.language.workflow import Workflow
from jingwei.problems import DefinitionErrors, Problems
from jingwei.refusals import Refused
from jingwei.services.commands import Reading, Work
from jingwei.services.flows.plan import FlowPlan
from jingwei.storage import flows as rows
from jingwei.storage.flow_rows import FlowRow

MOST = 64
_KEPT: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
_LOCK = Lock()
View = TypeVar("View", bound=Reading)


def pinned(view: View, flow: FlowRow) -> tuple[View, FlowPlan]:
    """The view as the instance sees it, and its workflow.

    The catalogue is today's but for this one workflow, whose text is the one it began with.
    Raises Refused when that text fits today's forms no more.
    """
    view = view.of(_org_of(view, flow))
    key = (view.catalogue.fingerprint, flow.workflow, flow.fingerprint)
    with _LOCK:
        known = _KEPT.get(key)
    if known is None:
        known = _known(view, flow)
        with _LOCK:
            _KEPT[key] = known
            while len(_KEPT) > MOST:
                _KEPT.popitem(last=False)
    catalogue, plan = known
    if plan is None:
        raise Refused("flow-needs-migration", workflow=flow.workflow)
    if catalogue is None:
        return view, plan
    return replace(view, installation=replace(view.installation, catalogue=catalogue)), plan


def keep_text(work: Work, workflow: Workflow) -> None:
    """Keep the text of a workflow as layers made it, for the requests that begin with it: that of
    the group is kept with its release."""
    layered = work.catalogue.base
    if layered is None or layered.workflows.get(workflow.name) is workflow:
        return
    found = resolve(layered, "workflow", workflow.name, work.catalogue.standing, Problems())
    if found is not None and found.definition.fingerprint == workflow.fingerprint:
        rows.keep_pinned_text(work.connection, workflow.fingerprint, found.text().encode())


def _org_of(view: Reading, flow: FlowRow) -> str | None:
    """The org of the record; asked for only where orgs differ in their form or workflow."""
    base = view.catalogue.base or view.catalogue
    known = patching(base) if base.layers else {}
    if ("form", flow.form) not in known and ("workflow", flow.workflow) not in known:
        return None
    found = view.store.load(view.connection, flow.form, [flow.record]).get(flow.record)
    return None if found is None else found["org"]


def _known(view: Reading, flow: FlowRow) -> tuple[Any, FlowPlan | None]:
    """The catalogue (None: today's will do) and the plan (None: the text fits no more)."""
    today = view.catalogue.workflows.get(flow.workflow)
    if today is not None and today.fingerprint == flow.fingerprint:
        return None, FlowPlan(today)
    try:
        catalogue = _compiled(view, flow)
    except Refused:
        return None, None
    return catalogue, FlowPlan(catalogue.workflows[flow.workflow])


def _compiled(view: Reading, flow: FlowRow) -> Any:
    text = rows.pinned_text(view.connection, flow.fingerprint)
    base = view.catalogue.base or view.catalogue
    today = base.workflows.get(flow.workflow)
    path = today.origin.file if today is not None else f"workflows/{flow.workflow}.yaml"
    if text is None:
        raise Refused("flow-needs-migration", workflow=flow.workflow)
    if view.catalogue.base is not None:
        try:
            return with_text(view.catalogue, "workflow", flow.workflow, text)
        except DefinitionErrors:
            raise Refused("flow-needs-migration", workflow=flow.workflow) from None
    files = {**base.files, path: text}
    for layer in base.layers.values():  # they are in the text already
        if (layer.of_kind, layer.of_name) == ("workflow", flow.workflow):
            del files[layer.origin.file]
    try:
        return compile_texts(files)
    except DefinitionErrors:
        raise Refused("flow-needs-migration", workflow=flow.workflow) from None
