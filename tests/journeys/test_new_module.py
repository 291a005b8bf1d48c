"""A module of five files, applied while the server runs: every part of it is there at once."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from browser import PHONE, Visit, barriers, sideways_pixels
from journeys_server import Installation
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
RELEASE_SECONDS = 15.0
FILES = {
    "forms/safety_check.yaml": """
        kind: form
        title: {zh: 安全检查, en: Safety check}
        number: "SC-{org.code}-{seq:3}"
        display: {zh: "{org.title} 安全检查 {site}", en: "Safety check of {site}"}
        workflow: safety_check_review
        fields:
          org: {type: org, title: {zh: 单位, en: Organisation}, required: true, default: =me.org}
          site: {type: text, title: {zh: 检查地点, en: Site}, required: true}
          checked_on: {type: date, title: {zh: 检查日期, en: Checked on}, default: =today}
          found: {type: integer, title: {zh: 隐患数, en: Hazards}, min: 0, required: true}
          fixed: {type: integer, title: {zh: 已整改数, en: Fixed}, min: 0}
          open:
            type: integer
            title: {zh: 未整改数, en: Open}
            compute: found - coalesce(fixed, 0)
          plan:
            type: long_text
            title: {zh: 整改计划, en: Plan}
            visible_if: open > 0
            required_if: open > 0
        list: {columns: [number, org, site, checked_on, open, status], filters: [org, status]}
        permissions:
          planner: {post: planner, can: [read, create, update, delete, submit], scope: org}
          heads: {post: general_manager, can: [read, comment], scope: org_and_below}
          ops: {role: group_ops, can: [read, export], scope: all}
    """,
    "workflows/safety_check_review.yaml": """
        kind: workflow
        title: {zh: 安全检查审核, en: Review of safety checks}
        form: safety_check
        start: {who: {post: planner, at: org}}
        steps:
          - id: review
            title: {zh: 总经理审核, en: General manager reviews}
            approve: {mode: one, who: {post: general_manager, at: org}}
            due: 2wd
    """,
    "definitions/alerts/many_hazards.yaml": """
        kind: alert
        title: {zh: 隐患过多, en: Many hazards}
        watch: {form: safety_check}
        when: open >= 10
        check: on_change
        to: [{role: group_ops}]
        message:
          zh: "{org.title} {site} 有 {open} 项隐患未整改"
          en: "{org.title}: {open} hazards are open at {site}"
    """,
    "definitions/dashboards/safety.yaml": """
        kind: dashboard
        title: {zh: 安全看板, en: Safety board}
        for: [{role: group_ops}, {post: general_manager}]
        tiles:
          hazards:
            type: number
            title: {zh: 未整改隐患, en: Open hazards}
            form: safety_check
            values: {open_ones: sum(open)}
          newest:
            type: list
            title: {zh: 最近检查, en: Newest checks}
            form: safety_check
            columns: [number, org, site, open]
            sort: [-checked_on]
            limit: 5
        layout: [[hazards, newest]]
        phone: [newest, hazards]
    """,
    "definitions/modules/safety.yaml": """
        kind: module
        title: {zh: 安全管理, en: Safety}
        icon: shield-check
        menu: [form/safety_check, dashboard/safety]
    """,
}


@pytest.fixture(scope="module")
def applied(installation: Installation) -> Installation:
    """The five files written and applied; the server was not told."""
    for path, text in FILES.items():
        target = installation.root / path
        target.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    done = installation.command("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    def is_there() -> bool:
        return installation.ask("GET", "/api/v1/forms/safety_check", "zj.planner")[0] == 200

    installation.wait_for(is_there, RELEASE_SECONDS)
    return installation


def test_a_module_of_five_files_is_there_without_a_restart(
    applied: Installation, as_person: Open
) -> None:
    planner = as_person("zj.planner")
    page = planner.go("/")
    page.get_by_role("navigation", name="菜单").get_by_role("link", name="安全检查").click()
    expect(page.locator(".nothing")).to_contain_text("还没有记录")

    page.get_by_role("link", name="新建第一条").click()
    page.wait_for_url("**/f/safety_check/new")
    planner.settle()
    page.locator("#field-site").fill("一号厂房")
    page.locator("#field-found").fill("12")
    expect(page.locator("#field-open")).to_have_text("12")
    page.locator("#field-plan").fill("月底前完成")
    page.locator("#submit").click()
    expect(page.locator(".record-badges .number")).to_have_text("SC-S600895-001")
    assert barriers(page) == []

    found = applied.get("/api/v1/forms/safety_check/records", "zj.planner")
    assert [(r["site"], r["open"], r["status"]) for r in found["items"]] == [
        ("一号厂房", 12, "in_approval")
    ]
    paths = applied.get("/api/v1/openapi.json", "zj.planner")["paths"]
    assert any("/forms/safety_check/records" in path for path in paths)

    told = applied.wait_for(
        lambda: [
            n["text"]
            for n in applied.get("/api/v1/notifications", "group.ops")["items"]
            if "一号厂房" in n["text"]
        ]
    )
    assert told == ["张江高科 一号厂房 有 12 项隐患未整改"]

    head = as_person("zj.gm", size=PHONE)
    page = head.go("/tasks")
    card = page.locator(".task", has_text="一号厂房")
    expect(card).to_contain_text("总经理审核")
    card.get_by_role("button", name="同意").click()
    page.locator("dialog#ask #ask-yes").click()
    expect(page.locator(".toast-success")).to_be_visible()

    page = head.go("/d/safety")
    assert sideways_pixels(page) == 0
    assert head.text("#tile-hazards .big") == "12"
    expect(page.locator("#tile-newest")).to_contain_text("SC-S600895-001")
    record = applied.get("/api/v1/forms/safety_check/records", "zj.planner")["items"][0]
    assert record["status"] == "approved"
    assert planner.complaints == []
    assert head.complaints == []
