"""Pages of drafts over the data that are there: nothing is published, written, or given away."""

from __future__ import annotations

import lxml.html
import pytest
from api_house import ApiHouse
from page_house import Pages, texts, words

from conftest import FORM, WITH_REMARK, Author, Enter

REMARK = f"{WITH_REMARK}  remark: {{type: text, title: 备注, default: 待定}}\n"
VISIT = """kind: form
title: 走访
fields:
  place: {type: text, title: 地点}
permissions:
  all: {who: everyone, can: [read, create], scope: all}
"""


@pytest.fixture(scope="module")
def bridge(begun: ApiHouse) -> int:
    """A contract of company A."""
    made = begun.make("li.na", "contract", name="大桥", amount=7, secret="底价九十")
    return int(made["id"])


@pytest.fixture
def ann(studio: Enter, bridge: int) -> Author:
    return studio("ann")


def page(author: Author, path: str, *, status: int = 200) -> lxml.html.HtmlElement:
    answer = Pages(author.house).get(author.login, f"/studio/preview/{path}")
    assert answer.status_code == status, answer.get_data(as_text=True)[:2_000]
    return lxml.html.document_fromstring(answer.get_data(as_text=True))


def test_a_drafted_column_is_shown_over_the_rows_that_are_there(ann: Author) -> None:
    ann.change(WITH_REMARK, REMARK)
    ann.change("columns: [number, name,", "columns: [number, name, remark,")
    shown = page(ann, "li.na/-/f/contract")
    assert "备注" in texts(shown, "//thead//th")
    assert "大桥" in texts(shown, "//td[@data-title='名称']")
    assert page(ann, "li.na/-/f/contract/new").xpath("//*[@data-field='remark']")
    forms = ann.house.platform.active.current.catalogue.forms
    assert "remark" not in forms["contract"].fields
    assert ann.house.get("li.na", "forms/contract/records?fields=remark").status_code == 400


def test_a_form_that_is_not_there_yet_has_an_empty_list(ann: Author) -> None:
    ann.put("forms/visit.yaml", VISIT)
    shown = page(ann, "li.na/-/f/visit")
    assert "走访" in words(shown.xpath("//h1")[0])
    assert page(ann, "li.na/-/f/visit/new").xpath("//*[@data-field='place']")


def test_the_page_is_the_chosen_persons_and_says_so(ann: Author) -> None:
    assert not page(ann, "ops/-/f/contract").xpath("//a[contains(@href, '/new')]")
    shown = page(ann, "li.na/-/f/contract")
    assert "以 李娜 的身份" in words(shown.xpath("//*[@class='preview-notice']")[0])
    assert shown.xpath("//meta[@name='csrf']/@content") == [""]
    page(ann, "nobody/-/f/contract", status=404)
    page(ann, "stranger/-/f/contract", status=404)


def test_looking_through_other_eyes_is_audited_and_writes_nothing_else(ann: Author) -> None:
    # one's own eyes, too: by the rights of one's own drafts
    for person, path in (("li.na", "f/contract"), ("ann", "reports")):
        page(ann, f"{person}/-/{path}")
        (entry,) = ann.house.get("auditor", "audit?kind=definition&size=1").get_json()["items"]
        assert (entry["actor"], entry["action"]) == ("ann", "preview.as")
        assert entry["changes"]["person"] == [None, person]


def test_who_writes_for_one_org_sees_others_pages_without_their_rows(
    studio: Enter, bridge: int
) -> None:
    local = studio("local")
    shown = page(local, "li.na/-/f/contract")
    assert "大桥" not in words(shown)
    assert shown.xpath("//a[contains(@href, '/f/contract/new')]")
    page(local, "wang.wu/-/f/contract", status=404)


def test_rights_that_somebody_drafts_for_himself_show_him_no_rows(
    studio: Enter, bridge: int
) -> None:
    pen = studio("pen")
    assert pen.house.get("pen", "forms/contract/records").status_code == 404
    everyone = "permissions:\n  me: {who: everyone, can: [read], scope: all}\n"
    pen.change("permissions:\n", everyone)
    pen.change("columns: [number, name,", "columns: [number, name, secret,")
    shown = page(pen, "pen/-/f/contract")
    assert "不显示数据" in words(shown.xpath("//*[@class='preview-notice']")[0])
    assert "底价九十" not in words(shown) and "大桥" not in words(shown)


def test_nothing_is_written_through_a_preview(ann: Author) -> None:
    pages = Pages(ann.house)
    token = pages.csrf("ann")
    made = pages.client("ann").post(
        "/studio/preview/li.na/-/api/v1/forms/contract/records",
        json={"name": "x", "amount": 1},
        headers={"X-CSRF-Token": token},
    )
    assert made.status_code == 404
    computed = pages.client("ann").post(
        "/studio/preview/li.na/-/api/v1/forms/contract/compute",
        json={"amount": 100, "tax_rate": 0.13},
        headers={"X-CSRF-Token": token},
    )
    assert computed.get_json()["values"]["tax"] == 13
    unsigned = pages.client("ann").post("/studio/preview/li.na/-/api/v1/forms/contract/compute")
    assert unsigned.status_code == 403


def test_who_may_not_write_definitions_previews_nothing(studio: Enter) -> None:
    house = studio("ann").house
    for path in ("/studio", "/studio/plan", "/studio/preview/li.na/-/f/contract"):
        assert Pages(house).get("ops", path).status_code == 403, path


def test_pages_of_the_studio_show_what_is_planned(ann: Author) -> None:
    pages = Pages(ann.house)
    ann.change(WITH_REMARK, REMARK)
    plan = pages.page("ann", "/studio/plan")
    assert plan.xpath("//form[@id='apply']/@data-fingerprint")
    assert "remark" in words(plan.xpath("//*[contains(@class, 'plus')]")[0])
    ann.change("required: true, max: 40", "requird: true, max: 40")
    assert "requird" in words(pages.page("ann", "/studio/plan").xpath("//main")[0])
    tree = pages.page("ann", "/studio")
    assert texts(tree, f"//a[@data-path='{FORM}']//span[@data-state='changed']") == ["已改"]
    assert pages.get("ann", "/studio/releases").status_code == 200
    assert pages.get("ann", "/studio/diff?old=1&new=1").status_code == 200
