"""What is written is what is read, whatever the type and the database."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from storage_small import NOW

from jingwei.language.periods import Period
from jingwei.storage.books import PersonBook
from jingwei.storage.direct import FEW
from jingwei.storage.errors import Duplicate
from jingwei.storage.people import insert_people
from jingwei.storage.records import RowChange
from jingwei.storage.runtime import Installation

SYSTEM: dict[str, Any] = {
    "revision": 1,
    "number": None,
    "org": "A",
    "owner": "li.na",
    "status": "draft",
    "state": None,
    "flow": None,
    "created_at": NOW,
    "created_by": "li.na",
    "updated_at": NOW,
    "updated_by": "li.na",
    "deleted_at": None,
}


def whole(id_: int, row: int) -> dict[str, Any]:
    """A record with a value of every kind."""
    return {
        "id": id_,
        **SYSTEM,
        "title": "采购合同",
        "amount": Decimal("1234567890123.45"),
        "share": Decimal("0.125000"),
        "pages": 12,
        "signed_on": date(2026, 2, 28),
        "signed_at": NOW,
        "opens": time(8, 30),
        "year": Period.parse("2026"),
        "kind": "buy",
        "labels": ["a", "b-1"],
        "urgent": True,
        "keeper": "wang",
        "partners": ["B", "C"],
        "about": {"form": "other", "id": 7},
        "parent": None,
        "place": {"lat": Decimal("30.5"), "lng": 114},
        "lines": [
            {"id": row, "org": "B", "value": Decimal("1.5000"), "note": None},
            {"id": row + 1, "org": "C", "value": None, "note": "x"},
        ],
    }


def written(installation: Installation, *records: dict[str, Any]) -> None:
    with installation.database.writing() as connection:
        installation.store.insert(connection, "contract", records)


def read(installation: Installation, *ids: int) -> dict[int, dict[str, Any]]:
    with installation.database.reading() as connection:
        return installation.store.load(connection, "contract", ids)


def test_many_records_come_back_as_they_went_in(installation: Installation) -> None:
    """More of them than are inserted one by one; with signs that mean something to a database."""
    odd = {"title": "a\tb\\N\\.\n'“’", "labels": None, "place": None, "about": None, "opens": None}
    records = [whole(3000 + 10 * n, 3001 + 10 * n) | (odd if n % 2 else {}) for n in range(FEW + 5)]
    written(installation, *records)
    assert list(read(installation, *(r["id"] for r in records)).values()) == records
    with pytest.raises(Duplicate):
        written(installation, *records)


def test_a_record_comes_back_as_it_went_in(installation: Installation) -> None:
    record = whole(2001, 2002)
    written(installation, record)

    expected = {**record, "place": {"lat": 30.5, "lng": 114}}
    assert read(installation, 2001, 9) == {2001: expected}


def test_an_empty_record_is_all_empty(installation: Installation) -> None:
    written(installation, {"id": 5, "revision": 1, "org": "G"})

    record = read(installation, 5)[5]
    assert record.pop("lines") == []
    assert {k: v for k, v in record.items() if v is not None} == {
        "id": 5,
        "revision": 1,
        "org": "G",
    }


def test_an_update_moves_the_revision_and_replaces_rows(installation: Installation) -> None:
    written(installation, whole(10, 11), whole(20, 21))

    rows = [{"id": 12, "org": "C", "value": None, "note": "y"}, {"id": 13, "org": "A"}]
    change = RowChange(10, 1, {"amount": Decimal("1.00"), "about": None}, {"lines": rows})
    with installation.database.writing() as connection:
        assert installation.store.update(connection, "contract", [change]) == set()

    both = read(installation, 10, 20)
    assert both[20]["lines"] == whole(20, 21)["lines"]
    assert both[10] == {
        **whole(10, 11),
        "revision": 2,
        "amount": Decimal("1.00"),
        "about": None,
        "place": both[10]["place"],
        "lines": [rows[0], {"id": 13, "org": "A", "value": None, "note": None}],
    }


def test_a_stale_change_is_named_and_writes_nothing(installation: Installation) -> None:
    written(installation, whole(10, 11), whole(20, 21))

    changes = [
        RowChange(10, 7, {"title": "late"}, {"lines": []}),
        RowChange(20, 1, {"title": "in time"}),
    ]
    with installation.database.writing() as connection:
        assert installation.store.update(connection, "contract", changes) == {10}

    both = read(installation, 10, 20)
    assert both[10]["title"] == "采购合同"
    assert len(both[10]["lines"]) == 2
    assert (both[20]["title"], both[20]["revision"]) == ("in time", 2)


def test_a_row_of_another_record_cannot_be_taken(installation: Installation) -> None:
    written(installation, whole(10, 11), whole(20, 21))

    theft = RowChange(10, 1, {}, {"lines": [{"id": 21, "note": "mine"}]})
    with installation.database.writing() as connection:
        installation.store.update(connection, "contract", [theft])

    both = read(installation, 10, 20)
    assert both[20]["lines"] == whole(20, 21)["lines"]
    assert both[10]["lines"] == []


def test_more_places_than_are_kept_round_half_up(installation: Installation) -> None:
    written(installation, {"id": 1, "revision": 1, "amount": Decimal("2.345")})

    assert read(installation, 1)[1]["amount"] == Decimal("2.35")


def test_a_person_who_came_after_the_book_was_read_is_found(installation: Installation) -> None:
    with installation.database.writing() as connection:
        later = {"id": 900, "login": "chen", "name": "Chen", "org": "B", "created_at": NOW}
        insert_people(connection, PersonBook(), [later])
    assert "chen" not in installation.database.people.ids

    written(installation, {"id": 1, "revision": 1, "keeper": "chen"})

    assert read(installation, 1)[1]["keeper"] == "chen"


def test_a_name_that_does_not_exist_is_never_written(installation: Installation) -> None:
    with pytest.raises(KeyError):
        written(installation, {"id": 1, "revision": 1, "org": "nowhere"})
    with pytest.raises(KeyError):
        written(installation, {"id": 1, "revision": 1, "owner": "nobody"})


def test_a_taken_value_is_found_and_a_deleted_one_is_free(installation: Installation) -> None:
    written(installation, whole(10, 11), {**whole(20, 21), "deleted_at": NOW, "title": "gone"})
    store = installation.store

    with installation.database.reading() as connection:
        taken = {"org": "A", "title": "采购合同"}
        assert store.unique.holder(connection, "contract", [*taken], [*taken.values()], None) == 10
        assert store.unique.holder(connection, "contract", [*taken], [*taken.values()], 10) is None
        assert store.unique.holder(connection, "contract", ["title"], ["gone"], None) is None
        assert store.unique.holder(connection, "contract", ["title"], [None], None) is None


def test_the_same_id_twice_is_a_duplicate(installation: Installation) -> None:
    written(installation, whole(10, 11))

    with pytest.raises(Duplicate):
        written(installation, whole(10, 31))
