"""What people write in cells, and what becomes of it: days, amounts, codes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import part, rewritten, sheet_file
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from services_house import FILES, House, open_house

from jingwei.services.exchange import Imported, import_sheet

FORM = """
kind: form
title: 样本
fields:
  name: {type: text, title: 名称}
  day: {type: date, title: 日期}
  at: {type: datetime, title: 时刻}
  month: {type: period, grain: month, title: 月份}
  quarter: {type: period, grain: quarter, title: 季度}
  sum: {type: money, unit: CNY, title: 金额}
  count: {type: integer, title: 件数}
  size: {type: number, title: 大小}
  rate: {type: percent, title: 比例}
  bar: {type: barcode, title: 条码}
  code: {type: text, title: 编码, unique: true}
permissions:
  planner: {post: planner, can: [read, create, import], scope: org}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("cells")
    files = {**FILES, "forms/sample.yaml": FORM}
    opened = open_house(root / "application", f"sqlite:///{root / 'test.db'}", files)
    yield opened
    opened.database.close()


def brought(house: House, folder: Path, content: Any, name: str = "a.csv") -> Imported:
    sheet = sheet_file(folder, content, name)
    return import_sheet(house.commands, house.person("li.na"), "sample", sheet, "rows")


def kept(house: House, folder: Path, field: str, cells: list[str]) -> list[Any]:
    """What is kept of these cells of one column."""
    title = {"sum": "金额"}.get(field, field)
    lines = "".join(f'{at:03},"{cell}"\n' for at, cell in enumerate(cells))
    before = house.list("li.na", "sample").total
    found = brought(house, folder, f"名称,{title}\n{lines}")
    assert found.refused == [] and before + len(cells) == house.list("li.na", "sample").total
    items = house.list("li.na", "sample", sort=("-id",), size=len(cells)).items
    return [item[field] for item in reversed(items)]


def test_days_are_read_as_people_write_them(house: House, tmp_path: Path) -> None:
    same = [
        "2026-03-01", "2026.3.1", "2026/3/1", "2026年3月1日", "20260301", "2026 年 3 月 1 号",
        "２０２６／３／１", "46082", "2026-03-01 00:00:00", "1 Mar 2026", "March 1, 2026",
    ]  # fmt: skip
    assert kept(house, tmp_path, "day", same) == ["2026-03-01"] * len(same)
    assert kept(house, tmp_path, "day", ["25/12/2026", "12/25/2026", "3/3/2026"]) == [
        "2026-12-25", "2026-12-25", "2026-03-03",
    ]  # fmt: skip
    moments = ["2026-03-01 08:30", "2026年3月1日 8:30:00", "2026-03-01T00:30:00Z"]
    assert kept(house, tmp_path, "at", moments) == ["2026-03-01T00:30:00.000Z"] * 3
    months = ["2026-03", "2026/3", "2026年3月", "202603", "2026.03", "2026-03-01", "46082"]
    assert kept(house, tmp_path, "month", months) == ["2026-03"] * len(months)
    quarters = ["2026Q2", "2026年2季度", "2026年第二季度", "2026-04-01"]
    assert kept(house, tmp_path, "quarter", quarters) == ["2026Q2"] * len(quarters)


def test_numbers_are_read_as_people_write_them(house: House, tmp_path: Path) -> None:
    sums = {
        "1,234.50": "1234.50", "１２３４．５": "1234.50", "￥1,000": "1000.00",
        "(1,000)": "-1000.00",
        "（￥1,000.5）": "-1000.50", "-￥7": "-7.00", "￥-7": "-7.00", "1.2万": "12000.00",
        "3亿元": "300000000.00", "1000元": "1000.00", "CNY 5": "5.00", "100-": "-100.00",
        "1 234 567": "1234567.00", "+5": "5.00",
    }  # fmt: skip
    assert [str(v) for v in kept(house, tmp_path, "sum", list(sums))] == list(sums.values())
    rates = ["12%", "１２％", "0.12", " 12 % "]
    assert [f"{v:.2f}" for v in kept(house, tmp_path, "rate", rates)] == ["0.12"] * 4
    assert kept(house, tmp_path, "count", ["1,234", "1.2万", "(5)"]) == [1234, 12000, -5]
    assert [float(v) for v in kept(house, tmp_path, "size", ["1.5万", "-0.5"])] == [15000, -0.5]


SHORTENED = (
    "“1.23E+12”是科学计数法，Excel 可能已经丢掉了末尾的数字。"
    "请把这一列设为“文本”（金额设为“数值”）格式，重新填写完整的数字。"
)


