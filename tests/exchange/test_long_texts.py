"""Texts that are longer than a cell of a workbook holds are lost on no way out and back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import sheet_file
from openpyxl import load_workbook
from services_house import FILES, House, open_house

from jingwei.gateways.workbook import csv_pages, write_to_change, write_workbook
from jingwei.services.exchange import Imported, import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted

FORM = """
kind: form
title: 纪要
fields:
  name: {type: text, title: 名称, unique: true}
  note: {type: long_text, title: 正文}
  about: {type: json, title: 附注}
  lines:
    type: table
    title: 议题
    fields: {topic: {type: text, title: 题}, said: {type: long_text, title: 发言}}
permissions:
  planner: {post: planner, can: [read, create, update, import, export], scope: org}
"""
CELL = 32_767
LONG = "长文" * 20_000
FACES = "\U0001f600" * (CELL // 2) + "末"  # just what a cell holds: each face counts as two


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(tmp_path / "app", database_url, {**FILES, "forms/minutes.yaml": FORM})
    yield opened
    opened.database.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[House]:
    database_url = f"sqlite:///{tmp_path / 'small.db'}"
    opened = open_house(tmp_path / "app", database_url, {**FILES, "forms/minutes.yaml": FORM})
    yield opened
    opened.database.close()


def made(house: House) -> list[dict[str, Any]]:
    rows = [{"topic": "一", "said": LONG + "一"}, {"topic": "二", "said": "短"}]
    first = house.create("li.na", "minutes", name="甲", lines=rows, note=LONG)
    second = house.create("li.na", "minutes", name="乙", note=FACES, about=["x" * 50_000])
    return [first, second]


def taken_out(house: House, folder: Path, values: Any = "edit") -> Path:
    path = folder / f"{values}.xlsx"
    with house.read("li.na") as view:
        wish = ListWish(sort=("id",))
        found = export(view, "minutes", wish, "zh", values=values, tables=True)
        if values == "edit":
            write_to_change(str(path), found, "zh")
        else:
            write_workbook(str(path), found.titles, found.rows, found.types, found.tables)
    return path


def bring(house: House, sheet: Any, do: Any = "update", key: str = "id") -> Imported:
    person, wanted = house.person("li.na"), Wanted(do, key)
    return import_sheet(house.commands, person, "minutes", sheet, "rows", wanted=wanted)


def changed(folder: Path, path: Path, **cells: Any) -> Any:
    """The workbook with these cells: `D2`, or `议题!D2` as `lines_D2`."""
    book = load_workbook(path)
    for place, value in cells.items():
        sheet, _, cell = place.rpartition("_")
        (book["议题"] if sheet else book.worksheets[0])[cell] = value
    kept = io.BytesIO()
    book.save(kept)
    return sheet_file(folder, kept.getvalue(), "in.xlsx")


def refused(found: Imported) -> list[tuple[int, str, str]]:
    return sorted((row, one.path, one.code) for row, one in found.refused)


def units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def test_a_text_longer_than_a_cell_says_so_and_comes_back_as_the_record_has_it(
    house: House, tmp_path: Path
) -> None:
    first, second = made(house)
    path = taken_out(house, tmp_path)
    sheet, lines = load_workbook(path).worksheets[:2]
    cells = {c.value: c.column for c in sheet[1]}
    note = sheet.cell(2, cells["正文"]).value
    assert note.startswith("【全文 40000 字，超过一格的 32767 字") and "长文长文" in note
    assert {units(note), units(lines["D2"].value)} == {CELL}
    assert sheet.cell(3, cells["正文"]).value == FACES
    found = bring(house, changed(tmp_path, path, D2="甲二", lines_C2="三"))
    assert (found.updated, found.same, refused(found)) == (1, 1, [])
    now = house.show("li.na", "minutes", first["id"])
    assert (now["name"], now["note"]) == ("甲二", LONG)
    assert [(r["topic"], r["said"]) for r in now["lines"]] == [("三", LONG + "一"), ("二", "短")]
    again = house.show("li.na", "minutes", second["id"])
    assert (again["note"], again["about"]) == (FACES, ["x" * 50_000])


def test_what_a_spreadsheet_cut_off_or_somebody_changed_in_a_part_is_refused(
    small: House, tmp_path: Path
) -> None:
    first, _ = made(small)
    path = taken_out(small, tmp_path)
    book = load_workbook(path)
    heads = {c.value: c.column_letter for c in book.worksheets[0][1]}
    note, about = f"{heads['正文']}2", f"{heads['附注']}3"
    cut = {note: LONG[:CELL], about: ("[" + "1," * CELL)[:CELL], "lines_D3": "音" * CELL}
    found = bring(small, changed(tmp_path, path, **cut))
    cells = (2, "note"), (2, "lines!3.said"), (3, "about")
    assert refused(found) == sorted((*cell, "sheet-text-cut") for cell in cells)
    part = book.worksheets[0][note].value
    found = bring(small, changed(tmp_path, path, **{note: part[:-1] + "改"}))
    assert refused(found) == [(2, "note", "sheet-text-not-all")]
    small.update("li.na", "minutes", first["id"], note=LONG + "改")
    now = sheet_file(tmp_path, f'名称,正文\n甲,"{part}"\n丙,"{part}"\n丁,{LONG[:CELL]}\n')
    assert refused(bring(small, now, "upsert", "name")) == [
        (2, "note", "sheet-text-not-all"),
        (3, "note", "sheet-text-not-all"),
        (4, "note", "sheet-text-cut"),
    ]
    assert small.show("li.na", "minutes", first["id"])["note"] == LONG + "改"
    assert small.list("li.na", "minutes").total == 2


def test_csv_holds_the_whole_text_and_a_list_to_read_its_beginning(
    small: House, tmp_path: Path
) -> None:
    made(small)
    with small.read("li.na") as view:
        wish = ListWish(fields=("name", "note"), sort=("id",))
        out = export(view, "minutes", wish, "zh", values="codes", days=False)
        content = b"".join(csv_pages(out.titles, out.pages, out.types))
    sheet = sheet_file(tmp_path, content.replace("甲,".encode(), "丙,".encode()))
    found = bring(small, sheet, "upsert", "name")
    assert (found.created, found.same, refused(found)) == (1, 1, [])
    third = next(i for i in small.list("li.na", "minutes").items if i["name"] == "丙")
    assert small.show("li.na", "minutes", third["id"])["note"] == LONG
    shown = load_workbook(taken_out(small, tmp_path, "titles")).worksheets[0]
    longest = [max(units(str(c.value or "")) for c in row) for row in shown.iter_rows(min_row=2)]
    assert longest == [CELL] * 3
