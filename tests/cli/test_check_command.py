"""`check`: every problem with its place and remedy, for people and for tools."""

from __future__ import annotations

import sys

import pytest
from shell import Shell

FORM = "forms/purchase_request.yaml"
TITLE = "title: {zh: 需要日期, en: Needed on}"


def test_clean_definitions_are_said_to_be_clean(office: Shell) -> None:
    assert office.say("check") == (0, "No problems.")
    assert office.say("check", lang="zh") == (0, "没有问题。")


def test_every_problem_is_told_with_its_place_and_remedy(office: Shell) -> None:
    office.change(FORM, TITLE, TITLE.replace("title", "titel"))
    office.change(FORM, "type: long_text", "type: long_txet")
    assert office.say("check") == (
        1,
        "forms/purchase_request.yaml:11:27: 'titel' is not a key of a field. "
        "Did you mean 'title'? [unknown-key]\n"
        "forms/purchase_request.yaml:23:18: 'long_txet' is not a field type. "
        "Did you mean 'long_text'? [unknown-field-type]\n"
        "Errors: 2, warnings: 0.",
    )


def test_tools_get_places_codes_and_suggestions(office: Shell) -> None:
    office.change(FORM, TITLE, TITLE.replace("title", "titel"))
    assert office.json("check") == {
        "problems": [
            {
                "file": FORM,
                "line": 11,
                "column": 27,
                "end_column": 32,
                "code": "unknown-key",
                "severity": "error",
                "message": "'titel' is not a key of a field",
                "fix": "Did you mean 'title'?",
                "suggestion": "title",
            }
        ],
        "count": 1,
        "errors": 1,
        "warnings": 0,
    }


def test_only_the_files_asked_for_are_shown(office: Shell) -> None:
    office.change(FORM, TITLE, TITLE.replace("title", "titel"))
    assert office.say("check", str(office.root / "workflows")) == (0, "No problems.")
    assert office.json("check", str(office.root / "forms"))["count"] == 1


def test_a_warning_alone_is_no_failure(office: Shell) -> None:
    office.change(FORM, "{zh: 需要日期, en: Needed on}", "{zh: 需要日期}")
    code, words = office.say("check")
    assert code == 0
    assert words.endswith("Errors: 0, warnings: 1.")


def test_people_see_a_hundred_problems_and_how_to_see_all_and_tools_get_all(office: Shell) -> None:
    fields = "\n".join(f"  f{n}: {{type: texd}}" for n in range(120))
    office.write("forms/many.yaml", f"kind: form\ntitle: Many\nfields:\n{fields}\n")
    told = office.json("check")
    assert (len(told["problems"]), told["count"]) == (120, 120)
    lines = office.say("check")[1].split("\n")
    assert len(lines) == 102
    assert lines[-2:] == [
        "… and 20 more. See all with `jingwei check --all`,"
        " or those of one file with `jingwei check FILE`.",
        "Errors: 120, warnings: 0.",
    ]
    assert len(office.say("check", "--all")[1].split("\n")) == 121


def test_a_terminal_shows_the_line_with_a_caret_under_the_word(
    office: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write("forms/a.yaml", "kind: form\ntitle: 甲\nfields:\n  甲乙: {type: text}\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, words = office.say("check")
    lines = words.split("\n")
    assert lines[1:3] == ["    甲乙: {type: text}", "    ^^^^"]


def test_a_path_elsewhere_is_refused(office: Shell) -> None:
    elsewhere = office.root.parent
    code, words = office.say("check", str(elsewhere))
    assert (code, words) == (
        1,
        f"{elsewhere} is outside the application {office.root}. [path-outside]",
    )
    assert office.say("check", str(elsewhere / "nothing"))[0] == 2


def test_templates_are_read_beside_definitions_that_are_wrong(office: Shell) -> None:
    office.write("forms/a.yaml", "kind: form\ntitle: 甲\nfields:\n  b: {type: txet}\n")
    office.write(
        "report_templates/slip.yaml",
        "kind: report\ntitle: 单\nof: purchase_request\ntemplate: slip.html\noutput: [html]\n",
    )
    office.write("report_templates/slip.html", "<p>{{ record.nothing }}</p>\n")
    told = office.json("check")["problems"]
    assert [(one["file"], one["code"]) for one in told if one["severity"] == "error"] == [
        ("forms/a.yaml", "unknown-field-type"),
        ("report_templates/slip.html", "template-unknown-name"),
    ]


def test_a_role_that_nobody_of_the_people_sheet_holds_is_told(office: Shell) -> None:
    flow = "workflows/purchase_approval.yaml"
    office.change(flow, "who: {head_of: group}", "who: {role: auditor, at: group}")
    office.write("definitions/roles/auditor.yaml", "kind: role\ntitle: 审计\n")
    assert office.say("check") == (
        0,
        "workflows/purchase_approval.yaml:21:39: nobody in people.csv holds the role 'auditor', "
        "which is asked here. Give it to somebody in its column 'roles', or ask others; "
        "'jingwei rehearse' says whom each step would ask. [role-of-nobody]\n"
        "Errors: 0, warnings: 1.",
    )
    office.write("definitions/roles/chief.yaml", "kind: role\ntitle: 总审\nincludes: [auditor]\n")
    people = "definitions/demo/people.csv"
    office.change(people, "operations@HQ;flow_admin@HQ", "operations@HQ;flow_admin@HQ;chief@HQ")
    assert office.say("check")[1] == "No problems.", "a role that includes it will do"
    office.change(people, "operations@HQ;flow_admin@HQ", "operations@HQ")
    assert "holds the role 'flow_admin'" in office.say("check")[1], "whom empty seats fall to"
    (office.root / people).unlink()
    assert office.say("check")[1] == "No problems.", "nothing is known of who holds what"
