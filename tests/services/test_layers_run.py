"""Layers as people meet them: an org has its own fields, rules and permissions, others do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from own_postgres import own_postgres
from services_house import FILES, House, open_house

from jingwei.catalogue.compile import compile_catalogue
from jingwei.refusals import Invalid, Malformed, Refused
from jingwei.services import history, records
from jingwei.services.releases.computed import Computed
from jingwei.storage.apply import Publication, apply

LAYERS: Mapping[str, str] = {
    **FILES,
    "definitions/orgs/S2.yaml": (
        "kind: org\ntitle: 园区板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/C.yaml": (
        "kind: org\ntitle: 丙公司\ntype: subsidiary\nparent: S2\nvalid_from: 2020-01-01\n"
    ),
    "definitions/layers/S1/contract.yaml": """
kind: layer
for: S1
patches: form/contract
set:
  fields.signed_on.required: true
  list.columns: {override: [number, name, org, x_s1_port, amount]}
add:
  fields:
    x_s1_port: {type: text, title: 港口, search: true, after: name}
    x_s1_double: {type: money, unit: CNY, title: 两倍, compute: amount * 2}
  rules:
    x_s1_short:
      check: x_s1_port is empty or len(x_s1_port) <= 5
      at: x_s1_port
      message: 港口太长
""",
    "definitions/layers/A/contract.yaml": """
kind: layer
for: A
patches: form/contract
set:
  fields.name.title: {override: 合同名}
  fields.amount.max: 5000
  permissions.planner.hide: [tax_rate]
add:
  fields:
    x_a_fee: {type: money, unit: CNY, title: 港杂费, default: 7}
    x_a_code: {type: text, title: 编号, unique: true}
    x_a_parts:
      type: table
      title: 分项
      fields: {what: {type: text, title: 何物}}
  fields.lines.fields:
    x_a_weight: {type: integer, title: 重量}
""",
}
NEW_FIELDS = """
kind: layer
for: B
patches: form/contract
add:
  fields:
    x_b_net: {type: money, unit: CNY, title: 净额, compute: amount - tax}
    x_b_twice: {type: money, unit: CNY, title: 两倍净额, compute: x_b_net * 2}
    x_b_class: {type: text, title: 等级, required: true, default: 普通}
  fields.lines.fields:
    x_b_half: {type: money, unit: CNY, title: 半价, compute: price / 2}
