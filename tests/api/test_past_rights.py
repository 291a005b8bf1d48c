"""What reaches past the reader's rights by a side door: the form page, expressions, odd values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_house import CONTRACT, MORE_FILES, PASSWORD, ApiHouse, code, fields, open_api

from jingwei.services import records
from jingwei.services.people import SYSTEM
from jingwei.services.presenting import MASK
from jingwei.storage.people import find_person, update_person
from jingwei.storage.versions import VersionRow, insert_version

CLAIM = """
kind: form
title: 索赔
fields:
  about: {type: link, to: contract, title: 合同, fill: {agreed: amount}}
  agreed: {type: money, unit: CNY, title: 合同金额}
  twice: {type: money, unit: CNY, title: 两倍, compute: about.amount * 2}
  contracts: {type: integer, title: 合同数, compute: "count(contract where org == this.org)"}
  lines:
    type: table
    title: 明细
    fields:
      of: {type: link, to: contract, title: 合同}
      worth: {type: money, unit: CNY, title: 金额, compute: of.amount}
  account: {type: text, title: 账号, sensitive: true}
  since: {type: date, title: 起}
  lag: {type: integer, title: 天数}
  until: {type: date, title: 止, compute: "add_days(since, lag)"}
  wait: {type: integer, title: 等待}
  why: {type: text, title: 缘由, required_if: "add_days(since, wait) > since"}
  cheaper: {type: link, to: contract, title: 参照, filter: amount < this.about.amount}
  log:
    type: table
    title: 经过
    append_only: true
    fields:
      said: {type: text, title: 内容}
  items:
    type: table
    title: 事项
    fields:
      done: {type: boolean, title: 完成}
      text: {type: text, title: 说明, readonly_if: done}
      code: {type: text, title: 编码, set_once: true}
      cost: {type: money, unit: CNY, title: 成本}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org, hide: [items.cost]}
  finance: {post: finance_manager, can: [read, create, export], scope: org_and_below}
  ops: {role: group_ops, can: [read, export], scope: all}
"""
PAYMENT = """
kind: form
title: 付款
fields:
  of: {type: link, to: claim, title: 索赔}
permissions:
  ops: {role: group_ops, can: [read, create, export], scope: all}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("rights")
    files = {
        **MORE_FILES,
        "forms/contract.yaml": CONTRACT,
        "forms/claim.yaml": CLAIM,
        "forms/payment.yaml": PAYMENT,
    }
    opened = open_api(folder, f"sqlite:///{folder / 'api.db'}", files)
    opened.make("li.na", "contract", name="甲桥", amount=5)
    opened.make("wang.wu", "contract", name="乙桥", amount=700)
    yield opened
    opened.close()


def contract_of(house: ApiHouse, login: str) -> int:
    found: int = house.get(login, "forms/contract/records").get_json()["items"][0]["id"]
    return found


def computed(house: ApiHouse, login: str, **values: Any) -> tuple[dict[str, Any], list[Any]]:
    body = house.post(login, "forms/claim/compute", values).get_json()
    return body["values"], [(p["path"], p["code"]) for p in body["problems"]]


# --- the form page -------------------------------------------------------------------------------


def test_a_form_that_is_typed_fills_in_nothing_from_a_record_out_of_reach(house: ApiHouse) -> None:
    mine, other = contract_of(house, "li.na"), contract_of(house, "wang.wu")

    values, problems = computed(house, "li.na", about=mine, lines=[{"of": mine}])
    assert (values["agreed"], values["twice"], values["lines"][0]["worth"]) == (5, 10, 5)
    assert problems == []

    values, problems = computed(house, "li.na", about=other, lines=[{"of": mine}, {"of": other}])
    assert (values["agreed"], values["twice"]) == (None, None)
    assert [row["worth"] for row in values["lines"]] == [5, None]
    assert problems == [("about", "unknown-record"), ("lines.1.of", "unknown-record")]


def test_a_form_that_is_typed_works_out_nothing_for_an_org_out_of_reach(house: ApiHouse) -> None:
    values, problems = computed(house, "li.na", org="G")
    assert (values["org"], values["contracts"], problems) == ("G", 1, [("org", "org-out-of-reach")])

    values, problems = computed(house, "chen.jie", org="B")
    assert (values["org"], values["contracts"], problems) == ("B", 1, [])


