"""Rows that a table makes by itself and locks: people fill them in, and neither add, remove nor
rename any, through whatever door they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from services_house import House

from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import write_to_change
from jingwei.refusals import Invalid
from jingwei.services import bulk, drafts, records, snapshots, versions
from jingwei.services.exchange import Imported, import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.sheet_lines import Wanted

LETTER = """
kind: form
title: 责任书
fields:
  items:
    type: table
    title: 事项
    fields: {item: {type: text, title: 事项}, target: {type: number, title: 目标}}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
"""
FEEDBACK = """
kind: form
title: 反馈
submit: {amend: true}
versions: on_approval
fields:
  name: {type: text, title: 名称, unique: true}
  letter: {type: link, to: letter, title: 责任书}
  items:
    type: table
    title: 逐项
    generate: {each: letter.items, set: {item: =row.item, target: =row.target}, locked: true}
    fields:
      item: {type: text, title: 事项, readonly: true}
      target: {type: number, title: 目标}
      actual: {type: number, title: 完成}
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend, import, export], scope: org}
"""
FILES = {"forms/letter.yaml": LETTER, "forms/feedback.yaml": FEEDBACK}
TARGETS = [{"item": "收入", "target": 100}, {"item": "利润", "target": 10}]
Rows = list[dict[str, Any]]


def letter_of(house: House, feedback: str = FEEDBACK) -> int:
    house.publish({**FILES, "forms/feedback.yaml": feedback})
    return int(house.create("li.na", "letter", items=TARGETS)["id"])


def shown(house: House, id: int) -> list[tuple[str, Any, Any]]:
    rows = house.show("li.na", "feedback", id)["items"]
    return [(row["item"], row["target"], row["actual"]) for row in rows]


def wrong(act: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        act()
    return [(one.path, one.code) for one in refused.value.fields]


AS_MADE = [("收入", 100, None), ("利润", 10, None)]


def test_people_fill_in_the_rows_and_neither_add_remove_nor_rename_any(house: House) -> None:
    letter = letter_of(house)
    made = house.create("li.na", "feedback", letter=letter)
    id_, (first, second) = made["id"], [row["id"] for row in made["items"]]

    def change(*rows: dict[str, Any]) -> Callable[[], Any]:
        return lambda: house.update("li.na", "feedback", id_, items=list(rows))

    both: Rows = [{"id": first}, {"id": second}]
    assert wrong(change(*both, {"target": 5, "actual": 1})) == [("items.2", "row-not-made")]
    assert wrong(change(both[0])) == [("items", "row-made")]
    assert wrong(lambda: house.update("li.na", "feedback", id_, items=[])) == [
        ("items", "row-made")
    ]
    renamed = {"id": second, "target": 9}
    assert wrong(change(both[0], renamed)) == [("items.1.target", "cell-made")]
    assert shown(house, id_) == AS_MADE

    change({"id": first, "actual": 60}, {"id": second, "target": 10, "actual": 6})()
    assert shown(house, id_) == [("收入", 100, 60), ("利润", 10, 6)]
    # by what it is made of, where no id is known
    change({"id": first}, {"target": 10, "actual": 7})()
    assert shown(house, id_) == [("收入", 100, 60), ("利润", 10, 7)]
    assert [row["id"] for row in house.show("li.na", "feedback", id_)["items"]] == [first, second]


def test_a_new_record_has_all_of_its_rows_and_no_other(house: House) -> None:
    letter = letter_of(house)

    sent = [{"item": "利润", "actual": 6}]  # as a page sends it, although it is read-only
    made = house.create("li.na", "feedback", letter=letter, items=sent)

    assert shown(house, made["id"]) == [("利润", 10, 6), ("收入", 100, None)]
    for rows in ([{"item": "安全"}], [{"actual": 6}], [{"target": 10}, {"target": 10}]):
        found = wrong(lambda r=rows: house.create("li.na", "feedback", letter=letter, items=r))
        assert found == [(f"items.{len(rows) - 1}", "row-not-made")]
    with house.read("li.na") as view:
        tried = drafts.compute(view, "feedback", {"letter": letter, "items": sent})
    assert [row["item"] for row in tried.values["items"]] == ["利润", "收入"]


def test_many_at_once_change_no_made_row_either(house: House) -> None:
    letter = letter_of(house)
    ids = [house.create("li.na", "feedback", letter=letter)["id"] for _ in range(2)]

    wanted = [(id_, 1) for id_ in ids]
    done = house.do(
        "li.na", lambda work: bulk.bulk(work, "feedback", "update", wanted, {"items": []})
    )

    refused = [one.refused.fields[0].code for one in done if one.refused is not None]
    assert refused == ["row-made", "row-made"]
    assert [shown(house, id_) for id_ in ids] == [AS_MADE, AS_MADE]


def test_a_sheet_fills_rows_in_and_adds_and_removes_none(house: House, tmp_path: Path) -> None:
    letter = letter_of(house)
    id_ = house.create("li.na", "feedback", name="甲", letter=letter)["id"]
    path = tmp_path / "out.xlsx"
    with house.read("li.na") as view:
        wish = ListWish(sort=("name",))
        found = export(view, "feedback", wish, "zh", values="edit", tables=True)
        write_to_change(str(path), found, "zh")

    def bring(change: Callable[[Any], Any]) -> Imported:
        book = load_workbook(path)
        change(book["逐项"])
        book.save(tmp_path / "in.xlsx")
        sheet, wanted = SheetFile(tmp_path / "in.xlsx", "in.xlsx"), Wanted("update", "id")
        return import_sheet(
            house.commands, house.person("li.na"), "feedback", sheet, "rows", wanted=wanted
        )

    def filled_in(rows: Any) -> None:
        rows.cell(2, columns["完成"]).value = 6

    rows = load_workbook(path)["逐项"]
    columns = {cell.value: cell.column for cell in rows[1]}
    added = [cell.value if cell.column == 1 else None for cell in rows[2]]
    for change, code in (
        (lambda rows: rows.append(added), "row-not-made"),
        (lambda rows: rows.delete_rows(3), "row-made"),
        (lambda rows: setattr(rows.cell(2, columns["目标"]), "value", 7), "cell-made"),
    ):
        found = bring(change)
        assert ([one.code for _, one in found.refused], found.updated) == ([code], 0)
        assert shown(house, id_) == AS_MADE

    assert bring(filled_in).updated == 1
    assert shown(house, id_) == [("收入", 100, 6), ("利润", 10, None)]


def test_rows_that_would_not_be_made_any_more_may_go_where_they_are_made_anew(
    house: House,
) -> None:
    letter = letter_of(house, FEEDBACK.replace("locked: true", "locked: true, refresh: on_change"))
    made = house.create("li.na", "feedback", letter=letter)
    first, second = ({"id": row["id"]} for row in made["items"])
    house.update("li.na", "letter", letter, items=[TARGETS[0], {"item": "安全", "target": 1}])

    house.update("li.na", "feedback", made["id"], items=[first])

    assert [row[0] for row in shown(house, made["id"])] == ["收入", "安全"]
    assert wrong(
        lambda: house.update("li.na", "feedback", made["id"], items=[{"item": "安全"}])
    ) == [("items", "row-made")]
    assert second["id"] not in {
        row["id"] for row in house.show("li.na", "feedback", made["id"])["items"]
    }


def test_a_version_takes_no_made_row_away(house: House) -> None:
    """A row that was made since stays; what was filled in comes back."""
    letter = letter_of(house, FEEDBACK.replace("locked: true", "locked: true, refresh: on_change"))
    made = house.create("li.na", "feedback", letter=letter)
    id_, sent = made["id"], [{"id": row["id"], "actual": 1} for row in made["items"]]
    house.update("li.na", "feedback", id_, items=sent)
    house.do("li.na", lambda work: records.submit_without_flow(work, "feedback", id_))
    house.do("li.na", lambda work: versions.amend(work, "feedback", id_))
    more = [*house.show("li.na", "letter", letter)["items"], {"item": "安全", "target": 1}]
    house.update("li.na", "letter", letter, items=more)
    house.update("li.na", "feedback", id_, items=[{**row, "actual": 2} for row in sent])
    revision = house.show("li.na", "feedback", id_)["revision"]

    house.do(
        "li.na",
        lambda work: snapshots.restore(work, "feedback", id_, 1, expected_revision=revision),
    )

    assert shown(house, id_) == [("收入", 100, 1), ("利润", 10, 1), ("安全", 1, None)]


def test_what_the_system_does_is_not_kept_from_it(house: House) -> None:
    letter = letter_of(house)
    made = house.create("li.na", "feedback", letter=letter)
    one = [{"id": made["items"][0]["id"], "target": 5}]

    def handler(work: Any) -> Any:
        return records.update(
            work.as_system(), "feedback", made["id"], {"items": one}, source="action"
        )

    house.do("li.na", handler)
    assert shown(house, made["id"]) == [("收入", 5, None)]


def test_its_message_says_what_to_do(house: House) -> None:
    letter = letter_of(house)
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "feedback", letter=letter, items=[{"item": "安全"}])
    assert refused.value.fields[0].message("en") == (
        "The form makes the rows of this table: none is added. Name one of its rows by its id, or"
        " by 事项, 目标."
    )
