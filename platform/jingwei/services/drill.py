"""What a figure is made of: the orgs below and the entries between them, its parts, its facts.

Rows of orgs sum to the figure they are under: what they lack is a row of its own (`difference`),
and orgs that the reader may not see are one row without a name (`hidden`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, cast

from jingwei.cube.cube import ADDITIVE, Asked
from jingwei.cube.figures import Figure, Mode, rounded
from jingwei.cube.formulas import inputs_of
from jingwei.language.data_versions import View, version_name
from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.services.commands import Reading
from jingwei.services.measures import Cell, Measures
from jingwei.services.presenting import instant
from jingwei.storage import facts as store
from jingwei.storage.facts import FactLine

Way = Literal["orgs", "parts", "facts"]
WAYS: Sequence[Way] = ("orgs", "parts", "facts")


def ways(measures: Measures, asked: Asked) -> list[Way]:
    """How one may look further down from here."""
    definition = measures.cube.variant(asked)
    found: list[Way] = []
    if measures.cube.children(definition, asked):
        found.append("orgs")
    if inputs_of(measures.view.catalogue, definition):
        found.append("parts")
    if measures.cube.own(definition, asked).value is not None:
        found.append("facts")
    return found


def drill(measures: Measures, asked: Asked, way: Way) -> dict[str, Any]:
    """One step down: `{way, total: cell, rows: […], sums: bool}`."""
    definition = measures.cube.variant(asked)
    total = measures.cell(asked.indicator, asked.org, asked.period, asked.view, mode=asked.mode)
    if not measures.may_read(asked.org):
        return {"way": way, "total": total, "rows": [], "sums": False}
    if way == "parts":
        return {"way": way, "total": total, "rows": _parts(measures, definition, asked),
                "sums": False}  # fmt: skip
    if way == "facts":
        return {"way": way, "total": total, "rows": _facts(measures, definition, asked),
                "sums": False}  # fmt: skip
    rows = _orgs(measures, definition, asked)
    return {"way": way, "total": total, "rows": rows, "sums": definition.org_agg in ADDITIVE}


# --- orgs ----------------------------------------------------------------------------------------


def _orgs(measures: Measures, definition: Indicator, asked: Asked) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    hidden: list[Figure] = []
    for child in measures.cube.children(definition, asked):
        if not measures.may_read(child.org):
            hidden.append(measures.cube.answer(child))
            continue
        cell = measures.cell(child.indicator, child.org, child.period, child.view, mode=child.mode)
        rows.append({"kind": "org", "cell": cell, "ways": ways(measures, child)})
    if definition.org_agg not in ADDITIVE:
        return rows
    known = [figure.value for figure in hidden if figure.value is not None]
    if known:
        rows.append({"kind": "hidden", "value": _rounded(definition, sum(known))})
    entries = measures.cube.adjustment(definition, asked)
    if entries is not None and entries.value is not None:
        rows.append(
            {
                "kind": "adjustment",
                "value": _rounded(definition, entries.value),
                "entries": _entries(measures, definition, asked),
            }
        )
    difference = _difference(measures, definition, asked, rows)
    if difference is not None:
        rows.append({"kind": "difference", "value": difference})
    return rows


def _difference(
    measures: Measures, definition: Indicator, asked: Asked, rows: Sequence[dict[str, Any]]
) -> Decimal | None:
    """What the rows lack of a figure that the org reported itself."""
    figure = measures.cube.answer(asked)
    values = [row["cell"].value if row["kind"] == "org" else row["value"] for row in rows]
    known = [value for value in values if value is not None]
    if figure.value is None or figure.source == "rolled-up" or not known:
        return None
    found = _rounded(definition, figure.value) - sum(known, Decimal(0))
    return found if found else None


def _entries(measures: Measures, definition: Indicator, asked: Asked) -> list[dict[str, Any]]:
    """The single entries whose period ends with the one asked about."""
    view = measures.view
    found = store.adjustments_of(
        view.connection,
        view.installation.book,
        definition.name,
        asked.org,
        cast(View, asked.view),
        asked.period.year,
    )
    return [
        {
            "period": entry.period,
            "kind": entry.kind,
            "value": _rounded(definition, entry.value),
            "reason": entry.reason,
            "counterpart": entry.counterpart,
            "version": entry.version,
        }
        for entry in found
        if entry.period.last_month == asked.period.last_month
    ]


def _rounded(definition: Indicator, value: float) -> Decimal:
    return rounded(value, definition.unit, definition.precision)


# --- parts ---------------------------------------------------------------------------------------


def _parts(measures: Measures, definition: Indicator, asked: Asked) -> list[dict[str, Any]]:
    """What the figure is computed from, at the same org. A ratio divides over the same orgs: its
    parts may be of fewer orgs than their own figures."""
    cube = measures.cube
    if definition.type == "ratio":
        questions = cube.parts(definition, asked)
        pair = cube.pair(definition, asked) or tuple(cube.answer(one) for one in questions)
        return [
            _part(measures, role, question, figure)
            for role, question, figure in zip(
                ("numerator", "denominator"), questions, pair, strict=True
            )
        ]
    return [
        _part(measures, "input", question, cube.answer(question))
        for name in inputs_of(measures.view.catalogue, definition)
        if (question := asked._replace(indicator=name))
    ]


def _part(measures: Measures, role: str, asked: Asked, figure: Figure) -> dict[str, Any]:
    cell = measures.shown(
        measures.definition(asked.indicator, asked.period),
        asked.org,
        asked.period,
        asked.view,
        figure,
        asked.mode,
    )
    return {"kind": role, "cell": cell, "ways": ways(measures, asked)}


# --- facts ---------------------------------------------------------------------------------------


def _facts(measures: Measures, definition: Indicator, asked: Asked) -> list[dict[str, Any]]:
    """What the org reported that the figure may rest on, each with where it comes from."""
    view = measures.view
    lines = store.fact_lines(
        view.connection,
        view.installation.book,
        view.store.people,
        definition.name,
        asked.org,
        cast(View, asked.view),
        (asked.period.year, asked.period.year),
    )
    used = measures.cube.own(definition, asked)
    return [
        _fact(view, definition, line, line.fact.version in _names(used))
        for line in lines
        if _bears_on(line.fact.period, asked.period, asked.mode)
    ]


def _names(figure: Figure) -> set[str]:
    return {version_name(code) for code in figure.versions}


def _bears_on(fact: Period, period: Period, mode: Mode) -> bool:
    """A fact of the year up to the end of the period; the cumulative one before it, too."""
    first = 1 if mode == "ytd" else period.start.month - 1
    return first <= fact.last_month <= period.last_month


def _fact(view: Reading, definition: Indicator, line: FactLine, used: bool) -> dict[str, Any]:
    fact, batch = line.fact, line.batch
    return {
        "kind": "fact",
        "period": fact.period,
        "version": fact.version,
        "value": _rounded(definition, fact.value),
        "unit": definition.unit,
        "used": used,
        "source": batch.source,
        "source_url": batch.source_url,
        "note": batch.note,
        "person": batch.person,
        "at": instant(batch.at),
        "record": _record(view, line),
    }


def _record(view: Reading, line: FactLine) -> dict[str, Any] | None:
    """The record a fact was taken from, for those who may open it."""
    form, identity = line.fact.form, line.fact.record
    if form is None or identity is None or form not in view.catalogue.forms:
        return None
    raw = view.store.load(view.connection, form, [identity]).get(identity)
    if raw is None or not view.rights.may_read(view, form, raw).allowed:
        return None
    return {"form": form, "id": identity}


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell as the API answers it."""
    found: dict[str, Any] = {
        "indicator": cell.indicator,
        "org": cell.org,
        "period": cell.period,
        "view": cell.view,
        "value": cell.value,
        "unit": cell.unit,
        "status": cell.status,
        "light": cell.light,
        "as_of": None if cell.as_of is None else instant(cell.as_of),
        "version": cell.version,
        "missing_reason": cell.missing_reason,
        "source": cell.source,
    }
    if cell.missing:
        found["missing"] = list(cell.missing)
    if cell.annualized:
        found["annualized"] = True
    if cell.compare:
        found["compare"] = {
            word: {
                "value": one.value,
                "base": one.base,
                "current": one.current,
                "reason": one.reason,
                "label": one.label,
                "partial": one.partial,
                **({"tier": one.tier} if word == "tier" else {}),
            }
            for word, one in cell.compare.items()
        }
    return found
