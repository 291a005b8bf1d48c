"""Rows that are read, judged and written together are what each of them is by itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import FORM, sheet_file
from services_house import FILES, House, open_house
from sqlalchemy import text

from jingwei.gateways.workbook import csv_pages, plain
from jingwei.services.exchange import import_sheet
from jingwei.services.sheet_cells import quoted
from jingwei.storage.types import exact_json, json_text

# A form without anything that looks at other values or records, and one with.
LINKED = ("  tags:", "  who:", "  main:")
ALONE = "".join(
    line for line in FORM.splitlines(keepends=True) if not line.startswith((*LINKED, "number"))
)
FORMS = {"forms/ledger.yaml": FORM, "forms/alone.yaml": ALONE}
# Of each column, what people write: plain, blank, odd, and wrong.
PLAIN = {
    "名称": ["桥", "路", "Canal", "100% 的“坝”"],
    "金额": ["1", "12.5", "0.00", "1234567.89"],
    "比例": ["0.5", "1", "0.000001", "0.25"],
    "日期": ["2026-01-02", "2026-12-31", "2026-01-02"],
    "月份": ["2026-01", "2026-12"],
    "类别": ["a", "乙类"],
    "完成": ["是", "false"],
    "说明": ["一", "two"],
    "数量": ["1", "42", "0"],
}
ODD = {
    "名称": ["桥", ' a"b\\c ', "", "\t", "\u3000", "x" * 41, "a\u2028b", "％", "'=1"],
    "金额": ["1", "", "-1", "1.234", "1.5万元", "x", "１２", "00", "1.2.3", "9" * 17, "0", "."],
    "比例": ["0.1", "", "13%", "0.0000001", "-0.5", "1e3"],
    "日期": ["2026-02-30", "", "2026/1/2", "45000", "1/2/2026", "2026-01-02"],
    "月份": ["2026-13", "", "2026Q1", "2026-01"],
    "类别": ["a", "", " 甲类 ", "c"],
    "标签": ["", "x", "急;重", "z"],
    "完成": ["是", "", "maybe", "0"],
    "说明": ["", "one\ntwo", "\\n", "说\u0007明"],
    "数量": ["1", "", "1.5", "1e5", str(2**53), "-3"],
    "负责人": ["", "li.na", "nobody"],
    "上级": ["", "999"],
}


def plain_rows(count: int) -> list[dict[str, str]]:
    """Rows of which no two have the same name."""
    rows = [{name: words[at % len(words)] for name, words in PLAIN.items()} for at in range(count)]
    return [{**row, "名称": f"{row['名称']} {at}"} for at, row in enumerate(rows)]


def odd_rows(form: str) -> list[dict[str, str]]:
    """Rows with one odd cell each."""
    names = [name for name in ODD if form == "ledger" or name not in ("标签", "负责人", "上级")]
    cells = [(name, word) for name in names for word in ODD[name]]
    blank = dict.fromkeys(names, "")
    return [
        {**blank, **row, name: word}
        for row, (name, word) in zip(plain_rows(len(cells)), cells, strict=True)
    ]


def written(rows: list[dict[str, str]]) -> str:
    kept = io.StringIO()
    writer = csv.DictWriter(kept, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return kept.getvalue()


def opened(folder: Path, url: str) -> House:
    return open_house(folder / "application", url, {**FILES, **FORMS})


def brought(
    house: House, form: str, folder: Path, rows: list[dict[str, str]]
) -> list[tuple[Any, ...]]:
    """What is refused: the path, why, and what it says."""
    sheet = sheet_file(folder, written(rows))
    found = import_sheet(house.commands, house.person("li.na"), form, sheet, "rows")
    return [(row, one.path, one.code, one.message("zh")) for row, one in found.refused]


def kept(house: House, form: str) -> list[tuple[str, Any]]:
    """The bodies of the history in their order, and the records, but for what differs by when and
    where they were written."""
    with house.database.reading() as connection:
        query = "SELECT object, body FROM sys_change WHERE kind = 'record' ORDER BY object"
        changes = connection.execute(text(query)).all()
        store = house.commands.active.current.store
        loaded = store.load(connection, form, [one.object for one in changes])
    found = []
    for identity, body in (one for one in changes if one.object in loaded):
        assert body == json_text(exact_json(body)), "the chain is over canonical JSON"
        said = {name: pair for name, pair in exact_json(body).items() if name[0] != "_"}
        record = dict(loaded[identity])
        for name in ("id", "created_at", "updated_at", "number"):
            record.pop(name)
        said.pop("number", None)
        found.append((json_text(said), record))
    return sorted(found, key=lambda pair: pair[1]["name"])


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    there = opened(tmp_path, database_url)
    yield there
    there.database.close()


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation whose rows came each in a sheet of its own."""
    root = tmp_path_factory.mktemp("apart")
    there = opened(root, f"sqlite:///{root / 'apart.db'}")
    yield there
    there.database.close()


