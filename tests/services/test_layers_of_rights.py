"""Permissions that a layer narrows hold for its orgs, whatever is written beside their records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backends import on_sqlite
from services_house import FILES, House, open_house

from jingwei.refusals import Refused
from jingwei.services import records

PEOPLE = ({"login": "ops", "name": "运营", "org": "G", "roles": "group_ops@G"},)
HOUSE_FILES = {
    **FILES,
    "forms/remark.yaml": """
kind: form
title: 附记
fields:
  org: {type: org, title: 单位, required: true}
  words: {type: text, title: 词}
permissions:
  everywhere: {role: group_ops, can: [read, create], scope: all}
  here: {role: group_ops, can: [read, create], scope: org}
""",
    "definitions/layers/B/remark.yaml": """
kind: layer
for: B
patches: form/remark
set:
  permissions.everywhere.can: {override: [read]}
""",
}


def written(house: House, *orgs: str) -> tuple[int, list[tuple[int, str]]]:
    """How many records of these orgs were made together, and why the others were not."""
    refused: list[tuple[int, str]] = []

    def write(work: Any) -> int:
        def refuse(index: int, found: Refused) -> None:
            refused.extend((index, one.code) for one in found.fields)

        rows = [{"org": org, "words": "词"} for org in orgs]
        return len(records.create_many(work, "remark", rows, refuse=refuse, source="import"))

    return house.do("ops", write), refused


@on_sqlite
def test_who_may_create_is_asked_of_each_org(tmp_path: Path, database_url: str) -> None:
    house = open_house(tmp_path, database_url, HOUSE_FILES, PEOPLE)
    assert written(house, "B") == (0, [(0, "org-out-of-reach")])
    assert written(house, "A", "B", "A") == (2, [(1, "org-out-of-reach")])
    assert written(house, "B", "A") == (1, [(0, "org-out-of-reach")])
