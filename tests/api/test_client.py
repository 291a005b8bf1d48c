"""The Python client over HTTP; and many people at one form, of whom none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from threading import Thread

import pytest
from api_house import PASSWORD, ApiHouse
from werkzeug.serving import make_server

from jingwei.client import ApiError, Client

EDITORS, EDITS = 10, 3


@contextmanager
def served(api: ApiHouse) -> Iterator[str]:
    """The address of the application, answered by threads."""
    server = make_server("127.0.0.1", 0, api.app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def test_ten_people_who_edit_one_form_at_once_lose_nothing(api_on_both: ApiHouse) -> None:
    """Each adds to the same record and makes one of his own, all at the same time."""
    with served(api_on_both) as address:
        contracts = Client.sign_in(address, "li.na", PASSWORD).records("contract")
        shared = contracts.create(name="桥", amount=0)["id"]

        def edit(editor: int) -> None:
            for _ in range(EDITS):
                contracts.change(shared, lambda now: {"amount": now["amount"] + editor})
            contracts.create(name=f"合同{editor}", amount=editor)

        with ThreadPoolExecutor(EDITORS) as people:
            list(people.map(edit, range(1, EDITORS + 1)))

        kept = contracts.get(shared)
        assert (kept["amount"], kept["revision"]) == (EDITS * 55, 1 + EDITORS * EDITS)
        history = contracts.history(shared)["items"]
        steps = [
            one["changes"]["amount"] for one in reversed(history) if "amount" in one["changes"]
        ]
        assert [was for was, _ in steps[1:]] == [now for _, now in steps[:-1]]
        made = sorted(one["amount"] for one in contracts.all('name != "桥"', sort="amount"))
        assert made == list(range(1, EDITORS + 1))


def test_the_client_says_what_is_wrong_and_keeps_every_digit(api: ApiHouse) -> None:
    with served(api) as address:
        with pytest.raises(ApiError, match="401"):
            Client.sign_in(address, "li.na", "wrong")
        house = Client.sign_in(address, "li.na", PASSWORD)
        assert house.me()["login"] == "li.na"
        contracts = house.records("contract")
        made = contracts.create(name="桥", amount=Decimal("90071992547409.93"))
        assert made["amount"] == Decimal("90071992547409.93")
        with pytest.raises(ApiError) as refused:
            contracts.create(name="坝", amount="much")
        assert [(f["path"], f["code"]) for f in refused.value.fields] == [
            ("amount", "not-a-number")
        ]
        with pytest.raises(ApiError, match="412 stale"):
            contracts.update(made["id"], 7, {"amount": 1})
        contracts.delete(made["id"], made["revision"])
        assert contracts.list()["total"] == 0
