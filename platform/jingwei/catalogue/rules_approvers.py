"""Rules about approvers that find nobody in some orgs, seen from the seats that orgs declare."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Form
from jingwei.language.organisation import Org
from jingwei.language.who import Who, Whos
from jingwei.language.workflow import Step, Workflow
from jingwei.problems import Problems

_MOST_SHOWN = 3
MOST_LEVELS = 20


def check_approvers(
    catalogue: Catalogue, workflow: Workflow, steps: list[Step], problems: Problems
) -> None:
    """Warns where a post is asked that the orgs a request comes from do not have."""
    form = catalogue.forms[workflow.form]
    orgs = list(_starting(catalogue, form, workflow))
    for step in steps:
        for who in _alternatives(step.who):
            if who.kind == "superior_of" and not 1 <= who.levels <= MOST_LEVELS:
                at = who.levels_at or who.at
                problems.add("out-of-range", at, value=who.levels, low=1, high=MOST_LEVELS)
        if "empty" not in step.policy:  # else the step says what happens where nobody is found
            for group in _groups(step):
                _check(catalogue, "empty-approver", step, group, orgs, problems)
        for late in step.overdue:
            for who in late.get("transfer", late.get("notify", late.get("urge", ()))):
                _check(catalogue, "nobody-to-escalate", step, (who,), orgs, problems)


def _groups(step: Step) -> Iterator[Whos]:
    """The rules of which one must find somebody: each, where every seat counts; else any."""
    each = step.kind == "approve" and step.mode in ("all", "sequential", "vote")
    if each:
        yield from ((who,) for who in step.who)
    elif step.who:
        yield step.who


def _check(
    catalogue: Catalogue,
    code: str,
    step: Step,
    whos: Whos,
    orgs: list[Org],
    problems: Problems,
) -> None:
    """One problem where none of these rules finds a seat."""
    rules = list(_alternatives(whos))
    if not rules or any(who.kind not in ("post", "head_of") for who in rules):
        return
    posts: dict[str, None] = {}
    lacking: dict[str, list[str]] = {}
    for who in rules:
        post, targets = _lacking(catalogue, who, orgs)
        posts[post] = None
        for org, target in targets.items():
            lacking.setdefault(org, []).append(target)
    empty = dict.fromkeys(
        target for targets in lacking.values() if len(targets) == len(rules) for target in targets
    )
    if empty:
        shown = ", ".join(list(empty)[:_MOST_SHOWN])
        if len(empty) > _MOST_SHOWN:
            shown += f" … ({len(empty)})"
        holes = {"id": step.id, "post": ", ".join(posts), "orgs": shown}
        problems.add(code, whos[0].at, severity="warning", **holes)


def _alternatives(whos: Whos) -> Iterator[Who]:
    for who in whos:
        if who.kind == "any_of":
            yield from _alternatives(who.of)
        else:
            yield who


def _starting(catalogue: Catalogue, form: Form, workflow: Workflow) -> Iterator[Org]:
    """The orgs a request may come from: those that have a seat of somebody who may start it."""
    rules = list(workflow.start_who)
    if not rules:
        rules = [
            who for grant in form.permissions.values() if "submit" in grant.can for who in grant.who
        ]
    posts = {who.name for who in rules if who.kind == "post" and who.name is not None}
    anybody = not rules or any(who.kind != "post" for who in rules)
    for org in catalogue.orgs.values():
        if org.valid_to is None and (anybody or posts & set(org.posts)):
            yield org


def _lacking(catalogue: Catalogue, who: Who, orgs: list[Org]) -> tuple[str, dict[str, str]]:
    """The post asked; and by org, the one at which it should be and is not."""
    lacking: dict[str, str] = {}
    asked = who.name or ""
    for org in orgs:
        target = _target(catalogue, who, org)
        if target is None:
            continue
        post = who.name if who.kind == "post" else catalogue.org_types.types[target.type].head
        if post is None:
            continue
        asked = post
        if post not in target.posts and _may_have(catalogue, post, target):
            lacking[org.code] = target.code
    return asked, lacking


def _may_have(catalogue: Catalogue, post: str, org: Org) -> bool:
    """A post that is only for other types of org is asked of nobody here on purpose."""
    types = catalogue.posts[post].types
    return bool(org.posts) or not types or org.type in types


def _target(catalogue: Catalogue, who: Who, org: Org) -> Org | None:
    """The org a rule looks at, where that is plain from its words."""
    source = who.org.source.strip() if who.org is not None else None
    if source == "org":
        return org
    if source is None:
        return None
    if source == "org.parent":
        return catalogue.orgs.get(org.parent or "")
    type_ = source.removeprefix("org.")
    if type_ not in catalogue.org_types.types:
        return None
    seen: set[str] = set()
    found: Org | None = org
    while found is not None and found.type != type_ and found.code not in seen:
        seen.add(found.code)
        found = catalogue.orgs.get(found.parent or "")
    return found if found is not None and found.type == type_ else None
