"""Scores as the API answers them, and in words how an item came to its score."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jingwei.services.commands import Reading
from jingwei.services.scores import Line, Sheet
from jingwei.texts import text


def sheet_json(view: Reading, sheet: Sheet, locale: str) -> dict[str, Any]:
    """Score, derivation and rule version, as the API answers them."""
    scheme = sheet.scheme
    org = view.catalogue.orgs[sheet.org]
    return {
        "scheme": scheme.name,
        "title": scheme.title(locale),
        "rule_version": scheme.fingerprint,
        "org": sheet.org,
        "org_title": org.title(locale),
        "period": sheet.period,
        "status": "pending" if sheet.total is None else "ok",
        "total": sheet.total,
        "grade": sheet.grade,
        "rank": sheet.rank,
        "ranked": sheet.ranked,
        "excluded": sheet.excluded,
        "items": [_line_json(view, line, locale) for line in sheet.lines],
        "derivation": {
            "items": sheet.items_total,
            "beyond_bonus": sheet.beyond,
            "multiplier": sheet.multiplier,
            "deducted": sheet.deducted,
            "missing": scheme.missing,
            "guards": [scheme.guards[number].when.source for number in sheet.guards],
            "vetoes": [
                {"when": scheme.veto[n].when.source, "grade_max": scheme.veto[n].grade_max}
                for n in sheet.vetoes
            ],
        },
    }


def _line_json(view: Reading, line: Line, locale: str) -> dict[str, Any]:
    item = line.item
    indicator = view.catalogue.indicators.get(item.name)
    title = item.title or (indicator.title if indicator is not None else None)
    return {
        "item": item.name,
        "title": item.name if title is None else title(locale),
        "weight": line.weight,
        "target": line.target,
        "base": line.base,
        "actual": line.actual,
        "attainment": line.attainment,
        "unit": line.unit,
        "rule": None if item.rule is None else item.rule.type,
        "constraint": item.constraint,
        "automatic": line.automatic,
        "score": line.score,
        "reason": None if line.reason is None else text(f"measures.reason.{line.reason}", locale),
        "explanation": explained(line, locale),
        "data_version": line.version,
    }


def explained(line: Line, locale: str) -> str:
    if not line.step:
        return ""
    holes = {name: plain(value) for name, value in line.holes.items()}
    return text(f"measures.score.{line.step}", locale, **holes)


def plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        return f"{value.quantize(Decimal('0.0001')).normalize():f}"
    return str(value)
