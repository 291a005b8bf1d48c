"""`/studio/plan`, `releases`, `retired` …: what was written is published, taken back, settled.

What these pages do goes through the API.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from jingwei.documents.check import check_templates
from jingwei.language.small import whole_number
from jingwei.problems import DefinitionErrors
from jingwei.refusals import Conflict, Invalid, Malformed
from jingwei.screens.cells import Cells
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.screens.studio import script_words, words
from jingwei.services.commands import Reading
from jingwei.services.studio import drafts, losing, publishing
from jingwei.services.studio.progress import progress
from jingwei.services.studio.reach import PUBLISHER, reach, require
from jingwei.storage.plan import Wish
from jingwei.storage.releases import Release
from jingwei.web import current, locale


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/studio/plan", "studio_plan", plan)
    blueprint.add_url_rule("/studio/releases", "studio_releases", releases)
    blueprint.add_url_rule("/studio/releases/<int:number>/back", "studio_rollback", rollback)
    blueprint.add_url_rule("/studio/retired", "studio_retired", retired)
    blueprint.add_url_rule("/studio/retired/<path:path>", "studio_loss", loss)
    blueprint.add_url_rule("/studio/diff", "studio_diff", diff)
    blueprint.add_url_rule("/studio/conflicts", "studio_conflicts", conflicts)


def _may_do_all(view: Reading) -> bool:
    found = reach(view, PUBLISHER)
    return found is not None and found.is_whole


def plan() -> Any:
    """What publishing the reader's drafts would do, and the button for it. `destroy`, `restore`:
    paths that are accepted to be lost, or are taken up again; `part`: the plan alone."""
    current().active.poll()
    with reading() as view:
        require(view)
        wish = Wish(
            frozenset(request.args.getlist("destroy")), frozenset(request.args.getlist("restore"))
        )
        context = _planned(view, wish)
        if request.args.get("part"):
            return render_template("parts/studio_plan_tab.html", words=words, **context)
        if context["plan"] is not None:
            context["differences"] = publishing.diff(view, view.installation.release.id, None)
        return page(
            view,
            "studio_plan.html",
            release=view.installation.release,
            may_publish=reach(view, PUBLISHER) is not None,
            may_do_all=_may_do_all(view),
            begun=progress(view),
            words=words,
            script_words=script_words(),
            **context,
        )


def _planned(view: Reading, wish: Wish) -> dict[str, Any]:
    """The plan of the reader's drafts, or why there is none."""
    found: dict[str, Any] = {"plan": None, "problems": [], "conflicts": [], "nothing": False}
    try:
        prepared = publishing.prepare(current(), view, check_templates, wish)
        found["plan"] = prepared.plan.to_json(locale())
    except DefinitionErrors as errors:
        found["problems"] = [p.to_json(locale()) for p in errors.problems]
    except Conflict as refused:
        if refused.code != "studio-conflict":
            raise
        found["conflicts"] = drafts.conflicts(view)
    except Invalid as refused:
        if refused.code != "studio-nothing":
            raise
        found["nothing"] = True
    return found


def releases() -> Any:
    with reading() as view:
        found, cells = publishing.releases(view), Cells(view)
        return page(
            view,
            "studio_releases.html",
            releases=[(one, _source(one), cells.moment(one.at)) for one in found],
            active=view.installation.release.id,
            may_do_all=_may_do_all(view),
            words=words,
            script_words=script_words(),
        )


def _source(release: Release) -> str:
    return words(f"source_{release.source}", release=release.rollback_of or "")


def rollback(number: int) -> Any:
    """What publishing an earlier release again would do, and the button for it."""
    current().active.poll()
    with reading() as view:
        context: dict[str, Any] = {"plan": None, "problems": []}
        try:
            prepared = publishing.prepare_rollback(current(), view, number, check_templates)
            context["plan"] = prepared.plan.to_json(locale())
        except DefinitionErrors as errors:
            context["problems"] = [p.to_json(locale()) for p in errors.problems]
        return page(
            view,
            "studio_rollback.html",
            number=number,
            release=view.installation.release,
            differences=publishing.diff(view, view.installation.release.id, number),
            words=words,
            script_words=script_words(),
            **context,
        )


def retired() -> Any:
    """What is hidden and kept, each with its rows."""
    with reading() as view:
        found = losing.retired(view)
        return page(view, "studio_retired.html", held=found, words=words)


def loss(path: str) -> Any:
    """What goes when one of them is destroyed, and the button for it."""
    current().active.poll()
    with reading() as view:
        found = losing.loss(current(), view, path)
        return page(
            view,
            "studio_loss.html",
            loss=found,
            hash=found.plan.hash,
            words=words,
            script_words=script_words(),
        )


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
