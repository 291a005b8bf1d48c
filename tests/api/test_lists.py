"""Lists: pages, positions, filters, and that what is hidden is as unknown as what is not there."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from api_house import ApiHouse, code, fields

CONTRACTS = "forms/contract/records"


def ask(api: ApiHouse, login: str, **parameters: object) -> object:
    return api.get(login, f"{CONTRACTS}?{urlencode(parameters)}")


def filled(api: ApiHouse, count: int = 7) -> None:
    for index in range(count):
        api.make("li.na", "contract", name=f"合同{index}", amount=index * 10)


def test_pages_follow_each_other_without_gap_or_repetition(api_on_both: ApiHouse) -> None:
    api = api_on_both
    filled(api)
    seen = []
    for page in (1, 2, 3):
        body = ask(api, "li.na", size=3, page=page, sort="amount").get_json()
        assert (body["total"], body["page"], body["size"]) == (7, page, 3)
        seen += [item["amount"] for item in body["items"]]
    assert seen == [0, 10, 20, 30, 40, 50, 60]


def test_positions_follow_each_other_even_when_rows_come_in_between(
    api_on_both: ApiHouse,
) -> None:
    api = api_on_both
    filled(api)
    seen, after = [], ""
    for _ in range(4):
        wish = {"size": 3, "sort": "-amount", "count": "none"}
        body = ask(api, "li.na", **wish, **({"after": after} if after else {})).get_json()
        seen += [item["amount"] for item in body["items"]]
        after = body["after"]
        if len(seen) == 3:
            api.make("li.na", "contract", name="nachher", amount=1000)
        if after is None:
            break
    assert seen == [60, 50, 40, 30, 20, 10, 0]
    assert code(ask(api, "li.na", after="x"))[0] == 400


def test_a_capped_count_says_so_or_is_exact(api: ApiHouse) -> None:
    filled(api, 3)
    assert ask(api, "li.na", count="capped").get_json()["total"] == 3
    assert ask(api, "li.na", count="none").get_json()["total"] is None


@pytest.mark.parametrize(
    ("filter_", "wanted"),
    [
        ("amount > 40", [50, 60]),
        ('amount between 10 and 20 and status == "draft"', [10, 20]),
        ('contains(name, "3") or amount == 0', [0, 30]),
        ("lines is empty and amount >= 60", [60]),
        ('org in ["A"] and amount < 10', [0]),
        ("owner == me and amount == 10", [10]),
    ],
)
def test_a_filter_is_an_expression(api_on_both: ApiHouse, filter_: str, wanted: list[int]) -> None:
    api = api_on_both
    filled(api)
    body = ask(api, "li.na", filter=filter_, sort="amount").get_json()
    assert [item["amount"] for item in body["items"]] == wanted


def test_words_are_searched_and_fields_chosen(api: ApiHouse) -> None:
    filled(api)
    body = ask(api, "li.na", q="合同5", fields="name,amount").get_json()
    assert [sorted(item) for item in body["items"]] == [["amount", "id", "name", "revision"]]
    assert code(ask(api, "li.na", fields="name,nmae")) == (400, "unknown-fields")


def test_titles_are_given_for_codes_people_and_links(api: ApiHouse) -> None:
    main = api.make("li.na", "contract", name="主", amount=1)
    api.make("li.na", "contract", name="从", amount=2, main=main["id"])
    paid = api.make("li.na", "receipt", contract=main["id"], kind="cash")

    body = ask(api, "li.na", titles=1, filter="amount == 2").get_json()
    titles = body["items"][0]["_titles"]
    assert (titles["org"], titles["owner"], titles["status"]) == ("甲公司", "李娜", "草稿")
    assert (titles["state"], titles["main"]) == ("拟稿", "主")

    one = api.get("li.na", f"forms/receipt/records/{paid['id']}?titles=1").get_json()
    assert one["_titles"]["kind"] == "现金"
    assert one["_titles"]["contract"] == "主"
    assert "_titles" not in api.get("li.na", f"forms/receipt/records/{paid['id']}").get_json()


def test_each_sees_the_rows_of_his_scope(api: ApiHouse) -> None:
    api.make("li.na", "contract", name="甲", amount=1)
    api.make("wang.wu", "contract", name="乙", amount=2)

    def names(login: str) -> list[str]:
        return sorted(item["name"] for item in ask(api, login).get_json()["items"])

    assert names("li.na") == ["甲"]
    assert names("wang.wu") == ["乙"]
    assert names("chen.jie") == names("ops") == ["乙", "甲"]


@pytest.mark.parametrize(
    "wish",
    [
        {"filter": 'NAME == "x"'},
        {"filter": "NAME is empty"},
        {"sort": "NAME"},
        {"sort": "-NAME"},
        {"fields": "NAME"},
        {"fields": "main.NAME"},
        {"filter": 'main.NAME == "x"'},
    ],
)
def test_a_hidden_field_is_answered_as_an_unknown_one(api: ApiHouse, wish: dict[str, str]) -> None:
    def told(name: str) -> tuple[int, str]:
        spelled = {key: value.replace("NAME", name) for key, value in wish.items()}
        answer = ask(api, "chen.jie", **spelled)
        error = answer.get_json()["error"]
        error.pop("request_id")
        return answer.status_code, str(error).replace(name, "NAME")

    assert told("secret") == told("zecret")
    assert told("secret")[0] == 400


def test_what_is_masked_is_neither_shown_nor_filtered_nor_sorted_by(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="甲", amount=1, secret="底")
    assert ask(api, "li.na").get_json()["items"][0]["secret"] == "底"
    assert ask(api, "ops").get_json()["items"][0]["secret"] == "•••"
    assert api.get("ops", f"{CONTRACTS}/{made['id']}").get_json()["secret"] == "•••"
    assert ask(api, "ops", filter='secret == "底"').status_code == 400
    assert ask(api, "ops", sort="secret").status_code == 400
    assert ask(api, "ops", q="底").get_json()["total"] == 0
    assert ask(api, "chen.jie", q="底").get_json()["total"] == 0
    assert "底" not in str(api.get("ops", f"{CONTRACTS}/{made['id']}/history").get_json())


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ({"size": 201}, "parameter-number"),
        ({"size": 0}, "parameter-number"),
        ({"size": "x"}, "parameter-number"),
        ({"page": 0}, "parameter-number"),
        ({"page": "9" * 40}, "parameter-number"),
        ({"count": "all"}, "parameter-choice"),
        ({"titles": "yes"}, "parameter-choice"),
        ({"colour": "red"}, "unknown-parameter"),
        ({"filter": "amount >"}, "filter"),
        ({"filter": "1"}, "filter"),
        ({"filter": "amount > 1 " + "and amount > 1 " * 600}, "filter-too-long"),
        ({"filter": "main == 99999999999999999999"}, "filter"),
        ({"sort": "lines"}, "sort"),
        ({"sort": "amount,nothing"}, "sort"),
    ],
)
def test_what_cannot_be_asked_is_a_400(api: ApiHouse, wish: dict[str, object], wanted: str) -> None:
    assert code(ask(api, "li.na", **wish)) == (400, wanted)


def test_a_filter_says_at_which_word_it_is_wrong(api: ApiHouse) -> None:
    error = ask(api, "li.na", filter="amuont > 1").get_json()["error"]
    assert (error["detail"]["start"], error["detail"]["end"]) == (0, 6)
    assert error["detail"]["suggestion"] == "amount"
    assert error["message"].endswith("是不是“amount”？")  # a question has its own mark
    error = ask(api, "li.na", filter="amount >").get_json()["error"]
    assert error["message"].endswith("。") and not error["message"].endswith("。。")


def test_a_parameter_is_given_once(api: ApiHouse) -> None:
    assert code(api.get("li.na", f"{CONTRACTS}?size=1&size=2")) == (400, "parameter-once")


def test_related_records_are_paged_like_a_list_under_their_own_rights(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="甲", amount=1)
    other = api.make("li.na", "contract", name="乙", amount=1)
    for index in range(3):
        api.make("li.na", "receipt", contract=made["id"], paid=index)
    api.make("li.na", "receipt", contract=other["id"], paid=9)

    path = f"{CONTRACTS}/{made['id']}/related"
    body = api.get("li.na", f"{path}/receipts?sort=-paid&size=2").get_json()
    assert (body["total"], [item["paid"] for item in body["items"]]) == (3, [2, 1])
    filtered = api.get("li.na", f"{path}/receipts?filter=paid%20%3E%201").get_json()
    assert filtered["total"] == 1
    assert code(api.get("li.na", f"{path}/nothing")) == (404, "no-such-relation")
    assert code(api.get("chen.jie", f"{path}/receipts")) == (404, "no-such-form")
    by_link = api.get("li.na", f"forms/receipt/records?filter=contract=={made['id']}")
    assert by_link.get_json()["total"] == 3


def test_refused_fields_are_listed(api: ApiHouse) -> None:
    answer = ask(api, "li.na", fields="a,b")
    assert fields(answer) == [("a", "unknown-field"), ("b", "unknown-field")]


# --- groups --------------------------------------------------------------------------------------


def groups(api: ApiHouse, login: str, **wish: object) -> object:
    return api.get(login, f"forms/contract/groups?{urlencode(wish)}")


def test_rows_are_counted_and_summed_in_groups_with_subtotals(api_on_both: ApiHouse) -> None:
    api = api_on_both
    for login, name, amount, day in (
        ("li.na", "一", 10, "2026-01-05"),
        ("li.na", "二", 20, "2026-01-25"),
        ("li.na", "三", 5, None),
        ("wang.wu", "四", 40, "2026-02-01"),
    ):
        api.make(login, "contract", name=name, amount=amount, signed_on=day)

    wish = {"by": "org,signed_on:month", "values": "sum(amount),max(signed_on)"}
    body = groups(api, "chen.jie", **wish).get_json()
    shown = [
        (g["level"], g.get("org"), g.get("signed_on:month"), g["count"], g["sum(amount)"])
        for g in body["items"]
    ]
    assert shown == [
        (0, None, None, 4, 75),
        (1, "A", None, 3, 35),
        (2, "A", "2026-01", 2, 30),
        (2, "A", None, 1, 5),
        (1, "B", None, 1, 40),
        (2, "B", "2026-02", 1, 40),
    ]
    assert body["total"] == 3
    assert body["items"][2]["max(signed_on)"] == "2026-01-25"

    mine = groups(api, "wang.wu", by="org", values="sum(amount)", subtotals=0).get_json()
    assert mine["items"] == [{"level": 1, "org": "B", "count": 1, "sum(amount)": 40}]
    few = groups(api, "chen.jie", by="org", filter="amount > 15").get_json()["items"]
    assert [(g["level"], g["count"]) for g in few] == [(0, 2), (1, 1), (1, 1)]


NO_GROUPS = [
    ("chen.jie", {"by": "secret"}, "group-by"),
    ("chen.jie", {"by": "org", "values": "max(secret)"}, "group-value"),
    ("ops", {"by": "secret"}, "group-by"),  # masked
    ("li.na", {"by": "main.name"}, "group-by"),
    ("li.na", {"by": "nmae"}, "group-by"),
    ("li.na", {"by": "amount:month"}, "group-by"),
    ("li.na", {"by": "lines"}, "group-by"),
    ("li.na", {"by": "deleted_at"}, "group-by"),
    ("li.na", {"by": "org,org"}, "group-keys"),
    ("li.na", {"by": "org", "values": "sum(name)"}, "group-value"),
    ("li.na", {"by": "org", "values": "sum(amount);drop"}, "group-value"),
    ("li.na", {"by": "org", "filter": "nmae == 1"}, "filter"),
]


def test_groups_tell_nothing_that_a_list_would_not(api: ApiHouse) -> None:
    api.make("li.na", "contract", name="桥", amount=1, secret="CANARY")
    for login, wish, refused in NO_GROUPS:
        assert code(groups(api, login, **wish)) == (400, refused), wish
    assert code(groups(api, "nobody", by="org")) == (404, "no-such-form")


def test_a_sum_is_exact_however_large_the_amounts_are(api_on_both: ApiHouse) -> None:
    api = api_on_both
    most = Decimal("92233720368547758.07")
    for name, amount in (("一", most), ("二", most), ("三", Decimal("0.01"))):
        api.make("li.na", "contract", name=name, amount=str(amount))

    answer = groups(api, "li.na", by="org", values="sum(amount),avg(amount),max(amount)")

    assert answer.status_code == 200, answer.get_data()
    body = json.loads(answer.get_data(), parse_float=Decimal, parse_int=Decimal)
    for one in body["items"]:
        assert one["sum(amount)"] == Decimal("184467440737095516.15")
        assert one["max(amount)"] == most
        assert one["avg(amount)"] == Decimal("61489146912365172.05")
