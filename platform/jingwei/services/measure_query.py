"""Questions about figures as programs ask them, and their answers.

```
{indicators: [name | set.NAME], orgs: [code] | expression, periods: [period] | expression,
 views: [actual], compare: [yoy], mode: period | ytd, base: restated | as_reported,
 drill: orgs | parts | facts, shape: cells | columns, titles: true}
```

The answer is `{cells: […]}`; of more than 5,000 cells it is columnar: `{axes: {indicators, orgs,
periods, views}, units, value: […], status: […], …}`, where the arrays hold one entry for each
combination in the order of the axes, the last turning fastest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from jingwei.catalogue.scopes import variables_scope
from jingwei.cube.comparisons import COMPARISONS
from jingwei.language.data_versions import VIEWS
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Call, Expression
from jingwei.language.periods import Period
from jingwei.problems import Position
from jingwei.refusals import FieldRefusal, Invalid, Malformed
from jingwei.services.commands import Reading
from jingwei.services.drill import WAYS, Way, cell_json, drill, ways
from jingwei.services.measure_columns import ColumnsAsked, columns_json
from jingwei.services.measures import (
    MOST_CELLS,
    SETS,
    Base,
    Cell,
    Measures,
    indicators_of,
)
from jingwei.services.world import OWN_FUNCTIONS, environment

MOST_AS_CELLS = 5_000
KEYS = (
    "indicators", "orgs", "periods", "views", "compare", "mode", "base", "drill", "shape", "titles",
)  # fmt: skip
_MODES = ("period", "ytd")
_SHAPES = ("cells", "columns")
_COMPARE = tuple(word for word in COMPARISONS if word != "rank")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was read and checked."""

    indicators: tuple[str, ...]
    orgs: tuple[str, ...]
    periods: tuple[Period, ...]
    views: tuple[str, ...] = ("actual",)
    compare: tuple[str, ...] = ()
    mode: Any = None
    base: Base = "restated"
    drill: Way | None = None
    columns: bool = False
    titles: bool = False

    def columns_asked(self) -> ColumnsAsked:
        return ColumnsAsked(self.orgs, self.periods, self.views, self.compare, self.mode)


def read_question(view: Reading, body: Mapping[str, Any]) -> Question:
    """Raises Malformed for unknown keys, Invalid naming every wrong value."""
    unknown = [key for key in body if key not in KEYS]
    if unknown:
        raise Malformed("query-unknown-key", key=unknown[0][:60], known=", ".join(KEYS))
    problems: list[FieldRefusal] = []
    orgs = _orgs(view, body.get("orgs"), problems)
    question = Question(
        _indicators(view, body.get("indicators"), problems),
        orgs,
        _periods(view, body.get("periods"), problems),
        _words(body, "views", VIEWS, problems) or ("actual",),
        _words(body, "compare", _COMPARE, problems),
        _word(body, "mode", _MODES, problems),
        _word(body, "base", get_args(Base), problems) or "restated",
        _word(body, "drill", WAYS, problems),
        _word(body, "shape", _SHAPES, problems) == "columns",
        body.get("titles") is True,
    )
    if not isinstance(body.get("titles", False), bool):
        problems.append(FieldRefusal("titles", "not-yes-no"))
    if problems:
        raise Invalid("invalid", fields=problems)
    return question


def answer_question(view: Reading, question: Question, locale: str) -> dict[str, Any]:
    """Cells, or columns when there are many."""
    members = {p: indicators_of(view, question.indicators, p) for p in question.periods}
    names = list(dict.fromkeys(name for found in members.values() for name in found))
    many = len(question.orgs) * len(question.views) * sum(len(m) for m in members.values())
    if many > MOST_CELLS:
        raise Malformed("query-too-large", cells=many, most=MOST_CELLS)
    measures = Measures(view, question.base)
    views = {*question.views, "actual", *(("target",) if question.compare else ())}
    measures.prefetch(names, views, question.periods)
    if question.drill is not None:
        return _drilled(view, measures, question, names, locale)
    if question.columns or many > MOST_AS_CELLS:
        body = columns_json(measures, question.columns_asked(), names, members)
    else:
        body = {
            "cells": [
                cell_json(cell)
                for name in names
                for org in question.orgs
                for period in question.periods
                if name in members[period]
                for cell in _cells(measures, question, name, org, period)
            ]
        }
    if question.titles:
        body["titles"] = _titles(view, names, question.orgs, locale)
    return body


def _cells(
    measures: Measures, question: Question, name: str, org: str, period: Period
) -> list[Cell]:
    first = question.views[0]
    return [
        measures.cell(name, org, period, one, question.compare if one == first else (),
                      question.mode)
        for one in question.views
    ]  # fmt: skip


def _drilled(
    view: Reading, measures: Measures, question: Question, names: Sequence[str], locale: str
) -> dict[str, Any]:
    single = (names, question.orgs, question.periods, question.views)
    if any(len(axis) != 1 for axis in single):
        raise Malformed("drill-one")
    asked = measures.cube.question(
        names[0], question.orgs[0], question.periods[0], question.views[0], question.mode
    )
    assert question.drill is not None
    found = drill(measures, asked, question.drill)
    cell: Cell = found["total"]
    rows = [_row_json(row) for row in found["rows"]]
    orgs = [row["org"] for row in rows if "org" in row]
    indicators = [row["indicator"] for row in rows if "indicator" in row]
    return {
        "cells": [cell_json(cell)],
        "drill": {
            "way": found["way"],
            "ways": ways(measures, asked),
            "rows": rows,
            "sums": found["sums"],
        },
        "titles": _titles(view, [*names, *indicators], [*question.orgs, *orgs], locale),
    }


