"""The Python client over HTTP; and many people at one form, of whom none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, open_api
from werkzeug.serving import make_server

from jingwei.client import ApiError, Client, Record

EDITORS, EDITS = 10, 3
SUMS = """
kind: form
title: 算式
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  name: {type: text, title: 名称}
  late: {type: boolean, title: 逾期, compute: today > 2030-01-01}
  lines:
    type: table
    title: 明细
    fields:
      item: {type: text, title: 项目}
      count: {type: number, title: 数量}
      price: {type: money, unit: CNY, title: 单价}
      amount: {type: money, unit: CNY, title: 金额, compute: count * price}
  total: {type: money, unit: CNY, title: 合计, compute: sum(lines.amount)}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""


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
    """Each adds to the same record, in a field and as a row, and makes one of his own, all at the
    same time."""
    with served(api_on_both) as address:
        contracts = Client.sign_in(address, "li.na", PASSWORD).records("contract")
        shared = contracts.create(name="桥", amount=0)["id"]

        def more(editor: int, turn: int, now: Record) -> Record:
            rows = [*now["lines"], {"item": f"{editor}-{turn}", "price": editor}]
            return {"amount": now["amount"] + editor, "lines": rows}

        def edit(editor: int) -> None:
            for turn in range(EDITS):
                contracts.change(shared, partial(more, editor, turn))
            contracts.create(name=f"合同{editor}", amount=editor)

        with ThreadPoolExecutor(EDITORS) as people:
            list(people.map(edit, range(1, EDITORS + 1)))

        kept = contracts.get(shared)
        assert (kept["amount"], kept["revision"]) == (EDITS * 55, 1 + EDITORS * EDITS)
        rows = {f"{e}-{turn}" for e in range(1, EDITORS + 1) for turn in range(EDITS)}
        assert {one["item"] for one in kept["lines"]} == rows
        assert (len(kept["lines"]), kept["total"]) == (len(rows), kept["amount"])
        history = contracts.history(shared)["items"]
        steps = [
            one["changes"]["amount"] for one in reversed(history) if "amount" in one["changes"]
        ]
        assert [was for was, _ in steps[1:]] == [now for _, now in steps[:-1]]
        made = [one["amount"] for one in contracts.all('name != "桥"', sort="amount", size=3)]
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
        other = contracts.create(name="坝", amount=1)
        done = contracts.bulk("update", [made, other], {"signed_on": date(2026, 3, 1)})
        assert (done["done"], done["refused"]) == (2, 0)
        assert contracts.bulk("delete", [made])["results"][0]["error"]["code"] == "stale"
        contracts.delete(made["id"], made["revision"] + 1)
        assert [one["id"] for one in contracts.all()] == [other["id"]]


@pytest.fixture
def sums(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, {**MORE_FILES, "forms/sums.yaml": SUMS})
    yield opened
    opened.close()


def test_what_was_read_may_be_sent_back_as_it_is(sums: ApiHouse) -> None:
    """Rows with a computed column and a record as a whole, of which the computed values and those
    of the system are left as they are."""
    with served(sums) as address:
        forms = Client.sign_in(address, "li.na", PASSWORD).records("sums")
        lines = [{"item": "a", "count": Decimal("3"), "price": Decimal("1.10")}]
        made = forms.create(name="桥", lines=lines)
        assert made["lines"][0]["amount"] == Decimal("3.30")

        more = {"item": "b", "count": 2, "price": Decimal("2.05")}
        forms.change(made["id"], lambda now: {"lines": [*now["lines"], more]})
        whole = forms.change(made["id"], lambda now: {**now, "name": "桥二"})

        assert [row["amount"] for row in whole["lines"]] == [Decimal("3.30"), Decimal("4.10")]
        assert (whole["name"], whole["total"]) == ("桥二", Decimal("7.40"))
        for wrong in ({"total": 9}, {"created_by": "ops"}, {"late": not whole["late"]}):
            with pytest.raises(ApiError) as refused:
                forms.update(made["id"], whole["revision"], wrong)
            assert [f["code"] for f in refused.value.fields] == ["not-writable"]
        with pytest.raises(ApiError) as refused:
            forms.update(made["id"], whole["revision"], {**whole, "total": 9})
        assert [f["path"] for f in refused.value.fields] == ["total"]
        # read with titles, they come along
        path = f"forms/sums/records/{made['id']}"
        titled = sums.get("li.na", f"{path}?titles=1").get_json()
        assert titled["_titles"]
        again = sums.patch("li.na", path, {**titled, "name": "桥三"}, match=titled["revision"])
        assert (again.status_code, again.get_json()["name"]) == (200, "桥三")


def test_the_client_sends_files_and_fetches_them(api: ApiHouse) -> None:
    with served(api) as address:
        house = Client.sign_in(address, "li.na", PASSWORD)
        content = bytes(range(256)) * 5 + b"\r\n--x--\r\n"
        kept = house.upload('凭证 "一".bin', content)
        assert (kept["name"], kept["size"]) == ('凭证 "一".bin', len(content))
        contract = house.records("contract").create(name="桥", amount=1)
        receipt = house.records("receipt").create(contract=contract["id"], paper=kept["id"])
        assert receipt["paper"] == kept["id"]
        assert house.download(f"files/{kept['id']}") == content
        assert b"\r\n" in house.download("forms/contract/export.csv")
        assert house.tasks() == []
        with pytest.raises(ApiError, match="404"):
            house.decide(1, "approve", comment="ok")
