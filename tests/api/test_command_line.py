"""Accounts, sheets and the demo from the command line, on a whole application."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_house import CONTRACT, MORE_FILES
from services_house import PEOPLE

from jingwei.app import create_app
from jingwei.cli import run
from jingwei.settings import Settings
from jingwei.storage.database import Database
from jingwei.storage.outbox import OutboxWriter

PEOPLE_COLUMNS = ("login", "name", "org", "posts", "roles")


class Shell:
    """Commands on one application, and its API as it runs now."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str]:
        self._capsys.readouterr()
        code = run(["--application", str(self.root), *arguments])
        out, err = self._capsys.readouterr()
        return code, out + err

    def json(self, *arguments: str) -> Any:
        code, out = self.run("--json", *arguments)
        assert code in (0, 1), out
        return json.loads(out)

    def get(self, token: str, path: str) -> Any:
        app = create_app(Settings.read(self.root))
        bearer = {"Authorization": f"Bearer {token}"}
        return app.test_client().get(f"/api/v1/{path}", headers=bearer)

    def sheet(self, name: str, *lines: str) -> str:
        path = self.root / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    for name in ("DATABASE_URL", "DATA_DIR", "ENV", "REDIS_URL", "DEFAULT_LOCALE"):
        monkeypatch.delenv(f"JINGWEI_{name}", raising=False)
    root = tmp_path / "application"
    for path, text in {**MORE_FILES, "forms/contract.yaml": CONTRACT}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.lstrip("\n"), encoding="utf-8")
    lines = [",".join(PEOPLE_COLUMNS)]
    lines += [",".join(person.get(c, "") for c in PEOPLE_COLUMNS) for person in PEOPLE]
    demo = root / "definitions" / "demo"
    demo.mkdir()
    (demo / "people.csv").write_text("\n".join(lines), encoding="utf-8")
    return Shell(root, capsys)


def test_the_demo_publishes_loads_and_tells_a_password_that_works(shell: Shell) -> None:
    told = shell.json("demo")
    logins = [person["login"] for person in told["people"]]
    assert logins == ["li.na", "chen.jie", "boss.a", "ops"]  # one for each post and role

    app = create_app(Settings.read(shell.root))
    body = {"username": "li.na", "password": told["password"]}
    assert app.test_client().post("/api/v1/login", json=body).status_code == 200


def test_a_second_demo_keeps_the_data_and_the_password(shell: Shell) -> None:
    told = shell.json("demo")
    token = shell.json("token", "create", "t", "--for", "li.na")["token"]
    assert shell.json("demo")["password"] is None

    assert shell.get(token, "me").get_json()["login"] == "li.na"
    app = create_app(Settings.read(shell.root))
    body = {"username": "li.na", "password": told["password"]}
    browser = app.test_client()
    signed = browser.post("/api/v1/login", json=body).get_json()["token"]
    again = shell.json("demo", "--new-password")["password"]
    bearer = {"Authorization": f"Bearer {signed}"}
    assert browser.get("/api/v1/me", headers=bearer).status_code == 401
    assert again and again != told["password"]
    code, words = shell.run("demo")
    assert code == 0 and "li.na" in words


