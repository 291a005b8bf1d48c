"""Keys of fields and forms: what a link brings along, what stands although it is computed, what is
read-only as things are, forms of one record, forms that are trees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from services_house import House

from jingwei.refusals import Invalid, Malformed, Refused
from jingwei.services import drafts, history
from jingwei.services.commands import Work
from jingwei.services.records import create, set_system, update

GRANT = """permissions:
  all: {post: planner, can: [read, create, update, delete], scope: org}
"""
FORMS = {
    "forms/series.yaml": f"""
kind: form
title: 系列
fields:
  name: {{type: text, title: 名称}}
  chair: {{type: person, title: 主持}}
  contract: {{type: link, to: contract, title: 合同}}
  place: {{type: text, title: 地点}}
  points:
    type: table
    title: 事项
    fields: {{point: {{type: text, title: 事项}}, hours: {{type: integer, title: 小时}}}}
{GRANT}""",
    "forms/meeting.yaml": f"""
kind: form
title: 会议
fields:
  series:
    type: link
    to: series
    title: 系列
    fill:
      chair: chair
      place: {{from: place, mode: if_empty}}
      price: {{from: contract.amount, mode: follow}}
      points: points
      called: display
  called: {{type: text, title: 名为}}
  chair: {{type: person, title: 主持}}
  place: {{type: text, title: 地点}}
  price: {{type: money, unit: CNY, title: 价格}}
  points:
    type: table
    title: 事项
    fields: {{point: {{type: text, title: 事项}}, done: {{type: boolean, title: 完成}}}}
{GRANT}""",
    "forms/quote.yaml": f"""
kind: form
title: 报价
states:
  open: {{title: 报价中, initial: true}}
  firm: {{title: 定价}}
fields:
  pieces: {{type: integer, title: 件数}}
  each: {{type: money, unit: CNY, title: 单价}}
  sum: {{type: money, unit: CNY, title: 合计, compute: pieces * each, mode: override_with_reason}}
  first: {{type: money, unit: CNY, title: 首次, compute: pieces * each, freeze: create}}
  firm: {{type: money, unit: CNY, title: 定价, compute: pieces * each, freeze: firm}}
  note: {{type: text, title: 说明, readonly_if: pieces > 10}}
{GRANT}""",
    "forms/branch.yaml": f"""
kind: form
title: 分类
tree: above
fields:
  name: {{type: text, title: 名称}}
  above: {{type: link, to: branch, title: 上级}}
{GRANT}""",
    "forms/profile_card.yaml": f"""
kind: form
title: 名片
single: org
fields: {{slogan: {{type: text, title: 口号}}}}
{GRANT}""",
    "forms/house_rules.yaml": f"""