def test_what_was_deleted_is_shown_to_those_only_who_may_delete_it(house: ApiHouse) -> None:
    made = house.make("li.na", "contract", name="废", amount=9)
    path = f"forms/contract/records/{made['id']}"
    assert house.delete("li.na", path, match=1).status_code == 204
    bin_ = "forms/contract/records?deleted=1"

    totals = {who: house.get(who, bin_).get_json()["total"] for who in ("li.na", "wang.wu", "ops")}
    assert totals == {"li.na": 1, "wang.wu": 0, "ops": 0}
    assert house.get("chen.jie", bin_).get_json()["items"] == []
    sheet = "forms/claim/export.csv?deleted=1"
    gone = house.make("li.na", "claim", agreed=77)
    house.platform.commands.run(
        lambda w: records.delete(w, "claim", gone["id"], expected_revision=1, source="system"),
        SYSTEM,
    )
    assert "77" not in house.get("ops", sheet).get_data(as_text=True)
    assert house.get("li.na", f"{path}?deleted=1").get_json()["name"] == "废"
    assert code(house.get("chen.jie", f"{path}?deleted=1")) == (404, "no-such-record")


def test_what_is_closed_in_a_form_is_closed_through_every_link_to_it(house: ApiHouse) -> None:
    bridge = house.make("li.na", "contract", name="丙桥", amount=5, secret="LOW", main=None)
    house.make("li.na", "claim", about=bridge["id"])
    claims = "forms/claim/records?fields=about.secret"

    assert [i["about.secret"] for i in house.get("li.na", claims).get_json()["items"]][0] == "LOW"
    shown = house.get("ops", claims).get_json()["items"]  # to whom it is masked
    assert MASK in {item["about.secret"] for item in shown}
    for values in ("titles", "codes"):
        sheet = house.get("ops", f"forms/claim/export.csv?fields=about.secret&values={values}")
        assert sheet.status_code == 200 and "LOW" not in sheet.get_data(as_text=True)
    assert code(house.get("ops", f"{claims}&sort=about.secret")) == (400, "sort")
    # from whom it is hidden, though his rights on claims are the same
    assert code(house.get("chen.jie", claims)) == (400, "unknown-fields")


def test_a_picker_leaves_out_nothing_because_of_a_record_out_of_reach(house: ApiHouse) -> None:
    signed = house.sessions.sign_in("li.na", PASSWORD)
    browser = house.app.test_client()
    browser.set_cookie("jingwei_session", signed.secret)

    def offered(about: int) -> bool:
        answer = browser.post(
            "/f/claim/options/cheaper",
            json={"q": "甲桥", "values": {"about": str(about)}},
            headers={"X-CSRF-Token": signed.csrf},
        )
        return bool(answer.get_json())

    assert offered(house.make("li.na", "contract", name="丁桥", amount=50)["id"])
    assert not offered(contract_of(house, "wang.wu"))  # 700, which he may not know


def test_a_sheet_with_what_is_sensitive_behind_a_link_is_in_the_log(house: ApiHouse) -> None:
    claim = house.make("chen.jie", "claim", org="A", account="6222")
    house.make("ops", "payment", of=claim["id"])

    sheet = house.get("ops", "forms/payment/export.csv?fields=of.account")
    assert "6222" in sheet.get_data(as_text=True)
    entry = house.get("auditor", "audit?kind=export").get_json()["items"][0]
    assert (entry["form"], entry["changes"]["fields"]) == ("payment", ["of.account"])


def test_what_is_sensitive_is_not_kept_with_the_answers_to_repeated_requests(
    house: ApiHouse,
) -> None:
    said = {"account": "6222-0000", "agreed": 3}
    path = "forms/claim/records"
    first, again = (house.post("li.na", path, said, key="once") for _ in range(2))

    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["ETag"] == first.headers["ETag"]
    with house.platform.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT answer FROM sys_idempotency WHERE key = 'once'")
        assert "6222" not in str(kept.scalar_one())


