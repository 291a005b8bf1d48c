"""Numbers without a gap whoever comes at once, and versions that are compared and brought back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from services_house import House

from jingwei.language.field_types.table import present_value
from jingwei.refusals import NotFound, Refused, Stale
from jingwei.services import history, snapshots
from jingwei.services.commands import Work
from jingwei.services.records import create, submit_without_flow
from jingwei.storage.versions import VersionRow, insert_version, next_version

THREADS, EACH = 6, 5


def test_numbers_have_no_gap_and_no_double_whoever_comes_at_once(house: House) -> None:
    """Every third of them is refused after it had its number: that number is the next one's."""
    people = {org: house.person(login) for org, login in (("A", "li.na"), ("B", "wang.wu"))}
    begin = Barrier(THREADS)

    def submit(thread: int) -> list[str | None]:
        org = "AB"[thread % 2]
        begin.wait()
        found = []
        for turn in range(EACH):

            def handler(work: Work, name: str = f"{thread}-{turn}", fail: int = turn % 3) -> Any:
                made = create(work, "contract", {"name": name, "amount": 1})
                number = submit_without_flow(work, "contract", made.id)["number"]
                if fail == 2:
                    raise Refused("busy")
                return number

            try:
                found.append(house.commands.run(handler, people[org]))
            except Refused:
                found.append(None)
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        given = [number for found in pool.map(submit, range(THREADS)) for number in found if number]

    for org in people:
        prefix = f"C-{org}-2026-"
        mine = sorted(number for number in given if number.startswith(prefix))
        assert mine == [f"{prefix}{place + 1:03d}" for place in range(len(mine))]
        assert len(mine) == THREADS // 2 * (EACH - 1)


@pytest.fixture
def versioned(house: House) -> tuple[House, int]:
    """A contract with two versions: a row changed, one removed, one added."""
    lines = [{"item": "桩", "price": 60}, {"item": "梁", "price": 40}]
    made = house.create("li.na", "contract", name="桥", amount=100, secret="s1", lines=lines)
    cut(house, made["id"], "初稿")
    house.clock.move(timedelta(days=1))
    first = made["lines"][0]
    wanted = [{"id": first["id"], "price": 70}, {"item": "索", "price": 50}]
    house.update("li.na", "contract", made["id"], amount=120, secret="s2", lines=wanted)
    cut(house, made["id"], "定稿")
    return house, made["id"]


def cut(house: House, id: int, label: str) -> None:
    def handler(work: Work) -> None:
        form = work.catalogue.forms["contract"]
        record = work.store.load(work.connection, "contract", [id])[id]
        body: dict[str, Any] = {
            name: present_value(field, record.get(name))
            for name, field in form.fields.items()
            if field.type != "table"
        }
        body["lines"] = [
            {"id": row["id"]}
            | {n: present_value(c, row[n]) for n, c in form.fields["lines"].fields.items()}
            for row in record["lines"]
        ]
        number = next_version(work.connection, id)
        key = work.installation.book.key("form", "contract")
        release = work.installation.release.id
        insert_version(
            work.connection,
            VersionRow(id, number, key, label, body, record["revision"], release, work.now, None),
        )

    house.do("li.na", handler)


def test_two_versions_are_compared_field_by_field_and_row_by_row(
    versioned: tuple[House, int],
) -> None:
    house, id = versioned
    with house.read("li.na") as view:
        changes = snapshots.diff(view, "contract", id, 1, 2)["changes"]
        back = snapshots.diff(view, "contract", id, 2, 1)["changes"]
        labels = [v["label"] for v in snapshots.versions(view, "contract", id)]
    assert labels == ["初稿", "定稿"]
    rows = changes.pop("lines")
    assert changes == {
        "amount": [100, 120],
        "tax": [13, Decimal("15.60")],
        "secret": ["s1", "s2"],
        "total": [100, 120],
    }
    assert list(rows.values()) == [
        {"price": [60, 70]},
        {"item": ["梁", None], "price": [40, None]},
        {"item": [None, "索"], "price": [None, 50]},
    ]
    assert back["amount"] == [120, 100]
    with house.read("chen.jie") as view:
        assert "secret" not in snapshots.diff(view, "contract", id, 1, 2)["changes"]
        assert "secret" not in snapshots.versions(view, "contract", id)[0]["record"]


def test_an_earlier_version_is_written_again_through_the_write_path(
    versioned: tuple[House, int],
) -> None:
    house, id = versioned

    def restore(number: int, revision: int) -> Any:
        return lambda w: snapshots.restore(w, "contract", id, number, expected_revision=revision)

    with pytest.raises(Stale):
        house.do("li.na", restore(1, 1))
    with pytest.raises(NotFound):
        house.do("li.na", restore(9, 2))
    with pytest.raises(NotFound):
        house.do("wang.wu", restore(1, 2))

    written = house.do("li.na", restore(1, 2)).record
    assert (written["amount"], written["tax"], written["revision"]) == (100, 13, 3)
    assert [(row["item"], row["price"]) for row in written["lines"]] == [("桩", 60), ("梁", 40)]
    with house.read("li.na") as view:
        latest = history.history(view, "contract", id)[0]
    assert latest["action"] == "updated"
    assert latest["changes"]["amount"] == [120, 100]