@pytest.fixture(scope="module")
def said_apart(one_by_one: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sheets")
    return {
        form: [
            (at, *rest)
            for at, row in enumerate(odd_rows(form), 2)
            for _, *rest in brought(one_by_one, form, folder, [row])
        ]
        for form in ("alone", "ledger")
    }


@pytest.mark.parametrize("form", ["alone", "ledger"])
def test_a_row_means_the_same_alone_and_among_others(
    house: House, one_by_one: House, said_apart: dict[str, Any], tmp_path: Path, form: str
) -> None:
    rows = odd_rows(form)
    together, apart = brought(house, form, tmp_path, rows), said_apart[form]
    assert sorted(one[:3] for one in together) == sorted(one[:3] for one in apart)
    assert {one[3].partition("：")[2] for one in together} == {
        one[3].partition("：")[2] for one in apart
    }
    assert kept(house, form) == kept(one_by_one, form)
    assert 20 < len(kept(house, form)) == len(rows) - len({row for row, *_ in together})


def test_rows_without_a_blank_or_a_mistake_mean_what_they_say(house: House, tmp_path: Path) -> None:
    assert brought(house, "alone", tmp_path, plain_rows(8)) == []
    records = {record["name"]: record for _, record in kept(house, "alone")}
    assert len(records) == 8
    assert records.keys() >= {"桥 0", "Canal 2", "100% 的“坝” 3"}
    second = records["路 1"]
    assert (second["amount"], second["rate"]) == (Decimal("12.50"), Decimal("1.000000"))
    assert (second["day"], second["kind"], second["done"]) == (date(2026, 12, 31), "b", False)
    assert (second["count"], second["note"], str(second["month"])) == (42, "two", "2026-12")


def test_csv_is_what_the_library_writes() -> None:
    columns: list[list[Any]] = [
        ["a", "b,c", 'say "so"', None, "", "two\r\nlines", "=1+1", "文"],
        [Decimal("1.50"), Decimal("1E+3"), None, Decimal("0E-9"), "***", True, 7, 0.5],
        [1, None, 3, 4, 5, 6, 7, 8],
        [date(2026, 1, 2)] * 8,
    ]
    expected = io.StringIO()
    writer = csv.writer(expected, lineterminator="\r\n")
    writer.writerow(["一", "two", "3", "4"])
    for word, number, count, day in zip(*columns, strict=True):
        cells = [c if c is None or type(c) is str else plain(c) for c in (word, number)]
        writer.writerow([c if c is None else quoted(c) for c in cells] + [count, day])
    types = ["text", "json", "integer", "date"]
    pieces = b"".join(csv_pages(["一", "two", "3", "4"], [columns, columns[:4]], types))
    lines = expected.getvalue().partition("\r\n")
    assert pieces.decode("utf-8-sig") == f"{lines[0]}\r\n{lines[2] * 2}"
    assert b"".join(csv_pages(["a"], [[["", None, "x"]]])).decode("utf-8-sig") == (
        'a\r\n""\r\n""\r\nx\r\n'
    )
