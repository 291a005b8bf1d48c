"""`/studio`: definitions written in the browser. What it writes goes through the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.documents.check import check_templates
from jingwei.language.kinds.table import KINDS
from jingwei.language.small import whole_number
from jingwei.problems import DefinitionErrors
from jingwei.refusals import Conflict, Invalid, Malformed
from jingwei.screens.flow_diagram import diagram, rule_words
from jingwei.screens.frame import icon_names, page
from jingwei.screens.lineage_graph import graph
from jingwei.screens.session import check_csrf, reading
from jingwei.services.studio import asking, drafts, preview, publishing
from jingwei.services.studio.reach import PUBLISHER, reach, require
from jingwei.services.studio.tree import BESIDE, TreeFile, tree
from jingwei.storage.releases import Release
from jingwei.texts import catalogue, has_text, text
from jingwei.web import checking, current, locale

ICONS: Mapping[str, str] = {
    "form": "list",
    "workflow": "route",
    "dashboard": "layout-dashboard",
    "report": "report",
    "module": "folder",
    "alert": "bell",
    "layer": "columns",
    "indicator": "gauge",
    "org": "building",
    "role": "users",
}
SHOWN_STATES = ("changed", "added", "removed", "conflict")
NEW_KINDS = tuple(kind for kind in KINDS if kind not in ("manifest", "org_types", "layer", "test"))
MOST_FLOW = 262_144


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/studio", "studio", studio)
    blueprint.add_url_rule("/studio/plan", "studio_plan", plan)
    blueprint.add_url_rule("/studio/releases", "studio_releases", releases)
    blueprint.add_url_rule("/studio/diff", "studio_diff", diff)
    blueprint.add_url_rule("/studio/conflicts", "studio_conflicts", conflicts)
    blueprint.add_url_rule("/studio/flow", "studio_flow", flow, methods=["POST"])
    blueprint.add_url_rule("/studio/lineage", "studio_lineage", lineage)


def words(key: str, **holes: object) -> str:
    return text(f"studio.{key}", locale(), **holes)


def script_words() -> str:
    """Every text of the studio for its scripts, as JSON; holes are filled there."""
    ours = catalogue(locale())
    found = {k.removeprefix("studio."): v for k, v in ours.items() if k.startswith("studio.")}
    return json.dumps(found, ensure_ascii=False)


def studio() -> Any:
    """The tree, the editor, and what stands beside it; `file` and `line` say where to begin."""
    with reading() as view:
        require(view)
        found = tree(view, checking().check(view, {}).checked, locale())
        return page(
            view,
            "studio.html",
            groups=_groups(found),
            file=request.args.get("file", ""),
            line=request.args.get("line", ""),
            drafts=sum(one.state != "" for one in found),
            conflicts=sum(one.state == "conflict" for one in found),
            people=preview.people(view),
            orgs=[(code, org.title(locale())) for code, org in view.catalogue.orgs.items()],
            kinds=[(kind, text(f"things.kind_{kind}", locale())) for kind in NEW_KINDS],
            whole=require(view).is_whole,
            words=words,
            script_words=script_words(),
            user=view.actor,
        )


def _groups(found: list[TreeFile]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for one in found:
        icon = ICONS.get(one.kind, "file-text")
        icon = icon if icon in icon_names() else "file"
        title = one.kind
        if one.kind == BESIDE:
            title = words("beside")
        elif has_text(f"things.kind_{one.kind}", locale()):
            title = text(f"things.kind_{one.kind}", locale())
        group = groups.setdefault(
            one.kind, {"kind": one.kind, "title": title, "icon": icon, "files": [], "open": False}
        )
        group["files"].append(one)
        group["open"] = group["open"] or one.state != ""
    for group in groups.values():
        group["open"] = group["open"] or group["kind"] == "form"
    return list(groups.values())


def plan() -> Any:
    """What publishing the reader's drafts would do, and the button for it."""
    current().active.poll()
    with reading() as view:
        require(view)
        context: dict[str, Any] = {
            "plan": None,
            "problems": [],
            "conflicts": [],
            "nothing": False,
            "differences": [],
        }
        try:
            prepared = publishing.prepare(current(), view, check_templates)
            context["plan"] = prepared.plan.to_json(locale())
            context["differences"] = publishing.diff(view, view.installation.release.id, None)
        except DefinitionErrors as errors:
            context["problems"] = [p.to_json(locale()) for p in errors.problems]
        except Conflict:
            context["conflicts"] = drafts.conflicts(view)
        except Invalid as refused:
            if refused.code != "studio-nothing":
                raise
            context["nothing"] = True
        return page(
            view,
            "studio_plan.html",
            release=view.installation.release,
            may_publish=reach(view, PUBLISHER) is not None,
            words=words,
            script_words=script_words(),
            **context,
        )


