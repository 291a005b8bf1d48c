"""Requests that run while their workflow changes: they go on, are moved, or wait to be."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows_small import FORM, TWO, House, house, publish, workflow, write

from jingwei.refusals import Refused

OTHER = """
- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}
- {id: between, approve: {who: {person: eve}}}
- {id: c, approve: {who: {person: chief}}}
"""


def republish(here: House, root: Path, text: str, form: str = FORM) -> None:
    write(root / "app", text, form)
    publish(root / "app", here.platform.database)
    here.platform.active.poll()


def test_a_running_request_goes_on_under_its_own_workflow(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    republish(here, tmp_path, workflow(OTHER))
    here.act("fin", flow, "approve")
    flow = here.act("law", flow, "approve")
    assert here.asked(flow) == ["chief"]
    assert here.act("chief", flow, "approve")["status"] == "approved"

    fresh = here.start()
    here.act("fin", fresh, "approve")
    assert here.asked(here.act("law", fresh, "approve")) == ["eve"]


def test_a_migration_maps_steps_and_is_rehearsed(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    with pytest.raises(Refused) as caught:
        here.on_flow("admin", flow, "migrate", reason="x")
    assert caught.value.code == "flow-migrate-nothing"
    republish(here, tmp_path, workflow(OTHER))
    before = here.dump(flow)
    plan = here.on_flow("admin", flow, "migrate", reason="x", dry_run=True)
    assert [item["flow"] for item in plan["items"]] == [flow["id"]]
    assert here.dump(flow) == before

    flow = here.on_flow("admin", flow, "migrate", reason="x")
    here.act("fin", flow, "approve")
    flow = here.act("law", flow, "approve")
    assert here.asked(flow) == ["eve"]


def test_a_migration_that_would_strand_a_request_is_refused(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    republish(here, tmp_path, workflow("- {id: z, approve: {who: {person: eve}}}"))
    with pytest.raises(Refused) as caught:
        here.on_flow("admin", flow, "migrate", reason="x")
    assert caught.value.code == "flow-migrate-strands"
    flow = here.on_flow("admin", flow, "migrate", reason="x", map={"a": "z"})
    assert here.asked(flow) == ["eve"]


def test_a_workflow_that_no_longer_fits_the_form_blocks_until_it_is_migrated(
    tmp_path: Path,
) -> None:
    here = house(tmp_path, workflow("- {id: a, approve: {who: {field: chief}}}"))
    flow = here.start(chief="fin")
    form = FORM.replace("  chief: {type: person, title: 负责人}\n", "")
    republish(here, tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}"), form)
    with pytest.raises(Refused) as caught:
        here.act("fin", flow, "approve")
    assert caught.value.code == "flow-needs-migration"
    assert here.box("fin", "todo")["items"][0]["actions"] == []
    here.on_flow("admin", flow, "migrate", reason="the field is gone")
    assert here.act("fin", flow, "approve")["status"] == "approved"
