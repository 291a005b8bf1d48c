"""Filters, grants and live fields as SQL: the same rows as the Python closures find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from storage_small import (
    HERE,
    NOW,
    ROWS,
    TODAY,
    a_catalogue,
    a_contract,
    a_field,
    a_form,
    ask,
    ids,
    key,
    publish,
)

from jingwei.catalogue.scopes import check_filter, data_scope, record_scope
from jingwei.language.expressions.checker import check
from jingwei.language.form import Related
from jingwei.language.periods import Period
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.storage.database import Database
from jingwei.storage.people import insert_people
from jingwei.storage.query import OrgScope, Query, RowScope, ScopeTerm, SortKey
from jingwei.storage.runtime import Installation

LIVE = Formula("sum(related.children.amount)", HERE)


@pytest.fixture(scope="module")
def contracts(shared_database: Database) -> Installation:
    """Five contracts in a chain, with a live field over their children."""
    children = Related(name="children", form="contract", by="parent", title=Text.plain("c"))
    form = a_contract(related={"children": children})
    live = a_field("below", "money", compute=LIVE)
    form = replace(form, fields={**form.fields, "below": live})
    catalogue = a_catalogue(form, a_form("other"))
    expression = check(LIVE.source, record_scope(catalogue, form), "number")
    installation = publish(shared_database, replace(catalogue, expressions={LIVE: expression}))
    with shared_database.writing() as connection:
        people = [
            {"id": 900 + i, "login": login, "name": login, "org": "A", "created_at": NOW}
            for i, login in enumerate(("li.na", "wang"))
        ]
        insert_people(connection, shared_database.people, people)
        installation.store.insert(connection, "contract", [record(*row) for row in ROWS])
    return installation


def record(
    id_: int, org: str, owner: str | None, amount: str | None, title: str | None, month: int
) -> dict[str, Any]:
    return {
        "id": id_,
        "revision": 1,
        "org": org,
        "owner": owner,
        "amount": None if amount is None else Decimal(amount),
        "title": title,
        "signed_on": date(2026, month, 15),
        "year": Period(2020 + id_, "year"),
        "labels": ["x", f"l{id_}"],
        "partners": ["B"] if id_ % 2 else None,
        "urgent": id_ == 3,
        "parent": id_ - 1 or None,
        "lines": [
            {"id": 100 + id_ * 10 + i, "org": org, "value": Decimal(id_ * i)} for i in range(2)
        ],
    }


def where(installation: Installation, source: str, **keys: Any) -> list[int]:
    expression = check_filter(
        installation.catalogue, "contract", source, hidden_elsewhere=lambda form: ()
    )
    variables = {"me": "wang", "today": TODAY}
    return ids(ask(installation, where=expression, variables=variables, **keys))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("amount > 10", [3, 5]),
        ("amount >= 10 and amount < 30.499", [1, 4, 5]),
        ("amount > 9.999 and amount < 10.001", [1, 4]),
        ("amount == 10.001", []),
        ("amount != 10", [2, 3, 5]),
        ("amount is empty", [2]),
        ("amount * 2 > 50", [3]),
        ("amount between 10 and 20", [1, 4, 5]),
        ("not (amount > 10)", [1, 2, 4]),
        ('org == "A"', [1, 2]),
        ('org in ["A", "B"] and amount is not empty', [1, 3]),
        ('org == "C" or title == "one"', [1, 4, 5]),
        ('org.sector == "S1"', [1, 2, 3]),
        ('org.parent == "S2"', [4, 5]),
        ('is_below("S1")', [1, 2, 3]),
        ("owner == me", [2, 5]),
        ("owner != me", [1, 3, 4]),
        ("owner is empty", [4]),
        ("signed_on < 2026-02-20", [1, 2, 3]),
        ("signed_on > today", [4, 5]),
        ("year >= 2024", [4, 5]),
        ('title == "five"', [5]),
        ('contains(title, "hre")', [3]),
        ('lower(title) == "three 100%"', [3]),
        ("urgent", [3]),
        ("not urgent", [1, 2, 4, 5]),
        ('"l2" in labels', [2]),
        ('"l" in labels', []),
        ('"B" in partners', [1, 3, 5]),
        ("parent.amount > 20", [4]),
        ("parent.parent.org == \"A\"", [3, 4]),
        ("sum(lines.value) >= 4", [4, 5]),
        ("any(lines.value > 2)", [3, 4, 5]),
        ("count(lines) == 2", [1, 2, 3, 4, 5]),
        ("below > 15", [2, 4]),
        ("below == 0", [1, 5]),
    ],
)  # fmt: skip
def test_a_filter_finds_its_rows(
    contracts: Installation, source: str, expected: Sequence[int]
) -> None:
    assert where(contracts, source) == expected


def test_a_live_field_is_worked_out_where_it_is_asked_for(contracts: Installation) -> None:
    assert "below" not in contracts.names.table("contract").columns
    rows = ask(contracts, fields=("id", "below"), sort=(SortKey("below", True),))
    assert [(row["id"], row["below"]) for row in rows.items] == [
        (2, Decimal("30.50")),
        (4, Decimal("20.00")),
        (3, Decimal("10.00")),
        (1, Decimal(0)),
        (5, Decimal(0)),
    ]


def test_a_grant_may_have_a_condition(contracts: Installation) -> None:
    rich = check_filter(contracts.catalogue, "contract", "amount > 15")
    mine = check_filter(contracts.catalogue, "contract", "owner == me")
    terms = (
        ScopeTerm(OrgScope((key(contracts, "B"), key(contracts, "C"))), where=rich),
        ScopeTerm(where=mine),
    )
    assert where(contracts, "revision == 1", scope=RowScope(terms)) == [2, 3, 5]
    assert where(contracts, "amount < 25", scope=RowScope(terms)) == [5]


def test_rows_of_tables_are_filtered_with_their_record(contracts: Installation) -> None:
    scope = data_scope(contracts.catalogue, "contract", "lines")
    expression = check('value > 1 and parent.org == "C"', scope, "boolean")
    query = Query(
        form="contract",
        table="lines",
        fields=("id", "parent.id"),
        scope=RowScope((ScopeTerm(),)),
        where=expression,
    )
    with contracts.database.reading() as connection:
        rows = contracts.store.select(connection, query).items
    assert rows == [{"id": 141, "parent.id": 4}, {"id": 151, "parent.id": 5}]


def test_filters_that_differ_in_their_constants_are_one_statement(
    contracts: Installation,
) -> None:
    compiled = contracts.store._compiled
    where(contracts, 'amount > 10 and org in ["A", "B"] and title != "x"')
    before = len(compiled._kept)
    assert where(contracts, 'amount > 29.99 and org in ["C", "B"] and title != "long word"') == [3]
    assert len(compiled._kept) == before
    assert where(contracts, "amount > 10 and urgent") == [3]
    assert len(compiled._kept) == before + 1
