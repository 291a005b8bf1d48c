"""The kinds of definitions there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# read for what they register: who, effects, templates
from jingwei.language import build_effects, build_template, build_who, fields, leaves
from jingwei.language.kinds import (
    form,
    layer,
    lists,
    manifest,
    measures,
    organisation,
    output,
    rows,
    scoring,
    seats,
    standards,
    timing,
    trial,
    workflow,
)
from jingwei.language.shapes import Schema
from jingwei.language.walker import Walker

READERS_LOADED = (build_effects, build_template, build_who, fields, leaves, seats)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: its folder unless the manifest says otherwise, its keys, and what builds it."""

    name: str
    folder: str
    schema: Schema
    build: Callable[[Walker, str, dict[str, Any]], Any]
    names: str = "name"  # or `code`; `path`: below its folder, with slashes


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("manifest", "definitions", manifest.SCHEMA, manifest.build),
        Kind("org_types", "definitions", organisation.ORG_TYPES, organisation.build_org_types),
        Kind("org", "definitions/orgs", organisation.ORG, organisation.build_org, "code"),
        Kind("profile", "definitions/profiles", organisation.PROFILE, organisation.build_profile),
        Kind("role", "definitions/roles", organisation.ROLE, organisation.build_role),
        Kind("post", "definitions/posts", organisation.POST, organisation.build_post),
        Kind("calendar", "definitions/calendars", lists.CALENDAR, lists.build_calendar),
        Kind("code_list", "definitions/code_lists", lists.CODE_LIST, lists.build_code_list),
        Kind("module", "definitions/modules", lists.MODULE, lists.build_module),
        Kind("form", "forms", form.SCHEMA, form.build),
        Kind("rows", "forms", rows.SCHEMA, rows.build),
        Kind("workflow", "workflows", workflow.SCHEMA, workflow.build),
        Kind("indicator", "definitions/indicators", measures.INDICATOR, measures.build_indicator),
        Kind(
            "indicator_set",
            "definitions/indicator_sets",
            measures.INDICATOR_SET,
            measures.build_indicator_set,
        ),
        Kind(
            "benchmark",
            "definitions/benchmarks",
            standards.BENCHMARK,
            standards.build_benchmark,
        ),
        Kind(
            "classification",
            "definitions/classifications",
            standards.CLASSIFICATION,
            standards.build_classification,
        ),
        Kind("scoring", "definitions/scoring", scoring.SCORING, scoring.build_scoring),
        Kind("scenario", "definitions/scenarios", timing.SCENARIO, timing.build_scenario),
        Kind("source", "definitions/sources", timing.SOURCE, timing.build_source),
        Kind("schedule", "definitions/schedules", timing.SCHEDULE, timing.build_schedule),
        Kind("alert", "definitions/alerts", output.ALERT, output.build_alert),
        Kind("report", "report_templates", output.REPORT, output.build_report),
        Kind("dashboard", "definitions/dashboards", output.DASHBOARD, output.build_dashboard),
        Kind("layer", "definitions/layers", layer.SCHEMA, layer.build, "path"),
        Kind("test", "definitions/tests", trial.SCHEMA, trial.build),
    )
}
# kinds that have no schema of keys: a guide is Markdown
LATER: Mapping[str, str] = {"guide": "definitions/guides"}