kind: form
title: 通则
single: all
fields: {{words: {{type: text, title: 内容}}}}
{GRANT}""",
}


@pytest.fixture
def keyed(house: House) -> House:
    house.publish(FORMS)
    return house


def refused(house: House, login: str, handler: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as found:
        house.do(login, handler)
    return [(f.path, f.code) for f in found.value.fields]


# --- fill ----------------------------------------------------------------------------------------


def test_a_link_brings_along_what_it_is_told_to(keyed: House) -> None:
    contract = keyed.create("li.na", "contract", name="桥", amount=700)
    series = keyed.create(
        "li.na",
        "series",
        name="月度会",
        chair="boss.a",
        place="三楼",
        contract=contract["id"],
        points=[{"point": "通报", "hours": 1}, {"point": "讨论"}],
    )
    made = keyed.create("li.na", "meeting", series=series["id"])
    assert (made["chair"], made["place"], made["price"]) == ("boss.a", "三楼", 700)
    assert made["called"] == "月度会"
    assert [(row["point"], row["done"]) for row in made["points"]] == [
        ("通报", None),
        ("讨论", None),
    ]
    assert made["points"][0]["id"] not in {row["id"] for row in series["points"]}

    own = keyed.create("li.na", "meeting", series=series["id"], chair="li.na", place="二楼")
    assert (own["chair"], own["place"], own["price"]) == ("li.na", "二楼", 700)

    keyed.update("li.na", "series", series["id"], chair="wang.wu")
    keyed.update("li.na", "contract", contract["id"], amount=800)
    again = keyed.update("li.na", "meeting", made["id"], place="四楼")
    assert (again["chair"], again["place"], again["price"]) == ("boss.a", "四楼", 800)
    off = keyed.update("li.na", "meeting", made["id"], series=None)
    assert (off["chair"], off["price"]) == ("boss.a", None)


def test_what_a_link_brings_is_seen_before_the_save(keyed: House) -> None:
    series = keyed.create("li.na", "series", chair="boss.a", place="三楼")
    with keyed.read("li.na") as view:
        draft = drafts.compute(view, "meeting", {"series": series["id"]})
    assert (draft.values["chair"], draft.values["place"]) == ("boss.a", "三楼")


def test_a_link_out_of_reach_brings_nothing(keyed: House) -> None:
    series = keyed.create("li.na", "series", chair="boss.a")
    wrong = refused(keyed, "wang.wu", lambda w: create(w, "meeting", {"series": series["id"]}))
    assert wrong == [("series", "unknown-record")]


# --- overridden, frozen, read-only ---------------------------------------------------------------


def test_a_computed_value_is_overridden_with_a_reason_only(keyed: House) -> None:
    made = keyed.create("li.na", "quote", pieces=2, each=10)
    assert made["sum"] == 20

    def change(revision: int, **values: Any) -> Any:
        return lambda w: update(w, "quote", made["id"], values, expected_revision=revision).record

    assert refused(keyed, "li.na", change(1, sum=19)) == [("sum", "reason-needed")]
    assert refused(keyed, "li.na", change(1, sum=19, _reasons={"sum": " "})) == [
        ("sum", "reason-needed")
    ]
    with pytest.raises(Malformed) as caught:
        keyed.do("li.na", change(1, pieces=3, _reasons={"pieces": "x", "sum": "y", "nosuch": "z"}))
    asked = [(one.path, one.code) for one in caught.value.fields]
    assert asked == [(f"_reasons.{name}", "reason-not-asked") for name in ("pieces", "nosuch")]
    assert keyed.do("li.na", change(1, sum=19, _reasons={"sum": "老客户"}))["sum"] == 19
    assert keyed.do("li.na", change(2, each=100))["sum"] == 19, "it stays overridden"
    assert keyed.do("li.na", change(3, sum=200))["sum"] == 200, "the computed value again"
    assert keyed.do("li.na", change(4, each=7))["sum"] == 14, "and it follows again"
    with keyed.read("li.na") as view:
        told = history.history(view, "quote", made["id"])
    assert [entry["reasons"] for entry in told if entry["reasons"]] == [{"sum": "老客户"}]


def test_a_frozen_value_stays_from_its_moment_on(keyed: House) -> None:
    made = keyed.create("li.na", "quote", pieces=2, each=10)
    later = keyed.update("li.na", "quote", made["id"], each=20)
    assert (later["first"], later["firm"]) == (20, 40)

    keyed.do("li.na", lambda w: set_system(w.as_system(), "quote", made["id"], state="firm"))
    last = keyed.update("li.na", "quote", made["id"], each=30)
    assert (last["first"], last["firm"], last["sum"]) == (20, 40, 60)


def test_a_field_is_read_only_as_the_record_stands(keyed: House) -> None:
    """As it is, and as it would be: it is filled in before it is locked, not with that."""
    quote = {"pieces": 11, "note": "a"}
    assert refused(keyed, "li.na", lambda w: create(w, "quote", quote)) == [
        ("note", "readonly-now")
    ]
    assert keyed.create("li.na", "quote", pieces=11, note="")["note"] is None
    made = keyed.create("li.na", "quote", pieces=2, note="a")

    def change(revision: int, **values: Any) -> Any:
        return lambda w: update(w, "quote", made["id"], values, expected_revision=revision)

    assert refused(keyed, "li.na", change(1, pieces=11, note="b")) == [("note", "readonly-now")]
    keyed.do("li.na", change(1, pieces=11, note="a"))
    assert refused(keyed, "li.na", change(2, note="c")) == [("note", "readonly-now")]
    assert refused(keyed, "li.na", change(2, pieces=1, note="c")) == [("note", "readonly-now")]
    keyed.do("li.na", change(2, note="a", each=1))


# --- trees and single records --------------------------------------------------------------------


def test_a_tree_has_no_circle(keyed: House) -> None:
    top = keyed.create("li.na", "branch", name="a")
    middle = keyed.create("li.na", "branch", name="b", above=top["id"])
    leaf = keyed.create("li.na", "branch", name="c", above=middle["id"])

    def move(id: int, above: int) -> Any:
        return lambda w: update(w, "branch", id, {"above": above}, expected_revision=1)

    assert refused(keyed, "li.na", move(top["id"], leaf["id"])) == [("above", "tree-circle")]
    assert refused(keyed, "li.na", move(top["id"], top["id"])) == [("above", "tree-circle")]
    keyed.do("li.na", move(leaf["id"], top["id"]))


def test_a_single_form_has_one_record_an_org_or_in_all(keyed: House) -> None:
    keyed.create("li.na", "profile_card", slogan="一")
    keyed.create("wang.wu", "profile_card", slogan="二")
    keyed.create("li.na", "house_rules", words="一")

    def make(form: str) -> Any:
        return lambda w: create(w, form, {})

    assert refused(keyed, "li.na", make("profile_card")) == [("org", "single-there")]
    assert refused(keyed, "wang.wu", make("house_rules")) == [("org", "single-there-in-all")]


def test_of_two_single_records_at_once_one_is_made(keyed: House) -> None:
    begin = Barrier(4)
    person = keyed.person("li.na")

    def make(_: int) -> str:
        def handler(work: Work) -> str:
            create(work, "profile_card", {})
            return "made"

        begin.wait()
        try:
            return str(keyed.commands.run(handler, person))
        except Refused as refused_:
            return refused_.fields[0].code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, range(4))) == ["made"] + ["single-there"] * 3


# --- roles ---------------------------------------------------------------------------------------


def test_who_holds_a_role_has_the_rights_of_those_it_includes(house: House) -> None:
    house.publish(
        {
            "definitions/roles/auditors.yaml": "kind: role\ntitle: 审计\n",
            "definitions/roles/group_ops.yaml": """\