def releases() -> Any:
    with reading() as view:
        found = publishing.releases(view)
        publisher = reach(view, PUBLISHER)
        return page(
            view,
            "studio_releases.html",
            releases=[(one, _source(one)) for one in found],
            active=view.installation.release.id,
            may_roll_back=publisher is not None and publisher.is_whole,
            words=words,
            script_words=script_words(),
        )


def _source(release: Release) -> str:
    return words(f"source_{release.source}", release=release.rollback_of or "")


def diff() -> Any:
    """Two releases, or one and the reader's drafts: `old`, `new` (empty: the drafts)."""
    with reading() as view:
        known = publishing.releases(view)
        old = _number(request.args.get("old"), view.installation.release.id)
        new = _number(request.args.get("new"), None)
        found = publishing.diff(view, old or view.installation.release.id, new)
        return page(
            view,
            "studio_diff.html",
            differences=found,
            old=old,
            new=new,
            releases=known,
            words=words,
            script_words=script_words(),
        )


def _number(given: str | None, default: int | None) -> int | None:
    if not given:
        return default
    found = whole_number(given, 9)
    if found is None:
        raise Malformed("parameter-number", name="old, new", least=1, most=10**9)
    return found


def conflicts() -> Any:
    """The reader's drafts whose file somebody else published: base, theirs, mine."""
    current().active.poll()
    with reading() as view:
        found = drafts.conflicts(view)
        return page(
            view,
            "studio_conflicts.html",
            conflicts=[(one, _two_way(one)) for one in found],
            words=words,
            script_words=script_words(),
        )


def _two_way(one: drafts.Conflicting) -> dict[str, Any]:
    return {
        "theirs": publishing.lines_between(one.base, one.theirs),
        "mine": publishing.lines_between(one.base, one.mine),
    }


def flow() -> Any:
    """The picture of a workflow that is being typed: `path`, `text` of a form."""
    check_csrf()
    path, written = request.form.get("path", ""), request.form.get("text", "")
    with reading() as view:
        require(view)
        drafts.check_path(path)
        found = checking().check(view, {path: written[:MOST_FLOW]})
        catalogue_ = checking().good(view)
        flows = found.checked.of("workflow").values()
        workflow = next((one for one in flows if one.origin.file == path), None)
        drawn = None
        if workflow is not None:
            drawn = diagram(workflow, locale=locale(), people=rule_words(catalogue_, locale()))
        return render_template("parts/studio_flow.html", figure=drawn, words=words)


def lineage() -> Any:
    """The graph of a field or an indicator, both ways: `name`."""
    with reading() as view:
        require(view)
        name = request.args.get("name", "").strip()
        targets = asking.targets(checking(), view, locale())
        drawn = None
        if name:
            found = asking.lineage_of(checking(), view, name)
            drawn = graph(found, dict(targets), words)
        return render_template(
            "parts/studio_lineage.html", graph=drawn, targets=targets, name=name, words=words
        )
