"""Rules of the one write path: what is kept, what is refused, and what a refusal leaves behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from services_house import FILES, House

from jingwei.refusals import (
    Conflict,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Refused,
    Stale,
)
from jingwei.services import history, record_views, records, wanted
from jingwei.services.commands import Work
from jingwei.services.people import SYSTEM


def said(refused: Refused) -> list[tuple[str, str]]:
    return [(f.path, f.code) for f in refused.fields]


def count_changes(house: House, login: str, id: int) -> int:
    with house.read(login) as reading:
        return len(history.history(reading, "contract", id))


def test_a_created_record_has_defaults_computes_and_its_org(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount="100.10")

    shown = house.show("li.na", "contract", made["id"])
    assert shown["org"] == "A"
    assert shown["owner"] == "li.na"
    assert (shown["status"], shown["state"], shown["revision"]) == ("draft", "draft", 1)
    assert shown["tax_rate"] == Decimal("0.13")
    assert shown["tax"] == Decimal("13.01")  # 100.10 × 13 % = 13.013
    assert shown["number"] is None  # given at submit


def test_a_draft_may_be_unfinished_and_a_submit_may_not(house: House) -> None:
    made = house.create("li.na", "contract", amount=2_000_000)

    with pytest.raises(Invalid) as refused:
        house.do("li.na", lambda work: records.submit_without_flow(work, "contract", made["id"]))

    assert said(refused.value) == [("name", "required"), ("reason", "required")]
    assert house.show("li.na", "contract", made["id"])["status"] == "draft"


def test_every_problem_is_named_at_once_and_nothing_is_kept(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        house.create(
            "li.na",
            "contract",
            name="x" * 41,
            amount=-1,
            signed_on="2026-02-30",
            main=999,
            lines=[{"item": "a"}, {"item": "a", "price": "twelve"}],
        )

    assert said(refused.value) == [
        ("signed_on", "no-such-date"),
        ("lines.1.price", "not-a-number"),
        ("name", "text-too-long"),
        ("amount", "below-least"),
        ("lines.1.item", "row-twice"),
        ("main", "unknown-record"),
    ]
    assert house.list("li.na", "contract").total == 0


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"status": "approved"}, [("status", "not-writable")]),
        ({"revision": 7, "id": 3}, [("revision", "not-writable"), ("id", "not-writable")]),
        ({"tax": 1}, [("tax", "not-writable")]),
        ({"amuont": 1}, [("amuont", "unknown-field")]),
        ({"lines": [{"item": "a", "prise": 1}]}, [("lines.0.prise", "unknown-field")]),
    ],
)
def test_what_nobody_may_write_is_refused_by_name(
    house: House, values: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    with pytest.raises(Malformed) as refused:
        house.create("li.na", "contract", name="桥", amount=1, **values)
    assert said(refused.value) == wanted


def test_a_record_cannot_be_made_for_another_org(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "contract", name="桥", amount=1, org="B")
    assert said(refused.value) == [("org", "org-out-of-reach")]


def test_a_record_cannot_be_moved_to_another_org(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount=1)
    with pytest.raises(Invalid) as refused:
        house.update("li.na", "contract", made["id"], org="B")
    assert said(refused.value) == [("org", "org-out-of-reach")]
    assert house.show("li.na", "contract", made["id"])["org"] == "A"


def test_a_record_of_another_org_is_not_there(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount=1)

    with pytest.raises(NotFound) as unseen, house.read("wang.wu") as reading:
        record_views.record(reading, "contract", made["id"])
    with pytest.raises(NotFound) as unwritten:
        house.update("wang.wu", "contract", made["id"], revision=1, name="mine")
    with pytest.raises(NotFound) as missing, house.read("wang.wu") as reading:
        record_views.record(reading, "contract", 987654321)

    assert unseen.value.code == unwritten.value.code == missing.value.code == "no-such-record"
    assert house.list("wang.wu", "contract").total == 0


def test_a_reader_who_may_not_write_is_told_so(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount=1)
    with pytest.raises(NotAllowed):
        house.update("ops", "contract", made["id"], name="mine")
    with pytest.raises(NotAllowed):
        house.create("nobody", "contract", name="桥", amount=1)


def test_whoever_was_slower_is_told_and_changes_nothing(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount=1)
    house.update("li.na", "contract", made["id"], revision=1, amount=2)

    with pytest.raises(Stale) as refused:
        house.update("li.na", "contract", made["id"], revision=1, amount=3)
    assert refused.value.holes == {"revision": 2}
    with pytest.raises(PreconditionRequired):
        house.do("li.na", lambda w: records.update(w, "contract", made["id"], {"amount": 4}))
    assert house.show("li.na", "contract", made["id"])["amount"] == 2


def test_a_row_keeps_its_id_and_cannot_be_stolen(house: House) -> None:
    one = house.create("li.na", "contract", name="桥", amount=3, lines=[{"item": "a", "price": 3}])
    other = house.create("li.na", "contract", name="路", amount=1)
    row = one["lines"][0]["id"]

    kept = house.update(
        "li.na", "contract", one["id"], lines=[{"id": row, "price": 1}, {"item": "b", "price": 2}]
    )
    assert [(r["item"], r["price"]) for r in kept["lines"]] == [("a", 1), ("b", 2)]
    assert kept["lines"][0]["id"] == row
    with pytest.raises(Invalid) as refused:
        house.update("li.na", "contract", other["id"], lines=[{"id": row, "item": "c"}])
    assert ("lines.0.id", "unknown-row") in said(refused.value)


def test_a_name_is_unique_within_its_org(house: House) -> None:
    house.create("li.na", "contract", name="桥", amount=1)
    house.create("wang.wu", "contract", name="桥", amount=1)
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "contract", name="桥", amount=1)
    assert [code for _, code in said(refused.value)] == ["taken"]


def test_numbers_are_given_at_submit_without_gaps(house: House) -> None:
    numbers = []
    for name in ("a", "b", "c"):
        made = house.create("li.na", "contract", name=name, amount=1)
        house.do("li.na", lambda w, i=made["id"]: records.submit_without_flow(w, "contract", i))
        numbers.append(house.show("li.na", "contract", made["id"])["number"])
    assert numbers == ["C-A-2026-001", "C-A-2026-002", "C-A-2026-003"]


def test_a_submitted_record_is_locked_until_it_is_cancelled(house: House) -> None:
    made = house.create("li.na", "contract", name="a", amount=1)
    house.do("li.na", lambda w: records.submit_without_flow(w, "contract", made["id"]))
    with pytest.raises(Conflict) as refused:
        house.update("li.na", "contract", made["id"], amount=2)
    assert refused.value.code == "record-locked-by-status"
    with pytest.raises(Conflict):
        house.do("li.na", lambda w: records.submit_without_flow(w, "contract", made["id"]))
    house.do("li.na", lambda w: records.cancel(w, "contract", made["id"]))
    assert house.show("li.na", "contract", made["id"])["status"] == "cancelled"


def test_a_deleted_record_leaves_every_list_and_comes_back(house: House) -> None:
    made = house.create("li.na", "contract", name="a", amount=1)
    house.do("li.na", lambda w: records.delete(w, "contract", made["id"], expected_revision=1))
    assert house.list("li.na", "contract").total == 0
    with pytest.raises(NotFound):
        house.show("li.na", "contract", made["id"])
    house.do("li.na", lambda w: records.restore(w, "contract", made["id"]))
    assert house.show("li.na", "contract", made["id"])["name"] == "a"


def test_history_tells_old_and_new_and_keeps_what_is_hidden(house: House) -> None:
    made = house.create("li.na", "contract", name="a", amount=1, secret="90")
    house.update("li.na", "contract", made["id"], amount=2, secret="80")

    with house.read("li.na") as reading:
        latest = history.history(reading, "contract", made["id"])[0]
    with house.read("chen.jie") as reading:
        seen_by_finance = history.history(reading, "contract", made["id"])[0]
    assert latest["actor"] == "li.na"
    assert latest["changes"] == {
        "amount": [Decimal(1), Decimal(2)],
        "tax": [Decimal("0.13"), Decimal("0.26")],
        "secret": ["90", "80"],
    }
    assert "secret" not in seen_by_finance["changes"]


def test_one_key_does_one_thing(house: House) -> None:
    def handler(work: Work) -> int:
        return records.create(work, "contract", {"name": "a", "amount": 1}).id

    first = house.do("li.na", handler, key="k", request_hash="h")
    again = house.do("li.na", handler, key="k", request_hash="h")
    assert first == again
    assert house.list("li.na", "contract").total == 1
    with pytest.raises(Conflict) as refused:
        house.do("li.na", handler, key="k", request_hash="other")
    assert refused.value.code == "idempotency-key-reused"


def test_many_changes_are_made_or_none(house: House) -> None:
    good = [wanted.Change("create", values={"name": f"n{i}", "amount": i}) for i in range(5)]
    bad = [*good, wanted.Change("create", values={"name": "bad", "amount": -1})]
    with pytest.raises(Invalid):
        house.do("li.na", lambda w: records.write_many(w, "contract", bad))
    assert house.list("li.na", "contract").total == 0
    house.do("li.na", lambda w: records.write_many(w, "contract", good))
    assert house.list("li.na", "contract").total == 5


def test_a_hidden_field_answers_like_one_that_is_not_there(house: House) -> None:
    house.create("li.na", "contract", name="a", amount=1, secret="90")
    for name in ("secret", "sekret"):
        for wish in ({"filter": f'{name} == "90"'}, {"sort": (name,)}, {"fields": (name,)}):
            with pytest.raises(Malformed):
                house.list("chen.jie", "contract", **wish)
    item = house.list("chen.jie", "contract").items[0]
    assert "secret" not in item
    assert house.list("ops", "contract").items[0]["secret"] != "90"  # masked
    with pytest.raises(Malformed):
        house.list("ops", "contract", filter='secret == "90"')


def test_a_list_filters_sorts_and_counts_within_rights(house: House) -> None:
    for n, login in enumerate(["li.na", "wang.wu", "li.na"]):
        house.create(login, "contract", name=f"n{n}", amount=n * 100)

    seen = house.list("chen.jie", "contract", filter="amount >= 100", sort=("amount",))
    assert [i["name"] for i in seen.items] == ["n1", "n2"]
    assert seen.total == 2
    own = house.list("li.na", "contract", sort=("-amount",), size=1)
    assert ([i["name"] for i in own.items], own.total) == (["n2"], 2)


def test_a_broken_filter_names_the_word(house: House) -> None:
    with pytest.raises(Malformed) as refused:
        house.list("ops", "contract", filter="amuont > 1")
    assert "amuont" in refused.value.message("zh")
    assert refused.value.detail["suggestion"] == "amount"


def test_a_locked_state_is_named_in_the_language_of_the_reader(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount=1)
    files = {
        "forms/contract.yaml": FILES["forms/contract.yaml"].replace(
            "title: 已关闭,", "title: {zh: 已关闭, en: Closed},"
        )
    }
    house.publish(files)
    house.commands.run(
        lambda work: records.set_system(work, "contract", made["id"], state="closed"), SYSTEM
    )

    with pytest.raises(Conflict) as refused:
        house.update("li.na", "contract", made["id"], amount=2)

    assert "Closed" in refused.value.message("en") and "已关闭" not in refused.value.message("en")
    assert "已关闭" in refused.value.message("zh")
