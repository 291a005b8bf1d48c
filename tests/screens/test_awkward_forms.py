"""Tables with files, and fields that are called as browsers call things of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse
from browser import Visit, open_chromium, visit
from module_houses import house_of
from playwright.sync_api import expect
from werkzeug.serving import make_server

GRANT = "permissions: {all: {post: planner, can: [read, create, update], scope: org}}\n"
PAPERS = f"""
kind: form
title: 资料
fields:
  org: {{type: org, default: =me.org}}
  papers:
    type: table
    title: 附件
    fields:
      what: {{type: text, title: 名称}}
      doc: {{type: file, title: 文件}}
      sign: {{type: signature, title: 签名}}
{GRANT}"""
SITE = f"""
kind: form
title: 工地
fields:
  org: {{type: org, default: =me.org}}
  constructor: {{type: text, title: 施工单位}}
  size: {{type: number, title: 面积}}
  twice: {{type: number, title: 两倍, compute: size * 2}}
  done: {{type: boolean, title: 完工}}
  words: {{type: text, title: 说明, readonly_if: done}}
  parts:
    type: table
    title: 部位
    fields:
      constructor: {{type: text, title: 分包}}
      name: {{type: text, title: 部位名}}
{GRANT}"""
house = house_of({**MORE_FILES, "forms/papers.yaml": PAPERS, "forms/site.yaml": SITE})


@pytest.fixture
def desk(house: ApiHouse) -> Iterator[Visit]:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        address = f"http://127.0.0.1:{server.server_port}"
        yield visit(browser, address, "li.na", PASSWORD)
    server.shutdown()


@pytest.mark.browser
def test_rows_with_files_are_added_and_opened_again(desk: Visit, house: ApiHouse) -> None:
    page = desk.go("/f/papers/new")
    for place, name in enumerate(("合同", "图纸", "清单")):
        page.locator("[data-add]").click()
        page.locator("[data-row]").nth(place).locator("[data-column=what] input").fill(name)
    with page.expect_navigation(url="**/f/papers/*"):
        page.locator("#save").click()
    id = int(page.url.rsplit("/", 1)[1].split("?")[0])
    said = house.get("li.na", f"forms/papers/records/{id}").get_json()
    assert [row["what"] for row in said["papers"]] == ["合同", "图纸", "清单"]
    page = desk.go(f"/f/papers/{id}/edit")
    expect(page.locator("[data-row]")).to_have_count(3)


@pytest.mark.browser
def test_a_field_may_be_called_constructor(desk: Visit, house: ApiHouse) -> None:
    page = desk.go("/f/site/new")
    expect(page.locator("#restore")).to_be_hidden()
    page.get_by_label("面积").fill("3")
    page.locator("[data-add]").click()
    page.locator("[data-row] [data-column=name] input").fill("基坑")
    with page.expect_navigation(url="**/f/site/*"):
        page.locator("#save").click()
    id = int(page.url.rsplit("/", 1)[1].split("?")[0])
    said = house.get("li.na", f"forms/site/records/{id}").get_json()
    assert (said["constructor"], said["twice"]) == (None, 6)
    assert [(r["constructor"], r["name"]) for r in said["parts"]] == [(None, "基坑")]

    page = desk.go(f"/f/site/{id}/edit")
    page.get_by_label("施工单位").fill("中建")
    page.locator("[data-row] [data-column=constructor] input").fill("地基公司")
    with page.expect_navigation(url="**/f/site/*"):
        page.locator("#save").click()
    said = house.get("li.na", f"forms/site/records/{id}").get_json()
    assert (said["constructor"], said["parts"][0]["constructor"]) == ("中建", "地基公司")


@pytest.mark.browser
def test_what_was_typed_before_its_field_was_locked_can_be_taken_out(desk: Visit) -> None:
    page = desk.go("/f/site/new")
    words, done = page.get_by_label("说明"), page.get_by_label("完工")
    words.fill("快完了")
    done.check()
    page.locator("#save").click()
    expect(page.locator("#summary")).to_contain_text("只读")
    words.fill("")
    expect(words).to_have_attribute("readonly", "")
    with page.expect_navigation(url="**/f/site/*"):
        page.locator("#save").click()
