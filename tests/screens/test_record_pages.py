"""The page of a record: texts and links as they are meant, receipts that are done by reading,
copies, versions, the bin, why its reader may or may not, and reasons that are owed."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from api_house import CONTRACT, MORE_FILES, ApiHouse, fields
from module_houses import house_of
from page_house import Pages, texts, words

from jingwei.screens import compared_texts

NOTICE = """
kind: form
title: 通知
display: "{title}"
fields:
  title: {type: text, title: 标题, required: true}
  code: {type: text, title: 编码, unique: true}
  body: {type: markdown, title: 正文}
  about: {type: link, to: [contract, receipt], title: 涉及}
  also: {type: link, to: contract, many: true, title: 合同}
  sealed: {type: text, title: 文号, no_copy: true, print: false}
  people: {type: integer, title: 人数}
  cost: {type: integer, title: 预算, compute: people * 10, mode: override_with_reason}
  lines:
    type: table
    title: 条目
    fields:
      item: {type: text, title: 事项}
      done: {type: text, title: 完成情况, no_copy: true, print: false}
      bags: {type: integer, title: 袋数}
      weight: {type: integer, title: 重量, compute: bags * 50, mode: override_with_reason}
versions: {cut: publish}
actions:
  issue: {title: 印发, phone: first, do: [{publish: =title}]}
receipts:
  read: {title: 阅知, of: {person: wang.wu}, when: title is not empty, done_by: open}
permissions:
  planner: {post: planner, can: [read, create, update, delete, issue], scope: all}
  ops: {role: group_ops, can: [read], scope: all, hide: [sealed]}
