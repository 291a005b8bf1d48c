"""Many records at once, saved views, comments that name people, followers, and why one may not."""

from __future__ import annotations

from typing import Any

from api_house import ApiHouse, code, fields

FORM = "forms/contract"
CONTRACTS = f"{FORM}/records"


def made(api: ApiHouse, count: int, login: str = "li.na") -> list[dict[str, Any]]:
    return [api.make(login, "contract", name=f"合同{i}", amount=i + 1) for i in range(count)]


def wanted(*records: dict[str, Any]) -> list[dict[str, int]]:
    return [{"id": r["id"], "revision": r["revision"]} for r in records]


def bulk(api: ApiHouse, login: str, action: str, records: Any, **values: Any) -> Any:
    body = {"action": action, "records": records, "values": values}
    return api.post(login, f"{CONTRACTS}/bulk", body)


# --- many at once --------------------------------------------------------------------------------


def test_each_of_many_is_done_or_refused_by_itself(api_on_both: ApiHouse) -> None:
    api = api_on_both
    one, two, three = made(api, 3)
    foreign = made(api, 1, "wang.wu")[0]
    api.patch("li.na", f"{CONTRACTS}/{two['id']}", {"amount": 50}, match=1)

    answer = bulk(api, "li.na", "update", wanted(one, two, foreign, three), tax_rate=0.06)

    body = answer.get_json()
    assert (answer.status_code, body["done"], body["refused"]) == (200, 2, 2)
    assert [(r["id"], r["done"]) for r in body["results"]] == [
        (one["id"], True),
        (two["id"], False),
        (foreign["id"], False),
        (three["id"], True),
    ]
    assert [r["error"]["code"] for r in body["results"] if not r["done"]] == [
        "stale",
        "no-such-record",
    ]
    listed = api.get("li.na", f"{CONTRACTS}?sort=id").get_json()["items"]
    assert [r["tax_rate"] for r in listed] == [0.06, 0.13, 0.06]
    assert [len(history(api, r)) for r in (one, two, three)] == [2, 2, 2]
    assert api.get("wang.wu", f"{CONTRACTS}/{foreign['id']}").get_json()["revision"] == 1


