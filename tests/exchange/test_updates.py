"""Records that are there, changed from a sheet: matched by a key, guarded by their revision, with
their tables, and taken back row by row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import sheet_file
from openpyxl import Workbook, load_workbook
from services_house import FILES, House, open_house

from jingwei.gateways.workbook import write_to_change
from jingwei.refusals import Malformed, NotAllowed, Refused
from jingwei.services import import_batches, import_undo, records
from jingwei.services.exchange import Imported, import_sheet, look
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted, match_keys

ORDERS = """
kind: form
title: 订单
number: {format: "D-{seq:3}", assign: create}
display: "{code}"
fields:
  code: {type: text, title: 编码, unique: true}
  name: {type: text, title: 名称, required: true, max: 10}
  amount: {type: money, unit: CNY, title: 金额}
  price: {type: money, unit: CNY, title: 底价}
  partner: {type: link, to: partner, title: 客户}
  who: {type: person, title: 负责人}
  lines:
    type: table
    title: 明细
    fields:
      thing: {type: text, title: 物品, required: true}
      pieces: {type: integer, title: 件数}
      each: {type: money, unit: CNY, title: 单价}
      sum: {type: money, unit: CNY, title: 小计, compute: pieces * each}
  total: {type: money, unit: CNY, title: 合计, compute: sum(lines.sum)}
permissions:
  planner:
    post: planner
    can: [read, create, update, delete, import, export]
    scope: org
    mask: [price]
  finance: {post: finance_manager, can: [read, import, export], scope: all}
"""
PARTNERS = """
kind: form
title: 客户
display: "{name}"
fields:
  name: {type: text, title: 名称}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""
