"""Workbooks of strangers: what cannot be read right is refused with the place, and nothing of them
is followed, computed, or unpacked beyond measure."""

from __future__ import annotations

import contextlib
import io
import random
import warnings
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter
from exchange_kit import part, rewritten, workbook
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from jingwei.gateways.sheets import MOST_ROWS, read_rows
from jingwei.refusals import Refused

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
PLAIN = workbook(["name", "amount"], ["桥", 1], ["路", 2])


def read(content: bytes, name: str = "a.xlsx") -> list[dict[str, str]]:
    return [dict(row) for row in read_rows(content, name)]


def refusal(content: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        read(content)
    return caught.value.code, caught.value.message("zh")


def saved(book: Any) -> bytes:
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_rows_know_where_they_stand_in_the_sheet() -> None:
    content = workbook([], ["name"], [], ["桥"], [None], ["路"])
    rows = list(read_rows(content, "a.xlsx"))
    assert [(row.number, row["name"]) for row in rows] == [(4, "桥"), (6, "路")]


def test_dates_numbers_and_truths_are_read_as_what_they_are() -> None:
    content = workbook(
        ["d", "m", "n", "b", "p"],
        [date(2026, 3, 1), datetime(2026, 3, 1, 8, 30), 1234.5, True, 0.13],
    )
    assert read(content) == [
        {"d": "2026-03-01", "m": "2026-03-01T08:30:00", "n": "1234.5", "b": "true", "p": "0.13"}
    ]


def test_days_of_a_workbook_that_counts_from_1904_are_the_same_days() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["d"])
    book.active.append([date(2026, 3, 1)])
    assert read(saved(book)) == [{"d": "2026-03-01"}]


def test_a_formula_counts_with_its_result_and_is_refused_without_one() -> None:
    book = Workbook()
    book.active.append(["n"])
    book.active.append(["=1+1"])
    content = saved(book)
    assert refusal(content) == (
        "sheet-formula",
        "单元格 A2 的公式没有计算结果，请在 Excel 中打开并保存后再导入。",
    )
    with_result = part(content).replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    assert read(rewritten(content, {"xl/worksheets/sheet1.xml": with_result})) == [{"n": "2"}]


def test_merged_cells_are_refused_because_all_but_one_are_empty() -> None:
    book = Workbook()
    for row in (["name", "amount"], ["桥", 1], [None, 2]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    assert refusal(saved(book)) == (
        "sheet-merged",
        "工作表“Sheet”的 A2:A3 是合并单元格，请取消合并、把每一格填上后再导入。",
    )


def test_a_bomb_is_not_unpacked() -> None:
    content = rewritten(PLAIN, {"xl/worksheets/sheet1.xml": b"0" * 30_000_000})
    assert refusal(content)[0] == "sheet-bomb"


def test_a_table_of_contents_that_lies_is_not_believed() -> None:
    content = bytearray(rewritten(PLAIN, {"xl/worksheets/sheet1.xml": b"0" * 3_000_000}))
    size = (3_000_000).to_bytes(4, "little")
    at = content.rindex(size)
    content[at : at + 4] = (100).to_bytes(4, "little")
    assert refusal(bytes(content))[0] in ("sheet-bomb", "sheet-broken")


@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!ENTITY a "aaaa">',
    ],
)
def test_entities_are_refused_wherever_they_stand(declared: bytes) -> None:
    for name in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"):
        old = part(PLAIN, name)
        head, mark, rest = old.partition(b"?>") if old.startswith(b"<?xml") else (b"", b"", old)
        content = rewritten(PLAIN, {name: head + mark + declared + rest})
        assert refusal(content)[0] == "sheet-entities", name