def test_an_earlier_version_is_restored_by_who_does_not_see_all_of_it(house: ApiHouse) -> None:
    items = [{"text": "a", "cost": 5}]
    made = house.make("chen.jie", "claim", org="A", agreed=1, items=items)
    with house.platform.database.writing() as connection:
        current, now = house.platform.active.current, house.platform.clock.now()
        key = current.book.key("form", "claim")
        row = VersionRow(made["id"], 1, key, "初稿", made, 1, current.release.id, now, None)
        insert_version(connection, row)
    path = f"forms/claim/records/{made['id']}"
    changed = {"agreed": 2, "items": [{"id": made["items"][0]["id"], "text": "b"}]}
    assert house.patch("li.na", path, changed, match=1).status_code == 200

    back = house.post("li.na", f"{path}/versions/1/restore", match=2)
    assert back.status_code == 200, back.get_data(as_text=True)
    assert "cost" not in back.get_data(as_text=True)
    found = house.get("chen.jie", path).get_json()
    assert [found["agreed"], *((r["text"], r["cost"]) for r in found["items"])] == [1, ("a", 5)]


# --- rows that stand fast ------------------------------------------------------------------------


def test_a_row_that_stands_fast_is_not_changed_by_way_of_its_table(house: ApiHouse) -> None:
    items = [{"text": "a"}, {"text": "b", "code": "B1"}]
    made = house.make("li.na", "claim", log=[{"said": "first"}], items=items)
    path = f"forms/claim/records/{made['id']}"
    (said,), (done, coded) = made["log"], made["items"]
    done = {**done, "done": True}

    def change(**values: Any) -> Any:
        revision = house.get("li.na", path).get_json()["revision"]
        return house.patch("li.na", path, values, match=revision)

    assert change(items=[done, coded]).status_code == 200
    rewritten = change(log=[{**said, "said": "never"}])
    assert fields(rewritten) == [("log.0.said", "append-only-row")]
    assert fields(change(items=[{**done, "text": "x"}, {**coded, "code": "B2"}])) == [
        ("items.0.text", "readonly-now"),
        ("items.1.code", "set-once"),
    ]
    added = change(log=[said, {"said": "second"}], items=[done, {**coded, "text": "c"}])
    log = added.get_json()["log"]
    assert [row["said"] for row in log] == ["first", "second"]
    assert fields(change(log=log[::-1])) == [("log", "append-only-order")]
    assert fields(change(log=[{"said": "before"}, *log])) == [("log", "append-only-order")]
    assert fields(change(items=[done, {**coded, "done": True, "text": "d"}])) == [
        ("items.1.text", "readonly-now")
    ]
    fresh = {"text": "e", "done": True}
    assert fields(change(items=[done, coded, fresh])) == [("items.2.text", "readonly-now")]
    reopened = change(items=[{"id": done["id"], "done": False}, coded])
    again = change(items=[{**done, "done": False, "text": "x"}, coded])
    assert (reopened.status_code, again.get_json()["items"][0]["text"]) == (200, "x")


# --- who may see what, and a share that is over ---------------------------------------------------


def test_whoever_asks_what_others_may_see_hears_of_no_field_of_which_he_knows_nothing(
    house: ApiHouse,
) -> None:
    mine = contract_of(house, "li.na")
    told = house.get("chen.jie", f"forms/contract/records/{mine}/access?person=li.na").get_json()

    assert told["allowed"] and "amount" in told["fields"]["writable"]
    assert "secret" not in str(told["fields"])


def test_a_share_is_taken_back_from_who_is_away(house: ApiHouse) -> None:
    made = house.make("li.na", "receipt", contract=contract_of(house, "li.na"), note="y")
    path = f"forms/receipt/records/{made['id']}"
    assert house.post("li.na", f"{path}/share", {"person": "nobody"}).status_code == 200
    assert house.get("nobody", path).status_code == 200

    def set_active(active: bool) -> None:
        with house.platform.database.writing() as connection:
            row = find_person(connection, "nobody")
            assert row is not None
            update_person(connection, row.id, {"active": active})

    set_active(False)
    taken = house.post("li.na", f"{path}/share", {"person": "nobody", "remove": True})
    set_active(True)
    assert taken.status_code == 200
    assert code(house.get("nobody", path)) == (404, "no-such-record")


