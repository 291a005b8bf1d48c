"""What is wrong with a sheet, as its clerk hears it: cells, titles, names, and what to write; and
the file of errors, corrected in its place and imported again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, MORE_PEOPLE, ApiHouse, open_api
from exchange_kit import workbook
from openpyxl import Workbook, load_workbook

ORDER = """
kind: form
title: 订单
display: "{name}"
fields:
  name: {type: text, title: 名称, required: true, max: 10, unique: true}
  kind: {type: choice, title: 类别, choices: {a: 甲类, b: {title: {zh: 乙类, en: Second}}}}
  who: {type: person, title: 负责人}
  at: {type: org, title: 地点}
  main: {type: link, to: order, title: 上级}
  code: {type: text, title: 编号, pattern: "[0-9]{4}", placeholder: "2026"}
  double: {type: number, title: 加倍, compute: count * 2}
  count: {type: integer, title: 数量, min: 0}
  lines:
    type: table
    title: 明细
    fields:
      thing: {type: text, title: 物品, required: true}
      kind: {type: choice, title: 等级, choices: {x: 优, y: 良}}
      pieces: {type: integer, title: 件数}
    unique: [thing, pieces]
  crew: {type: person, many: true, title: 班组}
rules:
  enough: {check: count is empty or count > 1, at: count, message: {zh: 至少两件, en: Two at least}}
permissions:
  planner: {post: planner, can: [read, create, update, import, export], scope: org}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder: Path = tmp_path_factory.mktemp("said")
    files = {**MORE_FILES, "forms/order.yaml": ORDER}
    alike = [{**MORE_PEOPLE[0], "login": login, "name": "重名"} for login in ("same.a", "same.b")]
    house = open_api(folder, f"sqlite:///{folder / 'test.db'}", files, [*MORE_PEOPLE, *alike])
    yield house
    house.close()


def sent(api: ApiHouse, content: bytes, query: str = "mode=rows", lang: str = "zh") -> Any:
    data = {"file": (io.BytesIO(content), "订单.xlsx")}
    headers = {"Accept-Language": lang}
    return api.ask("POST", "li.na", f"forms/order/import?{query}", data=data, headers=headers)


def saved(book: Workbook) -> bytes:
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_a_row_says_in_which_cell_what_is_wrong_and_what_to_write(api: ApiHouse) -> None:
    api.make("li.na", "order", name="旧")
    content = workbook(
        ["订单 2026"],
        ["名称", "类别", "负责人", "地点", "上级", "编号", "数量", "单位"],
        [None, "丙类", "赵六", "月球", "无此单", "x1", 1, None],
        ["旧", "乙类", None, None, 999, None, "多", "乙公司"],
    )
    expected = {
        ("A3", "zh"): "必填。",
        ("B3", "zh"): "没有“丙类”这个选项；可选：甲类、乙类。",
        ("C3", "zh"): "没有叫“赵六”的人员，请核对姓名，或改填账号。",
        ("D3", "zh"): "没有单位“月球”，请填写单位的名称或代码。",
        ("E3", "zh"): "没有叫“无此单”的记录（或者您看不到），请填写编号、名称或 ID。",
        ("F3", "zh"): "格式不符合要求，应像“2026”这样填写。",
        ("G3", "zh"): "至少两件",
        ("E4", "zh"): "没有“999”这条记录（或者您看不到），请填写编号、名称或 ID。",
        ("G4", "zh"): "请填数字，例如 1234.50。",
        ("H4", "zh"): "您不能为“乙公司”填报，请改为您负责的单位。",
        ("B3", "en"): "There is no choice '丙类'; there are: 甲类, Second.",
        ("D3", "en"): "There is no organisation “月球”; write its title or its code.",
        ("F3", "en"): "The format is another one: write it like “2026”.",
    }
    for lang in ("zh", "en"):
        found = sent(api, content, "preview=1", lang).get_json()
        said = {(one["cell"], lang): one["message"] for one in found["refused"]}
        wanted = {key: words for key, words in expected.items() if key[1] == lang}
        assert {key: said.get(key) for key in wanted} == wanted
    taken = sent(api, workbook(["名称"], ["旧"]), "preview=1").get_json()["refused"]
    assert [(one["cell"], one["message"]) for one in taken] == [
        (
            "A2",
            "“旧”已被使用（系统中已有，或本文件中重复），请换一个；要修改已有的记录，请选“更新”。",
        )
    ]
    closed = workbook(["名称", "加倍", "类别", "数量"], [None, 9, "丙类", 1])
    told = sent(api, closed, "preview=1").get_json()["refused"]
    assert [(one["cell"], one["message"]) for one in told] == [
        ("B2", "“加倍”由系统计算，或您没有权限填写，请清空这一格，或恢复导出时的内容。"),
        ("C2", "没有“丙类”这个选项；可选：甲类、乙类。"),
        ("A2", "必填。"),
        ("D2", "至少两件"),
    ]
    missing = sent(api, workbook(["数量"], [3]), "preview=1").get_json()["refused"]
    assert [(one["cell"], one["message"]) for one in missing] == [
        ("", "必填，但表格中没有“名称”这一列，请加上并填写。")
    ]


