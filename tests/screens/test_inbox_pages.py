"""The inbox as pages: boxes with counts, choosing several, the administrators' overview."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from approvals_house import Approvals, open_approvals
from page_house import Pages, texts, words

FLOWS = {
    "leave": """
        steps:
          - {id: a, title: 部门, approve: {mode: all, who: [{person: u1}, {person: u2}]}}
          - {id: b, title: 板块, approve: {who: {person: u3}}}
        """,
    "owing": """
        steps:
          - {id: a, approve: {who: {person: u4}, fields: {write: [opinion], require: [opinion]}}}
        """,
}


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("inbox")
    opened = open_approvals(folder, f"sqlite:///{folder / 'i.db'}", FLOWS)
    yield opened
    opened.api.close()


def test_boxes_show_counts_and_tasks_can_be_chosen(house: Approvals) -> None:
    pages = Pages(house.api)
    for title in ("甲", "乙"):
        house.start("leave", title=title)
    house.start("owing", title="丙")
    shown = pages.page("u1", "/tasks")
    assert texts(shown, "//*[@class='boxes']/a") == ["待办2", "已办", "我发起的", "抄送我的"]
    assert sorted(texts(shown, "//*[@class='task-name']")) == ["乙", "甲"]
    assert len(shown.xpath("//input[@data-choose-task]")) == 2
    assert pages.page("u4", "/tasks").xpath("//input[@data-choose-task]") == []
    mine = pages.page("I", "/tasks?box=mine")
    assert sorted(texts(mine, "//*[@class='task-name']")) == ["丙", "乙", "甲"]


def test_administrators_see_who_is_waited_for_and_how_long_steps_take(house: Approvals) -> None:
    pages = Pages(house.api)
    flow = house.start("leave", title="甲")
    house.later(hours=2)
    house.decide("u1", flow["id"])
    house.decide("u2", flow["id"])
    shown = pages.page("admin", "/flows")
    (line,) = shown.xpath("//section[.//*[@id='running-title']]//tbody/tr")
    assert "审批人3" in words(line)
    assert "板块" in words(line)
    figures = texts(shown, "//section[.//*[@id='figures-title']]//tbody/tr/td")
    assert figures == ["审批", "部门", "1", "2.0", "2.0", "0%", "0"]
    assert pages.get("u1", "/flows").status_code == 403


def test_a_record_shows_who_is_waited_for_since_when_and_what_was_said(house: Approvals) -> None:
    pages = Pages(house.api)
    flow = house.start("leave", title="甲")
    house.decide("u1", flow["id"], comment="可以")
    shown = pages.page("I", f"/f/leave/{flow['record']}")
    done_or_now, ahead = texts(shown, "//ol[@class='path']/li")
    assert "审批人2" in done_or_now
    assert "审批人1 已同意" in done_or_now
    assert "可以" in done_or_now
    assert "正在处理 · 自" in done_or_now
    assert "板块" in ahead
