"""`/flows/statistics`: how long steps take, how often requests are returned, for administrators."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, request

from jingwei.screens.flow_admin import administrators_only, workflow_choices
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.screens.tasks import flow_screen_words
from jingwei.services.flows import overview
from jingwei.texts import text
from jingwei.web import locale

MOST_BARS = 12
LONG_HOURS = 48  # from here on the page counts in working days
WORDS = (
    "running", "statistics", "manage_flows", "migrate", "hand_over", "workflow", "any", "look",
    "step", "org", "runs", "median", "mean", "return_rate", "late", "by_org", "choose_workflow",
    "no_figures", "figures_hint",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/flows/statistics", "flow_statistics", show)


def show() -> Any:
    workflow = request.args.get("workflow") or None
    with reading() as view:
        administrators_only(view)
        workflow = workflow if workflow in view.catalogue.workflows else None
        figures = overview.statistics(view, workflow)
        by_org = overview.statistics_by_org(view, workflow) if workflow else []
        unit = _unit([*figures, *by_org])
        return page(
            view,
            "flow_statistics.html",
            words=flow_screen_words(WORDS),
            workflow=workflow,
            workflows=workflow_choices(view),
            unit=text(f"flow_screens.{unit.name}", locale()),
            figures=[_rated(one, unit) for one in figures],
            by_org=[_rated(one, unit) for one in by_org],
            charts=_charts(figures, by_org, unit),
        )


class Unit(NamedTuple):
    """In what the page says how long steps take; the time of days off does not count."""

    name: str
    hours: int

    def of(self, hours: float) -> float:
        return round(hours / self.hours, 1)

    def said(self, hours: float) -> str:
        """What is too short to be counted is not nothing."""
        value = self.of(hours)
        return f"{value:g}" if value or not hours else "< 0.1"


def _unit(figures: Sequence[Mapping[str, Any]]) -> Unit:
    """Working days, where any step takes some."""
    longest = max((one["median_work_hours"] for one in figures), default=0)
    return Unit("workdays", 24) if longest >= LONG_HOURS else Unit("hours", 1)


def _rated(one: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    return {
        **one,
        "median": unit.said(one["median_work_hours"]),
        "mean": unit.said(one["mean_work_hours"]),
        "rate": f"{round(one['return_rate'] * 100, 1):g}%",
    }


def _charts(
    figures: Sequence[Mapping[str, Any]], by_org: Sequence[Mapping[str, Any]], unit: Unit
) -> list[dict[str, str]]:
    """The slowest steps, those that are returned most; per org, where one flow is chosen."""
    slow = sorted(figures, key=lambda one: -one["median_work_hours"])
    back = [one for one in figures if one["returned"]]
    back = sorted(back, key=lambda one: -one["return_rate"])
    orgs = sorted(by_org, key=lambda one: -one["median_work_hours"])
    many = len({one["workflow"] for one in figures}) > 1
    found = [
        _chart("chart_median", slow, _times(unit), lambda one: _step_name(one, many)),
        _chart("chart_returns", back, _share, lambda one: _step_name(one, many)),
        _chart("chart_orgs", orgs, _times(unit), lambda one: str(one["title"])),
    ]
    return [one for one in found if one is not None]


def _step_name(one: Mapping[str, Any], many: bool) -> str:
    return f"{one['title']} · {one['workflow_title']}" if many else str(one["title"])


Measured = tuple[float, str]  # how long the bar is, and what stands beside it


def _times(unit: Unit) -> Callable[[Mapping[str, Any]], Measured]:
    def measured(one: Mapping[str, Any]) -> Measured:
        value = unit.of(one["median_work_hours"])
        return value, text(f"flow_screens.count_{unit.name}", locale(), count=f"{value:g}")

    return measured


def _share(one: Mapping[str, Any]) -> Measured:
    value = round(one["return_rate"] * 100, 1)
    holes = {"rate": f"{value:g}%", "returned": one["returned"], "runs": one["runs"]}
    return value, text("flow_screens.rate_of", locale(), **holes)


def _chart(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    measured: Callable[[Mapping[str, Any]], Measured],
    name: Callable[[Mapping[str, Any]], str],
) -> dict[str, str] | None:
    """Bars with their values beside them, those that have a length. None: nothing has."""
    bars = [(name(one), *measured(one)) for one in rows[:MOST_BARS]]
    bars = [bar for bar in bars if bar[1]]
    if not bars:
        return None
    words = text(f"flow_screens.{title}", locale())
    series = {
        "title": words,
        "unit": "",
        "values": [value for _, value, _ in bars],
        "texts": [said for _, _, said in bars],
    }
    model = {
        "chart": "hbar",
        "labels": True,
        "categories": [called for called, _, _ in bars],
        "series": [series],
    }
    said = text("screens.joint", locale()).join(f"{called} {value}" for called, _, value in bars)
    return {"title": words, "said": said, "model": json.dumps(model, ensure_ascii=False)}
