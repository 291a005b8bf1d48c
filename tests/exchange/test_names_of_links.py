"""Which record a cell of a link means: what it is called first, its ID where nothing is called so,
and none where both may be meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import sheet_file, workbook
from openpyxl import load_workbook
from services_house import FILES, House, open_house

from jingwei.gateways.workbook import csv_pages, write_to_change
from jingwei.services.exchange import Imported, import_sheet, look
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted

GRANT = """
permissions:
  planner: {post: planner, can: [read, create, update, import, export], scope: org}
"""
DEVICE = f"""
kind: form
title: 设备
display: "{{code}} {{name}}"
fields:
  code: {{type: text, title: 编码, unique: true}}
  name: {{type: text, title: 名称}}
{GRANT}"""
SUPPLIER = f"""
kind: form
title: 供应商
display: "{{name}}"
fields: {{name: {{type: text, title: 名称}}}}
{GRANT}"""
METER = f"""
kind: form
title: 表具
display: "{{serial}}"
fields: {{serial: {{type: integer, title: 表号}}}}
{GRANT}"""
PLACE = f"""
kind: form
title: 地点
display: "{{name}}"
tree: above
fields:
  name: {{type: text, title: 名称, required: true}}
  above: {{type: link, to: place, title: 上级}}
{GRANT}"""
JOB = f"""
kind: form
title: 作业
fields:
  name: {{type: text, title: 名称, unique: true}}
  device: {{type: link, to: device, title: 设备}}
  supplier: {{type: link, to: supplier, title: 供应商}}
  others: {{type: link, to: supplier, many: true, title: 其他}}
  meter: {{type: link, to: meter, title: 表具}}
  lines: {{type: table, title: 明细, fields: {{bar: {{type: barcode, title: 条码}}}}}}
{GRANT}"""

FORMS = {"device": DEVICE, "supplier": SUPPLIER, "meter": METER, "job": JOB, "place": PLACE}
ALL = {**FILES, **{f"forms/{name}.yaml": text for name, text in FORMS.items()}}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(tmp_path / "application", database_url, ALL)
    yield opened
    opened.database.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path / "application", f"sqlite:///{tmp_path / 'small.db'}", ALL)
    yield opened
    opened.database.close()


def bring(house: House, folder: Path, sheet: Any, do: Any = "create", key: str = "") -> Imported:
    person, wanted = house.person("li.na"), Wanted(do, key)
    return import_sheet(
        house.commands, person, "job", sheet_file(folder, sheet), "rows", wanted=wanted
    )


def said(found: Imported) -> list[tuple[int, str, str]]:
    return [(row, one.path, one.message("zh")) for row, one in found.refused]


def linked(house: House) -> dict[str, Any]:
    jobs = house.list("li.na", "job").items
    return {j["name"]: j["device"] or j["supplier"] or j["others"] or j["meter"] for j in jobs}


def test_what_is_called_so_comes_before_what_has_it_as_its_id(house: House, tmp_path: Path) -> None:
    device = house.create("li.na", "device", code="000124", name="风机")["id"]
    one = house.create("li.na", "supplier", name="北方重工")["id"]
    called = house.create("li.na", "supplier", name=str(one))["id"]
    coded = house.create("li.na", "device", code=f"00{device}", name="水泵")["id"]
    csv = (
        "名称,设备,供应商,其他\n"
        f"a,00{device},,\nb,{device},,\nc,,{one},\nd,,supplier/{one},\ne,,{called},\n"
        f"f,,,{one}；北方重工\ng,00999,,\nh,999999,,\n"
    )
    found = bring(house, tmp_path, csv)
    assert said(found) == [
        (8, "device", "没有叫“00999”的记录（或者您看不到），请填写编号、名称或 ID。"),
        (9, "device", "没有“999999”这条记录（或者您看不到），请填写编号、名称或 ID。"),
    ]
    assert linked(house) == {
        "a": coded, "b": device, "c": called, "d": one, "e": called, "f": [called, one],
    }  # fmt: skip
    headed_as_by_programs = f"name,supplier,others\ni,{one},\nj,{called},\nk,,{one};北方重工\n"
    either = (
        f"有一条记录叫“{one}”，另一条记录的 ID 是 {one}，分不清是哪一条。"
        f"指 ID 的请写 supplier/{one}；指名称的请把列标题改为字段的标题。"
    )
    found = bring(house, tmp_path, headed_as_by_programs)
    assert (found.created, said(found)) == (1, [(2, "supplier", either), (4, "others.0", either)])
    assert linked(house)["j"] == called


def test_links_go_out_by_words_that_come_back(house: House, tmp_path: Path) -> None:
    one = house.create("li.na", "supplier", name="北方")["id"]
    house.create("li.na", "supplier", name="北方")
    house.create("li.na", "supplier", name=str(one))
    for name, supplier in (("a", one), ("b", one + 1), ("c", one + 2)):
        house.create("li.na", "job", name=name, supplier=supplier)
    with house.read("li.na") as view:
        found = export(view, "job", ListWish(sort=("id",)), "zh", values="edit")
        write_to_change(str(tmp_path / "out.xlsx"), found, "zh")
        codes = export(view, "job", ListWish(sort=("id",)), "zh", values="codes", days=False)
        csv = b"".join(csv_pages(codes.titles, codes.pages, codes.types))
    cells = [[c.value for c in row] for row in load_workbook(tmp_path / "out.xlsx").active.rows]
    at = cells[0].index("供应商")
    assert [row[at] for row in cells[1:]] == [f"supplier/{one}", one + 1, one + 2]
    path = sheet_file(tmp_path, (tmp_path / "out.xlsx").read_bytes(), "in.xlsx")
    back = import_sheet(
        house.commands, house.person("li.na"), "job", path, "rows", wanted=Wanted("update", "id")
    )
    assert (back.same, said(back)) == (3, [])
    back = bring(house, tmp_path, csv, "update", "name")
    assert [(row, one.code) for row, one in back.refused] == [(2, "name-or-id")]
    assert back.same == 2


def test_names_that_are_numbers_are_names_too(house: House, tmp_path: Path) -> None:
    meter = house.create("li.na", "meter", serial=900_017)["id"]
    csv = f"名称,表具\na,900017\nb,{meter}\nc,无\n"
    found = bring(house, tmp_path, csv)
    assert linked(house) == {"a": meter, "b": meter}
    assert [(row, one.code) for row, one in found.refused] == [(4, "no-record-named")]


def test_a_number_that_is_shown_with_noughts_is_read_with_them(
    small: House, tmp_path: Path
) -> None:
    device = small.create("li.na", "device", code="000124", name="风机")["id"]
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(["名称", "设备"], ["a", 124], ["b", device]))
    book = load_workbook(path)
    book.active["B2"].number_format = "000000"
    lines = book.create_sheet("明细")
    for row in (["名称", "条码"], ["a", 69]):
        lines.append(row)
    lines["B2"].number_format = "0000"
    book.save(path)
    sheet = sheet_file(tmp_path, path.read_bytes(), "b.xlsx")
    found = import_sheet(small.commands, small.person("li.na"), "job", sheet, "rows")
    assert (linked(small), found.notes) == ({"a": device, "b": device}, [])
    job = next(i for i in small.list("li.na", "job").items if i["name"] == "a")
    assert [r["bar"] for r in small.show("li.na", "job", job["id"])["lines"]] == ["0069"]


@pytest.mark.parametrize("mode", ["rows", "atomic"])
def test_a_tree_comes_in_with_one_sheet(small: House, tmp_path: Path, mode: Any) -> None:
    csv = "名称,上级\n省,\n市,省\n楼,区\n区,市\n"
    person = small.person("li.na")
    sheet = sheet_file(tmp_path, csv)
    looked = look(small.commands, person, "place", sheet)
    assert (looked.created, looked.refused) == (4, [])
    assert import_sheet(small.commands, person, "place", sheet, mode).created == 4
    items = {i["name"]: i for i in small.list("li.na", "place").items}
    above = {i["id"]: name for name, i in items.items()}
    assert {name: above.get(i["above"]) for name, i in items.items()} == {
        "省": None, "市": "省", "区": "市", "楼": "区",
    }  # fmt: skip
    csv = "名称,上级\n甲,乙\n乙,甲\n丙,省\n丁,无\n"
    found = import_sheet(small.commands, person, "place", sheet_file(tmp_path, csv), "rows")
    assert [(row, one.path, one.code) for row, one in found.refused] == [
        (row, "above", "no-record-named") for row in (2, 3, 5)
    ]
    assert found.created == 1