def test_there_is_no_demo_in_production(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGWEI_ENV", "production")
    monkeypatch.setenv("JINGWEI_SECRET_KEY", "s" * 40)
    code, words = shell.run("demo")
    assert code == 1 and "no-demo-in-production" in words


def test_people_come_from_a_sheet_matched_by_login(shell: Shell) -> None:
    shell.json("demo")
    sheet = shell.sheet(
        "people.csv",
        "login,name,org,posts,roles,active",
        "li.na,李娜,A,planner@A;general_manager@B,,yes",
        "nobody,路人,B,,,no",
        "new.one,新人,B,planner,,yes",
    )
    assert shell.json("people", "import", sheet) == {"added": 1, "changed": 2, "disabled": 1}

    token = shell.json("token", "create", "t", "--for", "li.na")["token"]
    posts = shell.get(token, "me").get_json()["posts"]
    assert [p["name"] for p in posts] == ["general_manager", "planner"]
    left = shell.json("token", "create", "t", "--for", "nobody")["token"]
    assert shell.get(left, "me").status_code == 401


def test_a_bad_sheet_names_every_cell_and_changes_nobody(shell: Shell) -> None:
    shell.json("demo")
    sheet = shell.sheet(
        "people.csv",
        "login,name,org,posts,colour,valid_to",
        "li.na,,A,planner,,",
        "new one,新,X,chief,,soon",
        "li.na,李娜,A,,red,",
    )
    refused = shell.json("people", "import", sheet)["error"]
    assert sorted((f["path"], f["code"]) for f in refused["fields"]) == [
        ("2.name", "required"),
        ("3.login", "login-broken"),
        ("3.org", "unknown-org"),
        ("3.posts", "unknown-post"),
        ("3.valid_to", "not-a-date"),
        ("4.colour", "unknown-column"),
        ("4.login", "login-twice"),
    ]
    token = shell.json("token", "create", "t", "--for", "li.na")["token"]
    assert shell.get(token, "me").get_json()["name"] == "李娜"


def test_a_person_is_added_once(shell: Shell) -> None:
    shell.json("demo")
    made = shell.json("people", "add", "x.y", "--name", "新人", "--org", "A", "--posts", "planner")
    assert made["login"] == "x.y" and len(made["password"]) >= 12
    code, words = shell.run("people", "add", "x.y", "--name", "新人", "--org", "A")
    assert code == 1 and "login-taken" in words


def test_what_was_given_up_is_listed_and_tried_again(shell: Shell) -> None:
    shell.json("demo")
    assert shell.run("--lang", "en", "outbox") == (0, "Nothing was given up.\n")
    database = Database(Settings.read(shell.root).database_url)
    writer = OutboxWriter(datetime(2026, 3, 2, tzinfo=UTC))
    writer.add("webhook.call", {"webhook": "oa"})
    with database.writing() as connection:
        writer.flush(connection)
        connection.exec_driver_sql(
            "UPDATE sys_outbox SET state = 'dead', error = 'oa: answered 500'"
            " WHERE topic = 'webhook.call'"
        )
    database.close()
    code, words = shell.run("--lang", "zh", "outbox")
    assert code == 0 and words.endswith(" webhook.call 2026-03-02 00:00 oa: answered 500\n")
    (letter,) = shell.json("outbox")["items"]
    assert shell.json("outbox", "--again", str(letter["id"] + 1)) == {"again": 0}
    assert shell.json("outbox", "--again") == {"again": 1}
    assert shell.json("outbox") == {"items": []}


def test_a_token_is_for_somebody(shell: Shell) -> None:
    shell.json("demo")
    code, words = shell.run("token", "create", "t", "--for", "who")
    assert code == 1 and "no-such-person" in words


def test_nothing_runs_before_something_is_published(shell: Shell) -> None:
    code, words = shell.run("token", "create", "t", "--for", "li.na")
    assert code == 1 and "nothing-published" in words


def test_records_are_imported_under_the_rules_of_the_screens(shell: Shell) -> None:
    shell.json("demo")
    good = shell.sheet("good.csv", "名称,amount,税率,org", "桥,100,6%,甲公司", "路,200.5,,A")
    assert shell.json("import", "contract", good)["good"] == 2
    token = shell.json("token", "create", "t", "--for", "li.na")["token"]
    items = shell.get(token, "forms/contract/records?sort=amount").get_json()["items"]
    assert [(i["name"], i["amount"], i["org"], i["tax"]) for i in items] == [
        ("桥", 100, "A", 6),
        ("路", 200.5, "A", 26.07),
    ]

    bad = shell.sheet("bad.csv", "name,amount,org", "隧,5,A", "桥,x,A", "洞,-1,Z")
    told = shell.json("import", "contract", bad)
    assert (told["good"], told["bad"]) == (0, 2)
    assert {(r["row"], r["path"], r["code"]) for r in told["refused"]} == {
        (3, "amount", "not-a-number"),
        (3, "org", "taken"),
        (4, "amount", "below-least"),
        (4, "org", "unknown-org"),
    }
    said = {(r["cell"], r["message"]) for r in told["refused"]}
    assert ("B3", "请填数字，例如 1234.50。") in said
    assert ("C4", "没有单位“Z”，请填写单位的名称或代码。") in said
    assert (
        "C3",
        "已经有一条记录的“单位、名称”与这一行相同（在系统中，或在本文件中），"
        "请核对；要修改已有的记录，请选“更新”。",
    ) in said
    looked = shell.json("import", "contract", bad, "--mode", "rows", "--preview")
    assert (looked["good"], looked["bad"], looked["batch"]) == (1, 2, None)
    told = shell.json("import", "contract", bad, "--mode", "rows")
    assert (told["good"], told["bad"]) == (1, 2)
    assert shell.get(token, "forms/contract/records").get_json()["total"] == 3


def test_a_sheet_with_an_unknown_column_or_a_stranger_is_refused(shell: Shell) -> None:
    shell.json("demo")
    sheet = shell.sheet("a.csv", "name,colour", "桥,red")
    assert shell.json("import", "contract", sheet)["error"]["code"] == "sheet-columns"
    for login, code in (("nobody", "no-such-form"), ("chen.jie", "not-allowed")):
        told = shell.json("import", "contract", sheet, "--as", login)
        assert told["error"]["code"] == code
    assert shell.json("import", "nothing", sheet)["error"]["code"] == "no-such-form"


def test_access_is_explained(shell: Shell) -> None:
    shell.json("demo")
    sheet = shell.sheet("a.csv", "name,amount,org", "桥,1,A")
    shell.json("import", "contract", sheet)
    token = shell.json("token", "create", "t", "--for", "li.na")["token"]
    made = shell.get(token, "forms/contract/records").get_json()["items"][0]["id"]

    def why(login: str) -> tuple[bool, str]:
        told = shell.json("explain-access", f"contract/{made}", "--as", login)
        return told["allowed"], told["reason"]

    assert why("li.na") == (True, "granted")
    assert why("wang.wu") == (False, "other-rows")
    assert why("nobody") == (False, "no-grant")