# in an entry of a zip's table of contents: the version that reads it, and its flags
VERSION, FLAGS = 6, 8


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(VERSION, 99, id="a later version"),
        pytest.param(FLAGS, 0x01, id="encrypted"),
        pytest.param(FLAGS, 0x20, id="a patch"),
        pytest.param(FLAGS, 0x40, id="strongly encrypted"),
    ],
)
def test_parts_that_cannot_be_unpacked_make_a_broken_file(place: int, value: int) -> None:
    content = bytearray(PLAIN)
    content[content.index(b"PK\x01\x02") + place] = value
    assert refusal(bytes(content))[0] == "sheet-broken"


def test_declarations_do_not_hide_in_another_encoding() -> None:
    text = part(PLAIN).decode()
    hidden = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE x [<!ENTITY e 'y'>]>" + text
    content = rewritten(PLAIN, {"xl/worksheets/sheet1.xml": hidden.encode("utf-16")})
    assert refusal(content)[0] in ("sheet-broken", "sheet-entities")


def test_a_cell_at_the_end_of_the_world_does_not_take_all_memory() -> None:
    far = part(PLAIN).replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    content = rewritten(PLAIN, {"xl/worksheets/sheet1.xml": far})
    assert refusal(content) == (
        "sheet-too-many-columns",
        "最多 500 列，请删除多余的列（包括右侧看似空白的列）。",
    )
    deep = far.replace(b"XFD1048576", b"A1048576")
    content = rewritten(PLAIN, {"xl/worksheets/sheet1.xml": deep})
    assert [row.number for row in read_rows(content, "a.xlsx")] == [2, 3, 1_048_576]


@pytest.mark.parametrize(
    "blank",
    [
        '<row r="{n}" spans="1:2"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>',
        '<row r="{n}" s="1" customFormat="1" ht="15" x14ac:dyDescent="0.2"/>',
        '<row><c s="1"/></row>',
    ],
)
def test_a_million_blank_rows_are_no_rows(blank: str) -> None:
    many = "".join(blank.replace("{n}", str(n)) for n in range(4, 60_004)).encode()
    last = '<row><c t="inlineStr"><is><t>洞</t></is></c></row>'.encode()
    xml = part(PLAIN)
    for more, names in (
        (many, ["桥", "路"]),
        (many + last + many[:-1_000_000], ["桥", "路", "洞"]),
    ):
        more = more[: more.rindex(b"<row")]
        content = with_sheet(xml.replace(b"</sheetData>", more + b"</sheetData>"), heavy=200_000)
        rows = list(read_rows(content, "a.xlsx"))
        assert [row["name"] for row in rows] == names
        assert len(rows) == 2 or rows[2].number == 60_004
    assert read(b"name\r\n" + b",\r\n" * 100_000 + "桥\r\n".encode(), "a.csv") == [{"name": "桥"}]


def test_too_many_rows_are_refused_and_not_cut_off() -> None:
    content = b"name\n" + b"x\n" * (MOST_ROWS + 1)
    with pytest.raises(Refused) as caught:
        read(content, "a.csv")
    assert caught.value.message("zh") == "最多 200000 行。请把文件分成几份，一份一份导入。"


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 broken", b"\xff\xff\xff", b"a\x00b\n", PLAIN[:-200], b"PK"],
)
def test_what_is_no_sheet_is_said_to_be_none(content: bytes) -> None:
    assert refusal(content)[0] == "sheet-broken"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (
            OLD + "EncryptedPackage".encode("utf-16-le"),
            "计划.xlsx",
            "计划.xlsx 有打开密码，请在 Excel 中去掉密码（文件→信息→保护工作簿）后再导入。",
        ),
        (
            OLD + "Workbook".encode("utf-16-le"),
            "计划.xls",
            "计划.xls 是旧格式的表格（.xls 或 .et），请在 Excel 或 WPS 中另存为"
            "“Excel 工作簿 (*.xlsx)”后再导入。",
        ),
        (
            b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table>",
            "报表.xls",
            "报表.xls 其实是网页，只是用了表格的扩展名，请在 Excel 中打开，"
            "另存为“Excel 工作簿 (*.xlsx)”后再导入。",
        ),
    ],
)
def test_files_that_are_only_called_sheets_are_told_apart(
    content: bytes, name: str, said: str
) -> None:
    with pytest.raises(Refused) as caught:
        read(content, name)
    assert caught.value.message("zh") == said


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert refusal(kept.getvalue())[0] == "sheet-broken"


