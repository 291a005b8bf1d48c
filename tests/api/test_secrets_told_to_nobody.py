"""A `secret` is written and told to nobody: no value, no condition and no sheet gives it away, and
nothing that is kept holds it as it was typed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, open_api
from sqlalchemy import inspect

from jingwei.services.people import SYSTEM
from jingwei.storage.renewing import columns_of_secrets, kept_under
from jingwei.storage.sealing import Keyring

VAULT = """
kind: form
title: 连接
display: "{name}"
submit: {cancel: true, amend: true}
versions: on_approval
fields:
  name: {type: text, title: 名称, max: 20}
  key: {type: secret, title: 密钥}
  hush: {type: secret, title: 更密, sensitive: true}
  is_set: {type: text, title: 已设, compute: "'set' if key is not empty else 'none'", public: true}
  other: {type: link, to: vault, title: 另一个}
  users:
    type: table
    title: 用户
    fields:
      user: {type: text, title: 用户名}
      pin: {type: secret, title: 口令}
actions:
  forget: {title: 忘记, who: {post: planner}, do: [set: {key: "=null"}]}
permissions:
  planner:
    post: planner
    can: [read, create, update, submit, amend, import, export]
    scope: all
"""
WORD = "CANARY"  # in every secret that is typed here


@pytest.fixture
def api(tmp_path: Path, database_url: str) -> Any:
    house = open_api(tmp_path, database_url, {**MORE_FILES, "forms/vault.yaml": VAULT})
    yield house
    house.close()


def kept(api: ApiHouse, id_: int) -> dict[str, Any]:
    with api.platform.commands.read(SYSTEM) as view:
        found: dict[str, Any] = view.store.load(view.connection, "vault", [id_])[id_]
    return found


def opened(api: ApiHouse, id_: int) -> str:
    """What nobody but this test reads."""
    return api.platform.database.keys._opened(kept(api, id_)["key"]).decode()


def everything_kept(api: ApiHouse) -> bytes:
    """All cells of all tables, and all files of the installation, its database's among them."""
    found: list[bytes] = []
    with api.platform.database.reading() as connection:
        for table in inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"')
            found += [repr(tuple(row)).encode() for row in rows]
    for folder in (api.platform.settings.data_dir, api.root.parent):
        found += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(found)


def sheet(text: str, name: str = "a.csv") -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(text.encode()), name)}}


def test_a_secret_is_told_to_nobody_and_kept_nowhere_as_it_was_typed(api: ApiHouse) -> None:
    users = [{"user": "root", "pin": f"{WORD}3"}]
    sent = {"name": "甲", "key": f"{WORD}1", "hush": f"{WORD}2", "users": users}
    made = api.post("li.na", "forms/vault/records", sent, key="k1")
    again = api.post("li.na", "forms/vault/records", sent, key="k1")
    one = made.get_json()
    assert again.get_json()["id"] == one["id"]
    assert (one["key"], one["hush"], one["is_set"]) == ("•••", "•••", "set")
    assert one["users"][0]["pin"] == "•••"
    path = f"forms/vault/records/{one['id']}"
    two = api.make("li.na", "vault", name="乙", other=one["id"])
    assert (two["key"], two["is_set"]) == (None, "none")

    for body, status in (
        ({"key": f"{WORD}4", "name": "x" * 50}, 422),
        ({"key": f"{WORD}4", "nmae": "x"}, 400),
        ({"key": f"{WORD}4\n"}, 422),
        ({"key": [f"{WORD}4"]}, 422),
    ):
        refused = api.patch("li.na", path, body, match=one["revision"])
        assert refused.status_code == status
        assert WORD not in refused.get_data(as_text=True)
    assert api.patch("ops", path, {"key": f"{WORD}5"}, match=one["revision"]).status_code == 404
    assert api.patch("li.na", path, {"key": f"{WORD}6"}, match=99).status_code == 412
    typed = {"name": "没存", "key": f"{WORD}7", "users": [{"user": "u", "pin": f"{WORD}7"}]}
    unsaved = api.put("li.na", "forms/vault/unsaved", {"values": typed}).get_json()["unsaved"]
    assert unsaved["values"] == {"name": "没存", "users": [{"user": "u"}]}
    live = api.post("li.na", "forms/vault/compute", {"values": {"key": f"{WORD}8"}})
    assert WORD not in live.get_data(as_text=True)

    written = api.patch("li.na", path, {"key": f"{WORD}9"}, match=one["revision"], key="k2")
    same = api.patch("li.na", path, {"key": "•••"}, match=written.get_json()["revision"])
    assert same.status_code == 200  # what a page gives back as it got it
    assert opened(api, one["id"]) == f"{WORD}9"

    lines = f"name,key\n丙,{WORD}10\n丁,{WORD}11\n"
    for mode in ("atomic", "rows"):
        for text in (lines, lines.replace("丙", "丙" * 30)):
            api.post("li.na", f"forms/vault/import?mode={mode}", **sheet(text))
    listed = api.get("li.na", 'forms/vault/records?filter=name == "丁"').get_json()["items"]
    assert [opened(api, item["id"]) for item in listed] == [f"{WORD}11"] * 3

    for asked in (
        f"{path}?titles=1",
        f"forms/vault/records/{two['id']}?titles=1",
        "forms/vault/records?titles=1",
        f"{path}/history",
        "forms/vault/export.csv",
        "forms/vault/export.csv?fields=name,key",
        "forms/vault/imports",
        "forms/vault/unsaved",
    ):
        answer = api.get("li.na", asked)
        assert answer.status_code == 200, asked
        assert WORD not in answer.get_data(as_text=True), asked
        assert "sealed." not in answer.get_data(as_text=True), asked
    for asked in (
        f'records?filter=key == "{WORD}9"',
        'records?filter=starts_with(key, "C")',
        f'records?filter=other.key == "{WORD}9"',
        "records?sort=key",
        "groups?by=key",
        "groups?by=name&values=max(key)",
    ):
        assert api.get("li.na", f"forms/vault/{asked}").status_code in (400, 422), asked
    for condition, total in (("key is empty", 1), ("key is not empty", 6), ("key == null", 1)):
        found = api.get("li.na", f"forms/vault/records?filter={condition}").get_json()
        assert found["total"] == total, condition
    assert WORD.encode() not in everything_kept(api)
    assert b"sealed.1." in everything_kept(api)


