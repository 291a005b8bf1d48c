"""Records over HTTP: what is kept, what is refused, and what a refusal leaves behind."""

from __future__ import annotations

import pytest
from api_house import ApiHouse, code, fields

CONTRACTS = "forms/contract/records"


def test_a_record_is_made_read_changed_and_deleted(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount="100.10", lines=[{"item": "a"}])
    assert (made["org"], made["owner"], made["revision"]) == ("A", "li.na", 1)
    assert (made["amount"], made["tax"]) == (100.10, 13.01)

    path = f"{CONTRACTS}/{made['id']}"
    read = api.get("li.na", path)
    assert read.status_code == 200
    assert read.headers["ETag"] == '"1"'
    assert read.get_json()["lines"] == made["lines"]
    assert b'"amount":100.10' in read.get_data()  # digits as they are kept

    changed = api.patch("li.na", path, {"amount": 7}, match=1)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.get_json()["amount"] == 7
    assert changed.get_json()["lines"] == made["lines"]

    assert api.delete("li.na", path, match=2).status_code == 204
    assert code(api.get("li.na", path)) == (404, "no-such-record")
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 0

    back = api.post("li.na", f"{path}/restore")
    assert (back.status_code, back.get_json()["revision"]) == (200, 4)
    assert api.get("li.na", path).status_code == 200


def test_rows_are_kept_by_id_added_without_and_removed_when_missing(api: ApiHouse) -> None:
    rows = [{"item": "a", "price": 1}, {"item": "b", "price": 2}]
    made = api.make("li.na", "contract", name="桥", amount=3, lines=rows)
    kept = made["lines"][1]

    wanted = [{"id": kept["id"], "price": 5}, {"item": "c"}]
    answer = api.patch("li.na", f"{CONTRACTS}/{made['id']}", {"lines": wanted}, match=1)

    assert [(r["item"], r["price"]) for r in answer.get_json()["lines"]] == [("b", 5), ("c", None)]
    assert answer.get_json()["lines"][0]["id"] == kept["id"]
    assert answer.get_json()["total"] == 5


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"nmae": "x"}, [("nmae", "unknown-field")]),
        ({"status": "approved"}, [("status", "not-writable")]),
        (
            {"revision": 9, "owner": "ops"},
            [("revision", "not-writable"), ("owner", "not-writable")],
        ),
        ({"tax": 5}, [("tax", "not-writable")]),
        ({"id": 1, "deleted_at": None}, [("id", "not-writable"), ("deleted_at", "not-writable")]),
        ({"lines": [{"itme": "a"}]}, [("lines.0.itme", "unknown-field")]),
    ],
)
def test_unknown_and_unwritable_fields_are_a_400_that_names_them(
    api: ApiHouse, values: dict[str, object], named: list[tuple[str, str]]
) -> None:
    body = {"name": "桥", "amount": 1, **values}
    answer = api.post("li.na", CONTRACTS, body)
    assert code(answer) == (400, "not-writable-fields")
    assert fields(answer) == named

    made = api.make("li.na", "contract", name="桥", amount=1)
    again = api.patch("li.na", f"{CONTRACTS}/{made['id']}", values, match=1)
    assert code(again) == (400, "not-writable-fields")
    assert fields(again) == named
    assert api.get("li.na", f"{CONTRACTS}/{made['id']}").get_json()["revision"] == 1


def test_a_record_cannot_be_made_for_or_moved_to_another_org(api: ApiHouse) -> None:
    made = api.post("li.na", CONTRACTS, {"name": "桥", "amount": 1, "org": "B"})
    assert (code(made), fields(made)) == ((422, "invalid"), [("org", "org-out-of-reach")])

    own = api.make("li.na", "contract", name="桥", amount=1)
    moved = api.patch("li.na", f"{CONTRACTS}/{own['id']}", {"org": "B"}, match=1)
    assert (code(moved), fields(moved)) == ((422, "invalid"), [("org", "org-out-of-reach")])


@pytest.mark.parametrize(
    "below",
    ["", "/history", "/versions", "/comments", "/files", "/related/receipts", "/receipts"],
)
def test_another_subsidiary_s_record_is_not_there(api: ApiHouse, below: str) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{made['id']}{below}"
    absent = f"{CONTRACTS}/{made['id'] + 10_000}{below}"

    assert api.get("li.na", path).status_code in (200, 404)
    refused = api.get("wang.wu", path)
    missing = api.get("wang.wu", absent)
    assert code(refused) == code(missing) == (404, "no-such-record")


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("PATCH", "", {"amount": 2}),
        ("DELETE", "", None),
        ("POST", "/cancel", None),
        ("POST", "/restore", None),
        ("POST", "/comments", {"body": "x"}),
        ("POST", "/share", {"person": "nobody"}),
        ("POST", "/actions/close", {}),
    ],
)
def test_another_subsidiary_s_record_cannot_be_written(
    api: ApiHouse, method: str, below: str, body: dict[str, object] | None
) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{made['id']}{below}"

    refused = api.ask(method, "wang.wu", path, match=1, **({"json": body} if body else {}))

    assert code(refused) == (404, "no-such-record")
    assert api.get("li.na", f"{CONTRACTS}/{made['id']}").get_json()["revision"] == 1


