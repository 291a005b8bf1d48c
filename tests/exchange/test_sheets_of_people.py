"""Workbooks as people keep them: titles above the table, common headings, notes beside it; and what
is no sheet of the form at all. What can be read right is; of the rest it is said what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import ledger, rewritten, sheet_file, workbook
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from services_house import House

from jingwei.refusals import Refused
from jingwei.services.exchange import Imported, look


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("people")
    opened = ledger(folder, f"sqlite:///{folder / 'test.db'}")
    yield opened
    opened.database.close()


def looked(house: House, folder: Path, content: bytes | str, name: str = "台账.xlsx") -> Imported:
    return look(house.commands, house.person("li.na"), "ledger", sheet_file(folder, content, name))


def refused(house: House, folder: Path, content: bytes | str, name: str) -> list[str]:
    """The whole message in both languages, with those of its columns."""
    with pytest.raises(Refused) as caught:
        looked(house, folder, content, name)
    return [
        " ".join([caught.value.message(locale), *(f.message(locale) for f in caught.value.fields)])
        for locale in ("zh", "en")
    ]


def saved(book: Any) -> bytes:
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def zipped(**parts: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return kept.getvalue()


def test_the_headings_are_found_below_a_title_and_common_headings(
    house: House, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    for row in (
        ["2026 年合同台账"],
        ["填报单位：甲公司", None, "单位：元"],
        [],
        ["*名称", "金额", None, "备注"],
        [None, "金额（必填）", "比 例", None],
        ["桥", "1,234.50", "12%", None],
        ["*名称", "金额（必填）", "比 例"],
        ["路", 2, 0.5],
    ):
        sheet.append(row)
    for place in ("A1:C1", "A4:A5", "B4:C4"):
        sheet.merge_cells(place)
    sheet["D4"] = None
    sheet["A6"].comment = Comment("核对过", "李娜")
    sheet.column_dimensions["C"].hidden = True
    found = looked(house, tmp_path, saved(book))
    assert (found.good, found.refused) == (2, [])
    sheet.merge_cells("A6:A7")
    assert refused(house, tmp_path, saved(book), "a.xlsx") == [
        "工作表“Sheet”的 A6:A7 是合并单元格，请取消合并、把每一格填上后再导入。",
        "A6:A7 of the sheet 'Sheet' is merged. Undo the merge, fill in every cell, and import "
        "again.",
    ]


def test_the_sheet_with_the_headings_is_read_wherever_it_stands(
    house: House, tmp_path: Path
) -> None:
    book = Workbook()
    book.active.title = "填表说明"
    book.active.append(["请先阅读本说明"])
    for title, rows in (("数据", [["金额", "名称"], [1, "桥"]]), ("去年", [["名称"], ["旧"]])):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    found = looked(house, tmp_path, saved(book))
    assert (found.good, found.refused) == (1, [])
    assert [note.message("zh") for note in found.notes] == [
        "工作表“填表说明、去年”没有读取：它们不是这张表单的明细。"
        "如果里面有数据，请移到第一张工作表，或分开导入。"
    ]


def test_columns_that_are_not_of_the_form_or_twice_are_named(house: House, tmp_path: Path) -> None:
    zh, en = refused(house, tmp_path, "名称,name,颜 色\nx,1,2\n", "a.csv")
    assert zh == (
        "有些列要改正，没有导入任何一行。 "
        "这张表单没有“颜 色”这一列，请删除这一列，或把标题改为其中之一："
        "名称、金额、比例、日期、月份、类别、标签、完成、说明、数量、负责人、上级、单位。 "
        "“name”和“名称”是同一列，请只保留一列。"
    )
    assert en.startswith(
        "Some columns need correcting; no row was imported. The form has no column “颜 色”. "
        "Delete the column, or call it one of these: 名称, 金额, "
    )
    assert en.endswith("“name” and “名称” are the same column; keep one of them.")
    assert refused(house, tmp_path, workbook(["名称", "金额", "名称 "], ["x"]), "a.xlsx") == [
        "列“名称”出现了两次（A 列和 C 列），请删除或改名其中一列。",
        "The column “名称” is there twice (A and C); delete or rename one of them.",
    ]


EMPTY = "a.xlsx 是空的：没有列标题，也没有数据。请下载模板，填好后再上传。"
FOREIGN = (
    "a.xlsx 中没有一列是这张表单的（前 20 行里找不到它的列标题）。"
    "请核对是不是这张表单的文件，或下载模板，把数据贴进去。"
)
OTHER = "a.xlsx 不是表格（是 PDF、Word、图片或压缩包之类），请选择 XLSX 或 CSV 文件。"
TEXT = (
    "a.xlsx 的扩展名是 Excel 的，内容却是文本。是 CSV 的话请把扩展名改为 .csv；"
    "否则请在 Excel 中打开，另存为“Excel 工作簿 (*.xlsx)”后再导入。"
)


@pytest.mark.parametrize(
    ("content", "said", "in_english"),
    [
        (workbook(), EMPTY, "a.xlsx is empty: there are neither headings nor rows."),
        (b"", EMPTY, "Take the template, fill it in and upload it."),
        (b" \r\n", EMPTY, ""),
        (workbook(["a", "b"], [1, 2]), FOREIGN, "No column of a.xlsx belongs to this form: none"),
        (
            workbook(["名称", "金额"]),
            "列标题下面没有数据，请从标题的下一行开始填写。",
            "There are headings and no rows below them. Fill in from the row below the headings.",
        ),
        (b"hello", TEXT, "a.xlsx is called an Excel workbook, but holds plain text."),
        ("名称\n桥\n".encode("gb18030"), TEXT, "If it is CSV, rename it to .csv;"),
        (b"%PDF-1.7\n", OTHER, "a.xlsx is no sheet, but a PDF, a document, a picture or an"),
        (zipped(word__document_dot_xml="<x/>"), OTHER, "Choose an XLSX or CSV file."),
        (
            zipped(xl__workbook_dot_bin="x"),
            "a.xlsx 是二进制工作簿 (.xlsb)，请在 Excel 中另存为“Excel 工作簿 (*.xlsx)”后再导入。",
            "a.xlsx is a binary workbook (.xlsb). Save it as “Excel Workbook (*.xlsx)” in Excel",
        ),
        (
            zipped(content_dot_xml="<x/>", mimetype="x"),
            "a.xlsx 是 OpenDocument 或 Numbers 表格，请另存（导出）为"
            "“Excel 工作簿 (*.xlsx)”后再导入。",
            "a.xlsx is an OpenDocument or Numbers sheet.",
        ),
        (
            b"PK\x03\x04 broken",
            "a.xlsx 读不出来：它不是 CSV 或 XLSX 文件，或者已经损坏。请在 Excel 中打开，"
            "另存为“Excel 工作簿 (*.xlsx)”后再导入。",
            "a.xlsx cannot be read: it is neither CSV nor XLSX, or it is damaged.",
        ),
    ],
)
def test_what_is_no_sheet_of_the_form_is_refused_with_what_to_do(
    house: House, tmp_path: Path, content: bytes, said: str, in_english: str
) -> None:
    zh, en = refused(house, tmp_path, content, "a.xlsx")
    assert zh == said and in_english in en


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_csv_is_read_in_every_encoding_of_excel(
    house: House, tmp_path: Path, encoding: str
) -> None:
    found = looked(house, tmp_path, "2026 台账\n名称,金额\n桥,1\n".encode(encoding), "a.csv")
    assert (found.good, found.refused) == (1, [])


def test_what_else_a_workbook_holds_is_left_alone(house: House, tmp_path: Path) -> None:
    """Pictures, links to other files, connections and macros are neither read nor followed."""
    content = workbook(["名称"], ["桥"])
    more = {
        "xl/externalLinks/externalLink1.xml": '<externalLink xmlns="x"><ddeLink/></externalLink>',
        "xl/connections.xml": '<connections><connection url="http://127.0.0.1:9/"/></connections>',
        "xl/vbaProject.bin": "x",
        "xl/media/image1.png": "x",
    }
    kept = io.BytesIO(content)
    with zipfile.ZipFile(kept, "a") as archive:
        for name, text in more.items():
            archive.writestr(name, text)
    assert looked(house, tmp_path, kept.getvalue()).good == 1
    claimed = bytearray(rewritten(content, {}))
    with zipfile.ZipFile(io.BytesIO(claimed)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    at = claimed.rindex(size)
    claimed[at : at + 4] = (2**31).to_bytes(4, "little")
    assert refused(house, tmp_path, bytes(claimed), "a.xlsx")[0] == (
        "这个 XLSX 解开后超过原来的 100 倍，不予读取。请把数据复制到一个新的工作簿中，再导入。"
    )
    assert load_workbook(io.BytesIO(content)).active["A2"].value == "桥"
