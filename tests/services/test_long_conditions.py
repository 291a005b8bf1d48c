"""Conditions of ten thousand characters run; longer and heavier ones are refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from services_house import House

from jingwei.api.asking import MOST_PARAMETER
from jingwei.language.expressions.tokens import MOST_CHARACTERS, MOST_CONDITION
from jingwei.refusals import Malformed
from jingwei.services.typed_filters import (
    MOST_FILTER_PARTS,
    MOST_FILTER_TERMS,
    MOST_FILTER_VALUES,
)

DOCS = Path(__file__).parents[2] / "docs"


def padded(condition: str, length: int) -> str:
    return condition + " " * (length - len(condition))


def test_a_condition_may_name_a_thousand_records_or_amounts(house: House) -> None:
    made = house.create("li.na", "contract", name="桥", amount="1050.50")["id"]
    house.create("li.na", "contract", name="路", amount=7)
    ids = ",".join(map(str, [*range(10_000_000, 10_000_000 + MOST_FILTER_VALUES - 1), made]))
    amounts = ", ".join(f"{1_000 + i}.50" for i in range(MOST_FILTER_VALUES))
    names = ", ".join([f'"n{i}"' for i in range(MOST_FILTER_VALUES - 2)] + ['"桥"', '""'])

    for condition, total in (
        (f"id in [{ids}]", 1),
        (f"amount in [{amounts}]", 1),
        (f"not (amount in [{amounts}])", 1),
        (f"amount + 1 in [{amounts}]", 1),
        (f"name in [{names}]", 1),
        (f"secret in [{names}]", 2),
        (padded('name == "桥"', MOST_CONDITION), 1),
    ):
        assert MOST_CHARACTERS < len(condition) <= MOST_CONDITION
        assert house.list("li.na", "contract", filter=condition).total == total, condition[:60]


TERMS = ["price > 1"] * MOST_FILTER_TERMS
TOO_LONG = (
    (padded('name == "桥"', MOST_CONDITION + 1), "10000 个字符"),
    (" or ".join(["amount > 1"] * (MOST_FILTER_TERMS + 1)), "20 项比较"),
    (f"count(lines where {' or '.join([*TERMS, 'price > 1'])}) > 0", "20 项比较"),
    (f"any({' or '.join(f'lines.{one}' for one in TERMS)}) and amount > 1", "20 项比较"),
    (f"(1 if not ({' and '.join(['amount > 1'] * 21)}) else 2) > 1", "20 项比较"),
    (f"amount in [{'1,' * MOST_FILTER_VALUES}1]", "1000 个列出的值"),
    (f"amount{' + amount' * MOST_FILTER_PARTS} > 0", "300 个字段、函数和值"),
)


@pytest.mark.parametrize(("condition", "most"), TOO_LONG)
def test_a_condition_that_is_too_long_is_refused_by_what_is_too_much(
    house: House, condition: str, most: str
) -> None:
    with pytest.raises(Malformed) as refused:
        house.list("li.na", "contract", filter=condition)
    assert refused.value.message("zh") == f"条件太长：最多 {most}。减少一些条件。"


def test_as_many_comparisons_as_are_published_run_wherever_they_stand(house: House) -> None:
    lines = [{"item": "泵", "price": 5}]
    house.create("li.na", "contract", name="桥", amount=5, lines=lines)
    for condition in (
        f"count(lines where {' and '.join(TERMS)}) > 0",
        f"any({' and '.join(f'lines.{one}' for one in TERMS)})",
    ):
        assert house.list("li.na", "contract", filter=condition).total == 1


@pytest.mark.parametrize(
    "nested",
    [
        "round(" * 45 + "amount" + ")" * 45,
        "concat(name, " * 45 + "name" + ")" * 45,
        "amount - (" * 45 + "amount" + ")" * 45,
        f"coalesce({', '.join(['amount'] * 200)})",
    ],
)
def test_what_is_nested_too_deeply_for_the_database_is_answered_or_refused(
    house: House, nested: str
) -> None:
    """It used to end in an error of the server, on SQLite within 300 characters."""
    house.create("li.na", "contract", name="桥", amount=5)
    text = nested.startswith("concat")
    condition = f'{nested} != "x"' if text else f"{nested} > -1"
    try:
        assert house.list("li.na", "contract", filter=condition).total == 1
    except Malformed as refused:
        assert refused.code == "too-nested"


def test_the_limits_that_are_published_are_those_that_are_held() -> None:
    assert MOST_PARAMETER == MOST_CONDITION
    for locale, sign in (("en", ","), ("zh", "")):
        reference = (DOCS / "reference" / locale / "problems.md").read_text(encoding="utf-8")
        told = [f"{most:,}".replace(",", sign) for most in (MOST_CHARACTERS, MOST_CONDITION)]
        lines = [line for line in reference.splitlines() if "`filter=`" in line]
        assert [all(one in line for one in told) for line in lines] == [True], locale
    limits = (DOCS / "lists.md").read_text(encoding="utf-8").partition("## Limits")[2]
    for row in (
        f"| comparisons in one condition | {MOST_FILTER_TERMS} |",
        f"| values in its lists | {MOST_FILTER_VALUES:,} |",
        f"| names, functions and values beside these | {MOST_FILTER_PARTS} |",
        f"| characters of a parameter, a condition among them | {MOST_CONDITION:,} |",
    ):
        assert row in limits, row