kind: role
title: 集团运营
includes: [auditors]
""",
            "forms/finding.yaml": (
                "kind: form\ntitle: 发现\nfields: {what: {type: text, title: 内容}}\n"
                "permissions: {audit: {role: auditors, can: [read, create], scope: all}}\n"
            ),
        }
    )
    made = house.create("ops", "finding", what="甲")

    assert [one["id"] for one in house.list("ops", "finding").items] == [made["id"]]
    with pytest.raises(Refused):
        house.create("li.na", "finding", what="乙")


# --- large forms ---------------------------------------------------------------------------------


def test_a_form_of_150_fields_and_12_tables_is_kept_whole(house: House) -> None:
    fields = "".join(f"  f{n}: {{type: text, title: 字段}}\n" for n in range(150))
    tables = "".join(
        f"  t{n}: {{type: table, title: 表, fields: {{a: {{type: integer, title: 数}}}}}}\n"
        for n in range(12)
    )
    sums = " + ".join(f"sum(t{n}.a)" for n in range(12))
    total = f"  total: {{type: number, title: 合计, compute: {sums}}}\n"
    house.publish(
        {"forms/large.yaml": f"kind: form\ntitle: 大表\nfields:\n{fields}{tables}{total}{GRANT}"}
    )
    given: dict[str, Any] = {f"f{n}": f"值 {n}" for n in range(150)}
    given |= {f"t{n}": [{"a": n}, {"a": 1}] for n in range(12)}

    made = house.create("li.na", "large", **given)
    changed = house.update("li.na", "large", made["id"], f149="新")

    assert {name: changed[name] for name in given if name[0] == "f"} == {
        **{name: value for name, value in given.items() if name[0] == "f"},
        "f149": "新",
    }
    assert [[row["a"] for row in changed[f"t{n}"]] for n in range(12)] == [
        [n, 1] for n in range(12)
    ]
    assert changed["total"] == 66 + 12


# --- a default that is computed ------------------------------------------------------------------

OFFER = f"""
kind: form
title: 要约
fields:
  pieces: {{type: integer, title: 件数}}
  double: {{type: integer, title: 两倍, compute: pieces * 2, mode: default}}
  lines:
    type: table
    title: 行
    fields:
      n: {{type: integer, title: 数}}
      double: {{type: integer, title: 两倍, compute: n * 2, mode: default}}
{GRANT}"""


def test_a_computed_default_goes_on_being_computed_until_somebody_types_another(
    house: House,
) -> None:
    house.publish({"forms/offer.yaml": OFFER})
    made = house.create("li.na", "offer", pieces=5, lines=[{"n": 1}, {"n": 2, "double": 9}])
    first, second = made["lines"]
    assert (made["double"], first["double"], second["double"]) == (10, 2, 9)

    lines = [{"id": first["id"], "n": 3}, {"id": second["id"], "n": 3}]
    changed = house.update("li.na", "offer", made["id"], pieces=6, lines=lines)
    assert changed["double"] == 12
    assert [row["double"] for row in changed["lines"]] == [6, 9]

    house.update("li.na", "offer", made["id"], double=7)
    assert house.update("li.na", "offer", made["id"], pieces=8)["double"] == 7
    assert house.update("li.na", "offer", made["id"], double=None)["double"] == 16
