"""Two at the same moment: one deed, one winner, and an answer for both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any

from api_house import MORE_FILES, MORE_PEOPLE, ApiHouse, open_api

from jingwei.services import records
from jingwei.services.commands import Work
from jingwei.services.people import Person

CONTRACTS = "forms/contract/records"
THREADS = 6


def together(ask: Callable[[int], Any], many: int = THREADS) -> list[Any]:
    """What each of several threads is answered, all begun at one moment."""
    begin = Barrier(many)

    def one(index: int) -> Any:
        begin.wait()
        return ask(index)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def person(api: ApiHouse) -> Person:
    with api.platform.database.reading() as connection:
        today = api.platform.clock.today()
        found = api.platform.commands.people.find(connection, "li.na", today)
    assert found is not None
    return found


def test_one_key_is_one_record_however_often_it_is_sent_at_once(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.token("li.na")
    body = {"name": "桥", "amount": 1}

    answers = together(lambda _: api.post("li.na", CONTRACTS, body, key="k"))

    assert {a.status_code for a in answers} == {201}
    assert len({a.get_data() for a in answers}) == 1
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1


def test_of_changes_to_one_revision_one_wins(api_on_both: ApiHouse) -> None:
    api = api_on_both
    path = f"{CONTRACTS}/{api.make('li.na', 'contract', name='桥', amount=1)['id']}"

    answers = together(lambda i: api.patch("li.na", path, {"amount": 100 + i}, match=1))

    statuses = sorted(a.status_code for a in answers)
    assert statuses == [200] + [412] * (THREADS - 1)
    won = next(a for a in answers if a.status_code == 200).get_json()
    kept = api.get("li.na", path).get_json()
    assert (kept["amount"], kept["revision"]) == (won["amount"], 2)
    assert api.get("li.na", f"{path}/history").get_json()["total"] == 2


TEN = [f"clerk{n}" for n in range(10)]


def test_ten_people_who_edit_one_form_at_once_lose_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """Each adds a row, changes the row that was there for him, and writes a field of his own, over
    and over against whoever was quicker: as a form does that offers both values again."""
    clerks = [{"login": c, "name": c, "org": "A", "posts": "planner@A"} for c in TEN]
    texts = "".join(f"  note{n}: {{type: text, title: 备注{n}}}\n" for n in range(10))
    form = f"""
kind: form
title: 台账
fields:
{texts}  lines:
    type: table
    title: 明细
    fields: {{item: {{type: text, title: 项}}, price: {{type: money, unit: CNY, title: 价}}}}
  total: {{type: money, unit: CNY, title: 合计, compute: sum(lines.price)}}
