"""The workflow that an instance began with, typed against the forms of today."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar

from jingwei.catalogue.compile import compile_texts
from jingwei.problems import DefinitionErrors
from jingwei.refusals import Refused
from jingwei.services.commands import Reading
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
    installation = replace(view.installation, catalogue=catalogue)
    return replace(view, installation=installation), plan


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
    today = view.catalogue.workflows.get(flow.workflow)
    path = today.origin.file if today is not None else f"workflows/{flow.workflow}.yaml"
    if text is None:
        raise Refused("flow-needs-migration", workflow=flow.workflow)
    try:
        return compile_texts({**view.catalogue.files, path: text})
    except DefinitionErrors:
        raise Refused("flow-needs-migration", workflow=flow.workflow) from None
