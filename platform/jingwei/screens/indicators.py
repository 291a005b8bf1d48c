"""`/indicators`: the catalogue, the card of each indicator, and what a figure is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.refusals import NotFound
from jingwei.screens.cells import NOTHING, Cells
from jingwei.screens.dashboards import Tiles, shown_control
from jingwei.screens.figures import (
    COLUMN_PATIENCE,
    Scale,
    drill_address,
    exact,
    scale_of,
    unit_words,
    version_words,
    written,
)
from jingwei.screens.frame import is_for, page
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.dashboards import may_open, org_options, period_options
from jingwei.services.drill import WAYS, drill, ways
from jingwei.services.indicator_cards import card, indicators_listed
from jingwei.services.measures import Measures
from jingwei.services.tile_parts import beside
from jingwei.texts import has_text, text
from jingwei.web import locale

VIEWS = ("actual", "target", "budget", "forecast")
TREND_PERIODS = 13
HOMES: Mapping[str, str] = {
    "dashboard": "/d/",
    "report": "/reports/",
    "indicator": "/indicators/",
}


@dataclass(frozen=True, slots=True)
class Made:
    """One row of what a figure is made of. `kind` names its words; `href` leads further down."""

    kind: str
    title: str
    text: str
    href: str | None = None
    light: str = ""
    hint: str = ""
    share: str = ""
    notes: tuple[str, ...] = ()
    neg: bool = False


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
        place = _place(view, definition)
        cells = Cells(view)
        shown = Tiles(view, cells)
        return page(
            view,
            "indicator.html",
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


@dataclass(frozen=True, slots=True)
class Place:
    """Of which org and period figures are shown; both stand in the address."""

    view: Reading
    measures: Measures
    org: str
    period: Period

    def controls(self, cells: Cells) -> list[dict[str, Any]]:
        grain = self.period.grain
        return [
            shown_control(
                cells,
                {
                    "name": "org",
                    "type": "org",
                    "title": text("measures.column.org", locale()),
                    "value": self.org,
                    "options": org_options(self.view, self.measures, locale()),
                },
            ),
            shown_control(
                cells,
                {
                    "name": "period",
                    "type": "period",
                    "title": text("measures.column.period", locale()),
                    "value": self.period,
                    "options": period_options(self.view, grain, self.period),
                },
            ),
        ]


def _place(view: Reading, definition: Indicator) -> Place:
    """What the address asks for; without it the reader's own org and the last period with data."""
    measures = Measures(view)
    org = request.args.get("org", "")
    if org and (org not in view.catalogue.orgs or not measures.may_read(org)):
        raise NotFound("no-such-org", name=org[:60])
    readable = [o["value"] for o in org_options(view, measures, locale())]
    org = org or (view.actor.org if view.actor.org in readable else (readable or [""])[0])
    asked = request.args.get("period", "")
    try:
        period = Period.parse(asked)
    except ValueError:
        period = _latest(view, measures, definition, org)
    return Place(view, measures, org, period)


def _latest(view: Reading, measures: Measures, definition: Indicator, org: str) -> Period:
    """The last period with a figure, if there is one in the last two years."""
    now = Period.containing(view.today, definition.time.grain)
    back = {"month": 24, "quarter": 8, "year": 3}[definition.time.grain]
    for place in range(back):
        period = now.shifted(-place)
        if org and measures.cell(definition.name, org, period).value is not None:
            return period
    return now


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
        "reason": _reason(cell.missing_reason),
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


def _reason(code: str | None) -> str:
    return "" if code is None else text(f"measures.reason.{code}", locale())


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


# --- taken apart ---------------------------------------------------------------------------------


def taken_apart(name: str) -> Any:
    with reading() as view:
        definition = view.catalogue.indicators.get(name)
        if definition is None:
            raise NotFound("no-such-indicator", name=name[:60])
        place = _place(view, definition)
        asked_view = request.args.get("view", "actual")
        asked_view = asked_view if asked_view in VIEWS else "actual"
        shown = Tiles(view, Cells(view))
        return page(
            view, "drill.html", **_drilled(view, shown, definition, place, asked_view)
        )  # fmt: skip


def _drilled(
    view: Reading, shown: Tiles, definition: Indicator, place: Place, asked_view: str
) -> dict[str, Any]:
    measures, cells = place.measures, shown.cells
    asked = measures.cube.question(definition.name, place.org, place.period, asked_view, None)
    offered = ways(measures, asked) if measures.may_read(place.org) else []
    wanted = request.args.get("way", "")
    way = wanted if wanted in offered else (offered or [WAYS[0]])[0]
    found = drill(measures, asked, way)
    scale = _scale(definition, found, cells.words)
    rows = [_made(cells, row, place, way, scale, found) for row in found["rows"]]
    total = found["total"]
    lead = shown.number(
        {
            "indicator": definition.name,
            "value": total.value,
            "unit": total.unit,
            "light": total.light,
            "version": total.version,
            "as_of": total.as_of.isoformat() if total.as_of else None,
            "annualized": total.annualized,
            "reason": _reason(total.missing_reason),
            "missing": [{"title": cells.title("org", o)} for o in total.missing],
        }
    )
    return {
        "title": definition.title(cells.words),
        "name": definition.name,
        "org_title": cells.title("org", place.org),
        "period_title": cells.period(str(place.period)),
        "view_title": text(f"measures.view.{asked_view}", cells.words),
        "trail": _trail(cells, measures, definition.name, place, asked_view),
        "controls": place.controls(cells),
        "lead": lead,
        "way": way,
        "offered": [
            (one, _way_address(definition.name, place, asked_view, one)) for one in offered
        ],
        "rows": rows,
        "sums": found["sums"] and way == "orgs",
        "total_text": written(total.value, scale, cells.words),
        "unit": "" if scale.after else scale.words,
        "facts": _facts(cells, found["rows"], definition) if way == "facts" else [],
        "asked_view": asked_view,
    }


