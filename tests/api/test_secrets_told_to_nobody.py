"""A `secret` is written and told to nobody: no value, no condition, no compute gives it away."""

from __future__ import annotations

from pathlib import Path

from api_house import MORE_FILES, open_api

from jingwei.services.people import SYSTEM

VAULT = """
kind: form
title: 连接
display: "{name} {key}"
fields:
  name: {type: text, title: 名称}
  key: {type: secret, title: 密钥}
  copied: {type: text, title: 抄, compute: key}
  other: {type: link, to: vault, title: 另一个}
  others: {type: text, title: 旁抄, compute: other.key}
permissions:
  planner: {post: planner, can: [read, create, update, export], scope: all}
"""


def test_a_secret_is_told_to_nobody(tmp_path: Path, database_url: str) -> None:
    house = open_api(tmp_path, database_url, {**MORE_FILES, "forms/vault.yaml": VAULT})
    one = house.make("li.na", "vault", name="甲", key="CANARY1")
    path = f"forms/vault/records/{one['id']}"
    assert one["key"] != "CANARY1"
    two = house.make("li.na", "vault", name="乙", other=one["id"])
    written = house.patch("li.na", path, {"key": "CANARY2"}, match=one["revision"])
    assert written.status_code == 200

    for asked in (
        f"{path}?titles=1",
        f"forms/vault/records/{two['id']}?titles=1",
        "forms/vault/records?titles=1",
        f"{path}/history",
        "forms/vault/export.csv",
    ):
        answer = house.get("li.na", asked)
        assert answer.status_code == 200, asked
        assert "CANARY" not in answer.get_data(as_text=True), asked
    entries = house.get("li.na", f"{path}/history").get_json()["items"]
    assert entries[0]["changes"] == {"key": ["•••", "•••"]}
    same = house.patch("li.na", path, {"key": "•••"}, match=written.get_json()["revision"])
    assert same.status_code == 200  # what a page gives back as it got it
    for asked in (
        'records?filter=key == "CANARY2"',
        'records?filter=starts_with(key, "C")',
        'records?filter=other.key == "CANARY2"',
        "records?fields=copied",
        "records?sort=key",
        "groups?by=key",
        "groups?by=name&values=max(key)",
    ):
        assert house.get("li.na", f"forms/vault/{asked}").status_code in (400, 422), asked
    with house.platform.commands.read(SYSTEM) as view:
        kept = view.store.load(view.connection, "vault", [one["id"]])[one["id"]]
    assert kept["key"] == "CANARY2"
    house.close()
