"""`explain`, `show`, `schema`: what a key means, where a value stands, what the engine sees."""

from __future__ import annotations

import json

from shell import Shell

LINE = "# yaml-language-server: $schema=../../.jingwei/schemas/role.json"


def test_a_key_of_the_language_is_explained(office: Shell) -> None:
    told = office.json("explain", "workflow.steps.approve.mode")
    assert told["shape"] == "one of the words below"
    assert told["values"] == ["one", "any", "all", "sequential", "vote"]
    assert office.json("explain", "alert.to")["required"]
    assert office.json("explain", "form.fields.amount.choices")["types"] == ["choice"]


def test_a_misspelt_key_is_answered_with_the_right_one(office: Shell) -> None:
    assert office.say("explain", "form.fields.requird") == (
        1,
        "There is no key 'requird' in form.fields.requird. There is: required. [no-such-key]",
    )


def test_a_value_is_shown_with_its_file_and_line(office: Shell) -> None:
    told = office.json("explain", "form/purchase_request.fields.reason.required_if")
    assert (told["value"], told["file"], told["line"], told["column"]) == (
        "total >= 10000",
        "forms/purchase_request.yaml",
        23,
        71,
    )


def test_a_step_is_found_by_its_id(office: Shell) -> None:
    told = office.json("explain", "workflow/purchase_approval.steps.manager.due")
    assert (told["value"], told["line"]) == ("2wd", 13)


def test_what_nobody_wrote_is_shown_as_the_default(office: Shell) -> None:
    told = office.json("explain", "form/purchase_request.fields.reason.when_hidden")
    assert (told["value"], told["default"], told["file"]) == ("keep", True, None)


def test_a_definition_that_is_not_there_is_refused_with_those_that_are(office: Shell) -> None:
    assert office.say("explain", "form/purchase_requst.title") == (
        1,
        "There is no form/purchase_requst. There is: purchase_request. [no-such-definition]",
    )


def test_a_definition_is_shown_as_written_and_as_the_engine_sees_it(office: Shell) -> None:
    code, words = office.say("show", "role/operations")
    assert (code, words) == (0, f"{LINE}\nkind: role\ntitle: {{zh: 运营管理, en: Operations}}")
    seen = office.json("show", "workflow/purchase_approval", "--resolved")
    assert seen["policy"]["rerun"] == "branch"  # a default
    assert office.json("show", "test/purchase_request", "--resolved")["now"].startswith("2026-03")
    assert seen["steps"][1]["who"] == [{"head_of": "org"}]


def test_schemas_name_what_exists_in_this_application(office: Shell) -> None:
    code, words = office.say("schema", "workflow")
    made = json.loads(words)
    assert code == 0
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert made["properties"]["form"]["enum"] == ["purchase_request"]


def test_all_schemas_are_written_where_editors_look(office: Shell) -> None:
    written = office.json("schema")["files"]
    assert "form.json" in written
    assert (office.root / ".jingwei" / "schemas" / "form.json").is_file()


def test_a_problem_code_a_function_and_a_type_are_explained(office: Shell) -> None:
    assert office.say("explain", "unknown-key") == (
        0,
        "Unknown key\n"
        "  Only the keys of the language exist; nothing is passed silently.\n"
        "  Wrong:\n    requird: true\n"
        "  Right:\n    required: true",
    )
    assert office.json("explain", "days_between")["title"] == "days_between(date, date) → number"
    assert office.json("explain", "money")["group"] == "type"


def test_every_key_says_what_it_means_in_both_languages(office: Shell) -> None:
    zh = office.say("explain", "form.fields.required", lang="zh")[1].split("\n")
    en = office.say("explain", "form.fields.required")[1].split("\n")
    assert zh[1:3] == ["  提交前必须填写。", "  写作true 或 false"]
    assert en[1:3] == ["  Must be filled in before submitting.", "  Written as true or false"]


def test_an_org_may_have_another_flow_by_its_profile(office: Shell) -> None:
    office.write(
        "definitions/profiles/shop.yaml",
        "kind: profile\ntitle: 店铺\nworkflows: {purchase_request: short}\n",
    )
    office.write(
        "workflows/short.yaml",
        "kind: workflow\ntitle: 简易\nform: purchase_request\nsteps:\n"
        "  - {id: boss, approve: {who: {head_of: org}}}\n",
    )
    office.change("definitions/orgs/WEST.yaml", "parent: HQ", "parent: HQ\nprofile: shop")
    told = office.json("explain", "form/purchase_request.workflow", "--as", "WEST")
    assert (told["value"], told["file"], told["line"]) == (
        "short",
        "definitions/profiles/shop.yaml",
        3,
    )
    assert [layer["value"] for layer in told["layers"]] == ["purchase_approval", "short"]
    east = office.json("explain", "form/purchase_request.workflow", "--as", "EAST")
    assert east["value"] == "purchase_approval"
    assert office.say("explain", "form/purchase_request.workflow", "--as", "X")[0] == 1