@pytest.mark.parametrize(
    ("title", "cell", "zh", "en"),
    [
        (
            "日期",
            "3/4/2026",
            "“3/4/2026”看不出哪个是月、哪个是日，请写成 2026-03-04 或 2026-04-03。",
            "Of “3/4/2026” nobody can tell the month from the day; write 2026-03-04 or 2026-04-03.",
        ),
        (
            "日期",
            "26-3-1",
            "“26-3-1”的年份请写四位，例如 2026-03-01。",
            "Write the year of “26-3-1” with four digits, such as 2026-03-01.",
        ),
        (
            "日期",
            "2026-03-01 08:30",
            "“2026-03-01 08:30”带有时刻，这里只填日期，例如 2026-03-01。",
            "“2026-03-01 08:30” has a time of day; only a date is needed here, such as 2026-03-01.",
        ),
        ("日期", "2026年2月30日", "没有这一天：2026-02-30。", "There is no such day: 2026-02-30."),
        (
            "月份",
            "2026.1",
            "“2026.1”可能是 1 月，也可能是 10 月（Excel 会去掉末尾的 0），"
            "请写成 2026-01 或 2026-10。",
            "“2026.1” may be January or October, as Excel drops the last 0; "
            "write 2026-01 or 2026-10.",
        ),
        (
            "金额",
            "1.23E+12",
            SHORTENED,
            "“1.23E+12” is in scientific notation, by which Excel may have lost the last digits. "
            "Format the column as text (amounts: as number) and enter all digits again.",
        ),
        ("条码", "1.23E+12", SHORTENED, "“1.23E+12” is in scientific notation, by which"),
        ("金额", "NaN", "请填数字，例如 1234.50。", "A number is needed, such as 1234.50."),
        ("金额", "inf", "请填数字，例如 1234.50。", "A number is needed, such as 1234.50."),
        ("大小", "1e400", "“1e400”是科学计数法，Excel 可能已经丢掉了末尾的数字。", ""),
        ("金额", "12%", "请填数字，例如 1234.50。", "A number is needed, such as 1234.50."),
        ("金额", "1,23", "请填数字，例如 1234.50。", "A number is needed, such as 1234.50."),
    ],
)
def test_what_may_be_two_things_or_lost_something_is_refused(
    house: House, tmp_path: Path, title: str, cell: str, zh: str, en: str
) -> None:
    found = brought(house, tmp_path, f'名称,{title}\nx,"{cell}"\n')
    (problem,) = [one for _, one in found.refused]
    assert problem.message("zh").startswith(zh) and problem.message("en").startswith(en)


def test_days_count_from_where_the_workbook_says(house: House, tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (["名称", "日期"], ["a", date(2026, 3, 1)], ["b", 44620], ["c", "2026.3.1"]):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    assert brought(house, tmp_path, content.getvalue(), "a.xlsx").refused == []
    items = house.list("li.na", "sample", sort=("-id",), size=3).items
    assert [item["day"] for item in items] == ["2026-03-01"] * 3


def test_codes_that_a_spreadsheet_took_for_numbers_are_told(house: House, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    for row in (
        ["名称", "条码", "编码"],
        ["a", 6901234567890, "0012"],
        ["b", "  0690 12\u3000", 12],
        ["c", 42, 7],
        ["d", 123456789012345678, "x"],
        ["e", None, "y"],
    ):
        sheet.append(row)
    sheet["B4"].number_format = "000000"
    content = io.BytesIO()
    book.save(content)
    xml = part(content.getvalue()).replace(b'<c r="A6"', b'<c r="B6" t="n"><v>NaN</v></c><c r="A6"')
    found = brought(house, tmp_path, rewritten(content.getvalue(), {}), "a.xlsx")
    assert [(row, one.path, one.message("zh")) for row, one in found.refused] == [
        (
            5,
            "bar",
            "“123456789012346000”是超过 15 位的数字，Excel 只保留前 15 位，后面的已经变成 0。"
            "请把这一列设为“文本”格式，重新填写完整的号码。",
        )
    ]
    assert [note.message("zh") for note in found.notes] == [
        "“条码”列有 1 格是数字而不是文本（例如 B2），如果原来以 0 开头，0 已经丢失。"
        "请核对；需要时把这一列设为“文本”格式重新填写。",
        "“条码”列有 1 格去掉了首尾的空白（例如 B3）。",
        "“编码”列有 2 格是数字而不是文本（例如 C3），如果原来以 0 开头，0 已经丢失。"
        "请核对；需要时把这一列设为“文本”格式重新填写。",
    ]
    items = house.list("li.na", "sample", sort=("-id",), size=4).items
    assert [item["bar"] for item in reversed(items)] == [
        "6901234567890", "0690 12", "000042", None,
    ]  # fmt: skip
    assert [item["code"] for item in reversed(items)] == ["0012", "12", "7", "y"]
    wrong = xml.replace(b'<c r="B6" t="n"><v>NaN</v></c><c r="A6"', b'<c r="A6"').replace(
        b"<v>42</v>", b"<v>INF</v>"
    )
    again = brought(
        house,
        tmp_path,
        rewritten(content.getvalue(), {"xl/worksheets/sheet1.xml": wrong}),
        "a.xlsx",
    )
    assert "“INF”不是有效的数字，请重新填写。" in [one.message("zh") for _, one in again.refused]