def history(api: ApiHouse, record: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(
        "li.na", f"{CONTRACTS}/{record['id']}/history"
    ).get_json()["items"]
    return found


def test_what_is_refused_within_a_bulk_leaves_no_trace(api_on_both: ApiHouse) -> None:
    api = api_on_both
    one, two = made(api, 2)
    body = bulk(api, "li.na", "update", wanted(one, two), name="合同0", secret="x").get_json()
    assert [r["done"] for r in body["results"]] == [True, False]
    assert body["results"][1]["error"]["fields"][0]["code"] == "taken"
    assert [len(history(api, r)) for r in (one, two)] == [2, 1]


def test_many_are_deleted_and_brought_back(api: ApiHouse) -> None:
    records = made(api, 3)
    assert bulk(api, "li.na", "delete", wanted(*records[:2])).get_json()["done"] == 2
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1
    gone = [{"id": one["id"], "revision": 2} for one in records[:2]]
    wrong = bulk(api, "li.na", "restore", [{"id": gone[0]["id"]}, {**gone[1], "revision": 1}])
    said = [one["error"]["code"] for one in wrong.get_json()["results"]]
    assert said == ["revision-missing", "stale"]
    back = bulk(api, "li.na", "restore", gone[:1]).get_json()
    assert (back["done"], back["results"][0]["revision"]) == (1, 3)
    second = f"{CONTRACTS}/{gone[1]['id']}/restore"
    assert code(api.post("li.na", second, match=1)) == (412, "stale")
    assert api.post("li.na", second, match=2).get_json()["revision"] == 3
    assert bulk(api, "li.na", "delete", [{**gone[1], "revision": 3}]).get_json()["done"] == 1
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 2


def test_every_record_of_a_list_is_changed_at_once(api_on_both: ApiHouse) -> None:
    """Of the list as its reader has it: what others own is neither counted nor touched."""
    api = api_on_both
    made(api, 4)
    foreign = made(api, 1, "wang.wu")[0]

    def every(action: str, login: str = "li.na", **matching: Any) -> Any:
        body = {"action": action, "matching": matching, "values": {}}
        if action == "update":
            body["values"] = {"tax_rate": 0.06}
        return api.post(login, f"{CONTRACTS}/bulk", body)

    assert code(every("update", filter="amount >= 0", total=5)) == (409, "bulk-moved")
    done = every("update", filter="amount >= 0", total=4).get_json()
    assert (done["done"], done["refused"]) == (4, 0)
    assert code(every("update", filter="amont >= 0", total=4)) == (400, "filter")
    assert code(every("delete", filter="amount < 0", total=0)) == (400, "bulk-size")
    assert code(every("delete", total="4")) == (400, "unknown-fields")
    assert every("delete", total=4).get_json()["done"] == 4
    assert every("restore", total=4).get_json()["done"] == 4
    assert api.get("wang.wu", f"{CONTRACTS}/{foreign['id']}").get_json()["revision"] == 1


def test_a_bulk_that_cannot_be_meant_is_refused_whole(api: ApiHouse) -> None:
    one = made(api, 1)[0]
    assert code(bulk(api, "li.na", "burn", wanted(one))) == (400, "parameter-choice")
    assert code(bulk(api, "li.na", "delete", [])) == (400, "bulk-size")
    assert code(bulk(api, "li.na", "delete", wanted(one, one))) == (400, "bulk-twice")
    assert code(bulk(api, "li.na", "delete", [{"id": "x"}])) == (400, "unknown-fields")
    assert code(bulk(api, "nobody", "delete", wanted(one))) == (404, "no-such-form")
    refused = bulk(api, "ops", "delete", wanted(one)).get_json()
    assert refused["results"][0]["error"]["code"] == "not-allowed"
    missing = bulk(api, "li.na", "update", [{"id": one["id"]}], amount=9).get_json()
    assert missing["results"][0]["error"]["code"] == "revision-missing"
    assert api.get("li.na", f"{CONTRACTS}/{one['id']}").get_json()["revision"] == 1


# --- saved views ---------------------------------------------------------------------------------


def views(api: ApiHouse, login: str) -> list[str]:
    items = api.get(login, f"{FORM}/views").get_json()["items"]
    return [v["title"] for v in items if v["scope"] != "system"]


def test_a_view_is_its_owner_s_or_a_team_s(api_on_both: ApiHouse) -> None:
    api = api_on_both
    wish = {"filter": "amount > 5", "sort": ["-amount"], "fields": ["name", "amount"]}
    mine = api.post("li.na", f"{FORM}/views", {"title": "大合同", "wish": wish})
    assert mine.status_code == 201
    team = {"title": "板块", "wish": {"filter": 'org == "A"'}, "org": "S1"}
    assert api.post("chen.jie", f"{FORM}/views", team).status_code == 201

    assert views(api, "li.na") == ["大合同", "板块"]
    assert views(api, "chen.jie") == views(api, "wang.wu") == ["板块"]
    assert views(api, "ops") == []
    kept = api.get("li.na", f"{FORM}/views").get_json()["items"][0]
    assert (kept["wish"], kept["scope"], kept["mine"]) == (wish, "personal", True)


def test_a_list_opens_as_one_chose_or_as_the_nearest_team_has_it(api_on_both: ApiHouse) -> None:
    api = api_on_both

    def opens(login: str) -> str | None:
        found = api.get(login, f"{FORM}/views").get_json()
        known = {one["id"]: one["title"] for one in found["items"]}
        return None if found["default"] is None else str(known[found["default"]])

    def save(login: str, title: str, org: str | None, opens: bool = True) -> int:
        body = {"title": title, "wish": {"sort": ["name"]}, "org": org, "opens": opens}
        made_ = api.post(login, f"{FORM}/views", body).get_json()
        assert made_["opens"] is (opens and org is not None)
        return int(made_["id"])

    save("chen.jie", "板块", "S1")
    assert (opens("li.na"), opens("wang.wu"), opens("ops")) == ("板块", "板块", None)
    save("li.na", "甲", "A")
    assert (opens("li.na"), opens("wang.wu")) == ("甲", "板块")
    mine = save("li.na", "自己", None)
    assert opens("li.na") == "甲"

    for view, title in ((mine, "自己"), (None, None)):  # a choice of one's own goes before both
        assert api.put("li.na", f"{FORM}/views/default", {"view": view}).status_code == 200
        assert opens("li.na") == title
    second = save("wang.wu", "乙", "B", opens=False)
    assert opens("wang.wu") == "板块"
    path = f"{FORM}/views/{second}"
    assert api.patch("wang.wu", path, {"opens": True}).get_json()["opens"]
    third = save("wang.wu", "乙二", "B")  # a team has one
    assert opens("wang.wu") == "乙二"
    assert api.patch("wang.wu", f"{FORM}/views/{third}", {"org": None}).get_json()["opens"] is False
    assert opens("wang.wu") == "板块"


def test_a_locked_view_is_changed_by_its_owner_only(api: ApiHouse) -> None:
    body = {"title": "共用", "wish": {"sort": ["name"]}, "org": "S1"}
    made_ = api.post("chen.jie", f"{FORM}/views", body).get_json()
    path = f"{FORM}/views/{made_['id']}"

    assert api.patch("li.na", path, {"title": "改名"}).status_code == 200
    assert code(api.patch("li.na", path, {"locked": True})) == (403, "not-allowed")
    assert api.patch("chen.jie", path, {"locked": True}).get_json()["locked"]
    assert code(api.patch("li.na", path, {"title": "再改"})) == (403, "view-locked")
    assert code(api.delete("li.na", path)) == (403, "view-locked")
    assert code(api.patch("ops", path, {"title": "x"})) == (404, "no-such-view")
    assert api.delete("chen.jie", path).status_code == 204
    assert views(api, "li.na") == []


def test_a_view_that_could_not_be_opened_is_not_saved(api: ApiHouse) -> None:
    def refused(login: str, **body: Any) -> tuple[int, str]:
        return code(api.post(login, f"{FORM}/views", {"title": "x", "wish": {}, **body}))

    assert refused("li.na", wish={"filter": "amuont > 1"}) == (400, "filter")
    assert refused("chen.jie", wish={"filter": 'secret == "x"'}) == (400, "filter")
    assert refused("chen.jie", wish={"sort": ["secret"]}) == (400, "sort")
    assert refused("chen.jie", wish={"fields": ["secret"]}) == (400, "unknown-fields")
    assert refused("li.na", wish={"colour": "red"}) == (400, "unknown-parameter")
    assert refused("li.na", wish={"sort": "name"}) == (400, "unknown-fields")
    assert refused("li.na", title=" ") == (422, "invalid")
    assert refused("li.na", org="B") == (422, "invalid")
    assert refused("nobody") == (404, "no-such-form")
    assert views(api, "li.na") == []


# --- comments and followers ----------------------------------------------------------------------


def notices(api: ApiHouse, login: str) -> list[str]:
    items = api.get(login, "notifications").get_json()["items"]
    return [item["text"] for item in items]


def test_who_is_named_in_a_comment_hears_of_it_if_he_may_read(api_on_both: ApiHouse) -> None:
    api = api_on_both
    contract = api.make("li.na", "contract", name="桥", amount=1)
    record = api.make("li.na", "receipt", contract=contract["id"], note="首付款")
    path = f"forms/receipt/records/{record['id']}"

    said = api.post("li.na", f"{path}/comments", {"body": "@ops 请看，@wang.wu @nobody.x 也看"})

    assert said.get_json()["named"] == ["ops"]
    assert notices(api, "ops") == [
        "李娜 在“首付款”的评论中提到您：@ops 请看，@wang.wu @nobody.x 也看"
    ]
    assert notices(api, "wang.wu") == notices(api, "li.na") == []
    assert api.get("li.na", f"{path}/followers").get_json()["items"] == ["li.na", "ops"]

    api.post("ops", f"{path}/comments", {"body": "收到"})
    assert notices(api, "li.na") == ["运营 评论了“首付款”：收到"]

    muted = api.post("li.na", f"{path}/follow", {"muted": True}).get_json()
    assert (muted["items"], muted["muted"]) == (["ops"], True)
    api.post("ops", f"{path}/comments", {"body": "再说"})
    assert len(notices(api, "li.na")) == 1
    api.post("ops", f"{path}/comments", {"body": "@li.na 请答复"})
    assert len(notices(api, "li.na")) == 2
    assert code(api.post("wang.wu", f"{path}/follow", {})) == (404, "no-such-record")


def test_whoever_follows_hears_who_changed_and_submitted(api_on_both: ApiHouse) -> None:
    api = api_on_both
    record = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{record['id']}"
    for login in ("ops", "li.na"):
        assert api.post(login, f"{path}/follow", {}).status_code == 200
    assert code(api.post("wang.wu", f"{path}/follow", {})) == (404, "no-such-record")

    for revision in (1, 2):  # once a day of each who did
        api.patch("li.na", path, {"amount": revision + 1}, match=revision)
    assert api.post("li.na", f"{path}/submit", {}).status_code == 200

    assert notices(api, "ops") == ["李娜 提交了“桥”", "李娜 修改了“桥”"]
    assert notices(api, "li.na") == []
    api.post("ops", f"{path}/follow", {"muted": True})
    api.post("li.na", f"{path}/cancel", {})
    assert len(notices(api, "ops")) == 2


def test_a_comment_names_people_by_their_names_too(api_on_both: ApiHouse) -> None:
    api = api_on_both
    contract = api.make("li.na", "contract", name="桥", amount=1)
    record = api.make("li.na", "receipt", contract=contract["id"], note="首付款")
    path = f"forms/receipt/records/{record['id']}"
    said = api.post("li.na", f"{path}/comments", {"body": "@运营请看，@王五 @无此人 也看"})
    assert said.get_json()["named"] == ["ops"]
    assert len(notices(api, "ops")) == 1


# --- why -----------------------------------------------------------------------------------------


def test_access_is_explained_without_telling_what_is_there(api: ApiHouse) -> None:
    contract = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{contract['id']}/access"

    def why(login: str, query: str = "", at: str = path) -> dict[str, Any]:
        found: dict[str, Any] = api.get(login, f"{at}?lang=en{query}").get_json()
        return found

    own = why("li.na")
    assert (own["allowed"], own["reason"], own["by"]) == (True, "granted", "planner")
    assert "secret" in own["fields"]["visible"]
    assert why("li.na", "&action=amend")["reason"] == "no-grant"
    assert why("ops", "&action=update")["message"] == (
        "Not allowed: no permission includes this action."
    )

    foreign = why("wang.wu")
    missing = why("wang.wu", at=f"{CONTRACTS}/{contract['id'] + 9999}/access")
    assert foreign == missing
    assert foreign["message"] == "No: there is no such record, or it is out of your reach."

    asked = why("ops", "&person=wang.wu")
    assert (asked["person"], asked["reason"], asked["fields"]) == ("wang.wu", "other-rows", {})
    assert why("ops", "&person=chen.jie")["fields"]["masked"] == []
    assert "secret" not in why("ops", "&person=chen.jie")["fields"]["visible"]
    assert code(api.get("wang.wu", f"{path}?person=li.na")) == (404, "no-such-record")
    assert code(api.get("ops", f"{path}?person=ghost")) == (404, "no-such-person")
    assert code(api.get("nobody", path)) == (404, "no-such-form")
    assert fields(api.get("li.na", f"{path}?action=burn")) == []
