"""`/studio`: definitions written in the browser. What it writes goes through the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.language.kinds.table import KINDS
from jingwei.screens.flow_diagram import diagram
from jingwei.screens.flow_words import field_names, rule_words
from jingwei.screens.frame import icon_names, page
from jingwei.screens.lineage_graph import graph
from jingwei.screens.session import check_csrf, reading
from jingwei.services.commands import Reading
from jingwei.services.studio import asking, drafts, preview
from jingwei.services.studio.reach import require
from jingwei.services.studio.tree import BESIDE, TreeFile, tree
from jingwei.texts import catalogue, has_text, text
from jingwei.web import checking, locale

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
NEW_KINDS = tuple(kind for kind in KINDS if kind not in ("manifest", "org_types", "layer", "test"))
MOST_FLOW = 262_144


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/studio", "studio", studio)
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
            kinds=_kinds(view),
            forms=[(name, form.title(locale())) for name, form in view.catalogue.forms.items()],
            layer_orgs=_layer_orgs(view),
            words=words,
            script_words=script_words(),
            user=view.actor,
        )


def _kinds(view: Reading) -> list[tuple[str, str]]:
    """What the reader may begin: anything, or a layer only."""
    kinds = (*NEW_KINDS, "layer") if require(view).is_whole else ("layer",)
    return [(kind, text(f"things.kind_{kind}", locale())) for kind in kinds]


def _layer_orgs(view: Reading) -> list[tuple[str, str]]:
    """The orgs whose layers the reader may write."""
    found = require(view).orgs
    orgs = view.catalogue.orgs.items()
    return [(code, org.title(locale())) for code, org in orgs if found is None or code in found]


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


def flow() -> Any:
    """The picture of a workflow that is being typed: `path`, `text` of a form. None where the text
    cannot be read in full: a picture of what is left of it would hide steps."""
    check_csrf()
    path, written = request.form.get("path", ""), request.form.get("text", "")
    with reading() as view:
        require(view)
        drafts.check_path(path)
        found = checking().check(view, {path: written[:MOST_FLOW]})
        catalogue_ = checking().good(view)
        flows = found.checked.of("workflow").values()
        workflow = next((one for one in flows if one.origin.file == path), None)
        drawn, file = None, found.checked.files.get(path)
        if workflow is not None and file is not None and not file.broken:
            drawn = diagram(
                workflow,
                locale=locale(),
                names=field_names(catalogue_.forms.get(workflow.form), locale()),
                people=rule_words(catalogue_, locale()),
                flows={name: one.title(locale()) for name, one in catalogue_.workflows.items()},
            )
        wrong = next((one for one in found.errors if one.at.file == path), None)
        said = "" if wrong is None else wrong.what(locale())
        line = wrong.at.line if wrong is not None else 0
        return render_template(
            "parts/studio_flow.html", figure=drawn, said=said, line=line, words=words
        )


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
