"""Running requests when a workflow changes: told one by one by the plan, and moved together."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows_small import FORM, House, house, workflow, write

from jingwei.catalogue.compile import compile_catalogue
from jingwei.refusals import Invalid
from jingwei.services.releases.migrating import migrate_all
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan

FIELD = "- {id: a, approve: {who: {field: chief}}}"
PERSON = "- {id: a, approve: {who: {person: fin}}}"
OTHER = "- {id: z, approve: {who: {person: eve}}}"


def planned(here: House, root: Path, text: str, form: str = FORM) -> ReleasePlan:
    write(root / "app", text, form)
    platform = here.platform
    moment = Moment(platform.clock.now(), platform.clock.today())
    return make_plan(platform.database, compile_catalogue(root / "app"), moment)


def publish(here: House, root: Path) -> None:
    from flows_small import publish as publish_folder

    publish_folder(root / "app", here.platform.database)
    here.platform.active.poll()


def test_the_plan_tells_of_every_running_request_how_it_goes_on(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(FIELD))
    flow = here.start(chief="fin")
    here.act("fin", here.start(chief="fin"), "approve")  # has ended, and is not touched

    plan = planned(here, tmp_path, workflow(PERSON))
    (touch,) = plan.flows
    assert (touch.flow, touch.fate, touch.moves, touch.steps) == (
        flow["id"],
        "goes_on",
        True,
        ("a",),
    )
    name = touch.workflow
    assert touch.message("en").endswith("goes on by the workflow it began with")
    assert touch.how("en") == (
        f"it could move: jingwei migrate {name} --reason …, once this is published"
    )

    (touch,) = planned(here, tmp_path, workflow(OTHER)).flows
    assert (touch.fate, touch.moves, touch.stuck) == ("goes_on", False, ("a",))
    assert touch.how("en") == (
        "it could not move: a has no counterpart. Say which it is, under `migrate:` or by "
        f"jingwei migrate {name} --map a=…"
    )

    without = FORM.replace("  chief: {type: person, title: 负责人}\n", "")
    plan = planned(here, tmp_path, workflow(PERSON), without)
    (touch,) = plan.flows
    assert (touch.fate, touch.moves) == ("needs_migration", True)
    (step,) = [step for step in plan.steps if step.topic == "flows"]
    assert (step.group, step.rows) == ("needs_data", 1)
    assert step.fix("en") == f"Publish, then: jingwei migrate {touch.workflow}"


def test_every_request_is_moved_by_itself_and_what_cannot_move_says_why(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(FIELD))
    flows = [here.start(chief="fin"), here.start(chief="fin")]
    planned(here, tmp_path, workflow(OTHER))
    publish(here, tmp_path)
    name = here.view(flows[0])["workflow"]
    commands = here.platform.commands

    stuck = migrate_all(commands, name, {}, "new rules", dry_run=False)
    assert [one.refused.code for one in stuck if one.refused] == ["flow-migrate-strands"] * 2

    with pytest.raises(Invalid) as wrong:
        migrate_all(commands, name, {"a": "zz"}, "", dry_run=True)
    assert f"{name} has no step zz (→ z?) today. Its steps: " in wrong.value.message("en")
    rehearsed = migrate_all(commands, name, {"a": "z"}, "", dry_run=True)
    kept = [here.record(flow) for flow in flows]
    assert [one.name for one in rehearsed] == [f"{k['number']} {k['title']}" for k in kept]
    assert [(one.flow, one.steps["a"]) for one in rehearsed] == [(f["id"], "z") for f in flows]
    assert here.asked(flows[0]) == ["fin"]

    moved = migrate_all(commands, name, {"a": "z"}, "new rules", dry_run=False)
    assert [one.refused for one in moved] == [None, None]
    assert [here.asked(here.view(flow)) for flow in flows] == [["eve"], ["eve"]]
    assert migrate_all(commands, name, {}, "again", dry_run=False) == []
