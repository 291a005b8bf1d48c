"""Blocks of computed figures: never another answer than computing, gone when facts change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from measures_house import adjust, cell, put
from services_house import House

from jingwei.cube.cube import Cube
from jingwei.language.periods import Period
from jingwei.services import cube_blocks
from jingwei.services.cube_blocks import StoredYears, on_fact_changed, on_recompute
from jingwei.services.people import SYSTEM
from jingwei.services.stored_facts import StoredFacts
from jingwei.storage import outbox

NAMES = ("sales", "profit", "equity", "equity_avg", "return_on_equity", "leverage")


def some_facts(house: House) -> None:
    put(house, ("sales", "A", "2026-01", 100), ("sales", "A", "2026-02", 250))
    put(house, ("sales", "B", "2026-02", 60), ("profit", "A", "2026-02", -7))
    put(house, ("equity", "A", "2025-12", 100), ("equity", "A", "2026-02", 300))
    put(house, ("leverage", "S1", "2026-01", "0.7"), ("sales", "G", "2026Q1", 400))
    put(house, ("sales", "A", "2026-02", 255), data_version="audited")
    adjust(house, ("sales", "S1", "2026-02", -10, "elimination", "内部交易"))


def recompute(house: House, *names: str) -> Any:
    return house.commands.run(lambda work: cube_blocks.recompute_all(work, names or None), SYSTEM)


def kept(house: House, *years: int) -> list[tuple[str, int]]:
    """Which actual blocks a reader finds."""
    with house.commands.read(SYSTEM) as view:
        known = StoredYears(view)
        known.read((name, "actual", year) for name in NAMES for year in years)
        return [
            (name, year)
            for name in NAMES
            for year in years
            if known.year(name, "actual", year) is not None
        ]


def messages(house: House, topic: str) -> list[Mapping[str, Any]]:
    """What waits under a topic; it is taken away."""
    with house.database.writing() as connection:
        taken = outbox.lease(connection, house.clock.now(), limit=1_000)
        held = [
            outbox.held(connection, identity, fence)
            for identity, fence, one in taken
            if one == topic
        ]
    return [message.payload for message in held if message is not None]


def test_a_block_says_what_computing_says(house_on_both: House) -> None:
    house = house_on_both
    some_facts(house)
    assert recompute(house) > 0
    assert kept(house, 2026) == [(name, 2026) for name in NAMES]

    with house.commands.read(SYSTEM) as view:
        facts = StoredFacts(view)
        computed = Cube(view.catalogue, facts)
        years = StoredYears(view)
        years.read((name, "actual", 2026) for name in NAMES)
        for name in NAMES:
            for org in view.catalogue.orgs:
                for month in range(1, 13):
                    for mode in ("period", "ytd"):
                        period = Period(2026, "month", month)
                        asked = computed.question(name, org, period, "actual", mode)
                        assert years.figure(asked) == computed.answer(asked), asked


def test_what_changes_drops_its_blocks_and_those_computed_from_it(house: House) -> None:
    some_facts(house)
    recompute(house)

    put(house, ("equity", "B", "2026-01", 5))

    assert kept(house, 2026) == [("sales", 2026), ("profit", 2026), ("leverage", 2026)]
    assert cell(house, "equity", "B", "2026-01").value == Decimal("5.00")


def test_dropped_blocks_are_computed_again_after_the_commit(house: House) -> None:
    some_facts(house)
    recompute(house)
    messages(house, "fact.changed")
    put(house, ("equity", "B", "2026-01", 5))

    for payload in messages(house, "fact.changed"):
        house.commands.run(lambda work, one=payload: on_fact_changed(work, one), SYSTEM)
    assert len(kept(house, 2026)) == 3
    for payload in messages(house, cube_blocks.RECOMPUTE):
        house.commands.run(lambda work, one=payload: on_recompute(work, one), SYSTEM)

    assert len(kept(house, 2026)) == len(NAMES)
    assert cell(house, "equity", "S1", "2026-01").value == Decimal("5.00")


def test_a_change_that_changes_nothing_drops_nothing(house: House) -> None:
    some_facts(house)
    recompute(house)

    put(house, ("sales", "A", "2026-01", 100))

    assert len(kept(house, 2026)) == len(NAMES)


def test_blocks_of_another_release_are_none(house: House) -> None:
    some_facts(house)
    recompute(house)
    leverage = "kind: post\ntitle: 别的\n"
    house.publish({"definitions/posts/other.yaml": leverage})

    assert kept(house, 2026) == []


def test_many_figures_come_from_blocks_without_reading_facts(house: House) -> None:
    some_facts(house)
    recompute(house)
    with house.commands.read(SYSTEM) as view:
        from jingwei.services.measures import Measures

        measures = Measures(view)
        measures.prefetch(["sales"], ["actual"], [Period.parse("2026-02")])
        found = measures.cell("sales", "S1", Period.parse("2026-02"))

        assert found.value == Decimal("305.00")
        assert measures.facts._known == {False: {}, True: {}}


def test_columns_copied_from_blocks_say_what_computing_says(house: House) -> None:
    from jingwei.api.json import dumps
    from jingwei.services.measure_query import answer_question, read_question

    some_facts(house)
    body = {
        "indicators": ["sales", "equity", "return_on_equity", "sales_of_a_year"],
        "orgs": ["G", "S1", "A", "B"],
        "periods": [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)],
        "shape": "columns",
    }

    def asked() -> Any:
        with house.commands.read(SYSTEM) as view:
            found = answer_question(view, read_question(view, body), "zh")
        return json.loads(dumps(found))

    computed = asked()
    recompute(house)

    assert asked() == computed
    assert len(computed["value"]) == 4 * 4 * 24
    assert {"ok", "partial", "missing", "not_due"} <= set(computed["status"])