def test_each_layer_of_an_org_that_says_something_is_named(office: Shell) -> None:
    office.write(
        "definitions/layers/WEST/purchase_request.yaml",
        "kind: layer\nfor: WEST\npatches: form/purchase_request\n"
        "set:\n  title: {override: 西区采购申请}\n"
        "add:\n  fields: {x_west_code: {type: text, title: 西区编号}}\n",
    )
    told = office.json("explain", "form/purchase_request.title", "--as", "WEST")
    assert (told["value"], told["file"], told["line"]) == (
        "西区采购申请",
        "definitions/layers/WEST/purchase_request.yaml",
        5,
    )
    assert [layer["path"] for layer in told["layers"]] == [
        "form/purchase_request.title",
        "layer/WEST/purchase_request",
    ]
    own = office.json("explain", "form/purchase_request.fields.x_west_code.title", "--as", "WEST")
    assert own["value"] == "西区编号"
    east = office.json("explain", "form/purchase_request.title", "--as", "EAST")
    assert east["file"] == "forms/purchase_request.yaml"


def test_a_value_is_told_layer_by_layer(office: Shell) -> None:
    office.write(
        "definitions/layers/company/purchase_request.yaml",
        "kind: layer\nfor: company\npatches: form/purchase_request\n"
        "set:\n  fields.needed_on.required: true\n  fields.needed_on.help: 送货的日子\n",
    )
    office.write(
        "definitions/layers/WEST/purchase_request.yaml",
        "kind: layer\nfor: WEST\npatches: form/purchase_request\n"
        "set:\n  fields.needed_on.help: {override: 到货日}\n"
        "add:\n  fields: {x_west_shop: {type: text, title: 门店}}\n",
    )
    path = "form/purchase_request.fields.needed_on.help"
    told = office.json("explain", path, "--as", "WEST")
    assert [(one["value"], one["layer"], one["line"]) for one in told["layers"]] == [
        ("送货的日子", "company/purchase_request", 6),
        ("到货日", "WEST/purchase_request", 5),
    ]
    assert told["file"] == "definitions/layers/WEST/purchase_request.yaml"
    assert office.say("explain", path, "--as", "EAST")[1].split("\n")[-1] == (
        "In force for EAST: layer/company/purchase_request"
    )
    own = office.json("explain", "form/purchase_request.fields.x_west_shop.type", "--as", "WEST")
    assert (own["value"], own["layer"]) == ("text", "WEST/purchase_request")
    base = office.json("explain", "form/purchase_request.fields.total.compute", "--as", "WEST")
    assert [one["layer"] for one in base["layers"]] == ["base"]
    seen = office.json("show", "form/purchase_request", "--as", "WEST")
    assert seen["fields"]["needed_on"]["required"] is True
    assert "x_west_shop" in seen["fields"]
    east_sees = office.json("show", "form/purchase_request", "--as", "EAST")
    assert "x_west_shop" not in east_sees["fields"]


def test_a_workflow_is_explained_with_every_rule_in_force(office: Shell) -> None:
    flow = "workflows/purchase_approval.yaml"
    told = office.json("explain", "purchase_approval")
    rules = {one["path"]: one for one in told["in_force"]}
    assert rules["defaults.same_person"] == {
        "path": "defaults.same_person",
        "value": "consecutive",
        "file": None,
        "line": None,
        "default": True,
    }
    assert rules["start.recall"]["file"] == flow
    as_east = office.json("explain", "workflow/purchase_approval", "--as", "EAST")
    assert as_east["in_force"] == told["in_force"]
    words = office.say("explain", "purchase_approval")[1].split("\n")
    assert words[words.index("The rules in force:") :][2:4] == [
        "  defaults.empty: flow_admin (default)",
        "  defaults.self_approval: superior (default)",
    ]
    assert (
        "  defaults.return.walk_again_if_changed: what the conditions and the rules of people read "
        "that were passed (default)"
    ) in words


def test_a_preset_and_a_step_say_what_holds(office: Shell) -> None:
    flow = "workflows/purchase_approval.yaml"
    office.change(
        flow,
        "form: purchase_request\n",
        "form: purchase_request\npolicy: strict\n"
        "defaults: {same_person: any_earlier, return: {resume: walk}}\n",
    )
    office.change(flow, "  - id: manager\n", "  - id: manager\n    return: {to: previous}\n")

    def told(path: str) -> tuple[object, bool]:
        one = office.json("explain", f"purchase_approval.{path}")
        return one["value"], one["default"]

    assert told("defaults.self_approval") == ("forbid", False)  # by the preset, whose line is named
    assert told("defaults.same_person") == ("any_earlier", False)
    assert told("steps.manager.return.to") == ("previous", False)
    assert told("steps.manager.return.resume") == ("walk", False)
    assert told("steps.manager.vote_withdraw") == ("never", False)
    assert told("steps.manager.remind") == (None, True)
    seen = office.json("show", "workflow/purchase_approval", "--resolved")["steps"][1]["policy"]
    assert seen["return"] == {"to": "previous", "resume": "walk", "walk_again_if_changed": None}


def test_a_key_says_what_holds_where_it_is_not_written(office: Shell) -> None:
    assert office.json("explain", "workflow.defaults.rerun")["default"] == "branch"
    words = office.say("explain", "workflow.steps.approve.add_sign", lang="zh")[1]
    assert words.endswith("\n  不写时是：[before, after, with]")
