"""One truth: Python, SQLite, PostgreSQL and the browser compute the same from the same record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import expression_kit as kit
import pytest
import sqlalchemy as sa
from expression_browser import Browser, as_api
from expression_sources import expressions
from hypothesis import HealthCheck, Phase, assume, given, settings
from sqlalchemy.exc import DBAPIError

from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.tree import Expression
from jingwei.language.periods import Period
from jingwei.storage.expressions_sql import condition, sql

RECORDS = kit.records()
COMMON = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
# Some always; thousands where time does not matter.
EXAMPLES = (120, pytest.param(3_000, marks=pytest.mark.long))


def in_python(expression: Expression) -> dict[int, Any]:
    """Each record's value by id, ArithmeticError where a number grows too large."""
    compute = closure(expression)
    found: dict[int, Any] = {}
    for record in RECORDS:
        try:
            found[record["id"]] = compute(kit.environment(record))
        except ArithmeticError:
            found[record["id"]] = ArithmeticError
    return found


def in_sql(connection: sa.Connection, expression: Expression, ids: list[int]) -> dict[int, Any]:
    names = kit.Names(connection.dialect.name)
    chosen = sa.select(kit.ORDERS.c.id, sql(expression, names)).where(kit.ORDERS.c.id.in_(ids))
    try:
        return dict(connection.execute(chosen).tuples().all())
    except DBAPIError:
        connection.rollback()
        raise


def kept_by(connection: sa.Connection, expression: Expression, ids: list[int]) -> set[int]:
    names = kit.Names(connection.dialect.name)
    chosen = sa.select(kit.ORDERS.c.id).where(
        condition(expression, names), kit.ORDERS.c.id.in_(ids)
    )
    return set(connection.execute(chosen).scalars())


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    return bool(one == other)


def differences(wanted: Mapping[int, Any], found: Mapping[int, Any]) -> dict[int, Any]:
    return {i: (wanted[i], v) for i, v in found.items() if not same(wanted[i], v)}


def checked(source: str) -> Expression:
    """Some generated sources mix units or types; those have no meaning to compare."""
    try:
        return kit.checked(source)
    except ExpressionError:
        assume(False)
        raise


@pytest.fixture(scope="module")
def in_browser() -> Browser:
    browser = Browser()
    browser.keep(RECORDS)
    return browser


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_browser_computes_what_python_computes(in_browser: Browser, examples: int) -> None:
    @settings(COMMON, max_examples=examples)
    @given(expressions())
    def agree(source: str) -> None:
        expression = checked(source)
        found = in_browser.values(expression)
        assume(found is not None)
        assert found is not None
        wanted = in_python(expression)
        by_id = {record["id"]: value for record, value in zip(RECORDS, found, strict=True)}
        plain = {i: plainly(value) for i, value in wanted.items()}
        assert differences(plain, by_id) == {}, source

    agree()


def plainly(value: Any) -> Any:
    return as_api(value) if isinstance(value, date | Period) else value


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_database_computes_what_python_computes(
    connection: sa.Connection, examples: int
) -> None:
    @settings(COMMON, max_examples=examples)
    @given(expressions())
    def agree(source: str) -> None:
        expression = checked(source)
        wanted = in_python(expression)
        computable = [i for i, value in wanted.items() if value is not ArithmeticError]
        found = in_sql(connection, expression, computable)
        assert differences(wanted, found) == {}, source
        if expression.type.name == "boolean":
            true = {i for i in computable if wanted[i]}
            assert kept_by(connection, expression, computable) == true, source

    agree()


@pytest.mark.parametrize(
    "source", ["a * 1000000000000000000000000000 * 10", "99999999999999999999999999 * a * 100"]
)
def test_a_number_of_more_than_28_digits_is_an_error_everywhere(
    source: str, connection: sa.Connection, in_browser: Browser
) -> None:
    expression = kit.checked(source)
    wanted = in_python(expression)
    failing = [i for i, value in wanted.items() if value is ArithmeticError]

    assert failing
    with pytest.raises(DBAPIError):
        in_sql(connection, expression, failing)
    values = in_browser.values(expression) or []
    ids = [r["id"] for r, value in zip(RECORDS, values, strict=True) if value is ArithmeticError]
    assert ids == failing


def test_a_quotient_is_rounded_once_half_up_to_ten_places(
    connection: sa.Connection,
) -> None:
    for source, wanted in (
        ("1 / 3", "0.3333333333"),
        ("2 / 3", "0.6666666667"),
        ("-2 / 3", "-0.6666666667"),
        ("1 / 20000000000", "0.0000000001"),
        ("-1 / 20000000000", "-0.0000000001"),
        ("4999999999999999 / 100000000000000000000000000", "0"),
        ("22222222222222222222222222.22 / 7", "3174603174603174603174603.1742857143"),
    ):
        expression = kit.checked(source)
        assert closure(expression)(kit.environment({})) == Decimal(wanted)
        assert in_sql(connection, expression, [1]) == {1: Decimal(wanted)}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("year(null)", None),
        ("null < d", False),
        ("null == null", True),
        ("flag == (a is empty)", None),
        ("(null if flag else d) + 1mo", None),
        ("coalesce(null, p) == q", None),
        ("(null + 1) is empty", True),
        ("null in [d, 2026-03-15]", None),
        ('null between "" and d', None),
        ('90min == "1h30min"', True),
        ('"1h" between 30min and 2h', True),
        ('90min in ["1h30min", "2h"]', True),
        ('in_period(d, "2026Q1")', None),
        ('same_period_last_year(q) == "2025"', None),
    ],
)
def test_a_null_or_a_period_that_is_written_out_has_the_type_of_its_place(
    source: str, wanted: object, connection: sa.Connection, in_browser: Browser
) -> None:
    expression = kit.checked(source)
    found = in_python(expression)

    assert in_sql(connection, expression, list(found)) == found
    assert in_browser.values(expression) == [plainly(value) for value in found.values()]
    if wanted is not None:
        assert set(found.values()) == {wanted}


def test_a_literal_has_at_most_28_digits() -> None:
    kit.checked("9999999999999999999999999999")
    with pytest.raises(ExpressionError, match="number-too-long at 4..33"):
        kit.checked("a + 10000000000000000000000000000")


@pytest.mark.parametrize("share", ["0%", "12.5%", "50%", "0.9999", "100%"])
def test_a_percentile_lies_between_two_values_in_proportion_in_every_target(
    share: str, connection: sa.Connection, in_browser: Browser
) -> None:
    expression = kit.checked(f"percentile(lines.x * 3, {share} where x > -100)")
    wanted = in_python(expression)
    found = in_browser.values(expression) or []

    assert differences(wanted, in_sql(connection, expression, list(wanted))) == {}
    assert differences(wanted, dict(zip(wanted, found, strict=True))) == {}


def test_half_of_the_values_is_the_median() -> None:
    expression = kit.checked("percentile(lines.x, 50%) == median(lines.x)")
    assert set(in_python(expression).values()) == {True}
