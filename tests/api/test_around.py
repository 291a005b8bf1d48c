"""What surrounds a record, and the addresses that are about no record at all."""

from __future__ import annotations

import io
from typing import Any

from api_house import ApiHouse, code, fields

from jingwei.storage.people import Holding, insert_holdings

CONTRACTS, RECEIPTS = "forms/contract/records", "forms/receipt/records"


def receipt(api: ApiHouse, login: str = "li.na", **values: Any) -> dict[str, Any]:
    made = api.make(login, "contract", name="桥", amount=1)
    return api.make(login, "receipt", contract=made["id"], **values)


def upload(api: ApiHouse, login: str, content: bytes = b"%PDF-1.7", name: str = "单.pdf") -> Any:
    return api.ask("POST", login, "files", data={"file": (io.BytesIO(content), name)})


# --- forms ---------------------------------------------------------------------------------------


def test_forms_are_shown_as_far_as_they_may_be_seen(api: ApiHouse) -> None:
    def names(login: str) -> list[str]:
        return [f["name"] for f in api.get(login, "forms").get_json()["items"]]

    assert names("li.na") == ["contract", "receipt"]
    assert names("chen.jie") == ["contract"]
    assert names("nobody") == []

    def columns(login: str) -> dict[str, Any]:
        body = api.get(login, "forms/contract").get_json()
        return {f["name"]: f for f in body["fields"]}

    assert columns("li.na")["amount"]["writable"]
    assert not columns("li.na")["tax"]["writable"]
    assert "secret" not in columns("chen.jie")
    assert columns("ops")["secret"]["masked"]
    assert [f["name"] for f in columns("li.na")["lines"]["fields"]] == ["item", "price"]


def test_an_unsaved_record_is_computed_and_judged(api: ApiHouse) -> None:
    sent = {"amount": 2_000_000, "lines": [{"item": "a", "price": 5}]}
    body = api.post("li.na", "forms/contract/compute", sent).get_json()
    assert (body["values"]["tax"], body["values"]["total"]) == (260_000, 5)
    assert body["visible"]["reason"] and body["required"]["reason"]
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 0

    made = api.make("li.na", "contract", name="桥", amount=1)
    changed = {"id": made["id"], "amount": 100}
    assert api.post("li.na", "forms/contract/compute", changed).get_json()["values"]["tax"] == 13
    assert code(api.post("wang.wu", "forms/contract/compute", changed)) == (404, "no-such-record")
    for wrong in ({"nothing": 1}, {"lines": [{"nothing": 1}]}):
        refused = api.post("li.na", "forms/contract/compute", wrong)
        assert code(refused) == (400, "not-writable-fields")


def test_whoever_reads_a_form_and_writes_none_is_told_that_a_new_record_is_not_theirs(
    api: ApiHouse,
) -> None:
    for login, told in (("chen.jie", (403, "not-allowed")), ("nobody", (404, "no-such-form"))):
        assert code(api.post(login, "forms/contract/compute", {"amount": 1})) == told


# --- comments, shares ----------------------------------------------------------------------------


def test_comments_are_written_by_those_who_may_and_read_by_those_who_read(api: ApiHouse) -> None:
    path = f"{RECEIPTS}/{receipt(api)['id']}/comments"
    first = api.post("ops", path, {"body": " 请核对 "})
    assert (first.status_code, first.get_json()["body"]) == (201, "请核对")
    api.post("li.na", path, {"body": "已核对", "reply_to": first.get_json()["id"]})

    items = api.get("li.na", path).get_json()["items"]
    assert [(c["person"], c["body"]) for c in items] == [("ops", "请核对"), ("li.na", "已核对")]
    assert items[1]["reply_to"] == items[0]["id"]

    assert fields(api.post("li.na", path, {"body": "  "})) == [("body", "required")]
    assert fields(api.post("li.na", path, {"body": 5})) == [("body", "not-text")]
    assert fields(api.post("li.na", path, {"body": "x" * 5001})) == [("body", "comment-too-long")]
    assert fields(api.post("li.na", path, {"body": "x", "reply_to": 9})) == [
        ("reply_to", "no-such-comment")
    ]
    assert fields(api.post("li.na", path, {"text": "x"})) == [("text", "unknown-field")]
    contract = api.make("li.na", "contract", name="路", amount=1)
    refused = api.post("li.na", f"{CONTRACTS}/{contract['id']}/comments", {"body": "x"})
    assert code(refused) == (403, "not-allowed")