permissions: {{planner: {{post: planner, can: [read, create, update], scope: org}}}}
"""
    files = {**MORE_FILES, "forms/book.yaml": form}
    api = open_api(tmp_path, database_url, files, [*MORE_PEOPLE, *clerks])
    made = api.make("clerk0", "book", lines=[{"item": f"old{n}", "price": 1} for n in range(10)])
    path = f"forms/book/records/{made['id']}"
    for clerk in TEN:
        api.token(clerk)

    all_have_read = Barrier(len(TEN))

    def edit(n: int) -> int:
        """How often somebody was quicker."""
        for refused in range(200):
            seen = api.get(TEN[n], path).get_json()
            if not refused:
                all_have_read.wait()
            rows = [{"id": r["id"], "item": r["item"], "price": r["price"]} for r in seen["lines"]]
            next(r for r in rows if r["item"] == f"old{n}")["price"] = 10 + n
            wanted = {"lines": [*rows, {"item": f"new{n}", "price": 100}], f"note{n}": TEN[n]}
            answer = api.patch(TEN[n], path, wanted, match=seen["revision"])
            if answer.status_code == 200:
                return refused
            assert answer.status_code == 412, answer.get_data(as_text=True)
        raise AssertionError("never got through")

    refused = together(edit, len(TEN))

    kept = api.get("clerk0", path).get_json()
    prices = {row["item"]: row["price"] for row in kept["lines"]}
    assert prices == {f"old{n}": 10 + n for n in range(10)} | {f"new{n}": 100 for n in range(10)}
    assert [kept[f"note{n}"] for n in range(10)] == TEN
    assert (kept["revision"], kept["total"]) == (11, 1_145)
    told = api.get("clerk0", f"{path}/history?size=50").get_json()["items"]
    assert sorted(e["actor"] for e in told if e["action"] == "updated") == TEN
    assert all(len(e["changes"]["lines"]) == 2 for e in told if e["action"] == "updated")
    assert sum(refused) >= len(TEN) - 1  # of those who read the same, one is first
    api.close()


def test_a_submit_is_of_the_revision_its_sender_saw(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount=1)["id"]

    def submit() -> int:
        answer = api.post("li.na", f"{CONTRACTS}/{made}/submit", {}, match=1)
        found: int = answer.status_code
        return found

    with ThreadPoolExecutor(1) as pool:

        def change(work: Work) -> Future[int]:
            records.update(work, "contract", made, {"amount": 2}, expected_revision=1)
            asked = pool.submit(submit)
            with suppress(TimeoutError):
                asked.result(timeout=0.5)  # it has looked at revision 1, and waits for the record
            return asked

        assert api.platform.commands.run(change, person(api)).result() == 412
    assert api.get("li.na", f"{CONTRACTS}/{made}").get_json()["status"] == "draft"


def test_what_must_be_unique_is_taken_once(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.token("li.na")
    body = {"name": "唯一", "amount": 1}

    answers = together(lambda _: api.post("li.na", CONTRACTS, body))

    assert sorted(a.status_code for a in answers) == [201] + [422] * (THREADS - 1)
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1


def test_a_team_s_lists_open_with_one_view_whoever_else_says_so_at_once(
    api_on_both: ApiHouse,
) -> None:
    api = api_on_both
    views = "forms/contract/views"

    def save(index: int) -> int:
        wish = {"sort": ["name"]}
        given = {"title": f"V{index}", "org": "A", "opens": True, "wish": wish}
        return int(api.post("li.na", views, given).get_json()["id"])

    def opening() -> list[int]:
        listed = api.get("li.na", views).get_json()["items"]
        return [one["id"] for one in listed if one["opens"]]

    api.token("li.na")
    saved = together(save)
    assert len(opening()) == 1 and opening()[0] in saved

    def change(index: int) -> int:
        given = {"opens": True} if index % 2 else {"title": f"W{index}"}
        return int(api.patch("li.na", f"{views}/{saved[index]}", given).status_code)

    assert together(change) == [200] * THREADS
    assert len(opening()) == 1


def test_what_is_linked_to_is_not_removed_meanwhile(api_on_both: ApiHouse) -> None:
    api = api_on_both
    first = api.make("li.na", "contract", name="主", amount=1)["id"]

    def remove() -> int:
        found: int = api.delete("li.na", f"{CONTRACTS}/{first}", match=1).status_code
        return found

    with ThreadPoolExecutor(1) as pool:

        def link(work: Work) -> Future[int]:
            records.create(work, "contract", {"name": "从", "amount": 1, "main": first})
            asked = pool.submit(remove)
            with suppress(TimeoutError):
                asked.result(timeout=0.5)  # it waits for what is linked to it to be kept
            return asked

        assert api.platform.commands.run(link, person(api)).result() == 409


def test_of_a_link_and_the_removal_of_what_it_leads_to_one_wins(api_on_both: ApiHouse) -> None:
    api = api_on_both
    main = api.make("li.na", "contract", name="主", amount=1)["id"]

    def ask(index: int) -> int:
        if index % 2:
            body = {"name": f"从{index}", "amount": 1, "main": main}
            found: int = api.post("li.na", CONTRACTS, body).status_code
        else:
            found = api.delete("li.na", f"{CONTRACTS}/{main}", match=1).status_code
        return found

    answers = together(ask)

    linked, removed = answers[1::2], answers[::2]
    assert (linked, sorted(removed)) in (
        ([201] * 3, [409] * 3),
        ([422] * 3, [204, 404, 404]),
    )


def test_a_record_that_is_linked_to_may_be_changed_meanwhile(api_on_both: ApiHouse) -> None:
    api = api_on_both
    main = api.make("li.na", "contract", name="主", amount=1)["id"]
    answers = together(
        lambda i: (
            api.post("li.na", CONTRACTS, {"name": f"从{i}", "amount": 1, "main": main})
            if i
            else api.patch("li.na", f"{CONTRACTS}/{main}", {"amount": 2}, match=1)
        )
    )
    assert [a.status_code for a in answers] == [200] + [201] * (THREADS - 1)
