"""Dashboards as their reader may see them: controls with their options, every tile with its data.

The shape of one dashboard; keys that do not apply are left out:

```
{name, title, made_at,
 controls: [{name, type: org | period | text, title, value, shown, grain,
             options: [{value, title, depth}]}],
 tiles: {NAME: TILE}, layout: [[NAME]], phone: [NAME]}

every TILE: {type, title, link, note}           note: why there is nothing to show, a sentence
number:  {value, unit, status, reason, light, views: {target: …}, compare: [BESIDE],
          spark: {periods: [P], values: [n]}, indicator, org, period, asked_period, stale, as_of,
          version, annualized, missing: [ORG], drill: DRILL}     also {value, unit} of a form
table, list: {columns: [{name, title, type, unit, indicator}], rows: [{cells: {COLUMN: CELL},
          org, period, id, link}], total}
chart:   {chart: bar | line | …, categories: [{value, title}], series: [{name, title, type, unit,
          values: [n], lights: [l], drills: [DRILL]}]}
heat:    {indicator, unit, cells: [{org, title, value, light, status, reason, drill}]}
matrix:  {rows: [{org, title}], columns: [{period, title}], cells: [[{state, value, light, id,
          link, drill}]]}       state: ok partial gap missing not_due, or a record's status
text:    {text}

CELL:   {value, title, unit, light, status, reason, stale, drill, link}   title: what people read
BESIDE: {word, title, value, type: percent | number, unit, base, current, reason, label,
          label_title, partial, tier}    partial: over the orgs that both have; `current` is theirs
DRILL:  {indicator, org, period, view}: as POST /indicators/query takes it, with `drill: orgs`
```

Numbers are plain: money in whole units, percents as fractions; `unit` says which. A number tile
whose period has no figure yet shows the last one that there is, marked `stale`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from jingwei.language.output import Control, Dashboard
from jingwei.language.periods import Grain, Period
from jingwei.language.values import Formula
from jingwei.refusals import FieldRefusal, Invalid, NotFound
from jingwei.services.commands import Reading
from jingwei.services.measures import Measures, figure_anchors
from jingwei.services.named import is_one
from jingwei.services.presenting import instant
from jingwei.services.tiles import tile_json
from jingwei.services.world import environment
from jingwei.texts import text

MOST_ORGS = 500
PERIODS_BACK: Mapping[str, int] = {"month": 36, "quarter": 20, "half": 12, "year": 10}


def dashboards(view: Reading, locale: str) -> list[dict[str, Any]]:
    """Those made for this person."""
    return [
        {"name": one.name, "title": one.title(locale), "controls": list(one.controls)}
        for one in view.catalogue.dashboards.values()
        if may_open(view, one)
    ]


def dashboard(view: Reading, name: str, given: Mapping[str, str], locale: str) -> dict[str, Any]:
    """One dashboard with these controls. Raises NotFound, Invalid naming wrong controls."""
    definition = view.catalogue.dashboards.get(name)
    if definition is None or not may_open(view, definition):
        raise NotFound("no-such-dashboard", name=name[:60])
    measures = Measures(view)
    values = _values(view, definition, given, measures)
    control = {"control": values}
    controls = [
        _control(view, one, values[one.name], measures, locale)
        for one in definition.controls.values()
    ]
    found = {
        one.name: tile_json(view, one, control, measures, locale)
        for one in definition.tiles.values()
    }
    return {
        "name": definition.name,
        "title": definition.title(locale),
        "made_at": instant(view.now),
        "controls": controls,
        "tiles": found,
        "layout": [list(row) for row in _layout(definition)],
        "phone": list(definition.phone or definition.tiles),
    }


def one_tile(
    view: Reading, name: str, tile: str, given: Mapping[str, str], locale: str
) -> dict[str, Any]:
    """A single tile again, for a page that refreshes itself. Raises as `dashboard` does."""
    definition = view.catalogue.dashboards.get(name)
    if definition is None or not may_open(view, definition) or tile not in definition.tiles:
        raise NotFound("no-such-dashboard", name=name[:60])
    measures = Measures(view)
    values = _values(view, definition, given, measures)
    return tile_json(view, definition.tiles[tile], {"control": values}, measures, locale)


def may_open(view: Reading, definition: Dashboard) -> bool:
    return view.actor.is_system or is_one(view, definition.for_)


def _layout(definition: Dashboard) -> Sequence[Sequence[str]]:
    return definition.layout or tuple((name,) for name in definition.tiles)


# --- controls ------------------------------------------------------------------------------------


def _values(
    view: Reading, definition: Dashboard, given: Mapping[str, str], measures: Measures
) -> dict[str, Any]:
    problems = [
        FieldRefusal(name, "unknown-field", {"name": name[:60]})
        for name in given
        if name not in definition.controls
    ]
    values: dict[str, Any] = {}
    for one in definition.controls.values():
        raw = given.get(one.name)
        values[one.name] = (
            _default(view, one, measures) if not raw else _read(one, raw, measures, problems)
        )
    if problems:
        raise Invalid("invalid", fields=problems)
    return values


def _read(one: Control, raw: str, measures: Measures, problems: list[FieldRefusal]) -> Any:
    if one.grain is not None:
        try:
            return Period.parse(raw)
        except ValueError:
            problems.append(FieldRefusal(one.name, "not-a-period", {"example": "2026-03"}))
            return None
    known = raw in measures.view.catalogue.orgs and measures.may_read(raw)
    if one.name == "org" and not known:
        problems.append(FieldRefusal(one.name, "no-such-org", {"name": raw[:60]}))
        return None
    return raw


def _default(view: Reading, one: Control, measures: Measures) -> Any:
    default: Any = one.default
    if isinstance(default, Formula):
        default = view.catalogue.closure(default)(environment(view, {}))
    elif default is not None:
        default = default.value
    if one.grain is not None:
        return _period(view, one, default)
    if one.name == "org" and (default is None or not measures.may_read(str(default))):
        return _first_org(view)
    return default


def _period(view: Reading, one: Control, default: Any) -> Period:
    grain = cast(Grain, one.grain)
    if isinstance(default, Period):
        return default
    try:
        return Period.parse(str(default))
    except ValueError:
        return Period.containing(view.today, grain).shifted(-1)


def _first_org(view: Reading) -> str | None:
    """Where the reader stands: the highest of the orgs whose figures he reads."""
    tree = view.catalogue.tree
    anchors = sorted(
        figure_anchors(view), key=lambda code: (len(tree.ancestors(code, view.today)), code)
    )
    if anchors:
        return anchors[0]
    return tree.root if view.actor.is_system else None


def _control(
    view: Reading, one: Control, value: Any, measures: Measures, locale: str
) -> dict[str, Any]:
    if one.grain is not None:
        return {
            "name": one.name,
            "type": "period",
            "title": text("measures.column.period", locale),
            "grain": one.grain,
            "value": value,
            "shown": str(value),
            "options": period_options(view, cast(Grain, one.grain), value),
        }
    if one.name == "org":
        org = view.catalogue.orgs.get(str(value))
        return {
            "name": one.name,
            "type": "org",
            "title": text("measures.column.org", locale),
            "value": value,
            "shown": "" if org is None else org.title(locale),
            "options": org_options(view, measures, locale),
        }
    return {"name": one.name, "type": "text", "title": one.name, "value": value,
            "shown": "" if value is None else str(value), "options": []}  # fmt: skip


def period_options(view: Reading, grain: Grain, value: Any) -> list[dict[str, Any]]:
    now = Period.containing(view.today, grain)
    found = [now.shifted(-back) for back in range(PERIODS_BACK[grain])]
    if isinstance(value, Period) and value not in found:
        found.append(value)
    return [{"value": one, "title": str(one), "depth": 0} for one in found]


def org_options(view: Reading, measures: Measures, locale: str) -> list[dict[str, Any]]:
    """The orgs of the reader's figures, from the top down, indented by their depth."""
    tree = view.catalogue.tree
    found: list[dict[str, Any]] = []

    def add(code: str, depth: int) -> None:
        if len(found) >= MOST_ORGS:
            return
        seen = measures.may_read(code)
        if seen:
            title = view.catalogue.orgs[code].title(locale)
            found.append({"value": code, "title": title, "depth": depth})
        for child in tree.children(code, view.today):
            add(child, depth + 1 if seen else depth)

    for code in view.catalogue.orgs:
        if tree.parent(code, view.today) is None and tree.exists(code, view.today):
            add(code, 0)
    return found
