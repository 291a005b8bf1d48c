"""Exports: what the list has and no more, safe from formulas, and back again unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exchange_kit import ledger, sheet_file
from openpyxl import load_workbook
from services_house import House

from jingwei.gateways.workbook import csv_lines, write_sheet
from jingwei.gateways.workbook_drawn import Drawing
from jingwei.refusals import Malformed, NotAllowed, NotFound
from jingwei.services import records
from jingwei.services.exchange import import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_cells import quoted, unquoted

RISKY = [
    "=1+1", "+1", "-1", "@cmd", "\t=x", "＝1", "＋1", "－1", "＠x", "'=1", "''=1", "'", "''",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://127.0.0.1:9/"&A1,"x")', "  两边空白  ", "普通",
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = ledger(tmp_path, f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    opened.database.close()


def taken(house: House, login: str, **keys: Any) -> tuple[list[str], list[list[Any]]]:
    codes = keys.pop("codes", False)
    with house.read(login) as view:
        found = export(view, "ledger", ListWish(**keys), "zh", codes=codes)
        return found.titles, list(found.rows)


def as_csv(house: House, login: str = "li.na", **keys: Any) -> bytes:
    titles, rows = taken(house, login, **keys)
    return b"".join(csv_lines(titles, rows))


@pytest.mark.parametrize("words", RISKY)
def test_text_is_quoted_so_that_it_comes_back(words: str) -> None:
    assert unquoted(quoted(words)) == words
    assert quoted(words)[:1] not in "=+-@\t\r＝＋－＠"


def fill(house: House) -> None:
    above = house.create("li.na", "ledger", name="上级")
    for number, words in enumerate(RISKY):
        house.create(
            "li.na",
            "ledger",
            name=f"n{number}",
            note=words if words.strip("\t") == words else "x",
            amount=str(Decimal(number) - 0 + Decimal("0.10")),
            rate="0.123456",
            day="2026-03-01",
            month="2026-03",
            kind="a" if number % 2 else "b",
            tags=["x", "y"] if number % 3 else [],
            done=bool(number % 2),
            count=number,
            who="li.na",
            main=above["id"],
        )


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_is_exported_with_codes_is_imported_unchanged(
    house: House, tmp_path: Path, format: str
) -> None:
    fill(house)
    titles, before = taken(house, "li.na", codes=True, sort=("name",))
    for item in house.list("li.na", "ledger", size=200).items:
        house.do(
            "li.na",
            lambda work, i=item: records.delete(
                work, "ledger", i["id"], expected_revision=i["revision"]
            ),
        )
    # the record above is gone: its rows say so, and are brought back without it
    main = titles.index("main")
    kept = [[v for i, v in enumerate(row) if i != main] for row in before]
    heads = [t for t in titles if t != "main"]
    again = b"".join(csv_lines(heads, kept)) if format == "csv" else write_sheet(heads, kept)
    sheet = sheet_file(tmp_path, again, f"back.{format}")
    found = import_sheet(house.commands, house.person("li.na"), "ledger", sheet, "atomic")
    assert (found.bad, found.good) == (0, len(before)), found.refused[:3]
    _, after = taken(house, "li.na", codes=True, sort=("name",))
    assert [[v for i, v in enumerate(row) if i != main] for row in after] == kept


def test_nothing_in_an_export_is_a_formula(house: House) -> None:
    fill(house)
    titles, rows = taken(house, "li.na")
    book = load_workbook(io.BytesIO(write_sheet(titles, rows)))
    assert all(cell.data_type != "f" for row in book.active.rows for cell in row)
    for line in csv.reader(io.StringIO(as_csv(house).decode("utf-8-sig"))):
        assert not any(cell[:1] in tuple("=+@\t\r＝＋－＠") for cell in line if cell)


def test_a_sheet_may_be_called_anything() -> None:
    """A table `明细 <1万` used to make a workbook that no program opened."""
    drawing = Drawing(("", ""), {})
    drawing.tail([], "明细 <1万> & '甲'", 1, is_loose=True)
    named = ElementTree.fromstring(drawing.names())
    assert [one.text for one in named] == ["'明细 <1万> & ''甲'''!$A$1:$A$2"]


def test_an_export_shows_titles_and_obeys_rights_and_filters(house: House) -> None:
    fill(house)
    titles, rows = taken(house, "li.na", filter='name == "n1"')
    line = dict(zip(titles, rows[0], strict=True))
    assert len(rows) == 1
    shown = [line[title] for title in ("单位", "类别", "标签", "负责人", "上级")]
    assert shown == ["甲公司", "甲类", "急; 重", "李娜", "上级"]
    titles, _ = taken(house, "ops")
    assert "说明" not in titles
    assert taken(house, "wang.wu")[1] == []
    with house.read("nobody") as view, pytest.raises(NotFound):
        export(view, "ledger", ListWish(), "zh")
    with house.read("boss.a") as view, pytest.raises((NotAllowed, NotFound)):
        export(view, "ledger", ListWish(), "zh")
    with house.read("ops") as view, pytest.raises(Malformed):
        export(view, "ledger", ListWish(fields=("note",)), "zh")


def test_columns_of_linked_records_are_headed_with_their_link(house: House) -> None:
    above = house.create("li.na", "ledger", name="上级")["id"]
    house.create("li.na", "ledger", name="下级", main=above)
    paths = ("name", "main.name", "main.main.status")
    titles, rows = taken(house, "li.na", fields=paths, filter='name == "下级"')
    assert titles == ["名称", "上级 · 名称", "上级 · 上级 · 流程状态"]
    assert [list(row) for row in rows] == [["下级", "上级", None]]
    assert taken(house, "li.na", codes=True, fields=paths)[0] == list(paths)


def test_an_export_of_many_rows_has_each_row_once(house: House, tmp_path: Path) -> None:
    rows = "".join(f"n{n:05d},{n % 7}\n" for n in range(2_300))
    sheet = sheet_file(tmp_path, "name,count\n" + rows)
    import_sheet(house.commands, house.person("li.na"), "ledger", sheet, "rows")
    _, found = taken(house, "li.na", sort=("count", "name"), fields=("name", "count"))
    assert len(found) == 2_300 and len({row[0] for row in found}) == 2_300
    assert found == sorted(found, key=lambda row: (row[1], row[0]))
