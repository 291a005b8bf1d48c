"""Formulas of derived indicators: the other indicators at the same org, period, view and mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.cube.figures import Figure, together
from jingwei.language.expressions.environment import Environment, NoWorld
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Call, Constant, Name
from jingwei.language.measures import Indicator
from jingwei.language.periods import Grain, Period
from jingwei.language.values import Duration

if TYPE_CHECKING:
    from jingwei.cube.cube import Asked, Cube

_MONTHS = {"mo": 1, "q": 3, "y": 12}
_SERIES = frozenset(("shift", "at_start"))


class OrgWorld(NoWorld):
    """What a condition on an org may ask, as of a day."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        self._catalogue = catalogue
        self._day = day

    def org_member(self, org: str, name: str) -> Any:
        catalogue = self._catalogue
        if name in catalogue.org_types.types:
            return catalogue.tree.of_type(org, name, self._day)
        definition = catalogue.orgs[org]
        match name:
            case "code" | "type":
                return getattr(definition, name)
            case "title":
                return definition.title.zh
            case "parent":
                return catalogue.tree.parent(org, self._day)
            case "profile":
                return catalogue.tree.profile(org, self._day)
        return definition.facts.get(name)

    def named_member(self, kind: str, name: str, member: str) -> Any:
        return name if member == "name" else None

    def call(self, function: str, arguments: Sequence[Any], environment: Environment) -> Any:
        if function == "is_below":
            org, above = arguments
            return self._catalogue.tree.is_below(org, above, self._day)
        return super().call(function, arguments, environment)


class _Inputs(Mapping[str, Any]):
    """Indicators by name, computed when the formula asks; `used` is what it asked for."""

    def __init__(self, cube: Cube, asked: Asked) -> None:
        self._cube = cube
        self._asked = asked
        self.used: list[Figure] = []

    def __getitem__(self, name: str) -> Any:
        if name == "org":
            return self._asked.org
        if name == "today":
            return self._asked.day
        if name not in self._cube.catalogue.indicators:
            raise KeyError(name)
        return self.value(self._asked._replace(indicator=name))

    def value(self, asked: Asked) -> Decimal | None:
        figure = self._cube.answer(asked)
        self.used.append(figure)
        return None if figure.value is None else Decimal(repr(figure.value))

    def __iter__(self) -> Iterator[str]:
        return iter(self._cube.catalogue.indicators)

    def __len__(self) -> int:
        return len(self._cube.catalogue.indicators)


class _SeriesWorld(OrgWorld):
    """`shift(x, -1y)`, `at_start(x, year)`: the same indicator elsewhere in time."""

    def __init__(self, cube: Cube, asked: Asked, inputs: _Inputs) -> None:
        super().__init__(cube.catalogue, asked.day)
        self._asked = asked
        self._inputs = inputs

    def call(self, function: str, arguments: Sequence[Any], environment: Environment) -> Any:
        if function not in _SERIES:
            return super().call(function, arguments, environment)
        name, by = arguments
        if by is None:
            return None
        period = self._asked.period
        if function == "shift":
            moved = self._asked._replace(indicator=name, period=shifted(period, by))
        else:
            moved = self._asked._replace(
                indicator=name, period=before_start(period, by), mode="ytd"
            )
        return self._inputs.value(moved)


def shifted(period: Period, by: Decimal | Duration) -> Period:
    """Moved by a number of its own grain, or by months, quarters or years."""
    if not isinstance(by, Duration):
        return period.shifted(int(by))
    if by.unit == "periods":
        return period.shifted(by.amount)
    months = by.amount * _MONTHS[by.unit]
    end = Period(period.year, "month", period.last_month).shifted(months)
    return end.of_grain(period.grain)


def before_start(period: Period, grain: Grain) -> Period:
    """The month that closes what came before the year, half or quarter the period ends in."""
    start = period.of_grain(grain).start
    return Period(start.year, "month", start.month).shifted(-1)


def formula_value(cube: Cube, indicator: Indicator, asked: Asked) -> Figure:
    """The formula at one org; the reason of the first input that is missing, where one is."""
    assert indicator.formula is not None
    inputs = _Inputs(cube, asked)
    world = _SeriesWorld(cube, asked, inputs)
    environment = Environment(variables=inputs, world=world)
    value = cube.catalogue.closure(indicator.formula)(environment)
    if value is not None:
        return together(float(value), "computed", inputs.used)
    reasons = [figure.reason for figure in inputs.used if figure.value is None]
    return Figure(None, "missing", reasons[0] if reasons else "division-by-zero")


def inputs_of(catalogue: Catalogue, indicator: Indicator) -> list[str]:
    """The indicators a definition is computed from, by name."""
    names = [indicator.numerator, indicator.denominator, indicator.of, indicator.weight]
    found = [name for name in names if name is not None]
    for version in indicator.versions:
        keys = ("numerator", "denominator", "of", "weight")
        found += [version[key] for key in keys if key in version]
    if indicator.formula is not None:
        for node in walk(catalogue.expression(indicator.formula).root):
            if isinstance(node, Name) and node.name in catalogue.indicators:
                found.append(node.name)
            elif isinstance(node, Call) and node.function in _SERIES:
                first = node.arguments[0]
                if isinstance(first, Constant):
                    found.append(str(first.value))
    return list(dict.fromkeys(found))


def lineage(catalogue: Catalogue, indicator: str) -> list[str]:
    """An indicator and everything it is computed from, at any remove."""
    found = [indicator]
    for name in found:
        more = inputs_of(catalogue, catalogue.indicators[name])
        found.extend(one for one in more if one not in found)
    return found


def dependents(catalogue: Catalogue, indicators: set[str]) -> set[str]:
    """These indicators and everything that is computed from them."""
    return {
        name for name in catalogue.indicators if not indicators.isdisjoint(lineage(catalogue, name))
    }
