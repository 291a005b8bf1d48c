"""Who reads what changes: reports, tiles, indicators, alerts, flows, saved views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jingwei.authoring.lineage import all_uses
from jingwei.catalogue.catalogue import Catalogue
from jingwei.services.releases.judged import Both
from jingwei.storage.plan import paths_of
from jingwei.storage.plan_step import Step
from jingwei.storage.releases_use import count_facts, count_open_alerts, saved_view_names
from jingwei.texts import Words

MOST_READERS = 8
_REMOVABLE = ("indicators", "alerts", "reports", "dashboards", "schedules", "scorings", "workflows")


def reader_steps(both: Both) -> Iterator[Step]:
    """Definitions that go, and those that read what goes or changes its type."""
    yield from _removed(both)
    yield from _reads(both)
    yield from _views(both)


def _removed(both: Both) -> Iterator[Step]:
    for kind in _REMOVABLE:
        old: Mapping[str, Any] = getattr(both.before, kind)
        new: Mapping[str, Any] = getattr(both.after, kind)
        renamed = {found.renamed_from for found in new.values()}
        for name in sorted(set(old) - set(new) - renamed):
            path = f"{old[name].kind}/{name}"
            kept: Any = ""
            rows = None
            if kind == "alerts":
                rows = count_open_alerts(both.connection, name)
                kept = Words("plan.kept_alerts", {"rows": rows}) if rows else ""
            elif kind == "indicators":
                key = both.was.keys.get("indicator", {}).get(name)
                rows = count_facts(both.connection, key) if key is not None else 0
                kept = Words("plan.kept_facts", {"rows": rows}) if rows else ""
            group: Any = "destructive" if rows else "safe"
            holes = {"path": path, "kept": kept}
            yield Step(group, "removed_definition", holes, rows or None, topic="readers", path=path)


def _reads(both: Both) -> Iterator[Step]:
    allotment = both.plan.allotment
    paths = paths_of(both.was)
    retyped = {r.path for r in allotment.retypes}
    again = {r.path for r in allotment.recomputed}
    gone = {paths[t, c] for t, c in allotment.retired_columns} - retyped - again
    tables = {paths[t, ""] for t in allotment.retired_tables}
    if retyped:
        yield from _used(both.after, retyped, "safe", "read_by")
    if gone or tables:
        yield from _used(both.before, gone | tables, "safe", "no_longer_read")


def _used(catalogue: Catalogue, wanted: set[str], group: Any, code: str) -> Iterator[Step]:
    found: dict[str, dict[str, None]] = {}
    for use in all_uses(catalogue):
        owner = use.target.split(".")[0]
        target = use.target if use.target in wanted else owner if owner in wanted else None
        outside = target != owner or use.by != f"form/{owner}"
        if target is not None and outside:
            found.setdefault(target, {})[f"{use.by}.{use.path}"] = None
    for target, places in sorted(found.items()):
        shown = list(places)[:MOST_READERS]
        if len(places) > len(shown):
            shown.append(f"… {len(places) - len(shown)}")
        holes = {"path": target, "by": ", ".join(shown)}
        yield Step(group, code, holes, len(places), topic="readers", path=target)


def _views(both: Both) -> Iterator[Step]:
    """Saved views that name fields which are gone."""
    for form in both.after.forms.values():
        old = both.before.forms.get(form.name)
        key = both.was.keys.get("form", {}).get(form.name)
        if old is None or key is None:
            continue
        gone = set(old.fields) - set(form.fields)
        if not gone:
            continue
        views, names = saved_view_names(both.connection, key, gone)
        if views:
            holes = {"form": form.name, "names": ", ".join(names)}
            yield Step("needs_data", "saved_views", holes, views, topic="readers", path=form.name)