def test_a_comment_under_a_key_is_written_once(api: ApiHouse) -> None:
    path = f"{RECEIPTS}/{receipt(api)['id']}/comments"
    for _ in range(3):
        assert api.post("li.na", path, {"body": "x"}, key="c").status_code == 201
    assert api.get("li.na", path).get_json()["total"] == 1


def test_a_share_opens_one_record_to_one_person(api: ApiHouse) -> None:
    one, other = receipt(api), api.make("li.na", "contract", name="路", amount=1)
    path = f"{RECEIPTS}/{one['id']}"
    assert api.get("nobody", path).status_code == 404

    shared = api.post("li.na", f"{path}/share", {"person": "nobody"})
    assert shared.get_json() == {"person": "nobody", "shared": True}
    assert api.get("nobody", path).status_code == 200
    asked = api.get("nobody", f"{path}/access").get_json()
    assert (asked["allowed"], asked["reason"]) == (True, "opened")
    assert code(api.get("nobody", f"{CONTRACTS}/{other['id']}/access")) == (404, "no-such-form")
    assert api.get("nobody", f"{CONTRACTS}/{other['id']}").status_code == 404
    assert code(api.patch("nobody", path, {"note": "x"}, match=1)) == (403, "not-allowed")
    assert code(api.post("nobody", f"{path}/share", {"person": "ops"})) == (403, "not-allowed")

    api.post("li.na", f"{path}/share", {"person": "nobody", "remove": True})
    assert api.get("nobody", path).status_code == 404
    for wrong, said in ((None, "required"), (5, "unknown-person"), ("who", "unknown-person")):
        answer = api.post("li.na", f"{path}/share", {"person": wrong})
        assert fields(answer) == [("person", said)]
    for wish in ("true", "yes", 1, None, []):  # who means to take back must not give
        answer = api.post("li.na", f"{path}/share", {"person": "nobody", "remove": wish})
        assert fields(answer) == [("remove", "not-yes-no")]
    assert api.get("nobody", path).status_code == 404


# --- history -------------------------------------------------------------------------------------


def test_history_tells_what_changed_and_hides_what_is_hidden(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1, secret="底")
    path = f"{CONTRACTS}/{made['id']}"
    api.patch("li.na", path, {"amount": 2, "secret": "面"}, match=1)

    items = api.get("li.na", f"{path}/history").get_json()["items"]
    assert [i["action"] for i in items] == ["updated", "created"]
    assert items[0]["changes"]["amount"] == [1, 2]
    assert items[0]["changes"]["secret"] == ["底", "面"]
    seen = api.get("chen.jie", f"{path}/history").get_json()["items"]
    assert "secret" not in seen[0]["changes"]
    assert api.get("li.na", f"{path}/history?size=1").get_json()["total"] == 1


# --- files ---------------------------------------------------------------------------------------


def test_a_file_is_its_uploader_s_until_a_record_takes_it(api_on_both: ApiHouse) -> None:
    api = api_on_both
    sent = upload(api, "li.na")
    assert sent.status_code == 201
    file = sent.get_json()
    assert (file["name"], file["type"], file["size"]) == ("单.pdf", "application/pdf", 8)
    path = f"files/{file['id']}"
    assert api.get("li.na", path).get_data() == b"%PDF-1.7"
    assert code(api.get("ops", path)) == (404, "no-such-content")

    stolen = api.post("wang.wu", CONTRACTS, {"name": "路", "amount": 1}).get_json()["id"]
    theft = api.post("wang.wu", RECEIPTS, {"contract": stolen, "paper": file["id"]})
    assert fields(theft) == [("paper", "unknown-file")]

    made = receipt(api, paper=file["id"])
    assert made["paper"] == file["id"]
    assert api.get("ops", path).status_code == 200
    assert code(api.get("wang.wu", path)) == (404, "no-such-content")
    listed = api.get("ops", f"{RECEIPTS}/{made['id']}/files").get_json()["items"]
    assert [(f["id"], f["field"]) for f in listed] == [(file["id"], "paper")]
    again = api.post("li.na", RECEIPTS, {"contract": made["contract"], "paper": file["id"]})
    assert fields(again) == [("paper", "unknown-file")]
    assert api.patch("li.na", f"{RECEIPTS}/{made['id']}", {"note": "x"}, match=1).status_code == 200


