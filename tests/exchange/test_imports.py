"""Records from sheets: looked at, all or the good ones, again where it was left, and taken back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import ledger, sheet_file, workbook
from services_house import House

from jingwei.refusals import Conflict, NotAllowed, NotFound, Refused
from jingwei.services import exchange, import_batches, import_jobs, import_undo
from jingwei.services.exchange import Imported, import_sheet, look
from jingwei.services.import_batches import Source
from jingwei.services.records import BATCH


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = ledger(tmp_path, database_url)
    yield opened
    opened.database.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[House]:
    opened = ledger(tmp_path, f"sqlite:///{tmp_path / 'small.db'}")
    yield opened
    opened.database.close()


def bring(house: House, sheet: Any, mode: Any = "rows", sha256: str = "") -> Imported:
    person = house.person("li.na")
    source = Source("a.csv", sha256)
    return import_sheet(house.commands, person, "ledger", sheet, mode, source)


def names(house: House) -> list[str]:
    page = house.list("li.na", "ledger", sort=("name",), size=200)
    return [item["name"] for item in page.items]


def refused(found: Imported) -> list[tuple[int, str, str]]:
    return [(row, one.path, one.code) for row, one in found.refused]


def test_looking_keeps_nothing_and_finds_every_problem(house: House, tmp_path: Path) -> None:
    sheet = sheet_file(tmp_path, "名称,金额,日期\n桥,1,\n路,x,2026-02-30\n桥,3,\n,4,\n")
    found = look(house.commands, house.person("li.na"), "ledger", sheet)
    assert (found.looked_at, found.good, found.bad) == (4, 1, 3)
    assert refused(found) == [
        (3, "amount", "not-a-number"),
        (3, "day", "no-such-date"),
        (5, "name", "required"),
        (4, "name", "taken"),
    ]
    assert names(house) == []


def test_all_or_none(house: House, tmp_path: Path) -> None:
    bad = bring(house, sheet_file(tmp_path, "name,amount\n桥,1\n路,-1\n"), "atomic")
    assert (bad.good, bad.bad, refused(bad)) == (0, 1, [(3, "amount", "below-least")])
    assert names(house) == []
    good = bring(house, sheet_file(tmp_path, "name,amount\n桥,1\n路,1\n"), "atomic")
    assert (good.good, good.bad) == (2, 0) and names(house) == ["桥", "路"]


def test_the_good_rows_of_more_than_one_batch(house: House, tmp_path: Path) -> None:
    rows = "".join(f"n{n:05d},{'x' if n % 500 == 7 else n}\n" for n in range(BATCH + 200))
    found = bring(house, sheet_file(tmp_path, "name,amount\n" + rows))
    assert (found.good, found.bad) == (BATCH + 197, 3)
    assert [row for row, _, _ in refused(found)] == [9, 509, 1009]
    assert house.list("li.na", "ledger").total == BATCH + 197


def test_what_stands_twice_is_refused_the_second_time(house: House, tmp_path: Path) -> None:
    bring(house, sheet_file(tmp_path, "name\n旧\n"))
    rows = "name\n新\n旧\n" + "".join(f"x{n}\n" for n in range(BATCH)) + "新\n"
    found = bring(house, sheet_file(tmp_path, rows, "b.csv"))
    assert refused(found) == [(3, "name", "taken"), (BATCH + 4, "name", "taken")]
    assert found.good == BATCH + 1


def test_every_kind_of_cell_is_understood(house: House, tmp_path: Path) -> None:
    first = house.create("li.na", "ledger", name="上")
    titles = "名称,金额,比例,日期,月份,类别,标签,完成,数量,负责人,上级"
    head = list(csv.reader([titles]))[0]
    sheet = workbook(
        head,
        ["桥", "1,234.50", "13%", "2026/3/1", "2026-03", "甲类", "急；重", "是", "1,000", "li.na",
         first["id"]],
        ["路", 7, 0.5, "2026年3月1日", "2026-03", "b", "x", "no", 3, None, None],
    )  # fmt: skip
    found = bring(house, sheet_file(tmp_path, sheet, "a.xlsx"))
    assert (found.good, refused(found)) == (2, [])
    rows = {r["name"]: r for r in house.list("li.na", "ledger", sort=("name",)).items}
    bridge, road = rows["桥"], rows["路"]
    assert (float(bridge["amount"]), float(bridge["rate"])) == (1234.5, 0.13)
    assert bridge["day"] == road["day"] == "2026-03-01"
    assert (bridge["tags"], bridge["done"], bridge["count"]) == (["x", "y"], True, 1000)
    assert (bridge["who"], bridge["main"], bridge["kind"]) == ("li.na", first["id"], "a")
    assert (road["done"], road["tags"], road["kind"]) == (False, ["x"], "b")


def test_an_import_that_stopped_goes_on_where_it_was(
    small: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"n{n:05d}\n" for n in range(3 * BATCH))
    sheet = sheet_file(tmp_path, "name\n" + rows)
    written, whole = 0, exchange._one_part

    def power_cut(*arguments: Any) -> None:
        nonlocal written
        if written == 2:
            raise KeyboardInterrupt
        written += 1
        whole(*arguments)

    monkeypatch.setattr(exchange, "_one_part", power_cut)
    with pytest.raises(KeyboardInterrupt):
        bring(small, sheet, sha256="f" * 64)
    assert small.list("li.na", "ledger").total == 2 * BATCH
    monkeypatch.setattr(exchange, "_one_part", whole)
    found = bring(small, sheet, sha256="f" * 64)
    assert (found.good, found.bad) == (3 * BATCH, 0)
    assert small.list("li.na", "ledger").total == 3 * BATCH


def test_an_import_that_stopped_is_undone_as_far_as_it_came(
    small: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = sheet_file(tmp_path, "name\n" + "".join(f"n{n:05d}\n" for n in range(2 * BATCH)))
    whole = exchange._one_part
    parts = []

    def one_part(*arguments: Any) -> None:
        parts.append(whole(*arguments))
        with small.read("li.na") as view:
            batch = import_batches.batches(view, "ledger")[0].id
        small.do("li.na", lambda work: import_undo.undo(work, "ledger", batch))

    monkeypatch.setattr(exchange, "_one_part", one_part)
    with pytest.raises(Conflict) as caught:  # the part behind the one that was taken back
        bring(small, sheet)
    assert (caught.value.code, len(parts)) == ("import-over", 1)
    assert small.list("li.na", "ledger").total == 0


def test_nothing_is_written_of_a_sheet_whose_end_cannot_be_read(
    small: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"n{n:05d}\n" for n in range(BATCH + 5))
    late = sheet_file(tmp_path, f'name\n{rows}"never closed\n')
    for mode in ("rows", "atomic"):
        with pytest.raises(Refused) as caught:
            bring(small, late, mode)
        assert caught.value.code == "sheet-quotes"
    monkeypatch.setattr("jingwei.gateways.sheets.MOST_ROWS", BATCH)
    with pytest.raises(Refused) as caught:
        bring(small, sheet_file(tmp_path, "name\n" + rows))
    assert caught.value.code == "sheet-too-many-rows"
    with pytest.raises(Refused) as caught:
        bring(small, sheet_file(tmp_path, "nothing,known\n1,2\n"))
    assert caught.value.code == "sheet-no-headings"
    with small.read("li.na") as view:
        assert import_batches.batches(view, "ledger") == []
    assert small.list("li.na", "ledger").total == 0


def test_an_import_is_undone_as_far_as_nobody_changed_it(house: House, tmp_path: Path) -> None:
    found = bring(house, sheet_file(tmp_path, "name\n桥\n路\n洞\n"))
    changed = house.list("li.na", "ledger", filter='name == "路"').items[0]
    house.update("li.na", "ledger", changed["id"], amount=5)
    undone = house.do("li.na", lambda work: import_undo.undo(work, "ledger", found.batch))
    assert (undone.deleted, undone.restored) == (2, 0)
    assert [(row, why.message("zh")) for row, _, why in undone.kept] == [
        (3, "导入之后已被 李娜 改过（现在是第 2 版），保留不动。")
    ]
    assert names(house) == ["路"]
    with pytest.raises(Conflict):
        house.do("li.na", lambda work: import_undo.undo(work, "ledger", found.batch))


def test_what_others_link_to_since_stays_when_its_import_is_undone(
    house: House, tmp_path: Path
) -> None:
    found = bring(house, sheet_file(tmp_path, "name\n桥\n路\n洞\n"))
    ids = {one["name"]: one["id"] for one in house.list("li.na", "ledger").items}
    house.update("li.na", "ledger", ids["路"], main=ids["洞"])  # which stays, being changed
    other = house.create("li.na", "ledger", name="新", main=ids["桥"])["id"]
    linked = "还有记录关联着它，不能删除：台账（上级）1 条。请先改掉这些关联，或删除那些记录。"
    undone = house.do("li.na", lambda work: import_undo.undo(work, "ledger", found.batch))
    assert undone.deleted == 0
    assert [(row, why.message("zh")) for row, _, why in undone.kept] == [
        (3, "导入之后已被 李娜 改过（现在是第 2 版），保留不动。"),
        (2, linked),
        (4, linked),
    ]
    assert house.show("li.na", "ledger", other)["main"] == ids["桥"]


def test_what_links_to_others_goes_when_its_import_is_undone(house: House, tmp_path: Path) -> None:
    bring(house, sheet_file(tmp_path, "name\n桥\n"))
    found = bring(house, sheet_file(tmp_path, "name,main\n路,桥\n洞,桥\n"))
    undone = house.do("li.na", lambda work: import_undo.undo(work, "ledger", found.batch))
    assert (undone.deleted, undone.kept, names(house)) == (2, [], ["桥"])


def test_a_long_import_is_taken_back_part_by_part_and_goes_on_where_it_stopped(
    house: House, tmp_path: Path
) -> None:
    lines = [f"桥{n}," for n in range(BATCH)] + ["路0,桥0", "洞,桥1"]
    found = bring(house, sheet_file(tmp_path, "name,main\n" + "\n".join(lines) + "\n"))
    batch = found.batch or 0
    changed = house.list("li.na", "ledger", filter='name == "洞"').items[0]
    house.update("li.na", "ledger", changed["id"], amount=5)
    before = house.list("li.na", "ledger").total

    house.do("li.na", lambda work: import_jobs.ask_undo(work, "ledger", batch))
    assert house.do("li.na", lambda work: import_undo.undo_part(work, "ledger", batch))
    assert house.list("li.na", "ledger").total == before - 1  # what came last goes first
    house.do("li.na", lambda work: import_jobs.ask_undo(work, "ledger", batch))  # it goes on
    import_jobs.run_undo(house.commands, house.person("li.na"), "ledger", batch)
    with pytest.raises(Conflict):
        house.do("li.na", lambda work: import_jobs.ask_undo(work, "ledger", batch))

    assert sorted(names(house)) == ["桥1", "洞"]
    with house.read("li.na") as view:
        undone = import_undo.undone_so_far(view, "ledger", batch)
        state = import_batches.batch_of(view, "ledger", batch).state
    assert (state, undone.deleted, undone.restored) == ("undone", BATCH, 0)
    assert [(row, why.code) for row, _, why in undone.kept] == [
        (3, "record-linked"),
        (BATCH + 3, "import-changed-since"),
    ]


def test_an_import_is_the_business_of_who_made_it(small: House, tmp_path: Path) -> None:
    found = bring(small, sheet_file(tmp_path, "name\n桥\n"))
    with pytest.raises(NotFound):
        small.do("wang.wu", lambda work: import_undo.undo(work, "ledger", found.batch))
    with pytest.raises(NotAllowed):
        small.do("ops", lambda work: import_undo.undo(work, "ledger", found.batch))
    with small.read("wang.wu") as view:
        assert import_batches.batches(view, "ledger") == []


def test_foreign_orgs_and_forged_columns_are_refused(small: House, tmp_path: Path) -> None:
    found = bring(small, sheet_file(tmp_path, "name,org\n桥,B\n路,甲公司\n"))
    assert refused(found) == [(2, "org", "org-out-of-reach")] and found.good == 1
    for column in ("id", "status", "created_by", "nothing"):
        with pytest.raises(Refused) as caught:
            bring(small, sheet_file(tmp_path, f"name,{column}\nx,1\n", "b.csv"))
        assert caught.value.code == "sheet-columns"


def test_what_was_refused_is_remembered_for_the_file_of_errors(
    small: House, tmp_path: Path
) -> None:
    found = bring(small, sheet_file(tmp_path, "name,amount\n桥,x\n\n路,-1\n"))
    assert found.batch is not None
    with small.read("li.na") as view:
        kept = import_batches.refused_of(view, "ledger", found.batch)
    assert {row: [one.message("zh") for one in ones] for row, ones in kept.items()} == {
        2: ["请填数字，例如 1234.50。"],
        4: ["不能小于 0。"],
    }
