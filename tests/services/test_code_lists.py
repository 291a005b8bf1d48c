"""Code lists whose codes are records of a form: what may be chosen, by whom, and what stays."""

from __future__ import annotations

from typing import Any

import pytest
from services_house import House

from jingwei.refusals import Invalid
from jingwei.screens.cells import Cells
from jingwei.services import code_lists
from jingwei.services.code_lists import items
from jingwei.services.titles import Titles

FILES = {
    "forms/supplier.yaml": """
kind: form
title: 供应商
fields:
  short: {type: text, title: 简称, required: true}
  name: {type: text, title: 名称}
  stopped: {type: boolean, title: 停用}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: all}
  ops: {role: group_ops, can: [read], scope: all, hide: [name]}
""",
    "definitions/code_lists/suppliers.yaml": """
kind: code_list
title: 供应商
source: {form: supplier, code: short, title: name, where: not stopped}
""",
    "forms/bill.yaml": """
kind: form
title: 账单
fields:
  supplier: {type: choice, choices: suppliers, title: 供应商}
  others: {type: choice, choices: suppliers, many: true, title: 其他供应商}
  note: {type: text, title: 备注}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  manager: {post: general_manager, can: [read, create, update], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
""",
}


@pytest.fixture
def bills(house: House) -> House:
    house.publish(FILES)
    house.create("li.na", "supplier", short="GT-01", name="钢铁公司", stopped=False)
    house.create("li.na", "supplier", short="水泥", name="水泥公司", stopped=False)
    house.create("li.na", "supplier", short="old", name="老公司", stopped=True)
    return house


def offered(house: House, login: str) -> dict[str, str]:
    with house.read(login) as view:
        return {code: one.title("zh") for code, one in items(view, "suppliers").items()}


def refused(house: House, login: str, **values: Any) -> str:
    with pytest.raises(Invalid) as found:
        house.create(login, "bill", **values)
    (one,) = found.value.fields
    return f"{one.path}: {one.message('en')}"


def test_what_may_be_chosen_are_the_records_that_the_list_is_about(bills: House) -> None:
    assert offered(bills, "li.na") == {"GT-01": "钢铁公司", "水泥": "水泥公司"}

    made = bills.create("li.na", "bill", supplier="GT-01", others=["水泥"])

    with bills.read("li.na") as view:
        titles = Titles(view, view.catalogue.forms["bill"], "zh").of([made])
    assert titles[0]["supplier"] == "钢铁公司"
    assert titles[0]["others"] == ["水泥公司"]


def test_a_code_that_no_record_has_is_refused(bills: House) -> None:
    said = refused(bills, "li.na", supplier="nobody")
    assert said.startswith("supplier: ") and "GT-01, 水泥" in said
    assert refused(bills, "li.na", others=["GT-01", "old"]).startswith("others: ")


def test_who_may_not_read_the_records_has_nothing_to_choose_from(bills: House) -> None:
    assert offered(bills, "boss.a") == {}
    assert "GT-01" not in refused(bills, "boss.a", supplier="old")


def test_a_title_that_is_hidden_from_the_reader_is_the_code(bills: House) -> None:
    assert offered(bills, "ops") == {"GT-01": "GT-01", "水泥": "水泥"}


def test_what_a_record_has_stays_when_its_source_is_gone(bills: House) -> None:
    made = bills.create("li.na", "bill", supplier="GT-01")
    supplier = bills.list("li.na", "supplier", filter='short == "GT-01"').items[0]
    bills.update("li.na", "supplier", supplier["id"], stopped=True)

    after = bills.update("li.na", "bill", made["id"], supplier="GT-01", note="改")
    assert after["note"] == "改"
    assert bills.update("boss.a", "bill", made["id"], supplier="GT-01", note="再改")
    with pytest.raises(Invalid):
        bills.update("li.na", "bill", made["id"], others=["GT-01"])


def test_a_record_made_in_the_same_transaction_may_be_chosen(bills: House) -> None:
    from jingwei.services import records

    def handler(work: Any) -> Any:
        assert set(items(work, "suppliers")) == {"GT-01", "水泥"}
        records.create(work, "supplier", {"short": "new", "name": "新公司"})
        return records.create(work, "bill", {"supplier": "new"}).record

    assert bills.do("li.na", handler)["supplier"] == "new"


def test_a_record_that_was_made_and_undone_is_no_choice(bills: House) -> None:
    from jingwei.refusals import Conflict
    from jingwei.services import records
    from jingwei.services.bulk import attempt

    def undone(work: Any) -> None:
        records.create(work, "supplier", {"short": "ghost", "name": "幽灵公司"})
        records.create(work, "bill", {"supplier": "ghost"})
        raise Conflict("busy")

    def handler(work: Any) -> Any:
        with pytest.raises(Conflict):
            attempt(work, lambda: undone(work))
        return records.create(work, "bill", {"supplier": "ghost"}).record

    with pytest.raises(Invalid) as found:
        bills.do("li.na", handler)
    assert [(one.path, one.code) for one in found.value.fields] == [("supplier", "not-a-choice")]


def test_a_code_beyond_those_that_are_offered_is_taken_and_called_by_its_title(
    bills: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_lists, "MOST_CHOICES", 2)
    bills.create("li.na", "supplier", short="轮胎'\"", name="轮胎公司", stopped=False)
    bills.create("li.na", "supplier", short="轴承", name="停业公司", stopped=True)
    assert list(offered(bills, "li.na")) == ["GT-01", "水泥"]

    made = bills.create("li.na", "bill", supplier="轮胎'\"", others=["水泥", "轮胎'\""])

    with bills.read("li.na") as view:
        form = view.catalogue.forms["bill"]
        (titles,) = Titles(view, form, "zh").of([made])
        held = Cells(view, "zh").offered(form.fields["supplier"], ["轮胎'\""])
    assert [one.code for one in held] == ["GT-01", "水泥", "轮胎'\""]
    assert titles == {"supplier": "轮胎公司", "others": ["水泥公司", "轮胎公司"]} | titles
    for wrong in ("轴承", "轮胎", "\0", "\ud800", "轮胎' or 1 == 1"):
        assert refused(bills, "li.na", supplier=wrong).startswith("supplier: ")
    assert refused(bills, "boss.a", supplier="轮胎'\"")
