"""What is taken away is hidden and kept; what is destroyed was named, with a reason."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from services_house import FILES, House, open_house

from jingwei.cli import run
from jingwei.services.folder import Folder
from jingwei.storage.releases import active_release

CONTRACT = "forms/contract.yaml"
WITHOUT = (
    FILES[CONTRACT]
    .replace("  secret: {type: text, title: 底价}\n", "")
    .replace(", hide: [secret]", "")
    .replace(", mask: [secret]", "")
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Two contracts with a secret, and a command line that speaks English."""
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    monkeypatch.setenv("JINGWEI_DATABASE_URL", url)
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("JINGWEI_DEFAULT_LOCALE", "en")
    house = open_house(tmp_path / "application", url)
    with house.database.reading() as connection:
        published = active_release(connection)
    assert published is not None
    Folder(tmp_path / "var", house.root, house.database).follows(published)
    for name in ("a", "b"):
        house.create("li.na", "contract", name=name, amount=1, secret=name * 3)
    yield house
    house.database.close()


def type_(here: House, *words: str) -> int:
    return run(["--application", str(here.root), *words])


def write(here: House, text: str) -> None:
    (here.root / CONTRACT).write_text(text.lstrip("\n"), encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return (captured.out + captured.err).strip()


def secrets(here: House) -> list[Any]:
    here.commands.active.poll()
    found = here.list("li.na", "contract").items
    return sorted((here.show("li.na", "contract", r["id"])["secret"] for r in found), key=str)


def test_a_field_that_is_written_again_begins_empty_unless_it_is_restored(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, WITHOUT)
    assert type_(here, "apply", "--yes") == 0
    write(here, FILES[CONTRACT])
    assert type_(here, "plan") == 0
    assert "contract.secret was there before, with 2 values; it begins empty" in said(capsys)

    assert type_(here, "plan", "--restore", "contract.secret") == 0
    assert "contract.secret has its earlier values again: 2" in said(capsys)
    assert type_(here, "apply", "--restore", "contract.secret") == 0
    assert secrets(here) == ["aaa", "bbb"]


@pytest.mark.long
def test_a_form_that_is_restored_has_its_records_and_rows_again(here: House) -> None:
    write(here, FILES[CONTRACT])
    (here.root / CONTRACT).unlink()
    assert type_(here, "apply", "--yes") == 0
    write(here, FILES[CONTRACT])
    assert type_(here, "apply", "--restore", "contract") == 0
    assert secrets(here) == ["aaa", "bbb"]


def test_nothing_is_destroyed_without_a_reason_and_a_look(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, WITHOUT)
    words = ("apply", "--allow-destroy", "contract.secret")
    assert type_(here, *words) == 1
    assert said(capsys).endswith("[destroy-reason]")
    assert type_(here, "--json", *words, "--reason", "asked for") == 1
    assert json.loads(said(capsys))["error"]["code"] == "plan-needs-yes"
    assert kept(here) == 2

    assert type_(here, "plan", "--allow-destroy", "contract.secret") == 0
    assert "contract.secret: 2 values are destroyed for good" in said(capsys)
    assert type_(here, *words, "--reason", "asked for", "--yes") == 0
    assert kept(here) == 0
    with here.database.reading() as connection:
        body = connection.exec_driver_sql(
            "SELECT body FROM sys_change WHERE action = 'release.published' ORDER BY id DESC"
        ).scalar()
    assert '"reason":[null,"asked for"]' in str(body)
    assert '"destroy":[null,"contract.secret"]' in str(body)


def test_what_was_retired_before_is_destroyed_with_a_line_in_the_audit_and_is_gone(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, WITHOUT)
    assert type_(here, "apply", "--yes") == 0
    words = ("--allow-destroy", "contract.secret", "--reason", "asked for", "--yes")
    said(capsys)
    assert type_(here, "apply", *words) == 0
    assert said(capsys) == "2 values destroyed for good. Release 2 stays active."
    with here.database.reading() as connection:
        written = connection.exec_driver_sql(
            "SELECT kind, body FROM sys_change WHERE action = 'retired.destroyed'"
        ).all()
    (kind, body), *others = written
    assert (kind, others) == ("definition", [])
    for words_ in ('"path":[null,"contract.secret"]', '"rows":[null,2]', '"asked for"', '"author"'):
        assert words_ in body
    assert type_(here, "audit", "verify") == 0
    said(capsys)

    assert type_(here, "apply", *words) == 1
    assert said(capsys).endswith("[no-such-path]")
    write(here, FILES[CONTRACT])
    assert type_(here, "apply", "--restore", "contract.secret") == 1
    assert type_(here, "apply") == 0
    assert secrets(here) == [None, None]


def test_every_mistyped_path_is_told_at_once_with_what_was_meant(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, WITHOUT)
    wrong = ("--allow-destroy", "contract.secrt", "--allow-destroy", "secret", "--restore", "x")
    for command in (("plan",), ("apply", "--yes", "--reason", "asked for")):
        assert type_(here, *command, *wrong) == 1
        assert said(capsys) == (
            "There is nothing to destroy or to restore at contract.secrt (→ contract.secret?), "
            "secret (→ contract.secret?), x. What can be destroyed: contract.secret; restored: –. "
            "Nothing has changed. [no-such-path]"
        )
    assert kept(here) == 2


def test_who_does_not_say_yes_is_told_that_nothing_has_changed_and_is_not_asked_in_vain(
    here: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here, WITHOUT)
    words = ("apply", "--allow-destroy", "contract.secret", "--reason", "asked for")
    for answer in ("", "n\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert type_(here, *words) == 1
        shown = said(capsys)
        assert "Destroyed (gone for good)" in shown
        assert "2 values will be destroyed for good: no rollback brings them back." in shown
        assert shown.endswith("Nothing has changed.")
    blocking = FILES[CONTRACT].replace("secret: {type: text", "secret: {type: number")
    write(here, blocking.replace("  signed_on: {type: date, title: 签订日期}\n", ""))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert type_(here, "apply") == 1
    assert "contract.secret: 2 values do not convert" in (shown := said(capsys))
    assert "Publish?" not in shown and shown.endswith("[plan-blocked]")
    assert type_(here, "plan", "--allow-destroy", "contract.secret") == 0
    shown = said(capsys)
    assert "0 values are carried over" in shown
    assert "or accept that they stay behind" not in shown
    assert kept(here) == 2


def kept(here: House) -> Any:
    with here.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(secret) FROM f_contract").scalar()


def test_a_saved_plan_is_refused_when_the_data_say_something_else_by_now(
    here: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        here,
        FILES[CONTRACT].replace(
            "signed_on: {type: date,", "signed_on: {type: date, required: true,"
        ),
    )
    saved = str(tmp_path / "plan.json")
    assert type_(here, "plan", "--out", saved) == 0
    here.create("li.na", "contract", name="c", amount=1)
    said(capsys)

    assert type_(here, "apply", saved) == 1
    assert said(capsys) == (
        "The data have changed since this plan was made: "
        "contract.signed_on becomes required; 3 records have no value; "
        "contract.signed_on becomes required; 2 records have no value. Plan again. [plan-moved]"
    )
    assert type_(here, "plan", "--out", saved) == 0
    assert type_(here, "apply", saved) == 0


def test_what_changed_between_two_releases_is_shown(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, WITHOUT)
    assert type_(here, "apply", "--yes") == 0
    said(capsys)
    assert type_(here, "releases", "2") == 0
    lines = said(capsys).splitlines()
    assert lines[0] == "~ forms/contract.yaml"
    assert "    -  secret: {type: text, title: 底价}" in lines
    assert type_(here, "--json", "releases", "2", "1") == 0
    assert [f["change"] for f in json.loads(said(capsys))["files"]] == ["changed"]
    assert type_(here, "releases", "7") == 1


def test_what_names_a_removed_field_is_told_in_which_release_it_went(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    here.publish({CONTRACT: WITHOUT})
    (here.root / "definitions/dashboards").mkdir()
    (here.root / "definitions/dashboards/desk.yaml").write_text(
        "kind: dashboard\ntitle: 台面\nfor: {role: group_ops}\ntiles:\n"
        "  all: {type: list, form: contract, columns: [name, secret]}\n",
        encoding="utf-8",
    )

    assert type_(here, "check") == 1

    assert (
        "definitions/dashboards/desk.yaml:5:53: there is no field 'secret' in contract; 'secret' "
        "was removed from form contract in release 2 (test, 2026-03-02). Fields that exist: name, "
    ) in capsys.readouterr().out
