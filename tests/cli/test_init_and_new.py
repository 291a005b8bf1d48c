"""`init` and `new`: what they write checks clean and runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from jingwei.app import create_app
from jingwei.cli import run
from jingwei.settings import Settings


def test_a_new_application_checks_clean_and_runs(empty: Shell) -> None:
    assert run(["--json", "init", str(empty.root), "--set", "title.zh=办公"]) == 0
    assert empty.say("check") == (0, "No problems.")
    empty.json("demo")
    token = empty.json("token", "create", "t", "--for", "east.staff")["token"]
    client = create_app(Settings.read(empty.root)).test_client()
    made = client.post(
        "/api/v1/forms/purchase_request/records",
        headers={"Authorization": f"Bearer {token}"},
        json={
            "subject": "打印纸",
            "category": "office",
            "lines": [{"thing": "A4", "quantity": 2, "price": 21.5}],
        },
    )
    assert made.status_code == 201, made.get_json()
    assert made.get_json()["total"] == 43


def test_nothing_is_written_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run(["init", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_new_form_begins_with_the_line_that_editors_read(office: Shell) -> None:
    told = office.json(
        "new", "form", "visit_note", "--set", "title.zh=走访", "--set", "title.en=Visit"
    )
    assert told["files"] == ["forms/visit_note.yaml"]
    assert [problem["code"] for problem in told["problems"]] == ["in-no-menu"]
    lines = (office.root / "forms/visit_note.yaml").read_text(encoding="utf-8").split("\n")
    assert lines[:3] == [
        "# yaml-language-server: $schema=../.jingwei/schemas/form.json",
        "kind: form",
        "title: {zh: 走访, en: Visit}",
    ]
    assert office.say("check")[0] == 0


def test_any_key_may_be_set(office: Shell) -> None:
    office.json("new", "post", "cashier", "--set", "single=false", "--set", "description.zh=出纳")
    text = (office.root / "definitions/posts/cashier.yaml").read_text(encoding="utf-8")
    assert "single: false  " in text
    assert "description:\n  zh: 出纳\n" in text


def test_a_new_subsidiary_takes_after_its_sister(office: Shell) -> None:
    sheet = office.write("facts.csv", "org,所在城市\nNORTH,天津\n")
    told = office.json(
        "new", "org", "NORTH", "--like", "EAST", "--set", "title=新公司",
        "--set", "valid_from=2026-01-01", "--facts", str(sheet),
    )  # fmt: skip
    assert told["problems"] == []
    assert (office.root / "definitions/orgs/NORTH.yaml").read_text(encoding="utf-8") == (
        "# yaml-language-server: $schema=../../.jingwei/schemas/org.json\n"
        "kind: org\n"
        "title: {zh: 新公司, en: 新公司}\n"
        "type: company\n"
        "parent: HQ\n"
        "valid_from: 2026-01-01\n"
        "facts: {city: 天津}\n"
        "posts: [manager, staff]\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("form", "Leave"), "'Leave' is not a name. Use [a-z][a-z0-9_]*, at most 60 characters. "
         "[bad-definition-name]"),
        (("role", "operations"), "There is role/operations already. [definition-exists]"),
        (("role", "x", "--like", "HQ"), "--like and --facts belong to `new org`. [only-for-org]"),
        (("post", "x", "--set", "title.zh.a=1"), "'title.zh.a' cannot be set to '1'. Write "
         "KEY=VALUE with a path of keys and a value as in YAML. [bad-set]"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_with_a_reason(
    office: Shell, arguments: tuple[str, ...], words: str
) -> None:
    before = sorted(p for p in office.root.rglob("*.yaml"))
    assert office.say("new", *arguments) == (1, words)
    assert sorted(p for p in office.root.rglob("*.yaml")) == before


def test_a_new_workflow_says_what_makes_a_form_follow_it(office: Shell) -> None:
    told = office.say("new", "workflow", "quick_approval")[1].split("\n")
    assert told[-2] == (
        "No form follows it yet: forms/purchase_request.yaml names purchase_approval. Write "
        "workflow: quick_approval there instead and new requests follow it, while those on their "
        "way keep the old one; or name another form here."
    )
    office.json("new", "form", "visit_note")
    told = office.say("new", "workflow", "visit_approval")[1].split("\n")
    assert told[-2] == (
        "No form follows it yet, for a form names its workflow: write workflow: visit_approval in "
        "forms/visit_note.yaml."
    )