def _row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in row.items() if key != "cell"}
    if "cell" in row:
        found.update(cell_json(row["cell"]))
    return found


def _titles(
    view: Reading, names: Sequence[str], orgs: Sequence[str], locale: str
) -> dict[str, dict[str, str]]:
    catalogue = view.catalogue
    return {
        "indicators": {name: catalogue.indicators[name].title(locale) for name in names},
        "orgs": {org: catalogue.orgs[org].title(locale) for org in orgs},
    }


# --- reading a question --------------------------------------------------------------------------


def _indicators(view: Reading, given: Any, problems: list[FieldRefusal]) -> tuple[str, ...]:
    names = _listed(given)
    if not names:
        problems.append(FieldRefusal("indicators", "query-incomplete", {"key": "indicators"}))
        return ()
    for place, name in enumerate(names):
        known = isinstance(name, str) and (
            name.removeprefix(SETS) in view.catalogue.indicator_sets
            if name.startswith(SETS)
            else name in view.catalogue.indicators
        )
        if not known:
            is_set = isinstance(name, str) and name.startswith(SETS)
            holes: dict[str, object] = {"name": str(name).removeprefix(SETS)[:60]}
            code = "no-such-set" if is_set else "no-such-indicator"
            problems.append(FieldRefusal(f"indicators.{place}", code, holes))
    return tuple(dict.fromkeys(str(name) for name in names))


def _orgs(view: Reading, given: Any, problems: list[FieldRefusal]) -> tuple[str, ...]:
    """Codes; those that an expression yields. One that may not be read is as unknown."""
    measures = Measures(view)
    if isinstance(given, str) and given not in view.catalogue.orgs:
        found = _evaluated(view, "orgs", given, problems)
        return tuple(
            org for org in dict.fromkeys(_listed(found))
            if org in view.catalogue.orgs and measures.may_read(org)
        )  # fmt: skip
    codes = _listed(given)
    if not codes:
        problems.append(FieldRefusal("orgs", "query-incomplete", {"key": "orgs"}))
    for place, code in enumerate(codes):
        known = isinstance(code, str) and code in view.catalogue.orgs
        if not known or not measures.may_read(code):
            holes: dict[str, object] = {"name": str(code)[:60]}
            problems.append(FieldRefusal(f"orgs.{place}", "no-such-org", holes))
    return tuple(dict.fromkeys(str(code) for code in codes))


def _periods(view: Reading, given: Any, problems: list[FieldRefusal]) -> tuple[Period, ...]:
    values = _listed(given)
    if not values:
        problems.append(FieldRefusal("periods", "query-incomplete", {"key": "periods"}))
    found: list[Period] = []
    for place, value in enumerate(values):
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # a year as a number
        try:
            found.append(Period.parse(value))
            continue
        except (ValueError, TypeError):
            pass
        if isinstance(given, str):
            answer = _evaluated(view, "periods", given, problems)
            found += [one for one in _listed(answer) if isinstance(one, Period)]
        else:
            problems.append(
                FieldRefusal(f"periods.{place}", "not-a-period", {"example": "2026-03"})
            )
    return tuple(dict.fromkeys(found))


def _evaluated(view: Reading, path: str, source: str, problems: list[FieldRefusal]) -> Any:
    """The value of an expression that was sent. It runs as the platform and not as its reader, so
    it may ask only what everybody may know: dates, orgs, people; no record, figure or score."""
    scope = replace(variables_scope(view.catalogue, {}), forms_allowed=False)
    try:
        expression = check(source, scope)
    except ExpressionError as error:
        problem = error.problem(Position(path))
        words = {one: problem.sentences(one) for one in ("zh", "en")}
        problems.append(FieldRefusal(path, "expression", words=words))
        return None
    closed = _first_closed(expression)
    if closed is not None:
        problems.append(FieldRefusal(path, "query-closed-function", {"name": closed}))
        return None
    return closure(expression)(environment(view, {}))


def _first_closed(expression: Expression) -> str | None:
    """A function that tells what its reader may not be allowed to see."""
    called = (node.function for node in walk(expression.root) if isinstance(node, Call))
    closed = (f for f in called if f not in OWN_FUNCTIONS and "sql" not in FUNCTIONS[f].targets)
    return next(closed, None)


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _word(
    body: Mapping[str, Any], key: str, known: Sequence[str], problems: list[FieldRefusal]
) -> Any:
    given = body.get(key)
    if given is not None and given not in known:
        holes: dict[str, object] = {"value": str(given)[:60], "choices": ", ".join(known)}
        problems.append(FieldRefusal(key, "not-a-choice", holes))
        return None
    return given


def _words(
    body: Mapping[str, Any], key: str, known: Sequence[str], problems: list[FieldRefusal]
) -> tuple[str, ...]:
    found: list[str] = []
    for place, value in enumerate(_listed(body.get(key))):
        if value not in known:
            holes: dict[str, object] = {"value": str(value)[:60], "choices": ", ".join(known)}
            problems.append(FieldRefusal(f"{key}.{place}", "not-a-choice", holes))
        else:
            found.append(value)
    return tuple(dict.fromkeys(found))
