"""The words of expressions: what they mean, and what the checker says of their types."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from expression_cases import scope, value

from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.expressions.truth import never_true


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("12", Decimal(12)),
        ("1_000.5", Decimal("1000.5")),
        ("15%", Decimal("0.15")),
        ("1pp", Decimal("0.01")),
        ("5000万", Decimal(50_000_000)),
        ("1.2亿", Decimal(120_000_000)),
        ('"text"', "text"),
        ("'it'", "it"),
        ("true", True),
        ("null", None),
        ("2026-03-01", date(2026, 3, 1)),
        ("[1, 2]", [1, 2]),
        ("2026-03-01 + 3d", date(2026, 3, 4)),
        ("2026-01-31 + 1mo", date(2026, 2, 28)),
        ("2026-03-01 - 2026-02-01", Decimal(28)),
        ("1 / 3", Decimal("0.3333333333")),
        ("1 / 0", None),
        ("2 + null", None),
        ('len("😀红")', Decimal(2)),
    ],
)
def test_a_literal_or_a_sum_of_literals_is_what_it_looks_like(source: str, wanted: object) -> None:
    assert value(source) == wanted


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("null == null", True),
        ("nothing == null", True),
        ("nothing != null", False),
        ("amount != null", True),
        ("nothing < 1", False),
        ("not (nothing < 1)", True),
        ("nothing between 1 and 2", False),
        ("nothing is empty", True),
        ("not nothing is empty", False),
        ("nothing is not empty", False),
        ("unset", False),
        ("not unset", True),
        ("unset == false", True),
        ("rows is empty", False),
        ("none is empty", True),
        ("any(rows.x > 2)", True),
        ("all(rows.x > 2)", False),
        ("any(none.x > 2)", False),
        ("all(none.x > 2)", True),
    ],
)
def test_logic_is_two_valued(source: str, holds: bool) -> None:
    assert value(source) is holds
    assert value(f"not ({source})") is not holds


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("sum(rows.x)", Decimal(6)),
        ('sum(rows.x where s != "b")', Decimal(4)),
        ("sum(rows.x * 2 where rows.x > 1)", Decimal(10)),
        ("sum(rows.x + parent.amount)", Decimal(36)),
        ("sum(rows.x where x < this.amount)", Decimal(6)),
        ("count(rows)", Decimal(3)),
        ("avg(rows.x)", Decimal(2)),
        ("first(rows.s by x)", "a"),
        ("last(rows.s by x)", "c"),
        ("rows[b].x", Decimal(2)),
        ("sum(none.x)", Decimal(0)),
        ("count(none)", Decimal(0)),
        ("max(none.x)", None),
        ("max(1, amount)", Decimal(10)),
    ],
)
def test_aggregates_name_rows_their_record_and_the_one_around(source: str, wanted: object) -> None:
    assert value(source) == wanted


@pytest.mark.parametrize(
    "source",
    ["old.amount < amount", "today > 2020-01-01", "status == 'draft'", "me.org == org", "is_new"]
    + ["org.sector.title", "count(order where owner == me)", "head(org) == me", "now > today"],
)
def test_every_name_of_a_form_is_in_scope(source: str) -> None:
    assert check(source, scope())


@pytest.mark.parametrize(
    ("source", "code", "start", "end"),
    [
        ("money + share", "unit-mismatch", 0, 13),
        ("money > 5%", "unit-mismatch", 0, 10),
        ("money * share + share", "unit-mismatch", 0, 21),
        ("money / money + money", "unit-mismatch", 0, 0),
        ("amount + moneyy", "unknown-name", 9, 15),
        ("rows.y", "unknown-field", 5, 6),
        ("sum(rows.x", "cut-expression", 3, 10),
        ("shift(a, 1)", "outside-a-formula", 0, 5),
        ("money" + "/9" * 990, "expression-too-deep", 0, 1785),
    ],
)
def test_a_mistake_is_placed_at_its_word(source: str, code: str, start: int, end: int) -> None:
    if not end:
        assert check(source, scope())  # a ratio has no unit, and agrees with all
        return
    with pytest.raises(ExpressionError) as raised:
        check(source, scope())

    assert (raised.value.code, raised.value.start, raised.value.end) == (code, start, end)


def test_money_by_money_is_a_ratio_and_by_a_share_is_money() -> None:
    assert check("money / money", scope()).type.unit is None
    assert check("money * share", scope()).type.unit == "CNY"
    assert check("money / 4", scope()).type.unit == "CNY"
    assert check("share * share", scope()).type.name == "percent"


@pytest.mark.parametrize(
    ("source", "never"),
    [
        ("amount > 1 and amount < 1", True),
        ("amount > 1 and amount <= 2", False),
        ("amount == 1 and amount == 2", True),
        ("amount in [1, 2] and amount > 2", True),
        ("amount > 5 and (amount < 3 or amount < 4)", False),
        ("(amount > 5 and amount < 3) or 1 > 2", True),
        ("amount between 5 and 3 and share > 0", True),
        ("amount > share and amount < 1", False),
        ("false", False),
        ("1 > 2", True),
        ("amount == null and amount > 1", True),
    ],
)
def test_only_what_certainly_contradicts_itself_is_never_true(source: str, never: bool) -> None:
    assert never_true(check(source, scope()).root) is never


def test_every_function_says_what_it_takes_and_where_it_can_be_computed() -> None:
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        assert "python" in function.targets
    assert set(AGGREGATES) >= {"sum", "avg", "min", "max", "count", "any", "all", "first", "last"}


@pytest.mark.parametrize(
    "source",
    ["(" * 3_000, "1+" * 2_000, "not " * 900 + "true", "a." * 900 + "b", "[" * 1_500, '"' * 1_999]
    + ["min(" * 400 + "1", "1 if " * 390 + "true", "x" * 2_001, "\\" * 1_900, "9" * 1_990],
)
def test_hostile_expressions_are_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        check(source, scope())