def test_csv_of_a_chinese_excel_is_read() -> None:
    assert read("名称,金额\n桥,1\n".encode("gb18030"), "a.csv") == [{"名称": "桥", "金额": "1"}]


@pytest.mark.parametrize(
    "content",
    [
        "名称;金额\r\n桥;1,5\r\n".encode("gb18030"),
        "名称\t金额\n桥\t1,5\n".encode("utf-16"),
        '\ufeff名称,金额\n桥,"1,5"\n'.encode(),
    ],
)
def test_csv_is_read_whatever_stands_between_its_cells(content: bytes) -> None:
    assert read(content, "a.csv") == [{"名称": "桥", "金额": "1,5"}]


def test_a_quotation_that_does_not_end_is_told_with_its_row() -> None:
    with pytest.raises(Refused) as caught:
        read('名称\n桥\n"路\n洞\n'.encode(), "a.csv")
    assert caught.value.message("zh") == (
        "第 4 行附近的引号不成对，请检查该行的引号，或另存为 XLSX 后再导入。"
    )


def test_rows_are_read_alike_however_their_xml_is_written() -> None:
    plain = workbook(
        ["t", "n", "d", "b"], ["桥 & <路>\r\n_x000D_", 0.1 + 0.2, date(2026, 3, 1), False], ["洞"]
    )
    xml = part(plain).decode()
    foreign = xml.replace("<worksheet xmlns=", "<x:worksheet xmlns:x=")
    for name in ("sheetData", "row", "c", "v", "worksheet"):
        foreign = foreign.replace(f"<{name} ", f"<x:{name} ").replace(f"<{name}>", f"<x:{name}>")
        foreign = foreign.replace(f"</{name}>", f"</x:{name}>")
    noted = xml.replace("<sheetData>", "<sheetData><!-- </row> -->")
    turned = xml.replace(' t="n"', "").replace('<c r="B2"', '<c t="n" r="B2"')
    expected = read(plain)
    assert expected[0]["n"] == "0.3" and expected[0]["d"] == "2026-03-01"
    for variant in (foreign, noted, turned):
        assert variant != xml
        again = rewritten(plain, {"xl/worksheets/sheet1.xml": variant.encode()})
        assert read(again) == expected


def test_words_with_many_formats_are_read_without_how_they_are_spoken() -> None:
    rich = (
        b"<si><r><t>\xe6\xa1\xa5</t></r><r><rPr><b/></rPr><t xml:space='preserve'> 1</t></r>"
        b"<rPh sb='0' eb='1'><t>qiao</t></rPh></si>"
    )
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True}) as book:
        book.add_worksheet().write_column(0, 0, ["name", "桥"])
    shared = part(kept.getvalue(), "xl/sharedStrings.xml")
    changed = shared.replace("<si><t>桥</t></si>".encode(), rich)
    assert changed != shared
    content = rewritten(kept.getvalue(), {"xl/sharedStrings.xml": changed})
    assert read(content) == [{"name": "桥 1"}]


SHEET = "xl/worksheets/sheet1.xml"
SHARED = (
    '<worksheet><sheetData><row r="1"><c r="A1" t="s"{}><v>{}</v></c></row></sheetData></worksheet>'
)


def with_sheet(xml: str | bytes, heavy: int = 0) -> bytes:
    """The plain workbook with this sheet; `heavy`: so many bytes that do not pack."""
    content = rewritten(PLAIN, {SHEET: xml.encode() if isinstance(xml, str) else xml})
    if not heavy:
        return content
    kept = io.BytesIO(content)
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr("pad.bin", random.Random(1).randbytes(heavy))
    return kept.getvalue()


