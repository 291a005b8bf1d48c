"""Guides: chapters of help that pages lead to, and the menu that opens with a dashboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_house import MORE_FILES, ApiHouse, open_api
from page_house import Pages, texts

FILES = {
    **MORE_FILES,
    "definitions/guides/handbook.md": """# 操作手册

总的说明，<b>不是</b>标签。

## 目标分解

先分解，再提交。

## 常见问题

问谁。
""",
    "forms/goal.yaml": """
kind: form
title: 目标
help: handbook
fields: {name: {type: text, title: 名称}}
layout:
  - {section: 一般, fields: [name], help: handbook#目标分解}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
""",
    "definitions/dashboards/desk.yaml": """
kind: dashboard
title: 台面
help: handbook#常见问题
for: everyone
tiles: {count: {type: number, form: goal, value: count()}}
layout: [[count]]
""",
    "definitions/modules/goals.yaml": """
kind: module
title: 目标管理
menu: [form/goal, {title: 资料, items: [guide/handbook]}]
home: desk
""",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("guides")
    opened: ApiHouse = open_api(folder, f"sqlite:///{folder / 'guides.db'}", FILES)
    yield Pages(opened)
    opened.platform.database.close()


HELP = "//header//a[@title='帮助']/@href"


def test_a_guide_is_a_page_with_a_place_at_each_chapter(pages: Pages) -> None:
    page = pages.page("li.na", "/guides/handbook")

    assert texts(page, "//h1") == ["操作手册"]
    assert page.xpath("//*[@class='prose']//*[@id]/@id") == ["目标分解", "常见问题"]
    assert "<b>不是</b>标签" in texts(page, "//*[@class='prose']/p")[0]
    assert pages.get("li.na", "/guides/nothing").status_code == 404
    assert pages.get(None, "/guides/handbook").status_code == 302


def test_lists_records_and_dashboards_lead_to_their_help(pages: Pages) -> None:
    assert pages.page("li.na", "/f/goal").xpath(HELP) == ["/guides/handbook"]
    assert pages.page("li.na", "/d/desk").xpath(HELP) == ["/guides/handbook#常见问题"]
    assert pages.page("li.na", "/f/contract").xpath(HELP) == []

    new = pages.page("li.na", "/f/goal/new")
    assert new.xpath(HELP) == ["/guides/handbook"]
    assert new.xpath("//*[@class='hint']/a/@href") == ["/guides/handbook#目标分解"]


def test_a_module_begins_with_its_dashboard_and_has_its_guides(pages: Pages) -> None:
    page = pages.page("li.na", "/")

    group = page.xpath("//nav[@class='side']//h2[text()='目标管理']/following-sibling::ul[1]")[0]
    assert group.xpath(".//a/@href") == ["/d/desk", "/f/goal", "/guides/handbook"]