""".lstrip()
PEOPLE = (
    {"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": "wang.wu", "name": "王五", "org": "B", "posts": "planner@B"},
    {"login": "c.plan", "name": "丙员", "org": "C", "posts": "planner@C"},
    {"login": "chen.jie", "name": "陈洁", "org": "S1", "posts": "finance_manager@S1"},
    {"login": "ops", "name": "运营", "org": "G", "roles": "group_ops@G"},
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[House]:
    root = tmp_path_factory.mktemp("layers")
    with ExitStack() as stack:
        if request.param == "sqlite":
            address = f"sqlite:///{root / 'jingwei.db'}"
        else:
            address = stack.enter_context(own_postgres())
        opened = open_house(root / "application", address, LAYERS, PEOPLE)
        yield opened
        opened.database.close()


def a_contract(house: House, login: str, name: str, **values: Any) -> Mapping[str, Any]:
    whole = {"name": name, "amount": 100, "signed_on": "2026-01-01", **values}
    return house.create(login, "contract", **whole)


def submit(house: House, login: str, id: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = house.do(
        login, lambda work: records.submit_without_flow(work, "contract", id)
    )
    return found


def test_an_org_keeps_its_own_fields_and_those_of_its_sector(house: House) -> None:
    made = a_contract(
        house,
        "li.na",
        "甲一",
        x_s1_port="宁波",
        x_a_code="A-1",
        lines=[{"item": "船", "price": 100, "x_a_weight": 3}],
        x_a_parts=[{"what": "锚"}],
    )

    shown = house.show("li.na", "contract", made["id"])
    assert (shown["x_s1_port"], shown["x_a_code"], shown["x_a_fee"]) == ("宁波", "A-1", 7)
    assert shown["x_s1_double"] == 200
    assert [row["x_a_weight"] for row in shown["lines"]] == [3]
    assert [row["what"] for row in shown["x_a_parts"]] == ["锚"]
    line = {**shown["lines"][0], "x_a_weight": 5}
    house.update("li.na", "contract", made["id"], x_a_fee=8, lines=[line], x_a_parts=[])
    shown = house.show("li.na", "contract", made["id"])
    assert (shown["x_a_fee"], shown["x_a_parts"]) == (8, [])
    assert [row["x_a_weight"] for row in shown["lines"]] == [5]
    house.update("li.na", "contract", made["id"], lines=[], x_a_fee=None)
    assert house.show("li.na", "contract", made["id"])["x_a_fee"] is None


def test_other_orgs_have_no_such_field(house: House) -> None:
    with pytest.raises(Refused) as raised:
        a_contract(house, "c.plan", "丙一", x_s1_port="宁波")
    assert [one.path for one in raised.value.fields] == ["x_s1_port"]
    with pytest.raises(Refused):
        a_contract(house, "wang.wu", "乙一", x_a_fee=1)

    made = a_contract(house, "c.plan", "丙二")
    assert not [name for name in house.show("c.plan", "contract", made["id"]) if name[:2] == "x_"]


def test_a_tightened_check_holds_for_its_org_alone(house: House) -> None:
    with pytest.raises(Invalid) as raised:
        a_contract(house, "li.na", "甲贵", amount=6000)
    assert [one.path for one in raised.value.fields] == ["amount"]
    longer = a_contract(house, "wang.wu", "乙长", x_s1_port="一二三四五六")
    with pytest.raises(Invalid) as raised:
        submit(house, "wang.wu", longer["id"])
    assert [one.path for one in raised.value.fields] == ["x_s1_port"]
    unsigned = a_contract(house, "wang.wu", "乙未签", amount=6000, signed_on=None)
    with pytest.raises(Invalid) as raised:
        submit(house, "wang.wu", unsigned["id"])
    assert [one.path for one in raised.value.fields] == ["signed_on"]

    theirs = a_contract(house, "c.plan", "丙未签", signed_on=None)
    assert submit(house, "c.plan", theirs["id"])["status"] == "submitted"


def test_a_value_is_unique_among_those_who_have_the_field(house: House) -> None:
    a_contract(house, "li.na", "甲二", x_a_code="A-2")

    with pytest.raises(Invalid) as raised:
        a_contract(house, "li.na", "甲三", x_a_code="A-2")

    assert [(one.path, one.code) for one in raised.value.fields] == [("x_a_code", "taken")]


def test_of_several_who_write_a_unique_value_at_once_one_gets_it(house: House) -> None:
    def attempt(number: int) -> bool:
        try:
            a_contract(house, "li.na", f"同时 {number}", x_a_code="A-9")
        except Invalid as refused:
            assert [(one.path, one.code) for one in refused.fields] == [("x_a_code", "taken")]
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_a_hidden_field_of_one_org_is_hidden_in_every_shape_of_its_rows(house: House) -> None:
    mine = a_contract(house, "li.na", "甲密")
    theirs = a_contract(house, "wang.wu", "乙密")

    assert "tax_rate" not in house.show("li.na", "contract", mine["id"])
    assert "tax_rate" in house.show("wang.wu", "contract", theirs["id"])
    assert "tax_rate" not in house.list("li.na", "contract").items[0]
    with pytest.raises(Malformed):
        house.list("li.na", "contract", filter="tax_rate > 0")
    assert "tax_rate" in house.list("wang.wu", "contract").items[0]


def test_a_list_below_one_sector_shows_and_filters_what_the_sector_adds(house: House) -> None:
    a_contract(house, "li.na", "甲港", x_s1_port="大连")
    a_contract(house, "wang.wu", "乙港", x_s1_port="青岛")

    found = house.list("chen.jie", "contract", filter='x_s1_port == "大连"', sort=("-x_s1_port",))
    assert [(one["name"], one["x_s1_port"]) for one in found.items] == [("甲港", "大连")]
    assert "x_a_fee" not in found.items[0]
    assert [one["name"] for one in house.list("chen.jie", "contract", q="青岛").items] == ["乙港"]
    own = house.list("li.na", "contract", filter="x_a_fee == 7 and x_s1_double == 200")
    assert "甲港" in [one["name"] for one in own.items]


def test_a_list_across_sectors_shows_the_columns_of_the_group(house: House) -> None:
    a_contract(house, "li.na", "甲众", x_s1_port="上海")
    a_contract(house, "c.plan", "丙众")

    found = house.list("ops", "contract", filter='name in ["甲众", "丙众"]')
    assert {one["name"] for one in found.items} == {"甲众", "丙众"}
    assert not [name for name in found.items[0] if name.startswith("x_")]
    with pytest.raises(Malformed):
        house.list("ops", "contract", filter='x_s1_port == "上海"')


def test_many_rows_of_several_orgs_are_each_judged_by_their_own(house: House) -> None:
    rows = [
        {"org": "A", "name": "批甲", "amount": 6000, "signed_on": "2026-01-01"},
        {"org": "B", "name": "批乙", "amount": 6000, "signed_on": "2026-01-01"},
        {"org": "C", "name": "批丙", "amount": 6000},
    ]
    refused: list[tuple[int, list[str]]] = []

    def write(work: Any) -> list[int]:
        def refuse(index: int, found: Refused) -> None:
            refused.append((index, [one.path for one in found.fields]))

        return records.create_many(work.as_system(), "contract", rows, refuse=refuse)

    assert len(house.do("ops", write)) == 2
    assert refused == [(0, ["amount"])]


def test_a_record_that_moves_to_another_org_keeps_what_the_first_had(house: House) -> None:
    made = a_contract(house, "li.na", "甲移", x_s1_port="宁波", x_a_fee=9)

    def move(org: str) -> None:
        def handler(work: Any) -> Any:
            return records.update(
                work.as_system(), "contract", made["id"], {"org": org}, source="system"
            )

        house.do("ops", handler)

    move("C")
    assert not [name for name in house.show("ops", "contract", made["id"]) if name[:2] == "x_"]
    move("A")
    back = house.show("ops", "contract", made["id"])
    assert (back["x_s1_port"], back["x_a_fee"]) == ("宁波", 9)


def test_history_tells_of_added_fields_to_those_who_have_them(house: House) -> None:
    made = a_contract(house, "li.na", "甲史", x_a_fee=1)
    house.update("li.na", "contract", made["id"], x_a_fee=2)

    with house.read("li.na") as reading:
        newest = history.history(reading, "contract", made["id"])[0]

    assert newest["changes"]["x_a_fee"] == [1, 2]


def test_a_layer_that_goes_leaves_its_values_where_they_are(house: House) -> None:
    made = a_contract(house, "li.na", "甲留", x_a_fee=3, x_s1_port="厦门")
    path = "definitions/layers/A/contract.yaml"
    house.publish({path: "kind: layer\nfor: A\npatches: form/contract\n"})
    assert "x_a_fee" not in house.show("li.na", "contract", made["id"])
    assert house.show("li.na", "contract", made["id"])["x_s1_port"] == "厦门"

    house.publish({path: LAYERS[path]})
    assert house.create("li.na", "contract", name="甲再", amount=1, signed_on="2026-01-01")["id"]
    with house.database.reading() as connection:
        kept = connection.exec_driver_sql(
            f"SELECT x_a_fee FROM f_contract__a WHERE id = {made['id']}"
        ).scalar()
    assert kept is not None


def test_what_a_layer_adds_is_filled_in_for_the_records_of_its_orgs(house: House) -> None:
    lines = [{"item": "船", "price": 100}]
    theirs = a_contract(house, "wang.wu", "乙旧", amount=300, lines=lines)
    ours = a_contract(house, "li.na", "甲旧")
    path = house.root / "definitions/layers/B/contract.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(NEW_FIELDS, encoding="utf-8")
    catalogue = compile_catalogue(house.root)
    now, today = house.clock.now(), house.clock.today()
    computer = Computed(house.database, catalogue, "Asia/Shanghai")

    release = apply(house.database, catalogue, Publication("test", now, today, computer=computer))
    house.commands.active.follow(release.id)

    shown = house.show("wang.wu", "contract", theirs["id"])
    assert (shown["x_b_net"], shown["x_b_twice"], shown["x_b_class"]) == (261, 522, "普通")
    assert [row["x_b_half"] for row in shown["lines"]] == [50]
    assert house.list("wang.wu", "contract", filter="x_b_twice == 522").total == 1
    assert "x_b_net" not in house.show("li.na", "contract", ours["id"])
    path.write_text("kind: layer\nfor: B\npatches: form/contract\n", encoding="utf-8")
    house.publish({})
