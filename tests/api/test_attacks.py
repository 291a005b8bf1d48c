"""What an attacker tries over HTTP, by class: nothing leaks, nothing changes, nothing crashes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from api_house import CONTRACT, PASSWORD, ApiHouse, code, fields

FORM = "forms/contract"
CONTRACTS = f"{FORM}/records"
CANARY = "CANARY-7f3a"
# No answer may carry any of these, whatever was asked.
TRACES = re.compile(
    r"Traceback|sqlalchemy|psycopg|sqlite3|SELECT |INSERT |UPDATE "
    r"|f_contract|sys_|site-packages|\.py\b"
)


def listed(api: ApiHouse, login: str | None, **parameters: Any) -> Any:
    return api.get(login, f"{CONTRACTS}?{urlencode(parameters, doseq=True)}")


def refused_cleanly(answer: Any, *statuses: int) -> None:
    text = answer.get_data(as_text=True)
    assert answer.status_code in statuses, (answer.status_code, text)
    assert not TRACES.search(text), text
    assert CANARY not in text


# --- A09: sort ------------------------------------------------------------------------------------


ORDERS = (
    "amount desc nulls last", "amount,(select pg_sleep(5))", "(case when 1=1 then id end)",
    "secret", "main.secret", "main.main.main.main.main.main.name", "id; DROP TABLE x", "amount--",
    "org.name.name", "-", "lines", "deleted_at", "\x00",
)  # fmt: skip


def test_only_a_field_s_name_is_an_order(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.make("li.na", "contract", name="桥", amount=1, secret=CANARY)
    for sort in ORDERS:
        answer = listed(api, "chen.jie", sort=sort)
        refused_cleanly(answer, 400)
        assert code(answer)[1] == "sort", sort
        assert "secret" not in str(answer.get_json()).replace(sort, "")
    assert listed(api, "chen.jie", sort="").status_code == 200
    assert code(listed(api, "chen.jie", **{"sort[a]": "1"})) == (400, "unknown-parameter")
    assert code(listed(api, "chen.jie", order="asc;drop table x")) == (400, "unknown-parameter")


# --- A11: operators and values --------------------------------------------------------------------

VALUES = (
    "' or '1'='1", '\\" or 1==1', "a,b", "{}", "[[1]]", "\\u0000", "%", "_", "\\\\", "＇",
    "x" * 500, "1e400", "true", "null", "2026-02-30",
)  # fmt: skip
SHAPES = (
    'name == "V"', 'name != "V"', 'name in ["V", "V"]', 'contains(name, "V")',
    'name between "V" and "V"', "name == V", 'amount == "V"', 'amount > "V"', 'not (name == "V")',
    'matches(name, "V")', 'name like "V"', 'name == "V"; DROP TABLE x', 'exists(name, "V")',
    'name "V"',
)  # fmt: skip


def test_a_condition_is_answered_exactly_or_refused(api_on_both: ApiHouse) -> None:
    api = api_on_both
    names = ["100%", "a_b", "o'neil", 'say "x"', "back\\slash", "plain"]
    for index, name in enumerate(names):
        api.make("li.na", "contract", name=name, amount=index)
    for shape in SHAPES:
        for value in VALUES:
            answer = listed(api, "li.na", filter=shape.replace("V", value))
            refused_cleanly(answer, 200, 400)
    for name in names:
        literal = name.replace("\\", "\\\\").replace('"', '\\"')
        found = listed(api, "li.na", filter=f'name == "{literal}"').get_json()
        assert [item["name"] for item in found["items"]] == [name]
    for part, expected in (("%", ["100%"]), ("_", ["a_b"]), ("\\\\", ["back\\slash"])):
        found = listed(api, "li.na", filter=f'contains(name, "{part}")').get_json()
        assert [item["name"] for item in found["items"]] == expected


def test_a_condition_may_not_be_endless(api: ApiHouse) -> None:
    few = " or ".join(f"amount == {i}" for i in range(20))
    assert listed(api, "li.na", filter=few).status_code == 200
    many = listed(api, "li.na", filter=f"{few} or amount == 99")
    assert code(many) == (400, "filter-too-long")
    assert code(listed(api, "li.na", filter="(" * 300 + "1" + ")" * 300)) == (400, "filter")
    long_list = "amount in [" + ",".join(map(str, range(5_000))) + "]"
    assert listed(api, "li.na", filter=long_list).status_code in (400, 414)


CALLS = (
    "__import__('os')", "open('/etc/passwd')", "name.__class__ == 1", "exec(name)", "system(1)",
    "{{7*191}} == 1337", "${7*191}", "name.format == 1", "lambda: 1", "pg_sleep(5) == 1",
)  # fmt: skip


def test_an_expression_calls_nothing_it_does_not_know(api: ApiHouse) -> None:
    for call in CALLS:
        for answer in (
            listed(api, "li.na", filter=call),
            api.get("li.na", f"{FORM}/export.xlsx?{urlencode({'filter': call})}"),
            api.post("li.na", f"{FORM}/views", {"title": "x", "wish": {"filter": call}}),
        ):
            refused_cleanly(answer, 400)
            assert "1337" not in answer.get_data(as_text=True).replace(call, "")


# --- A13: what is stored as data ------------------------------------------------------------------


NAMES = (
    "x') UNION SELECT 1 --", 'a"b', "a'b", "a;b", "../a", "😀" * 10, "{{7*191}}", "=1+1",
    "<b>x</b>",
)  # fmt: skip


def test_what_is_stored_comes_back_unchanged(api_on_both: ApiHouse) -> None:
    api = api_on_both
    for name in NAMES:
        made = api.make("li.na", "contract", name=name, amount=1)
        child = api.make("li.na", "contract", name=f"下{name}"[:40], amount=1, main=made["id"])
        assert api.get("li.na", f"{CONTRACTS}/{made['id']}").get_json()["name"] == name
        titles = api.get("li.na", f"{CONTRACTS}/{child['id']}?titles=1").get_json()["_titles"]
        assert titles["main"] == name
        assert listed(api, "li.na", q=name[:5]).status_code == 200
    assert listed(api, "li.na").get_json()["total"] == 2 * len(NAMES)


# --- A17, A19, A23, A27: what is hidden, whatever shape is asked ----------------------------------


def test_a_hidden_value_answers_no_question(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount=1, secret=CANARY)
    for probe in ('contains(secret, "C")', 'contains(secret, "X")', "secret is empty"):
        zrobe = probe.replace("secret", "zecret")
        answers = [listed(api, "chen.jie", filter=p, lang="en") for p in (probe, zrobe)]
        told = [str(a.get_json()["error"]["message"]) for a in answers]
        assert [a.status_code for a in answers] == [400, 400]
        assert told[0].replace("secret", "zecret") == told[1]
    assert listed(api, "chen.jie", q=CANARY).get_json()["total"] == 0
    path = f"{CONTRACTS}/{made['id']}"
    for below in ("", "/history", "/versions", "/comments", "/access", "?titles=1"):
        text = api.get("chen.jie", path + below).get_data(as_text=True)
        assert CANARY not in text, below
        assert '"secret"' not in text, below
    compute = api.post("chen.jie", f"{FORM}/compute", {"id": made["id"]})
    assert CANARY not in compute.get_data(as_text=True)


def test_a_record_out_of_reach_is_not_there_in_any_channel(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name=CANARY, amount=987_654)
    missing = made["id"] + 10_000

    def both(method: str, path: str, **keys: Any) -> None:
        answers = [
            api.ask(method, "wang.wu", path.replace("ID", str(i)), **keys)
            for i in (made["id"], missing)
        ]
        bodies = [re.sub(r'"request_id":"[^"]*"', "", a.get_data(as_text=True)) for a in answers]
        assert answers[0].status_code == answers[1].status_code, (method, path)
        assert bodies[0].replace(str(made["id"]), "ID") == bodies[1].replace(str(missing), "ID")
        refused_cleanly(answers[0], 200, 400, 404, 405, 428)

    for below in (
        "", "/history", "/versions", "/versions/1/diff/2", "/comments", "/files", "/followers",
        "/related/receipts", "/receipts", "/access", "?format=json", ".json", "/print",
    ):  # fmt: skip
        both("GET", f"{CONTRACTS}/ID{below}")
        both("HEAD", f"{CONTRACTS}/ID{below}")
    for below, body in (
        ("/submit", {}), ("/amend", {}), ("/cancel", None), ("/restore", None), ("/follow", {}),
        ("/comments", {"body": "x"}), ("/share", {"person": "wang.wu"}), ("/actions/x", {}),
        ("/versions/1/restore", None),
    ):  # fmt: skip
        both("POST", f"{CONTRACTS}/ID{below}", json=body)
    both("PATCH", f"{CONTRACTS}/ID", json={"amount": 1}, match=1)
    both("DELETE", f"{CONTRACTS}/ID", match=1)
    both("POST", f"{FORM}/compute", json={"id": 0})
    for source in (f"id == {made['id']}", "amount == 987654", f'name == "{CANARY}"'):
        assert listed(api, "wang.wu", filter=source).get_json()["total"] == 0
    export = api.get("wang.wu", f"{FORM}/export.xlsx")
    assert CANARY.encode() not in export.get_data()
    link = api.post("wang.wu", CONTRACTS, {"name": "x", "amount": 1, "main": made["id"]})
    assert fields(link) == [("main", "unknown-record")]
    assert api.get("li.na", f"{CONTRACTS}/{made['id']}").get_json()["revision"] == 1


def test_totals_are_of_the_rows_that_may_be_seen(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.make("li.na", "contract", name="甲", amount=10)
    api.make("wang.wu", "contract", name="乙", amount=987_654)
    for login, total in (("li.na", 1), ("wang.wu", 1), ("chen.jie", 2)):
        for wish in ({}, {"count": "capped"}, {"page": 9, "size": 1}, {"filter": "amount > 0"}):
            assert listed(api, login, **wish).get_json()["total"] == total
        sums = api.get(login, "forms/contract/groups?by=org&values=sum(amount),max(amount)")
        items = sums.get_json()["items"]
        assert [g["count"] for g in items if g["level"] == 0] == [total]
        assert ("987654" in sums.get_data(as_text=True)) == (login != "li.na")


# --- A21: a field that was there before -----------------------------------------------------------


def test_a_field_made_again_has_none_of_its_old_values_or_rights(api: ApiHouse) -> None:
    bonus = "  bonus: {type: text, title: 奖金}\n"
    with_bonus = CONTRACT.replace("  main: {", f"{bonus}  main: {{")
    hidden = with_bonus.replace(
        "scope: org_and_below, hide: [secret]", "scope: org_and_below, hide: [secret, bonus]"
    )
    publish(api, with_bonus)
    made = api.make("li.na", "contract", name="桥", amount=1, bonus=CANARY)
    path = f"{CONTRACTS}/{made['id']}"
    assert api.get("chen.jie", path).get_json()["bonus"] == CANARY
    publish(api, CONTRACT)
    for login in ("li.na", "chen.jie"):
        assert CANARY not in api.get(login, path).get_data(as_text=True)
    publish(api, hidden)
    assert api.get("li.na", path).get_json()["bonus"] is None
    assert "bonus" not in api.get("chen.jie", path).get_json()
    for login in ("li.na", "chen.jie"):  # who saw the old field sees it as such, not as the new
        (entry,) = api.get(login, f"{path}/history").get_json()["items"]
        (old,) = entry["retired"]
        assert (old.partition("@")[0], entry["changes"][old]) == ("bonus", [None, CANARY])
        assert "bonus" not in entry["changes"]


def test_a_field_that_was_hidden_stays_hidden_when_its_name_is_given_again(api: ApiHouse) -> None:
    bonus = "  bonus: {type: text, title: 奖金}\n"
    shown = CONTRACT.replace("  main: {", f"{bonus}  main: {{")
    publish(api, shown.replace("hide: [secret]", "hide: [secret, bonus]"))
    made = api.make("li.na", "contract", name="桥", amount=1, bonus=CANARY)
    path = f"{CONTRACTS}/{made['id']}"
    publish(api, CONTRACT)
    publish(api, shown)
    assert api.get("chen.jie", path).get_json()["bonus"] is None
    for part in ("history", "versions"):
        assert CANARY not in api.get("chen.jie", f"{path}/{part}").get_data(as_text=True), part


def publish(api: ApiHouse, contract: str) -> None:
    from jingwei.catalogue.compile import compile_catalogue
    from jingwei.storage.apply import Publication, apply

    (api.root / "forms" / "contract.yaml").write_text(contract.lstrip("\n"), encoding="utf-8")
    platform = api.platform
    now, today = platform.clock.now(), platform.clock.today()
    catalogue = compile_catalogue(api.root)
    release = apply(platform.database, catalogue, Publication(author="t", now=now, today=today))
    platform.active.follow(release.id)


# --- A25: words of errors -------------------------------------------------------------------------


def test_an_error_tells_nothing_of_the_inside(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount=1, secret=CANARY)
    path = f"{CONTRACTS}/{made['id']}"
    for body in (
        {"name": "桥", "amount": 1},
        {"name": "a\x00b", "amount": 1},
        {"name": "\ud800", "amount": 1},
        {"name": "x", "amount": 10**40},
        {"name": "x", "amount": "1e999999"},
        {"name": "x", "amount": 1, "tax_rate": "NaN"},
        {"name": ["x"], "amount": {}},
        {"name": "x", "amount": 1, "signed_on": "9999999-01-01"},
        {"name": "x", "amount": 1, "main": 2**80},
        {"name": "x", "amount": 1, "lines": [{"id": 2**80, "item": "a"}]},
        {"name": "x", "amount": 1, "lines": [{"item": "a"}, {"item": "a"}]},
    ):
        answer = api.post("li.na", CONTRACTS, body)
        refused_cleanly(answer, 400, 422)
        assert answer.get_json()["error"]["request_id"]
    endless = 10**40
    compute = api.post("li.na", f"{FORM}/compute", {"name": "x", "lines": [{"id": endless}]})
    assert compute.status_code == 200
    typed = {"values": {"amount": endless}}
    assert api.put("li.na", f"{FORM}/unsaved", typed).get_json()["unsaved"]["values"]
    body = {"action": "delete", "records": [{"id": endless, "revision": 1}]}
    refused_cleanly(api.post("li.na", f"{CONTRACTS}/bulk", body), 400)
    both = {"action": "delete", "records": [], "matching": {"total": 1}}
    refused_cleanly(api.post("li.na", f"{CONTRACTS}/bulk", both), 400)
    for sent in (b"\xff\xfe{}", b'{"name": "\xc3\x28"}', b"{" * 2_000):
        refused_cleanly(api.ask("PATCH", "li.na", path, data=sent, match=1), 400)
    assert listed(api, "li.na").get_json()["total"] == 1


def test_what_a_rule_says_names_and_quotes_nothing_hidden(api: ApiHouse) -> None:
    rules = (
        "rules:\n  kept: {check: amount > 5, at: secret, message: '{name} {secret}'}\n"
        "  also: {check: amount > 5, at: secret}\n"
    )
    read = "can: [read], scope: org_and_below, hide"
    form = CONTRACT.replace("rules:\n", rules).replace(read, read.replace("d]", "d, submit]"))
    publish(api, form)
    made = api.make("li.na", "contract", name="桥", amount=1, secret=CANARY)["id"]
    asked = (
        (f"{CONTRACTS}/{made}/submit", {}),
        (f"{FORM}/compute?submitting=1", {"id": made}),
    )
    for address, body in asked:
        whole, cut = (api.post(login, address, body) for login in ("li.na", "chen.jie"))
        assert f"桥 {CANARY}" in whole.get_data(as_text=True)
        told = cut.get_json()
        told = told["problems"] if "problems" in told else told["error"]["fields"]
        closed = "本记录中你看不到的内容不合要求。请找能看到全部内容的人处理。"
        assert [(one["path"], one["message"]) for one in told] == [("", "桥 —"), ("", closed)]
    browser = api.app.test_client()
    signed = api.sessions.sign_in("chen.jie", PASSWORD)
    browser.set_cookie("jingwei_session", signed.secret)
    page = browser.get(f"/f/contract/{made}")
    assert page.status_code == 200
    assert "底价" not in page.get_data(as_text=True)


# --- A29, A31, A33: who asks ----------------------------------------------------------------------


STRANGERS: tuple[dict[str, str], ...] = (
    {"Authorization": "Bearer nothing"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer null"},
    {"Authorization": "Basic bGkubmE6eA=="},
    {"Authorization": "Bearer \xff"},
    {"Cookie": "jingwei_session=x; jingwei_session=y"},
    {"X-User": "li.na", "X-Forwarded-User": "li.na", "X-Internal": "1"},
    {"X-HTTP-Method-Override": "GET"},
)


def test_who_is_not_known_is_nobody(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    asked = (
        ("GET", "me"),
        ("GET", CONTRACTS),
        ("POST", CONTRACTS),
        ("GET", f"{CONTRACTS}/{made['id']}"),
        ("GET", "openapi.json"),
        ("GET", "audit"),
        ("POST", "files"),
    )
    for headers in STRANGERS:
        for method, path in asked:
            body = {"person": None} if method == "POST" else None
            answer = api.ask(method, None, path, headers=headers, json=body)
            assert code(answer) == (401, "not-signed-in"), (path, headers)


def test_every_address_wants_to_know_who_asks(api: ApiHouse) -> None:
    open_to_all = {"/healthz", "/readyz", "/metrics", "/api/v1/login", "/api/docs"}
    for rule in api.app.url_map.iter_rules():
        shown = rule.rule.startswith("/api/")
        if not shown or rule.rule in open_to_all:
            continue
        path = re.sub(r"<int:\w+>", "1", rule.rule)
        path = re.sub(r"<path:\w+>", "x", path)
        path = re.sub(r"<\w+>", "contract", path)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = api.ask(method, None, path)
            # what is asked wrongly may be refused before it is asked who asks
            assert answer.status_code in (400, 401, 422), (method, path, answer.status_code)
    for unknown in ("/api/v1/debug", "/console", "/api/v1/../etc/passwd", "/api/v1/forms//records"):
        assert api.get("li.na", quote(unknown)).status_code in (308, 404), unknown


# What a person without any post or role is answered: about himself, and lists with nothing in them.
OPEN_TO_EVERYBODY = {
    "GET": {
        "me", "me/phrases", "me/pins", "me/signature", "forms", "orgs", "openapi.json",
        "notifications", "tasks", "tasks/counts", "proxies", "indicators", "dashboards", "reports",
        "alerts", "alerts/looks",
    },
    "POST": {"notifications/read", "facts"},
    "PUT": {"me/signature"},
}  # fmt: skip


def test_who_holds_nothing_is_answered_nothing_of_others(api: ApiHouse) -> None:
    api.make("li.na", "contract", name=CANARY, amount=1)
    answered: dict[str, set[str]] = {}
    for rule in api.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.rule == "/api/v1/logout":
            continue
        path = re.sub(r"<int:\w+>", "1", rule.rule)
        path = re.sub(r"<path:\w+>", "x", path)
        path = re.sub(r"<\w+>", "contract", path)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            sent = {} if method == "GET" else {"json": {}, "match": 1}
            answer = api.ask(method, "nobody", path, **sent)
            assert answer.status_code < 500, (method, path)
            assert CANARY not in answer.get_data(as_text=True), (method, path)
            if answer.status_code < 400:
                answered.setdefault(method, set()).add(rule.rule.removeprefix("/api/v1/"))
    assert answered == OPEN_TO_EVERYBODY


# --- A35, A37: what may be sent, and to what ------------------------------------------------------


def test_every_column_of_the_table_is_refused_by_name_unless_it_may_be_written(
    api: ApiHouse,
) -> None:
    base = {"name": "桥", "amount": 1}
    for name in (
        "id", "revision", "number", "owner", "status", "state", "flow", "created_at", "created_by",
        "updated_at", "updated_by", "deleted_at", "tax", "total", "f_contract", "_titles", "org_id",
        "__proto__", "lines.price", "record_id", "position",
    ):  # fmt: skip
        answer = api.post("li.na", CONTRACTS, {**base, name: "1"})
        assert answer.status_code == 400, name
        assert [path for path, _ in fields(answer)] == [name]
    assert listed(api, "li.na").get_json()["total"] == 0


def test_a_row_cannot_be_stolen_from_another_record(api_on_both: ApiHouse) -> None:
    api = api_on_both
    victim = api.make("li.na", "contract", name="甲", amount=1, lines=[{"item": "a", "price": 1}])
    row = victim["lines"][0]["id"]
    thief = api.make("li.na", "contract", name="乙", amount=1)
    for lines in ([{"id": row, "item": "b"}], [{"id": row}, {"id": row}], [{"id": "1 OR 1=1"}]):
        taken = api.patch("li.na", f"{CONTRACTS}/{thief['id']}", {"lines": lines}, match=1)
        assert taken.status_code in (400, 422)
        foreign = api.post("wang.wu", CONTRACTS, {"name": "丙", "amount": 1, "lines": lines})
        assert foreign.status_code in (400, 422)
    sent = {"lines": [{"id": row, "record_id": thief["id"]}]}
    moved = api.patch("li.na", f"{CONTRACTS}/{victim['id']}", sent, match=1)
    assert moved.status_code == 400
    assert api.get("li.na", f"{CONTRACTS}/{victim['id']}").get_json()["lines"] == victim["lines"]


def test_a_form_without_permissions_is_nobody_s(api: ApiHouse) -> None:
    bare = "kind: form\ntitle: 空\nfields: {name: {type: text, title: 名称}}\n"
    (api.root / "forms" / "bare.yaml").write_text(bare, encoding="utf-8")
    publish(api, CONTRACT)
    for login in ("li.na", "ops", "auditor", "nobody"):
        assert code(api.get(login, "forms/bare/records")) == (404, "no-such-form")
        assert code(api.post(login, "forms/bare/records", {"name": "x"})) == (404, "no-such-form")
        assert "bare" not in [f["name"] for f in api.get(login, "forms").get_json()["items"]]
