"""Boards of days, and groups: what a calendar shows, where groups lead to, what is added up in
them, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_FILES, ApiHouse, code, open_api
from page_house import Pages, texts

GRANT = """permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
"""
FILES = {
    **MORE_FILES,
    "forms/site.yaml": f"""
kind: form
title: 工地
display: "{{name}}"
fields:
  name: {{type: text, title: 名称}}
{GRANT}""",
    "forms/visit.yaml": f"""
kind: form
title: 走访
display: "{{text}}@{{site}}"
fields:
  text: {{type: text, title: 名称}}
  due: {{type: date, title: 到期}}
  at: {{type: datetime, title: 时刻}}
  took: {{type: duration, title: 时长}}
  stars: {{type: rating, title: 评分}}
  site: {{type: link, to: site, title: 地点}}
  kind: {{type: choice, title: 类别, choices: {{a: 例行, b: 专项}}}}
list:
  columns: [kind, text, due, site, took, stars]
  views:
    days: {{type: calendar, start: due}}
    moments: {{type: calendar, start: at}}
    kinds: {{type: kanban, by: kind}}
{GRANT}""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    far = opened.make("li.na", "site", name="甲地")["id"]
    near = opened.make("li.na", "site", name="乙地")["id"]
    first = {"due": "2026-01-15", "at": "2026-01-15T01:00:00Z", "took": "1h", "stars": 3}
    opened.make("li.na", "visit", text="一", site=far, kind="a", **first)
    opened.make("li.na", "visit", text="二", site=near, due="2026-01-15", took="30min", stars=4)
    opened.make("li.na", "visit", text="三", due="2026-02-10")
    yield opened
    opened.close()


def test_days_moments_lengths_and_links_make_views_and_groups(house: ApiHouse) -> None:
    pages = Pages(house)

    def cards(view: str, month: str) -> list[str]:
        page = pages.page("li.na", f"/f/visit?view={view}&month={month}")
        return sorted(texts(page, "//div[@class='week']//a/strong"))

    # named as the record is everywhere
    assert cards("days", "2026-01") == ["一@甲地", "二@乙地"]
    assert (cards("days", "2026-02"), cards("moments", "2026-01")) == (["三@—"], ["一@甲地"])

    lanes = pages.page("li.na", "/f/visit?view=kinds").xpath("//section[@class='lane']")
    found = {lane.get("aria-label"): texts(lane, ".//a/strong") for lane in lanes}
    assert found == {"例行": ["一@甲地"], "专项": [], "未填写": ["三@—", "二@乙地"]}
    said = texts(lanes[0], ".//span[@class='board-fact']")
    assert [one[:2] for one in said] == ["到期", "时长", "评分"]  # what the name does not say

    for key in ("due", "due:month", "at:month"):  # each group leads to what is in it
        page = pages.page("li.na", f"/f/visit?group={key}")
        addresses = page.xpath("//a[contains(@href,'filter=')]/@href")
        assert addresses
        for address in addresses:
            assert texts(pages.page("li.na", address), "//table//tbody//a")

    folded = "by=site&values=sum(took),avg(took),avg(stars)"
    found = house.get("li.na", f"forms/visit/groups?{folded}").get_json()["items"]
    assert [one["sum(took)"] for one in found[:3]] == [5400, 1800, 3600]
    assert (found[0]["avg(took)"], found[0]["avg(stars)"]) == (2700, 3.5)
    summed = house.get("li.na", "forms/visit/groups?by=site&values=sum(stars)")
    assert code(summed) == (400, "group-value")
    assert "评分只能 avg" in summed.get_json()["error"]["message"]
    shape = pages.get("li.na", "/f/visit/shape").get_json()["fields"]
    assert [one["path"] for one in shape if one["sums"]] == ["took"]  # what is answered is offered

    page = pages.page("li.na", "/f/visit?group=site&values=sum(took)")
    keys = texts(page, "//table//tbody//tr/*[1]")
    assert [word.split()[0] for word in keys][1:3] == ["乙地", "甲地"]  # by their names, not ids