# --- odd values ----------------------------------------------------------------------------------


def test_half_a_character_and_a_number_that_is_none_are_refused_and_no_crash(
    house: ApiHouse,
) -> None:
    made = house.make("li.na", "receipt", contract=contract_of(house, "li.na"), note="x")
    comments = f"forms/receipt/records/{made['id']}/comments"

    for path, body in (
        ("forms/claim/compute", {"org": "\ud800"}),
        ("proxies", {"to": "\udfff"}),
        ("indicators/query", {"orgs": "\ud800"}),
        (comments, {"body": "x", "reply_to": ["\ud83d"]}),
    ):
        assert code(house.post("li.na", path, body)) == (400, "json-not-utf8"), path
    assert house.post("li.na", comments, {"body": "\U0001f600"}).get_json()["body"] == "\U0001f600"

    for answer in (
        house.post("li.na", comments, {"body": "x", "reply_to": []}),
        house.post("li.na", "indicators/query", {"indicators": [{}], "orgs": [[]], "periods": [1]}),
        house.post("li.na", "proxies", {"to": {}, "forms": [[]]}),
        house.put("li.na", "me/signature", {"file": 2**70}),
        house.put("li.na", "forms/claim/unsaved", {"values": {}, "revision": 2**70}),
        house.post("li.na", "forms/claim/compute", {"id": 2**70}),
        house.get("auditor", "audit?since=0001-01-01"),
        house.get("auditor", "audit?until=9999-12-31"),
    ):
        assert answer.status_code in (400, 422), answer.get_data(as_text=True)
    assert fields(house.post("li.na", comments, {"body": "x", "reply_to": {}})) == [
        ("reply_to", "no-such-comment")
    ]


def test_a_text_with_nul_is_refused_whatever_the_database(api_on_both: ApiHouse) -> None:
    api = api_on_both
    for answer in (
        api.get("ops", "proxies?person=a%00"),
        api.get("li.na", "forms/contract/records?q=a%00b"),
        api.post("li.na", "forms/contract/views", {"title": "a\0b", "wish": {}}),
        api.put("li.na", "forms/contract/unsaved", {"values": {"name": "a\0b"}}),
        api.post("li.na", "proxies", {"to": "a\0b", "until": "2027-01-01"}),
        api.post(None, "login", {"username": "a\0b", "password": "x"}),
    ):
        assert answer.status_code < 500, answer.get_data(as_text=True)


FAR = (
    "add_days(today, 99999999999)",
    "add_months(today, 99999999999)",
    "add_workdays(today, 99999999999)",
    "add_workdays(add_days(today, 99999999999), 1)",
    "today + 99999y",
    "add_days(signed_on, 99999999999)",
    "add_months(signed_on, amount * 9999999)",
)


def test_a_condition_on_a_day_beyond_the_calendar_is_refused_and_no_crash(
    api_on_both: ApiHouse,
) -> None:
    api_on_both.make("li.na", "contract", name="a", amount=1, signed_on="2026-01-01")
    for day in FAR:
        for part in ("records?", "groups?by=org&"):
            wanted = f"forms/contract/{part}filter=signed_on < {day}"
            refused = api_on_both.get("li.na", wanted.replace(" + ", " %2B "))
            fixed = "signed_on" not in day
            assert code(refused) == (400, "filter" if fixed else "out-of-range"), day


def test_a_rule_or_a_compute_beyond_the_calendar_is_refused_with_a_sentence(
    house: ApiHouse,
) -> None:
    claims = "forms/claim/records"
    computed = house.post("li.na", claims, {"since": "2026-01-01", "lag": 99_999_999})
    assert fields(computed) == [("until", "out-of-range")]
    asked = house.post("li.na", claims, {"since": "2026-01-01", "wait": 99_999_999})
    assert code(asked) == (422, "out-of-range")
    assert "9999" in asked.get_json()["error"]["message"]
