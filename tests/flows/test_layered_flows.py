"""A request walks the workflow as the org of its record has it, to its end."""

from __future__ import annotations

from pathlib import Path

from flows_small import House, house, publish, workflow

LAYERS = {
    "definitions/layers/A/request.yaml": """\
kind: layer
for: A
patches: form/request
add:
  fields:
    x_a_port: {type: text, title: 港口}
""",
    "definitions/layers/A/flow.yaml": """\
kind: layer
for: A
patches: workflow/flow
add:
  steps:
    x_a_audit:
      after: boss
      when: x_a_port == "宁波"
      approve: {who: {post: finance, at: org}}
""",
}
STEPS = """
- {id: boss, approve: {who: {person: boss}}}
- {id: chief, approve: {who: {person: chief}}}
"""


def layered(root: Path) -> House:
    made = house(root, workflow(STEPS))
    for path, text in LAYERS.items():
        target = root / "app" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    publish(root / "app", made.platform.database)
    made.platform.active.poll()
    return made


def test_a_step_that_an_org_adds_is_walked_by_its_own_requests_alone(tmp_path: Path) -> None:
    made = layered(tmp_path)

    own = made.start("ann", x_a_port="宁波")
    assert made.asked(made.act("boss", own, "approve")) == ["fin"]
    assert made.asked(made.act("fin", own, "approve")) == ["chief"]
    elsewhere = made.start("ann", x_a_port="上海")
    assert made.asked(made.act("boss", elsewhere, "approve")) == ["chief"]
    others = made.start("bob")
    assert made.asked(made.act("boss", others, "approve")) == ["chief"]


def test_a_request_goes_on_as_it_began_when_the_layer_is_gone(tmp_path: Path) -> None:
    made = layered(tmp_path)
    own = made.start("ann", x_a_port="宁波")

    (tmp_path / "app/definitions/layers/A/flow.yaml").unlink()
    publish(tmp_path / "app", made.platform.database)
    made.platform.active.poll()

    assert made.asked(made.act("boss", own, "approve")) == ["fin"]
    fresh = made.start("ann", x_a_port="宁波")
    assert made.asked(made.act("boss", fresh, "approve")) == ["chief"]