def test_the_file_of_errors_is_corrected_and_imported_as_it_is(api: ApiHouse) -> None:
    book = load_workbook(
        io.BytesIO(api.get("li.na", "forms/order/import-template.xlsx").get_data())
    )
    first, lines = book.worksheets[:2]
    heads = [cell.value for cell in first[1]]
    for at, row in enumerate(
        [{"行号": 1, "名称": "好", "数量": 5}, {"行号": 2, "名称": "坏", "类别": "丙", "数量": 7},
         {"行号": 3, "名称": "明细坏", "数量": 2}], 2,
    ):  # fmt: skip
        for title, value in row.items():
            first.cell(at, heads.index(title) + 1, value)
    for at, cells in enumerate(
        [[3, "钢", "优", "许多"], [1, "砂"], [2, "石", "良", 3], [3, None, None, 1], [9, "无主"]], 2
    ):
        for column, value in enumerate(cells, 1):
            lines.cell(at, column, value)
    found = sent(api, saved(book)).get_json()
    assert (found["created"], found["bad"]) == (1, 3)
    assert [(one["cell"], one["message"]) for one in found["refused"]][1:] == [
        ("明细!D2", "请填数字，例如 1234.50。"),
        ("明细!B5", "必填。"),
        ("明细!A6", "“行号”列的“9”在第一张工作表中没有对应的行，请改正，或删除这一行。"),
    ]
    answer = api.get("li.na", f"forms/order/imports/{found['batch']}/errors.xlsx")
    errors = load_workbook(io.BytesIO(answer.get_data()))
    first, lines = errors.worksheets[:2]
    heads = [cell.value for cell in first[1]]
    kind, problem = heads.index("类别") + 1, heads.index("未导入的原因") + 1
    assert [[first.cell(row, at).value for at in (1, problem)] for row in (2, 3)] == [
        ["2", "类别：没有“丙”这个选项；可选：甲类、乙类。"], ["3", None],
    ]  # fmt: skip
    assert first.cell(2, kind).fill.fgColor.rgb == "FFFFC7CE"
    assert first.cell(2, heads.index("数量") + 1).value == 7
    left = "“行号”列的“9”在第一张工作表中没有对应的行，请改正，或删除这一行。"
    assert [[cell.value for cell in row] for row in lines.iter_rows()] == [
        ["行号", "物品", "等级", "件数", "未导入的原因"],
        ["2", "石", "良", 3, None],
        ["3", "钢", "优", "许多", "件数：请填数字，例如 1234.50。"],
        ["3", None, None, 1, "物品：必填。"],
        ["9", "无主", None, None, left],
    ]  # fmt: skip
    assert lines["D3"].fill.fgColor.rgb == lines["B4"].fill.fgColor.rgb == "FFFFC7CE"
    first.cell(2, kind, "乙类")
    lines["D3"], lines["B4"] = 4, "木"
    lines.delete_rows(5)
    again = sent(api, saved(errors), "mode=atomic").get_json()
    assert (again["created"], again["bad"]) == (2, 0)
    records = api.get("li.na", "forms/order/records?sort=name&fields=name,kind,count,lines")
    rows = {
        one["name"]: (one["kind"], one["count"], [(r["thing"], r["pieces"]) for r in one["lines"]])
        for one in records.get_json()["items"]
    }
    assert rows["坏"] == ("b", 7, [("石", 3)])
    assert rows["明细坏"] == (None, 2, [("钢", 4), ("木", 1)])


def test_what_is_wrong_is_quoted_and_counted_as_it_stands_in_the_sheet(api: ApiHouse) -> None:
    book = Workbook()
    lines = book.create_sheet("明细")
    for row in (["行号", "名称"], [1, "丁"], [2, "字" * 3_000]):
        book.active.append(row)
    for row in (
        ["行号", "物品", "件数"], [1, "钢", 1], [None, "石", 2], [1, "砂", 1], [1, "钢", 1],
    ):  # fmt: skip
        lines.append(row)
    found = sent(api, saved(book)).get_json()
    assert [(one["cell"], one["message"]) for one in found["refused"]] == [
        ("明细!B5", "与第 2 行重复。"),
        ("B3", "最多 10 个字符，现有 3000 个。"),
        ("明细!A3", "“行号”列是空的，看不出这一行属于第一张工作表的哪一行，请填写，或删除这一行。"),
    ]


def test_each_of_several_people_in_a_cell_is_asked_for_by_its_login(api: ApiHouse) -> None:
    found = sent(api, workbook(["名称", "班组"], ["戊", "li.na; 重名"])).get_json()
    assert [(one["cell"], one["path"], one["message"]) for one in found["refused"]] == [
        ("B2", "crew.1", "有多人叫“重名”，请改填账号：same.a, same.b。")
    ]


def test_what_is_no_id_is_quoted(api: ApiHouse) -> None:
    words = "不是 ID，ID 是整数。请恢复导出时的 ID；新的一行请把这一格留空。"
    content = workbook(["ID", "名称"], ["abc", "x"], [1188.4, "y"])
    found = sent(api, content, "do=update&key=id&mode=rows").get_json()
    assert [(one["cell"], one["message"]) for one in found["refused"]] == [
        ("A2", f"“abc”{words}"),
        ("A3", f"“1188.4”{words}"),
    ]