def test_a_file_is_a_download_and_never_a_page(api: ApiHouse) -> None:
    sent = upload(api, "li.na", b"<script>alert(1)</script>", "../../etc/x.html").get_json()
    assert sent["name"] == "x.html"
    answer = api.get("li.na", f"files/{sent['id']}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    info = api.get("li.na", f"files/{sent['id']}?info=1").get_json()
    assert info["sha256"] == sent["sha256"]


def test_an_upload_is_one_file_with_something_in_it(api: ApiHouse) -> None:
    assert code(api.post("li.na", "files", {})) == (400, "file-needed")
    assert code(upload(api, "li.na", b"")) == (422, "file-empty")
    assert code(upload(api, "li.na", b"x", "n" * 300)) == (400, "file-name")
    both = {"file": (io.BytesIO(b"x"), "a"), "more": (io.BytesIO(b"y"), "b")}
    assert code(api.ask("POST", "li.na", "files", data=both)) == (400, "file-needed")


def test_the_same_content_lies_once_on_the_disk(api: ApiHouse) -> None:
    one, other = upload(api, "li.na").get_json(), upload(api, "wang.wu").get_json()
    assert one["sha256"] == other["sha256"] and one["id"] != other["id"]
    kept = [p for p in (api.platform.settings.data_dir / "files").rglob("*") if p.is_file()]
    assert len(kept) == 1


# --- the rest ------------------------------------------------------------------------------------


def test_orgs_are_told_as_of_a_day(api: ApiHouse) -> None:
    items = api.get("nobody", "orgs").get_json()["items"]
    assert [(o["code"], o["parent"]) for o in items] == [
        ("G", None), ("S1", "G"), ("A", "S1"), ("B", "S1"),
    ]  # fmt: skip
    assert api.get("nobody", "orgs?at=2019-01-01").get_json()["items"] == []
    assert code(api.get("nobody", "orgs?at=2019-13-01")) == (400, "parameter-date")


def test_notices_are_read_by_whom_they_are_for(api: ApiHouse) -> None:
    from jingwei.services.notices import Notice, notify
    from jingwei.services.people import SYSTEM

    told = [Notice("li.na", "一"), Notice("li.na", "二"), Notice("ops", "三")]
    api.platform.commands.run(lambda work: notify(work, told), SYSTEM)

    body = api.get("li.na", "notifications").get_json()
    assert ([n["text"] for n in body["items"]], body["unread"]) == (["二", "一"], 2)
    first = body["items"][0]["id"]
    foreign = api.get("ops", "notifications").get_json()["items"][0]["id"]
    done = api.post("li.na", "notifications/read", {"ids": [first, foreign]})
    assert done.get_json() == {"read": 1}
    assert api.get("ops", "notifications").get_json()["unread"] == 1
    assert api.post("li.na", "notifications/read", {}).get_json() == {"read": 1}
    assert api.post("li.na", "notifications/read", {"ids": "x"}).status_code == 422


def test_the_audit_log_is_for_auditors(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    items = api.get("auditor", "audit").get_json()["items"]
    entry = next(i for i in items if i["object"] == made["id"])
    assert (entry["actor"], entry["action"], entry["form"]) == ("li.na", "created", "contract")
    assert api.get("auditor", "audit?actor=li.na&kind=record").get_json()["items"]
    assert api.get("auditor", "audit?actor=who").get_json()["items"] == []
    assert api.get("auditor", "audit?since=2030-01-01").get_json()["items"] == []
    assert len(api.get("auditor", "audit?size=1").get_json()["items"]) == 1
    for login in ("li.na", "ops", "nobody"):
        assert code(api.get(login, "audit")) == (403, "not-allowed")
    assert code(api.get("auditor", f"{CONTRACTS}/{made['id']}")) == (404, "no-such-record")


def test_an_auditor_of_one_org_reads_what_was_done_at_and_below_it(api: ApiHouse) -> None:
    for login in ("li.na", "wang.wu"):
        api.make(login, "contract", name=login, amount=1)
    with api.platform.database.writing() as connection:
        insert_holdings(connection, "role", [Holding(7, "audit_admin", "B", "nobody")])

    def orgs(login: str, asked: str = "") -> set[str | None]:
        items = api.get(login, f"audit?size=200{asked}").get_json()["items"]
        return {item["org"] for item in items}

    assert orgs("auditor") >= {"A", "B"}
    assert orgs("nobody") == {"B"}
    assert orgs("nobody", "&org=A") == set()
