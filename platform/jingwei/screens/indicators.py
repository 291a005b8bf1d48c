"""`/indicators`: the catalogue, and the card of each indicator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from jingwei.language.measures import Indicator
from jingwei.screens.cells import Cells
from jingwei.screens.dashboards import Tiles
from jingwei.screens.figures import unit_words
from jingwei.screens.frame import page
from jingwei.screens.indicator_drill import taken_apart
from jingwei.screens.indicator_place import Place, asked_place, reason_words
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.dashboards import may_open
from jingwei.services.definitions import is_for
from jingwei.services.indicator_cards import card, indicators_listed
from jingwei.services.tile_parts import beside
from jingwei.texts import has_text, text
from jingwei.web import locale

TREND_PERIODS = 13
HOMES: Mapping[str, str] = {
    "dashboard": "/d/",
    "report": "/reports/",
    "indicator": "/indicators/",
}


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/indicators", "indicators", listed)
    blueprint.add_url_rule("/indicators/<name>", "indicator", one)
    blueprint.add_url_rule("/indicators/<name>/drill", "drill", taken_apart)


# --- the catalogue -------------------------------------------------------------------------------


def listed() -> Any:
    wanted = request.args.get("q", "").strip().lower()[:100]
    domain = request.args.get("set", "")
    owner = request.args.get("owner", "")
    with reading() as view:
        everything = indicators_listed(view, locale())
        sets = view.catalogue.indicator_sets
        rows = [
            _listed_row(view, item)
            for item in everything
            if _matches(view, item, wanted)
            and (not domain or domain in _domains(item))
            and (not owner or owner in item["owner"])
        ]
        domains = sorted({d for item in everything for d in _domains(item)})
        return page(
            view,
            "indicators.html",
            rows=rows,
            total=len(rows),
            q=request.args.get("q", ""),
            domain=domain,
            domains=[(d, sets[d].title(locale()) if d in sets else d) for d in domains],
            owner=owner,
            owners=sorted({o for item in everything for o in item["owner"]}),
        )


def _domains(item: Mapping[str, Any]) -> list[str]:
    return [*(one["set"] for one in item["sets"]), *item["tags"]]


def _matches(view: Reading, item: Mapping[str, Any], wanted: str) -> bool:
    if not wanted:
        return True
    definition = view.catalogue.indicators[item["name"]]
    said = [item["name"], *item["owner"], *item["tags"]]
    said += [definition.title(one) for one in ("zh", "en")]
    if definition.description is not None:
        said.append(definition.description(locale()))
    return any(wanted in one.lower() for one in said)


def _listed_row(view: Reading, item: Mapping[str, Any]) -> dict[str, Any]:
    words = locale()
    definition = view.catalogue.indicators[item["name"]]
    return {
        **item,
        "unit_words": unit_words(item["unit"], words),
        "direction_words": _word("directions", item["direction"]),
        "type_words": _word("types", item["type"]),
        "roll_up_words": _word("roll_ups", item["org_agg"]),
        "description": definition.description(words) if definition.description else "",
        "owner_words": text("screens.joint", words).join(item["owner"]),
    }


def _word(group: str, value: Any) -> str:
    key = f"screens.indicators.{group}.{value}"
    return text(key, locale()) if has_text(key) else str(value)


# --- the card ------------------------------------------------------------------------------------


def one(name: str) -> Any:
    with reading() as view:
        found = card(view, name, locale())
        definition = view.catalogue.indicators[name]
        place = asked_place(view, definition)
        cells = Cells(view)
        shown = Tiles(view, cells)
        return page(
            view,
            "indicator.html",
            indicator=definition,
            title=found["title"],
            card=found,
            row=_listed_row(view, {**found, "tags": found["tags"], "sets": found["sets"]}),
            time=_word("times", found["time"]["kind"]),
            formula=_formula(view, definition, found),
            comparisons=[text(f"measures.compare.{c}", locale()) for c in found["comparisons"]],
            used=[
                {
                    **use,
                    "href": _home_of(view, use),
                    "kind_words": _word("uses", use["kind"]),
                }
                for use in found["used_by"]
            ],
            sets=[
                {**s, "title": view.catalogue.indicator_sets[s["set"]].title(locale())}
                for s in found["sets"]
            ],
            controls=place.controls(cells),
            tile=_number(view, shown, definition, place),
            trend=_trend(view, shown, definition, place),
        )


def _home_of(view: Reading, use: Mapping[str, Any]) -> str | None:
    """The page of something that uses the indicator, for those who may open it."""
    kind, name = use["kind"], use["name"]
    catalogue = view.catalogue
    if kind == "dashboard" and not may_open(view, catalogue.dashboards[name]):
        return None
    if kind == "report" and not is_for(view, catalogue.reports[name].for_):
        return None
    return f"{HOMES[kind]}{name}" if kind in HOMES else None


def _formula(
    view: Reading, definition: Indicator, found: Mapping[str, Any]
) -> list[tuple[str, str | None]]:
    """The formula in pieces: titles of indicators with where they lead, and what is between."""
    if definition.type == "ratio":
        parts = [definition.numerator or "", definition.denominator or ""]
        pieces: list[tuple[str, str | None]] = []
        for place, part in enumerate(parts):
            if place:
                pieces.append((" ÷ ", None))
            known = view.catalogue.indicators.get(part)
            title = known.title(locale()) if known is not None else part
            pieces.append((title, f"/indicators/{part}" if known is not None else None))
        return pieces
    source = found["formula"]
    return [(str(source), None)] if source else []


def _number(
    view: Reading, shown: Tiles, definition: Indicator, place: Place
) -> dict[str, Any] | None:
    if not place.org:
        return None
    words = locale()
    asked = [c for c in definition.comparisons if c not in ("rank", "tier")]
    cell = place.measures.cell(definition.name, place.org, place.period, "actual", asked)
    found = {
        "indicator": definition.name,
        "value": cell.value,
        "unit": cell.unit,
        "light": cell.light,
        "period": place.period,
        "asked_period": place.period,
        "org_title": shown.cells.title("org", place.org),
        "version": cell.version,
        "as_of": cell.as_of.isoformat() if cell.as_of else None,
        "annualized": cell.annualized,
        "reason": reason_words(cell.missing_reason),
        "drill": {
            "indicator": definition.name,
            "org": place.org,
            "period": place.period,
            "view": "actual",
        },
        "compare": [beside(w, c, cell.unit, words) for w, c in cell.compare.items()],
        "missing": [{"title": shown.cells.title("org", o)} for o in cell.missing],
    }
    return shown.number(found)


def _trend(view: Reading, shown: Tiles, definition: Indicator, place: Place) -> dict[str, Any]:
    """The last thirteen periods as a chart tile."""
    periods = [place.period.shifted(-k) for k in reversed(range(TREND_PERIODS))]
    found = [place.measures.cell(definition.name, place.org, p) for p in periods if place.org]
    series = {
        "title": definition.title(locale()),
        "unit": definition.unit,
        "values": [c.value for c in found],
        "lights": [c.light for c in found],
        "drills": [
            {"indicator": c.indicator, "org": c.org, "period": c.period, "view": c.view}
            for c in found
        ],
    }
    made = shown.chart(
        {
            "chart": "bar",
            "along": "period",
            "categories": [{"value": p, "title": str(p)} for p in periods],
            "series": [series] if found else [],
        }
    )
    title = text("screens.indicators.trend", locale())
    return {"name": "trend", "kind": "chart", "title": title, "note": "", "link": None, **made}


__all__ = ["register"]