def test_who_only_reads_cannot_write(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{made['id']}"

    assert api.get("ops", path).get_json()["name"] == "桥"
    assert code(api.patch("ops", path, {"amount": 2}, match=1)) == (403, "not-allowed")
    assert code(api.delete("ops", path, match=1)) == (403, "not-allowed")
    assert code(api.post("ops", CONTRACTS, {"name": "x", "amount": 1})) == (403, "not-allowed")


def test_a_form_without_any_grant_is_as_good_as_not_there(api: ApiHouse) -> None:
    for path in ("forms/contract", CONTRACTS, "forms/nothing", "forms/nothing/records"):
        assert code(api.get("nobody", path)) == (404, "no-such-form"), path
    for path in (CONTRACTS, "forms/nothing/records", "forms/contract/compute"):
        assert code(api.post("nobody", path, {"name": "x"})) == (404, "no-such-form"), path


# --- revisions -----------------------------------------------------------------------------------


def test_a_change_needs_the_revision_it_is_made_on(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{made['id']}"

    assert code(api.patch("li.na", path, {"amount": 2})) == (428, "if-match-missing")
    assert code(api.delete("li.na", path)) == (428, "if-match-missing")
    assert code(api.patch("li.na", path, {"amount": 2}, match=7)) == (412, "stale")
    assert code(api.delete("li.na", path, match=7)) == (412, "stale")
    for broken in ("3", "*", '"x"', '"1", "2"', ""):
        refused = api.patch("li.na", path, {"amount": 2}, headers={"If-Match": broken})
        assert code(refused) == (400, "if-match-broken"), broken
    assert api.get("li.na", path).get_json()["amount"] == 1


# --- idempotency ---------------------------------------------------------------------------------


def test_the_same_request_under_its_key_is_answered_alike_and_done_once(
    api_on_both: ApiHouse,
) -> None:
    api = api_on_both
    body = {"name": "桥", "amount": "100.10"}
    first = api.post("li.na", CONTRACTS, body, key="k-1")
    again = api.post("li.na", CONTRACTS, body, key="k-1")

    assert first.status_code == again.status_code == 201
    assert first.get_data() == again.get_data()
    assert first.headers["ETag"] == again.headers["ETag"]
    assert first.headers["Location"] == again.headers["Location"]
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1

    path = f"{CONTRACTS}/{first.get_json()['id']}"
    for _ in range(2):
        changed = api.patch("li.na", path, {"amount": 5}, key="k-2", match=1)
        assert (changed.status_code, changed.get_json()["revision"]) == (200, 2)
    for _ in range(2):
        assert api.delete("li.na", path, key="k-3", match=2).status_code == 204


def test_a_key_is_of_one_person_and_one_request(api: ApiHouse) -> None:
    body = {"name": "桥", "amount": 1}
    api.post("li.na", CONTRACTS, body, key="k")

    other = api.post("li.na", CONTRACTS, {"name": "路", "amount": 1}, key="k")
    assert code(other) == (409, "idempotency-key-reused")
    assert api.post("wang.wu", CONTRACTS, body, key="k").status_code == 201
    assert code(api.post("li.na", CONTRACTS, body, key="k" * 201)) == (
        400,
        "idempotency-key-broken",
    )


def test_a_refused_request_leaves_its_key_free(api: ApiHouse) -> None:
    assert api.post("li.na", CONTRACTS, {"name": "桥", "amount": -1}, key="k").status_code == 422
    assert api.post("li.na", CONTRACTS, {"name": "桥", "amount": 1}, key="k").status_code == 201


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"amount": True}, ("amount", "not-a-number")),
        ({"amount": "twelve"}, ("amount", "not-a-number")),
        ({"amount": []}, ("amount", "not-a-number")),
        ({"amount": -1}, ("amount", "below-least")),
        ({"name": 5}, ("name", "not-text")),
        ({"name": "x" * 41}, ("name", "text-too-long")),
        ({"signed_on": "2026-02-30"}, ("signed_on", "no-such-date")),
        ({"signed_on": 5}, ("signed_on", "not-a-date")),
        ({"main": "x"}, ("main", "not-a-record-id")),
        ({"main": 999}, ("main", "unknown-record")),
        ({"lines": {}}, ("lines", "not-a-list")),
        ({"lines": [5]}, ("lines.0", "not-a-row")),
        ({"lines": [{"item": "a", "id": 5}]}, ("lines.0.id", "unknown-row")),
        ({"org": "nowhere"}, ("org", "unknown-org")),
        ({"org": None}, ("org", "required")),
    ],
)
def test_a_wrong_value_is_a_422_that_names_its_place(
    api: ApiHouse, values: dict[str, object], named: tuple[str, str]
) -> None:
    answer = api.post("li.na", CONTRACTS, {"name": "桥", "amount": 1, **values})

    assert code(answer) == (422, "invalid")
    assert named in fields(answer)
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 0


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"{", "json-broken"),
        (b"[]", "json-object-needed"),
        (b'"x"', "json-object-needed"),
        (b'{"a": NaN}', "json-constant"),
        (b'{"a": 1, "a": 2}', "json-key-twice"),
        (b"\xff\xfe", "json-not-utf8"),
        (b'{"name": ' + b"[" * 60 + b"]" * 60 + b"}", "json-too-deep"),
    ],
)
def test_what_is_no_json_object_is_a_400(api: ApiHouse, sent: bytes, wanted: str) -> None:
    answer = api.ask("POST", "li.na", CONTRACTS, data=sent)
    assert code(answer) == (400, wanted)


def test_a_submitted_record_is_cancelled_where_the_form_says_so(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1)
    path = f"{CONTRACTS}/{made['id']}"
    assert code(api.post("li.na", f"{path}/cancel")) == (409, "not-submitted")

    from jingwei.services import records

    person = api.platform.commands.people
    with api.platform.database.reading() as connection:
        actor = person.find(connection, "li.na", api.platform.clock.today())
    assert actor is not None
    api.platform.commands.run(
        lambda work: records.submit_without_flow(work, "contract", made["id"]), actor
    )

    locked = api.patch("li.na", path, {"amount": 2}, match=2)
    assert code(locked) == (409, "record-locked-by-status")
    assert api.post("li.na", f"{path}/cancel").get_json()["status"] == "cancelled"