# At a quadratic pace each of the next takes hours.


@pytest.mark.parametrize(
    "xml",
    [
        "<worksheet " * 300_000,
        "<worksheet><sheetData>" * 150_000,
        "<worksheet><sheetData></sheetData>" + "<mergeCell " * 300_000,
        "<worksheet><sheetData></sheetData>" + "<a:mergeCell ref=" * 150_000,
    ],
)
def test_a_small_file_does_not_keep_the_reader_for_minutes(xml: str) -> None:
    with contextlib.suppress(Refused):
        assert read(with_sheet(xml, heavy=60_000)) == []


def test_formats_of_numbers_do_not_keep_the_reader_for_minutes() -> None:
    styles = part(PLAIN, "xl/styles.xml").decode()
    code = "[" * 200_000
    own = f'<numFmts count="1"><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
    head, mark, rest = styles.partition("<fonts")
    changed = (head.replace('<numFmts count="0" />', "") + own + mark + rest).replace(
        'numFmtId="0"', 'numFmtId="200"'
    )
    content = rewritten(PLAIN, {"xl/styles.xml": changed.encode()})
    assert len(read(content)) == 2


@pytest.mark.parametrize("raw", ["abc", "-1", "²", "1_0", "9" * 5_000, "77", "+1", " 1"])
@pytest.mark.parametrize("more", ["", " x='1'"])
def test_a_shared_word_that_is_not_there_makes_a_broken_sheet(raw: str, more: str) -> None:
    shared = b"<sst><si><t>name</t></si><si><t>x</t></si></sst>"
    kept = io.BytesIO(with_sheet(SHARED.format(more, raw)))
    with zipfile.ZipFile(kept, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a second part of the same name: the last one counts
        archive.writestr("xl/sharedStrings.xml", shared)
    assert refusal(kept.getvalue())[0] == "sheet-broken"


def test_a_sheet_that_was_cut_off_is_not_read_as_a_whole_one() -> None:
    xml = part(PLAIN).decode()
    at = xml.index("</row>", xml.index("桥") if "桥" in xml else xml.index('r="2"')) + len("</row>")
    for cut in (
        xml[:at],
        xml[: at + 8],
        "",
        xml.replace("<sheetData>", "<sheetData ><!-- -->")[:at],
    ):
        assert refusal(with_sheet(cut))[0] == "sheet-broken", cut[-20:]


def test_content_that_does_not_unpack_makes_a_broken_sheet() -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i * 7919}</v></c></row>' for i in range(1, 900))
    broken = bytearray(with_sheet(f"<worksheet><sheetData>{rows}</sheetData></worksheet>"))
    with zipfile.ZipFile(io.BytesIO(broken)) as archive:
        inside = archive.getinfo(SHEET).header_offset + 200
    for at in range(inside, inside + 40):
        broken[at] ^= 0x55
    assert refusal(bytes(broken))[0] == "sheet-broken"


def test_declarations_do_not_hide_in_a_part_of_another_name() -> None:
    rels = part(PLAIN, "xl/_rels/workbook.xml.rels").replace(b"sheet1.xml", b"sheet1.bin")
    kept = io.BytesIO(rewritten(PLAIN, {"xl/_rels/workbook.xml.rels": rels}))
    declared = b'<!DOCTYPE w [<!ENTITY a "x">]>' + part(PLAIN)
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.bin", declared)
    assert refusal(kept.getvalue())[0] == "sheet-entities"


def test_a_column_of_endless_letters_makes_a_broken_sheet() -> None:
    far = f'<row x="1"><c s="1" r="{"Z" * 400_000}1"><v>1</v></c></row></sheetData>'
    content = part(PLAIN).decode().replace("</sheetData>", far)
    assert refusal(with_sheet(content, heavy=20_000))[0] == "sheet-broken"
