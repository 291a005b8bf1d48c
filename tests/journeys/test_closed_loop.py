"""From a plan to the closed task: what one year's management hangs together by, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser import DESK, PHONE, Visit
from journeys_server import Installation
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
UNIT, PLANNER, HEAD, SECTOR = "PARK02", "park02.planner", "park02.gm", "park.head"
FINANCE, BUDGET, OPS, LEADER = "park02.finance", "group.budget", "group.ops", "zhao.lin"
TARGET = 300_000_000


class Loop:
    """Records are entered over the API; what people decide and press is done on the page."""

    def __init__(self, as_person: Open, installation: Installation) -> None:
        self._open = as_person
        self._visits: dict[tuple[str, Any], Visit] = {}
        self.server = installation

    def as_person(self, login: str, size: Any = DESK) -> Visit:
        """This person's window, the same each time."""
        key = (login, size)
        if key not in self._visits:
            self._visits[key] = self._open(login, size=size)
        return self._visits[key]

    def create(self, login: str, form: str, **values: Any) -> int:
        return int(self.server.post(f"/api/v1/forms/{form}/records", login, values)["id"])

    def read(self, login: str, form: str, id: int) -> Any:
        return self.server.get(f"/api/v1/forms/{form}/records/{id}", login)

    def change(self, login: str, form: str, id: int, **values: Any) -> None:
        address = f"/api/v1/forms/{form}/records/{id}"
        _, _, headers = self.server.ask("GET", address, login)
        status, body, _ = self.server.ask(
            "PATCH", address, login, values, {"If-Match": headers["ETag"]}
        )
        assert status == 200, body

    def press(self, login: str, form: str, id: int, title: str, **how: Any) -> Visit:
        """A button of the record's page, and the question it asks first."""
        visit = self.as_person(login, **how)
        page = visit.go(f"/f/{form}/{id}")
        self._click(visit, page.get_by_role("button", name=title, exact=True).first)
        return visit

    def _click(self, visit: Visit, button: Locator) -> None:
        """Click, say yes where it is asked, see that the server took it and the page came anew."""
        page = visit.page
        with (
            page.expect_navigation(),
            page.expect_response(lambda r: r.request.method == "POST" and "/api/" in r.url) as said,
        ):
            asks = button.get_attribute("data-confirm") or button.get_attribute("data-ask")
            button.click()
            if asks:
                page.locator("dialog#ask #ask-yes").click()
        assert said.value.ok
        visit.settle()
        assert visit.complaints == []

    def decide(self, form: str, id: int, *logins: str) -> None:
        """Each agrees, in this order, on the record's page."""
        for login in logins:
            visit = self.as_person(login)
            page = visit.go(f"/f/{form}/{id}")
            self._click(visit, page.locator(".decide button.btn-primary[data-act]"))

    def one_of(self, login: str, form: str, filter: str) -> int:
        found = self.server.get(f"/api/v1/forms/{form}/records?filter={filter}", login)
        assert found["total"] == 1, found
        return int(found["items"][0]["id"])


def test_a_red_item_comes_back_as_a_closed_task_and_every_link_leads_back(
    as_person: Open, installation: Installation
) -> None:
    installation.set_clock("2026-04-08T09:00:00+08:00")
    loop = Loop(as_person, installation)

    plan = loop.create(
        PLANNER,
        "annual_plan",
        year="2026",
        targets=[
            {"indicator": "revenue", "org": UNIT, "amount": 10 * TARGET, "weight": 50},
            {"indicator": "total_profit", "org": UNIT, "amount": TARGET, "weight": 50},
        ],
    )
    loop.press(PLANNER, "annual_plan", plan, "提交")
    loop.decide("annual_plan", plan, FINANCE, BUDGET, SECTOR, LEADER)
    loop.press(OPS, "annual_plan", plan, "下达")

    letter = loop.create(
        PLANNER,
        "target_letter",
        year="2026",
        plan=plan,
        items=[{"title": "利润总额", "indicator": "total_profit", "target": TARGET, "weight": 100}],
    )
    loop.press(PLANNER, "target_letter", letter, "提交")
    loop.decide("target_letter", letter, BUDGET, OPS, HEAD, LEADER)

    feedback = loop.create(PLANNER, "letter_feedback", letter=letter, period="2026Q1")
    rows = loop.read(PLANNER, "letter_feedback", feedback)["items"]
    assert [row["target"] for row in rows] == [TARGET], "the letter's items are there by themselves"
    row = {"id": rows[0]["id"], "actual": 15_000_000, "cause": "出租率下降", "measure": "招商攻坚"}
    loop.change(PLANNER, "letter_feedback", feedback, items=[row])
    loop.press(PLANNER, "letter_feedback", feedback, "提交")
    loop.decide("letter_feedback", feedback, HEAD, OPS)

    case = loop.one_of(OPS, "exception_case", f"feedback=={feedback}")
    assert loop.read(OPS, "exception_case", case)["level"] == "red"
    loop.change(FINANCE, "exception_case", case, cause="market", due="2026-05-29")
    loop.press(FINANCE, "exception_case", case, "开始处理")
    loop.press(HEAD, "exception_case", case, "提请会议")
    topic = loop.one_of(OPS, "meeting_topic", f"case=={case}")

    series = loop.create(OPS, "meeting_series", title="专题会", chair=LEADER)
    meeting = loop.create(OPS, "meeting", series=series, held_on="2026-04-16", chair=LEADER)
    loop.change(OPS, "meeting_topic", topic, meeting=meeting)
    loop.press(OPS, "meeting", meeting, "开会")
    decision = {"text": "两个月内签约五家", "org": UNIT, "due": "2026-05-29", "topic": topic}
    loop.change(OPS, "meeting", meeting, decisions=[decision])
    loop.press(OPS, "meeting", meeting, "结束会议")
    loop.press(OPS, "meeting", meeting, "下达决议")
    task = loop.one_of(OPS, "assigned_task", f"meeting=={meeting}")
    assert loop.read(OPS, "assigned_task", task)["owner_person"] == HEAD, "a unit means its head"

    loop.press(HEAD, "assigned_task", task, "签收", size=PHONE)
    report = {"percent": 1, "text": "已签约五家"}
    loop.change(HEAD, "assigned_task", task, reports=[report], result="全部完成")
    loop.press(HEAD, "assigned_task", task, "申请办结")
    loop.decide("assigned_task", task, OPS)
    assert loop.read(OPS, "assigned_task", task)["state"] == "closed"

    # and back again, by links only
    page = loop.as_person(OPS).go(f"/f/assigned_task/{task}")
    page.get_by_role("link", name="专题会 2026-04-16").click()
    page.get_by_role("tab", name="会中").click()
    page.locator(".block a:visible", has_text="利润总额").first.click()
    expect(page).to_have_url(f"{installation.address}/f/meeting_topic/{topic}")
    page.locator(".block a", has_text="异常").first.click()
    expect(page).to_have_url(f"{installation.address}/f/exception_case/{case}")
    page.locator(".block a", has_text="反馈").first.click()
    expect(page).to_have_url(f"{installation.address}/f/letter_feedback/{feedback}")
    page.locator(".block a", has_text="责任书").first.click()
    expect(page).to_have_url(f"{installation.address}/f/target_letter/{letter}")
    page.locator(".block a", has_text="年度经营计划").first.click()
    expect(page).to_have_url(f"{installation.address}/f/annual_plan/{plan}")
