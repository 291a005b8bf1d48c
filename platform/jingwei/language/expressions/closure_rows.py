"""Aggregates in Python: `sum(targets.amount where … by …)`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from jingwei.language.expressions import numbers
from jingwei.language.expressions.environment import NOTHING, Environment, Values
from jingwei.language.expressions.tree import Aggregate, Source
from jingwei.language.periods import Period

Closure = Callable[[Environment], Any]
Rows = Callable[[Environment], Iterable[tuple[Values, Values | None]]]

_ZERO = Decimal(0)


def aggregate_closure(
    node: Aggregate, value: Closure | None, where: Closure | None, by: Closure | None
) -> Closure:
    """The aggregate as a closure over those of its parts."""
    rows = _rows(node)
    if node.function in ("first", "last"):
        return _first_or_last(node, rows, value or _row_id, where, by)
    fold = _FOLDS[node.function] if node.share is None else partial(percentile, node.share)
    if node.function == "count" and value is None:
        return lambda environment: Decimal(sum(1 for _ in _kept(rows, where, environment)))
    chosen = value or _row_id

    def folded(environment: Environment) -> Any:
        return fold(chosen(inner) for inner in _kept(rows, where, environment))

    return folded


def _row_id(environment: Environment) -> Any:
    return environment.record.get("id")


def _kept(rows: Rows, where: Closure | None, environment: Environment) -> Iterator[Environment]:
    """One environment, standing at each row that the condition keeps."""
    inner: Environment | None = None
    for row, owner in rows(environment):
        if inner is None:
            inner = environment.inside(owner)
        inner.record, inner.parent = row, owner
        if where is None or where(inner):
            yield inner


def _rows(node: Aggregate) -> Rows:
    source: Source = node.source
    if source.origin != "table":
        where = node.where
        return lambda environment: environment.world.rows(source, where, environment)
    root, name = source.root, source.name

    def of_table(environment: Environment) -> Iterator[tuple[Values, Values]]:
        owner = getattr(environment, root) or NOTHING
        for row in owner.get(name) or ():
            yield row, owner

    return of_table


def _first_or_last(
    node: Aggregate, rows: Rows, value: Closure, where: Closure | None, by: Closure | None
) -> Closure:
    """In the order of the rows, or of `by`; a row without a `by` only when no row has one."""
    last = node.function == "last"

    def chosen(environment: Environment) -> Any:
        best: Any = None
        best_key: Any = None
        found = False
        for inner in _kept(rows, where, environment):
            key = _key(by(inner)) if by is not None else None
            if not found or _better(key, best_key, last):
                best, best_key, found = value(inner), key, True
        return best

    return chosen


def _better(key: Any, than: Any, last: bool) -> bool:
    """Whether a later row beats the best so far; among equals `last` takes the later row."""
    if key is None:
        return last and than is None
    if than is None:
        return True
    return bool(key >= than if last else key < than)


def _key(value: Any) -> Any:
    return value.key if isinstance(value, Period) else value


# -- folds over values, nulls left out


def _sum(values: Iterable[Any]) -> Decimal:
    total = _ZERO
    for value in values:
        if value is not None:
            total = numbers.add(total, value)
    return total


def _average(values: Iterable[Any]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return numbers.divide(_sum(known), len(known))


def _least(values: Iterable[Any]) -> Any:
    return min((v for v in values if v is not None), key=_key, default=None)


def _greatest(values: Iterable[Any]) -> Any:
    return max((v for v in values if v is not None), key=_key, default=None)


def _count(values: Iterable[Any]) -> Decimal:
    return Decimal(sum(1 for value in values if value is not None and value is not False))


def _count_distinct(values: Iterable[Any]) -> Decimal:
    return Decimal(len({value for value in values if value is not None}))


def _median(values: Iterable[Any]) -> Decimal | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    low, high = statistics.median_low(known), statistics.median_high(known)
    return numbers.divide(numbers.add(low, high), 2)


def percentile(share: Decimal, values: Iterable[Any]) -> Decimal | None:
    """The value below which that share of the values lies; between two of them in proportion, as
    a spreadsheet's PERCENTILE does. Half of them is the median."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    at = numbers.multiply(len(known) - 1, share)
    below = int(at)
    above = min(below + 1, len(known) - 1)
    part = numbers.subtract(at, below)
    lower = numbers.multiply(known[below], numbers.subtract(1, part))
    return numbers.add(lower, numbers.multiply(known[above], part))


_FOLDS: dict[str, Callable[[Iterable[Any]], Any]] = {
    "sum": _sum,
    "avg": _average,
    "min": _least,
    "max": _greatest,
    "count": _count,
    "any": any,
    "all": all,
    "count_distinct": _count_distinct,
    "median": _median,
}
