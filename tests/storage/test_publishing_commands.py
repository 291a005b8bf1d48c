"""`plan`, `apply`, `pull`, `releases` and `rollback` as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jingwei.cli import run
from jingwei.storage.database import Database

FORM = """
kind: form
title: 事项
fields:
  title: {type: text, title: 名称}
"""
WITH_AMOUNT = FORM + "  amount: {type: money, title: 金额}\n"


@pytest.fixture
def home(application: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An application with one form, over an empty database of its own."""
    application.write("forms/matter.yaml", FORM)
    monkeypatch.setenv("JINGWEI_DATABASE_URL", f"sqlite:///{tmp_path / 'db.sqlite'}")
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("JINGWEI_DEFAULT_LOCALE", "en")
    return application


def type_(home: Any, *words: str) -> int:
    return run(["--application", str(home.root), *words])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return (captured.out + captured.err).strip()


def test_applying_twice_does_nothing_the_second_time(
    home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert type_(home, "apply") == 0
    assert said(capsys) == "Release 1 is active."
    assert type_(home, "apply") == 0
    assert said(capsys) == "Nothing to do: release 1 is what the definitions say."
    assert type_(home, "plan") == 0
    assert said(capsys) == "Nothing to do: the definitions are what runs."


def test_the_plan_says_files_effects_and_statements(
    home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    type_(home, "apply")
    said(capsys)
    home.write("forms/matter.yaml", WITH_AMOUNT)

    assert type_(home, "plan") == 0
    assert said(capsys).splitlines() == [
        "Files",
        "  ~ forms/matter.yaml",
        "",
        "Safe",
        "  - new column f_matter.amount",
        "",
        "Statements",
        '  ALTER TABLE "f_matter" ADD COLUMN "amount" BIGINT;',
    ]


def test_a_saved_plan_is_applied_as_it_was_or_not_at_all(
    home: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "plan.json"
    assert type_(home, "plan", "--out", str(saved)) == 0
    home.write("forms/matter.yaml", WITH_AMOUNT)
    said(capsys)

    assert type_(home, "apply", str(saved)) == 1
    assert said(capsys) == (
        "The definitions have changed since this plan was made. Plan again. [plan-outdated]"
    )
    home.write("forms/matter.yaml", FORM)
    edited = tmp_path / "edited.json"
    for text, refusal in (
        ("{}", "not-a-plan"),
        ("", "not-a-plan"),
        (saved.read_text(encoding="utf-8").replace("forms/matter", "forms/other"), "plan-edited"),
    ):
        edited.write_text(text, encoding="utf-8")
        assert type_(home, "apply", str(edited)) == 1
        assert said(capsys).endswith(f"[{refusal}]")
    assert type_(home, "apply", str(saved)) == 0


def test_hiding_values_needs_a_yes(home: Any, capsys: pytest.CaptureFixture[str]) -> None:
    home.write("forms/matter.yaml", WITH_AMOUNT)
    type_(home, "apply")
    home.write("forms/matter.yaml", FORM)
    said(capsys)

    assert type_(home, "--json", "apply") == 1
    assert json.loads(said(capsys))["error"]["code"] == "plan-needs-yes"
    assert type_(home, "apply", "--yes") == 0


def test_pull_brings_in_what_another_folder_published(
    home: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_(home, "apply")
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "theirs"))
    theirs = home.__class__(tmp_path / "their_folder")
    theirs.write("forms/matter.yaml", FORM)
    assert type_(theirs, "plan") == 0  # says what runs: that is where it begins
    theirs.write("forms/matter.yaml", WITH_AMOUNT)
    theirs.write("forms/other.yaml", FORM)
    assert type_(theirs, "apply") == 0
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    said(capsys)

    home.write("forms/third.yaml", FORM)
    assert type_(home, "apply") == 1
    assert "(changed: forms/matter.yaml, forms/other.yaml)" in said(capsys)
    assert type_(home, "pull") == 0
    assert said(capsys).splitlines() == ["forms/matter.yaml", "forms/other.yaml"]
    assert (home.root / "forms/matter.yaml").read_text(encoding="utf-8").endswith("金额}\n")
    assert type_(home, "apply") == 0


def test_a_folder_that_began_elsewhere_takes_nothing_back_unseen(
    home: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    type_(home, "apply")
    other = home.__class__(tmp_path / "clone")  # the same data folder, and other files
    other.write("forms/other.yaml", FORM)
    said(capsys)
    assert type_(other, "plan") == 1
    assert said(capsys).startswith(
        "This folder does not know which release it began from; release 1, by "
    )
    assert type_(other, "apply", "--yes") == 1
    assert said(capsys).endswith("then `jingwei apply --base 1`. [base-unknown]")
    assert type_(other, "apply", "--yes", "--base", "soon") == 1
    assert said(capsys).endswith("[base-number]")
    assert type_(other, "apply", "--yes", "--base", "1") == 0
    said(capsys)

    home.write("forms/third.yaml", FORM)
    assert type_(home, "plan") == 1
    assert said(capsys).startswith("This folder began from release 1; release 2, by ")
    home.write("forms/other.yaml", FORM)
    (home.root / "forms/matter.yaml").unlink()  # all that was published is here by another way
    assert type_(home, "apply", "--yes") == 0


def test_pull_does_not_overwrite_an_edit(home: Any, capsys: pytest.CaptureFixture[str]) -> None:
    type_(home, "apply")
    home.write("forms/matter.yaml", WITH_AMOUNT)
    said(capsys)

    assert type_(home, "pull") == 1
    assert said(capsys).endswith("[folder-edited]")
    assert type_(home, "pull", "--force") == 0
    assert "金额" not in (home.root / "forms/matter.yaml").read_text(encoding="utf-8")


def test_rolling_back_publishes_an_earlier_release_again(
    home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    type_(home, "apply")
    home.write("forms/matter.yaml", WITH_AMOUNT)
    type_(home, "apply", "--comment", "金额")
    said(capsys)

    assert type_(home, "rollback", "7") == 1
    assert said(capsys) == "There is no release 7. [no-such-release]"
    assert type_(home, "rollback", "1", "--yes") == 0
    assert said(capsys) == "Release 3 is active: release 1 again."
    assert type_(home, "--json", "releases") == 0
    assert [(r["release"], r["source"], r["comment"]) for r in json.loads(said(capsys))] == [
        (3, "rollback", None),
        (2, "folder", "金额"),
        (1, "folder", None),
    ]


def test_a_database_of_a_newer_engine_is_refused_with_a_sentence(
    home: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    type_(home, "upgrade")
    database = Database(f"sqlite:///{tmp_path / 'db.sqlite'}")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE sys_schema SET version_num = '9999'")
    database.close()
    said(capsys)

    assert type_(home, "plan") == 1
    assert said(capsys).startswith("The database was upgraded by a newer version (schema 9999;")
