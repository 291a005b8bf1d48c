"""What somebody who took over a returned request may write of it: by the task, not by a grant."""

from __future__ import annotations

from jingwei.language.workflow import Step, StepFields
from jingwei.services.commands import Reading
from jingwei.services.flows.runtime import Loaded
from jingwei.services.reader_world import as_reader
from jingwei.storage.flow_rows import RunRow


def fields_now(view: Reading, found: Loaded, run: RunRow, step: Step) -> StepFields:
    """The field rights of a step as the request stands. A step that names no fields leaves its
    initiator what his grants open; whoever corrects the request in his place is left the same."""
    flow = found.state.flow
    stands_in = step.kind == "fill" and view.actor.login != flow.initiator
    if not stands_in or step.fields.write:
        return step.fields
    record = found.asks.record  # read only here: a page of tasks asks this of each
    if record.get("status") != "returned":
        return step.fields
    if not any(t.run == run.id and t.person == flow.initiator for t in found.state.tasks.values()):
        return step.fields
    initiator = view.people.find(view.connection, flow.initiator, view.today)
    if initiator is None:
        return step.fields
    known = view.rights.fields(as_reader(view, initiator), flow.form, record)
    own = tuple(n for n in view.catalogue.forms[flow.form].fields if n in known.writable)
    return StepFields(write=own, require=step.fields.require, hide=step.fields.hide)