def test_history_and_versions_say_that_a_secret_changed_and_give_it_to_nobody(
    api: ApiHouse,
) -> None:
    users = [{"user": "root", "pin": "p1"}]
    one = api.make("li.na", "vault", name="甲", key="k1", users=users)
    path = f"forms/vault/records/{one['id']}"
    assert api.post("li.na", f"{path}/submit").status_code == 200
    api.post("li.na", f"{path}/amend")
    now = api.get("li.na", path).get_json()
    rows = [{**now["users"][0], "pin": "p2"}]
    changed = {"name": "甲二", "key": "k2", "users": rows}
    api.patch("li.na", path, changed, match=now["revision"])
    history = api.get("li.na", f"{path}/history").get_json()["items"]
    assert history[0]["changes"]["key"] == ["•••", "•••"]
    assert history[0]["changes"]["users"][str(rows[0]["id"])] == {"pin": ["•••", "•••"]}
    assert history[-1]["changes"]["key"] == [None, "•••"]
    differing = api.get("li.na", f"{path}/versions/1/diff/current").get_json()["changes"]
    assert differing["key"] == ["•••", "•••"]
    assert differing["users"] == {str(rows[0]["id"]): {"pin": ["•••", "•••"]}}

    sealed = kept(api, one["id"])
    assert api.post("li.na", f"{path}/discard").get_json()["name"] == "甲"
    after = kept(api, one["id"])  # a secret belongs to no version
    assert after["key"] == sealed["key"]
    assert after["users"][0]["pin"] == sealed["users"][0]["pin"]
    api.post("li.na", f"{path}/amend")
    now = api.get("li.na", path).get_json()
    api.patch("li.na", path, {"name": "甲三", "users": []}, match=now["revision"])
    now = api.get("li.na", path).get_json()
    back = api.post("li.na", f"{path}/versions/1/restore", match=now["revision"])
    assert back.status_code == 200, back.get_data(as_text=True)
    after = kept(api, one["id"])
    assert (after["name"], after["key"], after["users"][0]["pin"]) == ("甲", sealed["key"], None)

    assert api.post("li.na", f"{path}/actions/forget").status_code == 200
    assert kept(api, one["id"])["key"] is None
    now = api.get("li.na", path).get_json()
    assert (now["key"], now["is_set"]) == (None, "none")
    assert api.get("li.na", f"{path}/history").get_json()["items"][0]["changes"]["key"] == [
        "•••",
        None,
    ]


def test_secrets_are_counted_by_their_key_and_refused_without_one(api: ApiHouse) -> None:
    one = api.make("li.na", "vault", name="甲", key="k1")
    two = api.make("li.na", "vault", name="乙")
    text = f"id,name,key\n{one['id']},甲二,k2\n{two['id']},乙二,k3\n"
    done = api.post("li.na", "forms/vault/import?do=update&key=id", **sheet(text)).get_json()
    assert done["updated"] == 2
    keys = api.platform.database.keys
    running = api.platform.active.current
    with api.platform.database.reading() as connection:
        columns = columns_of_secrets(connection, running.catalogue, running.names)
        assert kept_under(connection, columns) == {keys.ids()[0]: 2}
    api.post("li.na", f"forms/vault/imports/{done['batch']}/undo")
    assert opened(api, one["id"]) == "k2"  # what it was before, nobody knows any more
    assert kept(api, one["id"])["name"] == "甲"
    assert kept(api, two["id"])["key"] is None

    path = f"forms/vault/records/{one['id']}"
    api.platform.database.keys = Keyring()
    now = api.get("li.na", path).get_json()["revision"]
    refused = api.patch("li.na", path, {"key": "k4"}, match=now)
    assert code(refused) == (422, "setting-field-keys-needed")
    assert "JINGWEI_FIELD_KEYS" in refused.get_json()["error"]["message"]
    fine = api.patch("li.na", path, {"name": "丙", "key": None}, match=now)
    assert fine.status_code == 200  # what empties it seals nothing