def _scale(definition: Indicator, found: Mapping[str, Any], words: str) -> Scale:
    values = [found["total"].value]
    values += [row["cell"].value if "cell" in row else row.get("value") for row in found["rows"]]
    return scale_of(definition.unit, values, words, definition.precision, COLUMN_PATIENCE)


def _trail(
    cells: Cells, measures: Measures, name: str, place: Place, asked_view: str
) -> list[tuple[str, str | None]]:
    """From the highest org that may be read down to this one."""
    tree = measures.view.catalogue.tree
    above = [org for org in tree.ancestors(place.org, measures.view.today) if org != place.org]
    found: list[tuple[str, str | None]] = []
    for org in reversed(above):
        if measures.may_read(org):
            drill_to = {"indicator": name, "org": org, "period": place.period, "view": asked_view}
            found.append((cells.title("org", org), drill_address(drill_to)))
    return [*found, (cells.title("org", place.org), None)]


def _way_address(name: str, place: Place, asked_view: str, way: str) -> str:
    asked = {"indicator": name, "org": place.org, "period": place.period, "view": asked_view}
    return drill_address(asked, way) or ""


def _made(
    cells: Cells,
    row: Mapping[str, Any],
    place: Place,
    way: str,
    scale: Scale,
    found: Mapping[str, Any],
) -> Made:
    kind, words = str(row["kind"]), cells.words
    if "cell" not in row:
        value = row.get("value")
        return Made(
            kind,
            text(f"screens.drill.{kind}", words) if kind != "fact" else "",
            written(value, scale, words),
            hint=exact(value, found["total"].unit, words),
            share=_share(value, found),
            notes=tuple(_entry(cells, one, scale) for one in row.get("entries", ())),
            neg=value is not None and value < 0,
        )
    cell = row["cell"]
    own = scale
    if kind != "org":
        title = cells.title("indicator", cell.indicator)
        definition = cells.view.catalogue.indicators[cell.indicator]
        own = scale_of(cell.unit, [cell.value], words, definition.precision)
    else:
        title = cells.title("org", cell.org)
    to = {"indicator": cell.indicator, "org": cell.org, "period": cell.period, "view": cell.view}
    digits = written(cell.value, own, words)
    if own is not scale and not own.after and cell.value is not None:
        digits = f"{digits} {own.words}"
    return Made(
        kind,
        title,
        digits if cell.value is not None else _reason(cell.missing_reason) or NOTHING,
        drill_address(to, way if way in row["ways"] else "") if row["ways"] else None,
        cell.light or "",
        exact(cell.value, cell.unit, words),
        _share(cell.value, found) if kind == "org" else "",
        (text(f"screens.drill.{kind}", words),) if kind != "org" else (),
        cell.value is not None and cell.value < 0,
    )


def _share(value: Any, found: Mapping[str, Any]) -> str:
    total = found["total"].value
    if not found["sums"] or value is None or not total:
        return ""
    return f"{float(value / total) * 100:.1f}%"


def _entry(cells: Cells, entry: Mapping[str, Any], scale: Scale) -> str:
    said = [
        cells.period(str(entry["period"])),
        f"{written(entry['value'], scale, cells.words)} {scale.words}".strip(),
        entry.get("reason") or "",
        cells.title("org", entry["counterpart"]) if entry.get("counterpart") else "",
    ]
    return " · ".join(one for one in said if one)


def _facts(
    cells: Cells, rows: Sequence[Mapping[str, Any]], definition: Indicator
) -> list[dict[str, Any]]:
    """The facts with where each comes from."""
    words = cells.words
    scale = scale_of(
        definition.unit, [r["value"] for r in rows], words, definition.precision, COLUMN_PATIENCE
    )
    cells.learn_people(row["person"] for row in rows if row["person"])
    found = []
    for row in rows:
        address = str(row["source_url"] or "")
        record = row["record"]
        found.append(
            {
                "period": cells.period(str(row["period"])),
                "version": version_words(row["version"], words, cells.period),
                "text": written(row["value"], scale, words),
                "exact": exact(row["value"], row["unit"], words),
                "used": row["used"],
                "source": row["source"] or "",
                "url": address if address.startswith(("https://", "http://")) else None,
                "note": row["note"] or "",
                "person": cells.person(row["person"]) if row["person"] else "",
                "at": cells.moment(row["at"]),
                "record": f"/f/{record['form']}/{record['id']}" if record else None,
                "record_title": cells.record_title(record["form"], record["id"]) if record else "",
            }
        )
    return found


__all__ = ["register"]
