"""Random questions to the query compiler, beside a brute-force reader of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import oracle
import oracle_conditions
import pytest
from oracle_conditions import Condition
from services_house import House

from jingwei.refusals import Malformed
from jingwei.services import grouping
from jingwei.services.grouping import GroupWish
from jingwei.services.linked import held_scopes
from jingwei.services.listing import ListWish, listing
from jingwei.services.typed_filters import viewer_filter
from jingwei.services.world import variables
from jingwei.storage.query import AggregateColumn, Page, Query

Filled = tuple[House, list[dict[str, Any]]]
# Some always; thousands where time does not matter.
QUESTIONS = (40, pytest.param(4_000, marks=pytest.mark.long))
LOGINS = [
    str(person["login"]) for person in oracle.PEOPLE if "roles" in person or "posts" in person
]
AGGREGATES = (
    AggregateColumn("n", "count"),
    AggregateColumn("sum", "sum", "amount"),
    AggregateColumn("avg", "avg", "amount"),
    AggregateColumn("min", "min", "amount"),
    AggregateColumn("max", "max", "amount"),
    AggregateColumn("owners", "count_distinct", "owner"),
)


def asked(chance: Random, rows: Sequence[oracle.Row], login: str) -> Condition:
    by_id = {row["id"]: row for row in rows}
    secret = login not in oracle.HIDES_SECRET
    return oracle_conditions.condition(chance, by_id, chance.randrange(4), login, secret=secret)


def expected(rows: Sequence[oracle.Row], login: str, asked: Condition) -> list[oracle.Row]:
    by_id = {row["id"]: row for row in rows}
    return [
        row
        for row in rows
        if oracle.visible(login, row)
        and oracle.follows(login, asked.source, by_id, row)
        and asked.holds(row)
    ]


@pytest.mark.parametrize("count", QUESTIONS)
def test_a_list_is_what_brute_force_finds(filled: Filled, count: int) -> None:
    house, rows = filled
    chance = Random(count)
    by_id = {row["id"]: row for row in rows}
    for _ in range(count):
        login = chance.choice(LOGINS)
        condition = asked(chance, rows, login)
        paths = (*oracle.SORTABLE, *(oracle.SORTABLE_BEYOND if login == "all" else ()))
        keys = tuple(
            chance.choice(("", "-")) + path for path in chance.sample(paths, chance.randrange(1, 4))
        )
        words = chance.choice(oracle.ASKED) if chance.random() < 0.2 else None
        meant = expected(rows, login, condition)
        if words is not None:
            meant = [row for row in meant if oracle.finds(login, words, row, by_id)]
        wanted = oracle.in_order(login, meant, keys, {row["id"]: row for row in rows})
        size = chance.randrange(1, 20)
        page = chance.randrange(1, 4)

        found = house.list(
            login, "deal", filter=condition.source, sort=keys, size=size, page=page, q=words
        )

        told = (login, condition.source, keys, words)
        assert found.total == len(wanted), told
        part = wanted[(page - 1) * size : page * size]
        assert [item["id"] for item in found.items] == [row["id"] for row in part], told
        if login in oracle.HIDES_SECRET:
            assert all("secret" not in item for item in found.items), told


@pytest.mark.parametrize("count", [15, pytest.param(800, marks=pytest.mark.long)])
def test_paging_by_position_meets_every_row_once_in_order(filled: Filled, count: int) -> None:
    house, rows = filled
    chance = Random(count + 1)
    for _ in range(count):
        login = chance.choice(LOGINS)
        condition = asked(chance, rows, login)
        keys = tuple(chance.choice(("", "-")) + path for path in chance.sample(oracle.SORTABLE, 2))
        by_id = {row["id"]: row for row in rows}
        wanted = oracle.in_order(login, expected(rows, login, condition), keys, by_id)
        met: list[int] = []
        after = None
        while True:
            found = house.list(
                login, "deal", filter=condition.source, sort=keys, size=7, after=after, count=None
            )
            met += [item["id"] for item in found.items]
            after = found.next_after
            if after is None:
                break
        assert met == [row["id"] for row in wanted], (login, condition.source, keys)


@pytest.mark.parametrize("count", [15, pytest.param(2_000, marks=pytest.mark.long)])
def test_groups_are_of_the_rows_that_may_be_listed(filled: Filled, count: int) -> None:
    house, rows = filled
    chance = Random(count + 2)
    for _ in range(count):
        login = chance.choice(LOGINS)
        condition = asked(chance, rows, login)
        by = tuple(
            chance.sample(
                ["org", "kind", "urgent", "owner", "signed_on:month"], chance.randrange(3)
            )
        )
        wanted = oracle.grouped(expected(rows, login, condition), by)

        found = fold(house, login, condition.source, by)

        told = (login, condition.source, by)
        if not by and not wanted:
            wanted = {(): oracle.grouped([], ()).get((), EMPTY)}
        assert found == wanted, told


@pytest.mark.parametrize("count", [12, pytest.param(2_000, marks=pytest.mark.long)])
def test_groups_stand_under_subtotals_and_these_under_the_total(filled: Filled, count: int) -> None:
    house, rows = filled
    chance = Random(count + 3)
    by_id = {row["id"]: row for row in rows}
    for _ in range(count):
        login = chance.choice(LOGINS)
        condition = asked(chance, rows, login)
        by = tuple(chance.sample(oracle.GROUPED, chance.randrange(4)))
        words = chance.choice(oracle.ASKED) if chance.random() < 0.2 else None
        meant = expected(rows, login, condition)
        if words is not None:
            meant = [row for row in meant if oracle.finds(login, words, row, by_id)]
        wish = GroupWish(by, oracle.FOLDS, condition.source, words, chance.random() < 0.8)

        with house.read(login) as view:
            found = grouping.grouped(view, "deal", wish)

        told = (login, condition.source, by, words)
        wanted = oracle.in_levels(login, meant, by, by_id, subtotals=wish.subtotals)
        assert found["items"] == wanted, told
        assert found["total"] == sum(item["level"] == len(by) for item in wanted), told


@pytest.mark.parametrize("count", [10, pytest.param(500, marks=pytest.mark.long)])
def test_a_path_shows_what_its_reader_may_see_of_the_records_on_the_way(
    filled: Filled, count: int
) -> None:
    house, rows = filled
    chance = Random(count + 4)
    by_id = {row["id"]: row for row in rows}
    for _ in range(count):
        login = chance.choice(LOGINS)
        condition = asked(chance, rows, login)
        fields = tuple(chance.sample(oracle.PATHS, 2))
        found = house.list(login, "deal", filter=condition.source, fields=fields, size=200)
        wanted = {
            row["id"]: [oracle.at_path(login, path, by_id, row) for path in fields]
            for row in expected(rows, login, condition)
        }
        shown = {item["id"]: [item[path] for path in fields] for item in found.items}
        assert shown == wanted, (login, condition.source, fields)


EMPTY = {"n": 0, "sum": None, "avg": None, "min": None, "max": None, "owners": 0}


def fold(house: House, login: str, source: str, by: tuple[str, ...]) -> dict[Any, Any]:
    with house.read(login) as view:
        typed = viewer_filter(view, "deal", source)
        query = Query(
            "deal",
            (),
            view.rights.row_scope(view, "deal"),
            where=typed,
            held=held_scopes(view, typed),
            group=by,
            aggregates=AGGREGATES,
            page=Page(200),
            variables=variables(view),
        )
        items = view.store.select(view.connection, query).items
    found = {}
    for item in items:
        key = tuple(str(v) if ":" in p and v is not None else v for p in by for v in [item[p]])
        found[key] = {a.name: item[a.name] for a in AGGREGATES}
    return found if found or by else {(): EMPTY}


def test_a_hidden_field_leaks_through_no_shape(filled: Filled) -> None:
    house, _ = filled
    for login in oracle.HIDES_SECRET[:1]:
        for wish in (
            {"filter": 'secret == "s1"'},
            {"filter": 'upper.secret == "s1"'},
            {"filter": 'any(partners.secret == "s1")'},
            {"filter": 'count(partners where secret == "s1") > 0'},
            {"filter": "count(partners where upper.secret is empty) > 0"},
            {"filter": 'count(deal where secret == "s1") > 0'},
            {"sort": ("secret",)},
            {"sort": ("upper.secret",)},
            {"fields": ("secret",)},
            {"fields": ("upper.secret",)},
        ):
            with house.read(login) as view, pytest.raises(Malformed):
                listing(view, "deal", ListWish(**wish))  # type: ignore[arg-type]
        assert house.list(login, "deal", q="s1").total == 0
