"""One compiler answers every question, the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from storage_small import NOW, ROWS, ask, ids, key, with_people

from jingwei.language.periods import Period
from jingwei.refusals import Malformed
from jingwei.storage import walking
from jingwei.storage.database import Database
from jingwei.storage.keyset import order_word, position
from jingwei.storage.query import (
    ALL_ROWS,
    AggregateColumn,
    OrgScope,
    Page,
    Query,
    RowScope,
    ScopeTerm,
    SortKey,
    all_of,
)
from jingwei.storage.runtime import Installation


@pytest.fixture(scope="module")
def contracts(shared_database: Database) -> Installation:
    return with_contracts(with_people(shared_database))


@pytest.fixture
def own_contracts(installation: Installation) -> Installation:
    """For what writes."""
    return with_contracts(installation)


def with_contracts(installation: Installation) -> Installation:
    records: list[dict[str, Any]] = [
        {
            "id": id_,
            "revision": 1,
            "org": org,
            "owner": owner,
            "amount": None if amount is None else Decimal(amount),
            "title": title,
            "signed_on": date(2026, month, 15),
            "year": Period(2020 + id_, "year"),
            "parent": id_ - 1 or None,
            "lines": [{"id": 100 + id_, "org": org, "value": Decimal(id_)}],
        }
        for id_, org, owner, amount, title, month in ROWS
    ]
    records.append({"id": 6, "revision": 1, "org": "A", "deleted_at": NOW})
    with installation.database.writing() as connection:
        installation.store.insert(connection, "contract", records)
    return installation


def test_deleted_records_are_only_in_the_bin(contracts: Installation) -> None:
    assert ids(ask(contracts)) == [1, 2, 3, 4, 5]
    assert ids(ask(contracts, deleted=True)) == [6]


def test_a_page_has_the_exact_total(contracts: Installation) -> None:
    rows = ask(contracts, page=Page(2, 2), count="exact", sort=(SortKey("id", True),))

    assert (ids(rows), rows.total, rows.capped) == ([3, 2], 5, False)


def test_rows_are_read_with_engine_values(contracts: Installation) -> None:
    fields = ("id", "org", "owner", "amount", "signed_on", "year", "parent.title", "lines")
    rows = ask(contracts, fields=fields, ids=(5, 4))

    assert rows.items == [
        {
            "id": 4,
            "org": "C",
            "owner": None,
            "amount": Decimal("10.00"),
            "signed_on": date(2026, 5, 15),
            "year": Period(2024, "year"),
            "parent.title": "Three 100%",
            "lines": [{"id": 104, "org": "C", "value": Decimal("4.0000"), "note": None}],
        },
        {
            "id": 5,
            "org": "C",
            "owner": "wang",
            "amount": Decimal("20.00"),
            "signed_on": date(2026, 12, 15),
            "year": Period(2025, "year"),
            "parent.title": None,
            "lines": [{"id": 105, "org": "C", "value": Decimal("5.0000"), "note": None}],
        },
    ]


def test_empty_values_sort_first_and_ids_break_ties(contracts: Installation) -> None:
    assert ids(ask(contracts, sort=(SortKey("amount"),))) == [2, 1, 4, 5, 3]
    assert ids(ask(contracts, sort=(SortKey("amount", True),))) == [3, 5, 1, 4, 2]
    assert ids(ask(contracts, sort=(SortKey("title"),))) == [4, 3, 5, 1, 2]


def test_orgs_and_people_sort_by_name(contracts: Installation) -> None:
    by = (SortKey("org", True), SortKey("owner"))
    assert ids(ask(contracts, sort=by)) == [4, 5, 3, 1, 2]
    assert ids(ask(contracts, sort=(SortKey("parent.owner", True),))) == [3, 2, 4, 1, 5]


@pytest.mark.parametrize("path", ["amount", "title", "signed_on", "org", "owner", "year"])
@pytest.mark.parametrize("descending", [False, True])
def test_paging_by_position_meets_every_row_once(
    contracts: Installation, path: str, descending: bool
) -> None:
    sort = (SortKey(path, descending),)
    whole = ids(ask(contracts, sort=sort))

    met: list[int] = []
    after = None
    while True:
        rows = ask(contracts, sort=sort, page=Page(2, after=after))
        met += ids(rows)
        after = rows.next_after
        if after is None:
            break
    assert met == whole


@pytest.mark.parametrize("after", ["x", "", "bnVsbA", "WzEsMiwzXQ", "W3siZCI6Int9In0sMV0"])
def test_a_forged_position_is_refused(contracts: Installation, after: str) -> None:
    with pytest.raises(Malformed):
        ask(contracts, sort=(SortKey("amount"),), page=Page(2, after=after))


def test_a_position_of_another_order_is_refused(contracts: Installation) -> None:
    by_title = ask(contracts, sort=(SortKey("title"),), page=Page(2)).next_after
    for sort in (SortKey("amount"), SortKey("title", True), SortKey("signed_on")):
        with pytest.raises(Malformed):
            ask(contracts, sort=(sort,), page=Page(2, after=by_title))


def test_a_position_whose_values_are_of_other_types_is_refused_where_the_database_minds(
    contracts: Installation,
) -> None:
    order = order_word("contract", [("amount", False)])
    forged = position(order, ["many"], 3)
    try:
        ask(contracts, sort=(SortKey("amount"),), page=Page(2, after=forged))
    except Malformed as refused:
        assert refused.code == "bad-position"
    else:
        assert contracts.database.is_sqlite


def test_a_scope_shows_the_rows_of_its_orgs(contracts: Installation) -> None:
    def scoped(*terms: ScopeTerm, also: tuple[int, ...] = ()) -> list[int]:
        return ids(ask(contracts, scope=RowScope(terms, also)))

    only_a = OrgScope((key(contracts, "A"),))
    b_and_c = OrgScope((key(contracts, "B"), key(contracts, "C")))
    wang = contracts.database.people.ids["wang"]
    assert scoped() == []
    assert scoped(also=(3, 5, 99)) == [3, 5]
    assert scoped(ScopeTerm(only_a)) == [1, 2]
    assert scoped(ScopeTerm(OrgScope())) == []
    assert scoped(ScopeTerm(only_a), ScopeTerm(b_and_c, owner=wang)) == [1, 2, 5]
    assert scoped(ScopeTerm(only_a), also=(4,)) == [1, 2, 4]


def test_a_scope_of_very_many_orgs_asks_the_tree(
    contracts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("compiler", "shaper"):
        monkeypatch.setattr(f"jingwei.storage.{module}.LIST_LIMIT", 1)
    branch = tuple(key(contracts, org) for org in ("S1", "A", "B"))
    no_branch = tuple(key(contracts, org) for org in ("S1", "A", "C"))

    assert contracts.store.roots_of(branch) == (key(contracts, "S1"),)
    assert contracts.store.roots_of(no_branch) is None
    assert ids(ask(contracts, scope=RowScope((ScopeTerm(OrgScope(branch)),)))) == [1, 2, 3]
    assert ids(ask(contracts, scope=RowScope((ScopeTerm(OrgScope(no_branch)),)))) == [1, 2, 4, 5]


def test_text_is_found_as_written_without_wildcards(contracts: Installation) -> None:
    def found(text: str) -> list[int]:
        return ids(ask(contracts, text=all_of(text), scanned=("title",)))

    assert found("t") == [2, 3]
    assert found("100%") == [3]
    assert found("%") == [3]
    assert found("_") == []


def test_whole_numbers_are_added_up_beyond_64_bits(installation: Installation) -> None:
    most = 2**63 - 1
    pages = {"A": [most, most, 1], "B": [-most, -most], "C": [2, 3, None], "G": [None]}
    every = [(org, one) for org, of_org in pages.items() for one in of_org]
    records = [
        {"id": id_, "revision": 1, "org": org, "pages": one}
        for id_, (org, one) in enumerate(every, 1)
    ]
    with installation.database.writing() as connection:
        installation.store.insert(connection, "contract", records)

    aggregates = (AggregateColumn("total", "sum", "pages"), AggregateColumn("mean", "avg", "pages"))
    rows = ask(installation, fields=(), group=("org",), aggregates=aggregates)

    found = {row["org"]: (row["total"], row["mean"]) for row in rows.items}
    assert found == {
        "A": (2 * most + 1, Decimal(2 * most + 1) / 3),
        "B": (-2 * most, Decimal(-most)),
        "C": (5, Decimal("2.5")),
        "G": (None, None),
    }
    assert {type(total) for total, _ in found.values()} == {int, type(None)}


def test_groups_are_added_up_exactly(contracts: Installation) -> None:
    aggregates = (
        AggregateColumn("n", "count"),
        AggregateColumn("total", "sum", "amount"),
        AggregateColumn("mean", "avg", "amount"),
        AggregateColumn("most", "max", "amount"),
        AggregateColumn("owners", "count_distinct", "owner"),
    )
    rows = ask(
        contracts,
        fields=(),
        group=("org",),
        aggregates=aggregates,
        sort=(SortKey("total", True),),
        count="exact",
        page=Page(2),
    )

    assert rows.total == 3
    assert rows.items == [
        {
            "org": "B",
            "n": 1,
            "total": Decimal("30.50"),
            "mean": Decimal("30.5"),
            "most": Decimal("30.50"),
            "owners": 1,
        },
        {
            "org": "C",
            "n": 2,
            "total": Decimal("30.00"),
            "mean": Decimal("15"),
            "most": Decimal("20.00"),
            "owners": 1,
        },
    ]


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        ("year", [("2026", 5)]),
        ("half", [("2026H1", 4), ("2026H2", 1)]),
        ("quarter", [("2026Q1", 3), ("2026Q2", 1), ("2026Q4", 1)]),
        ("month", [("2026-01", 2), ("2026-02", 1), ("2026-05", 1), ("2026-12", 1)]),
    ],
)
def test_dates_are_grouped_by_period(
    contracts: Installation, grain: str, expected: list[tuple[str, int]]
) -> None:
    group = f"signed_on:{grain}"
    rows = ask(contracts, fields=(), group=(group,), aggregates=(AggregateColumn("n", "count"),))

    assert [(str(row[group]), row["n"]) for row in rows.items] == expected


def test_rows_of_a_table_are_read_with_their_record(contracts: Installation) -> None:
    a = RowScope((ScopeTerm(OrgScope((key(contracts, "A"),))),))
    rows = ask(contracts, table="lines", fields=("id", "value", "parent.title"), scope=a)

    assert rows.items == [
        {"id": 101, "value": Decimal("1.0000"), "parent.title": "one"},
        {"id": 102, "value": Decimal("2.0000"), "parent.title": "two"},
    ]
    total = AggregateColumn("total", "sum", "value")
    rows = ask(contracts, table="lines", fields=(), group=("parent.org",), aggregates=(total,))
    assert [(row["parent.org"], row["total"]) for row in rows.items] == [
        ("A", Decimal(3)),
        ("B", Decimal(3)),
        ("C", Decimal(9)),
    ]


@pytest.mark.parametrize("path", ["nothing", "amount.x", "parent.nothing", "org.nothing", "id; --"])
def test_a_path_that_leads_nowhere_is_refused(contracts: Installation, path: str) -> None:
    with pytest.raises(Malformed):
        ask(contracts, fields=("id", path))
    with pytest.raises(Malformed):
        ask(contracts, sort=(SortKey(path),))


def test_links_are_followed_three_deep_and_no_further(contracts: Installation) -> None:
    path = "parent.parent.parent.title"
    assert ask(contracts, fields=("id", path), ids=(4,)).items == [{"id": 4, path: "one"}]
    with pytest.raises(Malformed):
        ask(contracts, fields=(f"parent.{path}",))


def test_an_org_is_asked_for_its_place_in_the_tree(contracts: Installation) -> None:
    fields = ("org.sector", "org.parent", "org.group", "org.type")
    assert ask(contracts, fields=fields, ids=(5,)).items == [
        {"org.sector": "S2", "org.parent": "S2", "org.group": "G", "org.type": "subsidiary"}
    ]


def test_a_capped_count_says_so(contracts: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jingwei.storage.compiler.CAPPED", 2)
    monkeypatch.setattr("jingwei.storage.records.CAPPED", 2)
    rows = ask(contracts, count="capped", page=Page(1))
    assert (rows.total, rows.capped) == (3, True)


def test_the_same_question_with_other_values_is_one_statement(contracts: Installation) -> None:
    compiled = contracts.store._compiled
    query = Query(form="contract", fields=("id",), scope=ALL_ROWS, ids=(1, 2, 3))
    with contracts.database.reading() as connection:
        contracts.store.select(connection, query)
        before = len(compiled._kept)
        contracts.store.select(connection, replace(query, ids=(1, 2, 3, 4), page=Page(7, 1)))
    assert len(compiled._kept) == before


def test_a_walk_reads_every_row_in_parts_and_may_be_left(
    own_contracts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection may be asked for other things on the way."""
    monkeypatch.setattr(walking, "AT_ONCE", 2)
    fields = ("id", "amount", "signed_on", "year", "parent.title")
    query = Query("contract", fields, ALL_ROWS, sort=(SortKey("signed_on", True),))
    expected = ask(own_contracts, fields=fields, sort=query.sort).items
    store = own_contracts.store
    with own_contracts.database.reading() as connection:
        parts = []
        for part in walking.walk(store, connection, query):
            assert store.load(connection, "contract", part.ids).keys() == set(part.ids)
            parts.append(part)
        assert [len(part.ids) for part in parts] == [2, 2, 1]
        rows = [row for part in parts for row in zip(*part.columns.values(), strict=True)]
        assert [dict(zip(fields, row, strict=True)) for row in rows] == expected

        (words, *_) = walking.walk(store, connection, query, as_words=True)
        assert words.columns["amount"] == ["20.00", "10.00"]
        assert list(words.columns["signed_on"]) == ["2026-12-15", "2026-05-15"]
        assert words.columns["year"] == ["2025", "2024"]

        left = walking.walk(store, connection, query)
        next(left)
        left.close()
        assert store.select(connection, query).items
    with own_contracts.database.writing() as connection:
        assert sum(len(p.ids) for p in walking.walk(store, connection, query)) == 5