BIDS = """
kind: form
title: 投标
number: {format: "B-{seq:3}", assign: create}
fields:
  name: {type: text, title: 名称, unique: true}
  secret: {type: text, title: 标底}
  hidden: {type: text, title: 暗号}
permissions:
  planner:
    {post: planner, can: [read, create, update, import], scope: org, mask: [secret], hide: [hidden]}
  finance: {post: finance_manager, can: [read, update, import], scope: org}
  finances: {post: finance_manager, can: [read, update], scope: all, mask: [secret, hidden]}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    files = {**FILES, "forms/order.yaml": ORDERS, "forms/partner.yaml": PARTNERS}
    files["forms/bid.yaml"] = BIDS
    opened = open_house(tmp_path / "application", f"sqlite:///{tmp_path / 'test.db'}", files)
    yield opened
    opened.database.close()


def bring(house: House, sheet: Any, do: Any, key: str, mode: Any = "rows") -> Imported:
    person, wanted = house.person("li.na"), Wanted(do, key)
    return import_sheet(house.commands, person, "order", sheet, mode, wanted=wanted)


def said(found: Imported) -> list[tuple[int, str, str]]:
    return [(row, one.path, one.message("zh")) for row, one in found.refused]


def taken_out(house: House, folder: Path, name: str = "out.xlsx") -> Path:
    with house.read("li.na") as view:
        found = export(view, "order", ListWish(sort=("code",)), "zh", values="edit", tables=True)
        write_to_change(str(folder / name), found, "zh")
    return folder / name


def changed(path: Path, **cells: Any) -> bytes:
    """The workbook with these cells: `B2`, or `明细!C3` as `lines_C3`."""
    book = load_workbook(path)
    for place, value in cells.items():
        sheet, _, cell = place.rpartition("_")
        (book["明细"] if sheet else book.worksheets[0])[cell] = value
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def two(house: House) -> list[int]:
    partner = house.create("li.na", "partner", name="甲方")["id"]
    rows = [{"thing": "钢", "pieces": 2, "each": "1.50"}, {"thing": "砂", "pieces": 1, "each": 3}]
    first = house.create(
        "li.na", "order", code="a", name="一", amount="10.10", partner=partner, who="li.na",
        lines=rows,
    )  # fmt: skip
    return [first["id"], house.create("li.na", "order", code="b", name="二")["id"]]


def test_what_was_taken_out_to_be_changed_comes_back_without_a_change(
    house: House, tmp_path: Path
) -> None:
    two(house)
    path = taken_out(house, tmp_path)
    found = bring(house, sheet_file(tmp_path, path.read_bytes(), "in.xlsx"), "update", "id")
    assert (found.same, found.updated, said(found)) == (2, 0, [])
    assert {i["revision"] for i in house.list("li.na", "order").items} == {1}


def test_cells_and_rows_of_tables_that_were_changed_are_changed(
    house: House, tmp_path: Path
) -> None:
    first, second = two(house)
    path = taken_out(house, tmp_path)
    heads = [cell.value for cell in load_workbook(path).worksheets[0][1]]
    assert heads == ["ID", "版本号", "编号", "单位", "编码", "名称", "金额", "底价", "客户",
                     "负责人", "合计"]  # fmt: skip
    sheet = changed(
        path, F2="改", G2=None, lines_D3=5, lines_A4=second, lines_C4="石", lines_D4=1, lines_E4=2
    )
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id", "atomic")
    assert (found.updated, said(found)) == (2, [])
    record = house.show("li.na", "order", first)
    assert (record["name"], record["amount"], float(record["total"])) == ("改", None, 18.0)
    assert [row["pieces"] for row in record["lines"]] == [2, 5]
    assert [row["thing"] for row in house.show("li.na", "order", second)["lines"]] == ["石"]


def test_what_is_taken_out_has_drop_downs_and_locks_what_is_not_to_be_changed(
    house: House, tmp_path: Path
) -> None:
    two(house)
    book = load_workbook(taken_out(house, tmp_path))
    first, lines = book.worksheets[:2]
    open_ = {c.value for c in first[1] if not first.cell(2, c.column).protection.locked}
    assert open_ == {"单位", "编码", "名称", "金额", "客户", "负责人"}
    assert all(cell.protection.locked for cell in (*first[1], *lines[1]))
    assert first.protection.sheet and lines.protection.sheet
    assert not first.column_dimensions["F"].protection.locked  # where new rows are written
    rules = {str(rule.sqref): rule for rule in first.data_validations.dataValidation}
    assert rules["D2:D5003"].type == "list"
    assert [cell.value for cell in book["_lists"]["A"]] == ["甲公司"]
    # rows of a table may be deleted, which Excel allows where all of the row is open
    assert not any(lines.cell(2, at).protection.locked for at in range(1, 7))
    assert not lines.column_dimensions["G"].protection.locked
    closed = {str(rule.sqref): rule for rule in lines.data_validations.dataValidation}
    assert {place for place, rule in closed.items() if rule.formula1 == "FALSE"} == {
        "A2:A3", "B2:B3", "F2:F3",
    }  # fmt: skip
    assert closed["A2:A3"].error == "这一格由系统填写，请不要修改。要删除这一行，请删除整行。"
    assert [s.sheet_state for s in book.worksheets] == [*("visible",) * 2, *("veryHidden",) * 2]
    about = {row[0].value: row[1].value for row in book["_about"].rows}
    assert about["form"] == "order" and len(about["fingerprint"]) == 64


def test_a_record_that_somebody_changed_since_is_refused_in_its_row(
    house: House, tmp_path: Path
) -> None:
    first, second = two(house)
    path = taken_out(house, tmp_path)
    house.update("li.na", "order", first, name="新")
    sheet = changed(path, F2="旧", F3="改")
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id")
    assert found.updated == 1 and said(found) == [
        (2, "revision", "导出之后（第 1 版），李娜 于 2026-03-02 09:00 改过这条记录"
         "（现在是第 2 版），请重新导出，在新的表格里修改。"),
    ]  # fmt: skip
    assert house.show("li.na", "order", first)["name"] == "新"
    assert house.show("li.na", "order", second)["name"] == "改"


def test_rows_are_matched_by_a_key_and_new_ones_made_where_that_is_wished(
    house: House, tmp_path: Path
) -> None:
    first, _ = two(house)
    csv = "编码,名称,客户\na,改一,甲方\nc,三,甲方\n,无码,乙方\n"
    found = bring(house, sheet_file(tmp_path, csv), "upsert", "code")
    assert (found.created, found.updated) == (1, 1)
    assert said(found) == [
        (4, "partner", "没有叫“乙方”的记录（或者您看不到），请填写编号、名称或 ID。"),
    ]
    assert house.show("li.na", "order", first)["name"] == "改一"
    only = bring(house, sheet_file(tmp_path, "编号,名称\nD-001,改\nD-999,x\n"), "update", "number")
    assert only.updated == 1
    assert said(only) == [
        (
            3,
            "number",
            "没有找到“D-999”，可能已被删除，或者您看不到。请核对，或者选择“没有的就新增”。",
        )
    ]
    with pytest.raises(Malformed) as caught:
        bring(house, sheet_file(tmp_path, "名称\nx\n"), "update", "code")
    assert caught.value.message("zh") == (
        "表格中没有“编码”列，无法找到要更新的记录。请加上这一列，或改选其他列来对应。"
    )


def test_a_row_without_its_revision_changes_nothing(house: House, tmp_path: Path) -> None:
    first, second = two(house)
    path = taken_out(house, tmp_path)
    house.update("li.na", "order", first, name="新")
    sheet = changed(path, B2=None, B3=None, F2="旧")
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id")
    assert (found.same, said(found)) == (1, [
        (2, "revision", "版本号是空的，看不出导出之后别人有没有改过这条记录。"
         "请恢复导出时的版本号，或重新导出。"),
    ])  # fmt: skip
    assert house.show("li.na", "order", first)["name"] == "新"
    csv = f"ID,名称\n{second},改\n"  # a sheet of one's own, without the column
    assert bring(house, sheet_file(tmp_path, csv), "update", "id").updated == 1


def test_what_the_system_fills_in_makes_no_record_of_another_number(
    house: House, tmp_path: Path
) -> None:
    first, _ = two(house)
    csv = "编号,名称\nD-001,改\nD-888,新\n,又新\n"
    found = bring(house, sheet_file(tmp_path, csv), "upsert", "number")
    assert (found.created, found.updated) == (1, 1)
    assert [(row, one.path, one.code) for row, one in found.refused] == [
        (3, "number", "sheet-no-such-number")
    ]
    csv = f"ID,编号,编码,名称\n{first},D-001,a,改\n{first},D-001,z,错\n,,y,新\n"
    found = bring(house, sheet_file(tmp_path, csv), "upsert", "code")
    assert (found.created, found.same) == (1, 1)
    assert [(row, one.path, one.code) for row, one in found.refused] == [
        (3, "id", "sheet-system-new"),
        (3, "number", "sheet-system-new"),
    ]


def test_of_rows_about_one_record_none_is_taken(house: House, tmp_path: Path) -> None:
    first, second = two(house)
    twice = "请只保留一行。"
    csv = "编码,名称\na,改\nc,新\nb,二改\na,又改\nc,又新\n"
    found = bring(house, sheet_file(tmp_path, csv), "upsert", "code")
    assert (found.created, found.updated) == (0, 1)
    assert said(found) == [
        (row, "code", f"与第 {other} 行是同一条记录，{twice}")
        for row, other in ((2, 5), (3, 6), (5, 2), (6, 3))
    ]
    path = taken_out(house, tmp_path)
    sheet = changed(path, A3=first, F3="甲", lines_D2=9, lines_A3=second)
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id")
    assert [(row, one.path, one.code) for row, one in found.refused] == [
        (2, "id", "sheet-record-twice"),
        (3, "id", "sheet-record-twice"),
        (3, "lines!3", "sheet-row-left"),
    ]
    assert [row["pieces"] for row in house.show("li.na", "order", first)["lines"]] == [2, 1]


def test_rows_of_tables_go_to_none_of_two_rows_with_their_number(
    house: House, tmp_path: Path
) -> None:
    book = Workbook()
    for row in (("行号", "编码", "名称"), (3, "x", "甲"), (4, "y", "乙"), ("3 ", "z", "丙")):
        book.active.append(row)
    lines = book.create_sheet("明细")
    for row in (("行号", "物品"), (3, "钢"), (3, "砂"), (4, "石")):
        lines.append(row)
    kept = io.BytesIO()
    book.save(kept)
    found = bring(house, sheet_file(tmp_path, kept.getvalue(), "in.xlsx"), "create", "")
    told = "“行号”列的“3”不止一行（第 2、4 行），明细行不知道属于哪一行，请改成不同的值。"
    assert (found.created, said(found)) == (1, [(2, "", told), (4, "", told)])
    made = house.list("li.na", "order").items
    assert [one["code"] for one in made] == ["y"]
    assert [r["thing"] for r in house.show("li.na", "order", made[0]["id"])["lines"]] == ["石"]


def test_system_fields_computed_and_masked_ones_do_not_change_by_a_sheet(
    house: House, tmp_path: Path
) -> None:
    first, _ = two(house)
    house.do(
        "li.na",
        lambda work: records.update(
            work.as_system(), "order", first, {"price": 7}, source="system"
        ),
    )
    path = taken_out(house, tmp_path)
    assert load_workbook(path).worksheets[0]["H2"].value == "•••"
    sheet = sheet_file(tmp_path, changed(path, C2="D-777", F2="x"), "in.xlsx")
    assert said(bring(house, sheet, "update", "id")) == [
        (
            2,
            "number",
            "“D-777”与系统中的不一致，这一列由系统填写，不能通过导入修改，请恢复原来的内容。",
        )
    ]
    for cell, column in (("K2", "total"), ("H2", "price")):
        sheet = sheet_file(tmp_path, changed(path, **{cell: 99}), "in.xlsx")
        found = bring(house, sheet, "update", "id")
        assert [(row, one.path, one.code) for row, one in found.refused] == [
            (2, column, "not-writable")
        ]
    wrong = changed(path, C2="D-777", F2="字" * 11, H2=99, J2="赵六", lines_F2=8, lines_D2="多")
    found = bring(house, sheet_file(tmp_path, wrong, "in.xlsx"), "update", "id")
    assert {(one.path, one.code) for _, one in found.refused} == {
        ("number", "sheet-system-field"),
        ("price", "not-writable"),
        ("lines!2.sum", "not-writable"),
        ("name", "text-too-long"),
        ("who", "unknown-person"),
        ("lines!2.pieces", "not-a-number"),
    }
    with pytest.raises(Refused) as caught:
        bring(house, sheet_file(tmp_path, "名称,流程状态\nx,草稿\n"), "create", "")
    assert [one.message("zh") for one in caught.value.fields] == [
        "“流程状态”列由系统填写，新增时不能导入，请删除这一列，或改为“更新已有的记录”。"
    ]


def test_rows_of_tables_say_where_they_are_wrong(house: House, tmp_path: Path) -> None:
    two(house)
    path = taken_out(house, tmp_path)
    sheet = changed(path, lines_D2="多", lines_A3=123, lines_C4="无主", lines_A4=None)
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id", "atomic")
    assert (found.good, found.bad) == (0, 3)
    assert said(found)[0] == (2, "lines!2.pieces", "请填数字，例如 1234.50。")
    assert said(found)[1:] == [
        (3, "lines!3", "“ID”列的“123”在第一张工作表中没有对应的行，请改正，或删除这一行。"),
        (
            4,
            "lines!4",
            "“ID”列是空的，看不出这一行属于第一张工作表的哪一行，请填写，或删除这一行。",
        ),
    ]


def test_an_update_is_taken_back_to_what_was_there(house: House, tmp_path: Path) -> None:
    first, second = two(house)
    before = [house.show("li.na", "order", i) for i in (first, second)]
    path = taken_out(house, tmp_path)
    sheet = changed(path, F2="改", G2=1, lines_C2="铁", F3="改二", lines_A4=second, lines_C4="石")
    found = bring(house, sheet_file(tmp_path, sheet, "in.xlsx"), "update", "id")
    assert found.updated == 2, said(found)
    house.update("li.na", "order", second, name="后来")
    undone = house.do("li.na", lambda work: import_undo.undo(work, "order", found.batch))
    assert (undone.deleted, undone.restored) == (0, 1)
    assert [(row, why.message("zh")) for row, _, why in undone.kept] == [
        (3, "导入之后已被 李娜 改过（现在是第 3 版），保留不动。")
    ]
    now = house.show("li.na", "order", first)
    same = ("name", "amount", "total", "lines", "partner")
    assert [now[n] for n in same] == [before[0][n] for n in same]


def test_who_may_not_update_does_not_by_a_sheet(house: House, tmp_path: Path) -> None:
    two(house)
    sheet = sheet_file(tmp_path, "编码,名称\na,x\n")
    wanted = Wanted("update", "code")
    with pytest.raises(NotAllowed):
        import_sheet(
            house.commands, house.person("chen.jie"), "order", sheet, "rows", wanted=wanted
        )
    foreign = import_sheet(
        house.commands, house.person("wang.wu"), "order", sheet, "rows", wanted=wanted
    )
    assert [one.code for _, one in foreign.refused] == ["sheet-no-such-record"]


def test_a_guess_of_what_is_not_shown_finds_no_record(house: House, tmp_path: Path) -> None:
    bid = house.create("li.na", "bid", name="桥")["id"]
    values = {"secret": "九十", "hidden": "天王"}
    house.do(
        "li.na",
        lambda work: records.update(work.as_system(), "bid", bid, values, source="system"),
    )
    with house.read("li.na") as view:
        keys = match_keys(view, view.catalogue.forms["bid"])
    assert keys == ["name", "number", "id"]
    for key, guess in (("secret", "九十"), ("hidden", "天王")):
        sheet = sheet_file(tmp_path, f"{key},name\n{guess},改\n")
        for do in ("update", "upsert"):
            wanted: Any = Wanted(do, key)  # type: ignore[arg-type]  # one of both
            with pytest.raises(Malformed) as caught:
                look(house.commands, house.person("li.na"), "bid", sheet, wanted)
            assert caught.value.code == "parameter-choice"
            with house.read("li.na") as view, pytest.raises(Malformed):
                import_batches.may_import(view, "bid", wanted)


def test_what_some_records_mask_matches_none(house: House, tmp_path: Path) -> None:
    for org, name in (("S1", "甲桥"), ("B", "乙桥")):
        values = {"name": name, "secret": f"{name}底", "org": org}
        make = partial(records.create, form="bid", values=values, source="system")
        house.do("li.na", lambda work, make=make: make(work.as_system()))
    sheet = sheet_file(tmp_path, "secret,name\n甲桥底,改\n乙桥底,改二\n丙桥底,改三\n")
    person, wanted = house.person("chen.jie"), Wanted("update", "secret")
    with pytest.raises(Malformed) as refused:  # that of S1 shows it, that of B does not
        look(house.commands, person, "bid", sheet, wanted)
    assert refused.value.holes["known"] == "name, number, id"
