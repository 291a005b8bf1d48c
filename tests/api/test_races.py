"""Two at the same moment: one deed, one winner, and an answer for both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

from api_house import ApiHouse

from jingwei.services import records
from jingwei.services.commands import Work

CONTRACTS = "forms/contract/records"
THREADS = 6


def together(ask: Callable[[int], Any]) -> list[Any]:
    """What each of several threads is answered, all begun at one moment."""
    begin = Barrier(THREADS)

    def one(index: int) -> Any:
        begin.wait()
        return ask(index)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


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

        with api.platform.database.reading() as connection:
            today = api.platform.clock.today()
            li_na = api.platform.commands.people.find(connection, "li.na", today)
        assert li_na is not None
        assert api.platform.commands.run(change, li_na).result() == 412
    assert api.get("li.na", f"{CONTRACTS}/{made}").get_json()["status"] == "draft"


def test_what_must_be_unique_is_taken_once(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.token("li.na")
    body = {"name": "唯一", "amount": 1}

    answers = together(lambda _: api.post("li.na", CONTRACTS, body))

    assert sorted(a.status_code for a in answers) == [201] + [422] * (THREADS - 1)
    assert api.get("li.na", CONTRACTS).get_json()["total"] == 1