"""
BODY = """# 要求
<script>alert(1)</script> [官网](https://example.cn) [坏](javascript:alert(1))

- 一
- **二**
"""
FILES = {**MORE_FILES, "forms/contract.yaml": CONTRACT, "forms/notice.yaml": NOTICE}
house = house_of(FILES)


@pytest.fixture(scope="module")
def bridge(house: ApiHouse) -> int:
    return int(house.make("li.na", "contract", name="大桥", amount=1)["id"])


@pytest.fixture(scope="module")
def notice(house: ApiHouse, bridge: int) -> int:
    made = house.make(
        "li.na", "notice", title="防汛", code="N-1", body=BODY, sealed="密", also=[bridge],
        about={"form": "contract", "id": bridge}, lines=[{"item": "沙袋", "done": "是"}],
    )  # fmt: skip
    return int(made["id"])


def model(page: Any) -> dict[str, Any]:
    """What the script of a form is told."""
    (found,) = page.xpath("//*[@data-model]/@data-model")
    read: dict[str, Any] = json.loads(html.unescape(found))
    return read


def test_a_formatted_text_is_shown_as_it_is_meant_and_runs_nothing(
    pages: Pages, notice: int
) -> None:
    page = pages.page("li.na", f"/f/notice/{notice}")
    (prose,) = page.xpath("//*[@class='prose']")
    assert texts(prose, ".//h3 | .//strong | .//li") == ["要求", "一", "二", "二"]
    assert prose.xpath(".//script") == []
    assert prose.xpath(".//a/@href") == ["https://example.cn"]
    assert "<script>alert(1)</script>" in prose.text_content()


def test_what_is_not_printed_and_what_comes_first_on_a_phone_is_marked(
    pages: Pages, notice: int
) -> None:
    shown = pages.get("li.na", f"/f/notice/{notice}").get_data(as_text=True)

    assert re.findall(r'class="[a-z ]*unprinted"><dt>(.*?)</dt>', shown) == ["文号"]
    assert re.findall(r'<th scope="col" class="[a-z ]*unprinted">(.*?)</th>', shown) == ["完成情况"]
    assert re.findall(r'data-title="(.*?)"[^>]*data-phone="first"', shown) == ["印发"]


def test_links_to_several_forms_and_records_lead_to_each(
    pages: Pages, notice: int, bridge: int
) -> None:
    page = pages.page("li.na", f"/f/notice/{notice}")
    assert page.xpath("//dd//a[text()='大桥']/@href") == [f"/f/contract/{bridge}"] * 2
    edited = model(pages.page("li.na", f"/f/notice/{notice}/edit"))["values"]
    assert edited["about"] == {"form": "contract", "id": bridge}
    assert edited["also"] == [bridge]
    offered = pages.client("li.na").post(
        "/f/notice/options/about", json={"q": "大"}, headers={"X-CSRF-Token": pages.csrf("li.na")}
    )
    assert [one["value"] for one in offered.get_json()] == [f"contract/{bridge}"]


def test_a_copy_leaves_out_what_belongs_to_one_record(
    pages: Pages, notice: int, bridge: int
) -> None:
    page = pages.page("li.na", f"/f/notice/{notice}")
    assert page.xpath("//a[contains(@href, 'copy=')]/@href") == [f"/f/notice/new?copy={notice}"]
    copied = model(pages.page("li.na", f"/f/notice/new?copy={notice}"))
    values = {n: v for n, v in copied["values"].items() if v is not None}
    assert copied["id"] is None
    assert (values["title"], values["also"]) == ("防汛", [bridge])
    assert "code" not in values and "sealed" not in values
    assert [(row["item"], row["done"]) for row in values["lines"]] == [("沙袋", None)]
    assert pages.get("ops", f"/f/notice/new?copy={notice}").status_code in (403, 404)


def test_a_receipt_that_reading_answers_is_not_answered_by_fetching(
    house: ApiHouse, pages: Pages, notice: int
) -> None:
    asked = f"forms/notice/records/{notice}/receipts"
    for _ in range(2):
        page = pages.page("wang.wu", f"/f/notice/{notice}")
        assert house.get("li.na", asked).get_json()["counts"]["read"]["done"] == 0
    (address,) = page.xpath("//@data-seen-at")
    assert house.post("wang.wu", address, {}).get_json() == {"answered": 1}
    assert pages.page("wang.wu", f"/f/notice/{notice}").xpath("//@data-seen-at") == []


# --- versions, the bin, rights, reasons ----------------------------------------------------------


def make(house: ApiHouse, **values: Any) -> dict[str, Any]:
    return house.make("li.na", "notice", **{"title": "值班", **values})


def test_an_earlier_version_is_restored_from_the_page_that_compares(
    house: ApiHouse, pages: Pages
) -> None:
    made = make(house, people=3)
    path = f"forms/notice/records/{made['id']}"
    for people in (3, 5):
        now = house.get("li.na", path).get_json()
        house.patch("li.na", path, {"people": people}, match=now["revision"])
        assert house.post("li.na", f"{path}/actions/issue", {}).status_code == 200

    page = pages.page("li.na", f"/f/notice/{made['id']}/versions")
    assert {"3", "5"} <= set(texts(page, "//td"))
    (button,) = page.xpath("//button[contains(@data-act, '/restore')]")
    restored = house.post(
        "li.na",
        button.get("data-act"),
        {},
        match=button.get("data-seen") or button.get("data-revision"),
    )
    assert restored.status_code == 200, restored.get_json()
    assert house.get("li.na", path).get_json()["people"] == 3
    seen = pages.page("ops", f"/f/notice/{made['id']}/versions")
    assert seen.xpath("//button[contains(@data-act, '/restore')]") == []


def test_the_bin_is_open_to_those_who_may_delete(house: ApiHouse, pages: Pages) -> None:
    made = make(house, title="作废")
    house.delete("li.na", f"forms/notice/records/{made['id']}", match=made["revision"])
    column = "//tbody/tr/td[@data-title='标题']"
    assert "作废" not in texts(pages.page("li.na", "/f/notice"), column)
    bin_ = pages.page("li.na", "/f/notice?deleted=1")
    assert texts(bin_, column) == ["作废"]
    assert bin_.xpath("//input[@data-tick]/@data-revision") == ["2"]  # it is brought back as seen
    assert "作废" not in texts(pages.page("ops", "/f/notice?deleted=1"), column)
    assert pages.page("ops", "/f/notice").xpath("//a[contains(@href, 'deleted=1')]") == []


def test_the_page_says_why_one_may_and_may_not(pages: Pages, notice: int) -> None:
    def why(login: str) -> list[str]:
        page = pages.page(login, f"/f/notice/{notice}")
        return texts(page, "//dl[contains(@class, 'access-card')]//dd")

    assert len(why("li.na")) == 3
    read, update, delete, hidden = why("ops")
    assert update == delete and read != update
    assert "1" in hidden


def test_whoever_overrides_a_figure_is_asked_why_on_the_form(house: ApiHouse, pages: Pages) -> None:
    made = make(house, people=4)
    edited = pages.page("li.na", f"/f/notice/{made['id']}/edit")
    assert texts(edited, "//*[@data-field='cost']//*[@data-reason]") == ["预算：为什么改写"]
    path = f"forms/notice/records/{made['id']}"
    refused = house.patch("li.na", path, {"cost": 99}, match=1)
    assert fields(refused) == [("cost", "reason-needed")]
    given = {"cost": 99, "_reasons": {"cost": "另有补贴"}}
    assert house.patch("li.na", path, given, match=1).get_json()["cost"] == 99
    page = pages.page("li.na", f"/f/notice/{made['id']}")
    assert "预算的理由：另有补贴" in page.text_content()


def test_whoever_overrides_a_figure_of_a_row_says_why_and_the_history_keeps_it(
    house: ApiHouse, pages: Pages
) -> None:
    rows: list[dict[str, Any]] = [{"item": "沙袋", "bags": 2}, {"item": "石料", "bags": 1}]
    sent = {"title": "物资", "lines": [rows[0], {**rows[1], "weight": 80}]}
    refused = house.post("li.na", "forms/notice/records", sent)
    assert (refused.status_code, fields(refused)) == (422, [("lines.1.weight", "reason-needed")])
    sent["_reasons"] = {"lines.1.weight": "石料更重"}
    made = house.post("li.na", "forms/notice/records", sent).get_json()
    assert [row["weight"] for row in made["lines"]] == [100, 80]
    address = f"forms/notice/records/{made['id']}"

    # what follows goes along, what was overridden stays, and no reason is owed again
    kept = [{"id": row["id"], "bags": 3} for row in made["lines"]]
    now = house.patch("li.na", address, {"lines": kept}, match=1).get_json()
    assert [row["weight"] for row in now["lines"]] == [150, 80]
    told = [(one["action"], one["reasons"]) for one in
            house.get("li.na", f"{address}/history").get_json()["items"]]  # fmt: skip
    row = made["lines"][1]["id"]
    assert told == [("updated", {}), ("created", {f"lines.{row}.weight": "石料更重"})]
    page = pages.page("li.na", f"/f/notice/{made['id']}")
    assert "条目 · 重量的理由：石料更重" in texts(page, "//*[@class='timeline']")[0]
    # none sent: it is computed again
    rows = [{"id": one["id"], "weight": None} for one in now["lines"]]
    assert [row["weight"] for row in
            house.patch("li.na", address, {"lines": rows}, match=2).get_json()["lines"]
            ] == [150, 150]  # fmt: skip
    asked = pages.page("li.na", f"/f/notice/{made['id']}/edit")
    assert asked.xpath("//template//*[@data-column='weight']//*[@data-reason]")


def test_rows_are_compared_one_by_one_added_gone_moved_and_changed(
    house: ApiHouse, pages: Pages
) -> None:
    made = make(house, lines=[{"item": name} for name in "甲乙丙丁"])
    path = f"forms/notice/records/{made['id']}"
    assert house.post("li.na", f"{path}/actions/issue", {}).status_code == 200
    first, second, third, fourth = (row["id"] for row in made["lines"])
    rows = [{"id": third}, {"id": first, "done": "是"}, {}, {"id": fourth}]
    now = house.get("li.na", path).get_json()
    assert house.patch("li.na", path, {"lines": rows}, match=now["revision"]).status_code == 200
    assert house.post("li.na", f"{path}/actions/issue", {}).status_code == 200

    found = house.get("li.na", f"{path}/versions/1/diff/2").get_json()
    (fresh,) = {row["id"] for row in house.get("li.na", path).get_json()["lines"]} - {
        first, second, third, fourth,
    }  # fmt: skip
    assert found["rows"]["lines"] == {
        str(third): [3, 1],
        str(first): [1, 2],
        str(fresh): [None, 3],
        str(second): [2, None],
    }
    page = pages.page("li.na", f"/f/notice/{made['id']}/versions")
    told = [[words(td) for td in tr.xpath("td")] for tr in page.xpath("//tbody/tr")]
    assert told == [
        ["条目 第 1 行 · 移动", "第 3 行", "第 1 行"],
        ["条目 · 完成情况 第 2 行", "—", "是"],
        ["条目 第 3 行 · 新增", "—", "第 3 行"],
        ["条目 · 事项 第 2 行 · 已删除", "乙", "—"],
    ]
    history = texts(pages.page("li.na", f"/f/notice/{made['id']}"), "//*[@class='timeline']//dt")
    assert history == ["条目 第 2 行 · 完成情况", "条目 已删除的行 · 事项"]


def test_long_texts_are_compared_sign_by_sign(house: ApiHouse, pages: Pages) -> None:
    body = "# 目标\n\n全年收入五百亿元，增长百分之五。\n安全事故为零。\n"
    made = make(house, body=body, lines=[{"item": "沙袋运到河堤北段的仓库里，共八十袋。"}])
    path = f"forms/notice/records/{made['id']}"
    assert house.post("li.na", f"{path}/actions/issue", {}).status_code == 200
    row = {**made["lines"][0], "item": "沙袋运到河堤南段的仓库里，共八十袋。"}
    changed = {
        "title": "防汛抗旱",
        "body": body.replace("百亿", "百二十亿").replace("零", "零。\n另行通知"),
        "lines": [{"id": row["id"], "item": row["item"]}],
    }
    assert house.patch("li.na", path, changed, match=1).status_code == 200

    page = pages.page("li.na", f"/f/notice/{made['id']}/versions")
    told = [
        [words(tr.xpath("td")[0]), texts(tr, ".//del"), texts(tr, ".//ins")]
        for tr in page.xpath("//tbody/tr")
    ]
    assert told == [
        ["标题", ["值班"], ["防汛抗旱"]],  # short: read at a glance
        ["正文", [], ["二十", "另行通知。"]],
        ["条目 · 事项 第 1 行", ["北"], ["南"]],
    ]
    was, now = page.xpath("//tr[2]/td[position() > 1]")
    assert (was.text_content(), now.text_content()) == (body, changed["body"])


def test_the_timeline_marks_what_differs_inside_long_texts_as_far_as_it_looks(
    house: ApiHouse, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "全年收入五百亿元，增长百分之五。\n安全事故为零。\n"
    made = make(house, body=body, lines=[{"item": "沙袋运到河堤北段的仓库里，共八十袋。"}])
    row = {"id": made["lines"][0]["id"], "item": "沙袋运到河堤南段的仓库里，共八十袋。"}
    changed = {"title": "防汛", "body": body.replace("百亿", "百二十亿"), "lines": [row]}
    path = f"forms/notice/records/{made['id']}"
    assert house.patch("li.na", path, changed, match=1).status_code == 200

    def told() -> list[list[Any]]:
        page = pages.page("li.na", f"/f/notice/{made['id']}")
        rows = page.xpath("//*[@class='timeline']//dl/div")
        found = [[words(r.xpath("dt")[0]), texts(r, ".//del"), texts(r, ".//ins")] for r in rows]
        return sorted(found)

    marked = [["标题", ["值班"], ["防汛"]], ["正文", [], ["二十"]]]
    assert told() == sorted([*marked, ["条目 第 1 行 · 事项", ["北"], ["南"]]])
    monkeypatch.setattr(compared_texts, "MOST_SIGNS", 60)
    was, now = (one["lines"][0]["item"] for one in (made, changed))
    assert told() == sorted([*marked, ["条目 第 1 行 · 事项", [was], [now]]])


def test_a_single_version_is_compared_with_what_was_written_since(
    house: ApiHouse, pages: Pages
) -> None:
    made = make(house, lines=[{"item": "甲"}])
    path = f"forms/notice/records/{made['id']}"
    assert house.post("li.na", f"{path}/actions/issue", {}).status_code == 200
    now = house.get("li.na", path).get_json()
    assert house.patch("li.na", path, {"people": 7}, match=now["revision"]).status_code == 200

    found = house.get("li.na", f"{path}/versions/1/diff/current").get_json()
    assert found["to"] == "current"
    # revision and updated_at differ at every writing: they are no difference
    assert {name: pair[1] for name, pair in found["changes"].items()} == {
        "people": 7,
        "cost": 70,
    }
    assert house.get("li.na", f"{path}/versions/1").get_json()["number"] == 1
    record = pages.page("li.na", f"/f/notice/{made['id']}")
    assert record.xpath(f"//a[@href='/f/notice/{made['id']}/versions']")
    page = pages.page("li.na", f"/f/notice/{made['id']}/versions")
    told = [[words(td) for td in tr.xpath("td")] for tr in page.xpath("//tbody/tr")]
    assert [row[-1] for row in told] == ["7", "70"]
    assert page.xpath("//button[contains(@data-act, '/versions/1/restore')]")


def test_what_happened_long_ago_is_folded(house: ApiHouse, pages: Pages) -> None:
    made = make(house)
    path = f"forms/notice/records/{made['id']}"
    for people in range(21):
        answer = house.patch("li.na", path, {"people": people}, match=people + 1)
        assert answer.status_code == 200
    page = pages.page("li.na", f"/f/notice/{made['id']}")
    assert len(page.xpath("//section/ol[@class='timeline']/li")) == 20
    assert texts(page, "//details[@class='earlier']/summary") == ["更早的 2 条"]
    assert len(page.xpath("//details[@class='earlier']//li")) == 2
