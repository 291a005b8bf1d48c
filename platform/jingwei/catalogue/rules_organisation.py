"""What must hold between orgs, types, roles and posts."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.cycles import cycles
from jingwei.catalogue.rules_calendars import check_calendars, check_times_of
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.meant import meant_value
from jingwei.language.organisation import Org, Profile
from jingwei.problems import Phrase, Problems, nearest

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)(%)?\Z", re.ASCII)


def check_organisation(catalogue: Catalogue, problems: Problems) -> None:
    if _parents_form_a_tree(catalogue, problems):
        for org in catalogue.orgs.values():
            _check_org(catalogue, org, problems)
    _check_types(catalogue, problems)
    check_calendars(catalogue, problems)
    for profile in catalogue.profiles.values():
        _check_flows_of(catalogue, profile, problems)
    for ring in cycles({name: role.includes for name, role in catalogue.roles.items()}):
        at = catalogue.roles[ring[0]].origin.key("includes")
        problems.add("role-cycle", at, path=" → ".join(ring))
    for name, role in catalogue.roles.items():
        for other in set(role.includes) & set(role.excludes):
            at = role.origin.key("excludes")
            problems.add("role-includes-excluded", at, role=name, other=other)


def _parents_form_a_tree(catalogue: Catalogue, problems: Problems) -> bool:
    """On every day: parents are taken as they stand after each move."""
    orgs = catalogue.orgs
    days = sorted(
        {org.valid_from for org in orgs.values()}
        | {move.from_ for org in orgs.values() for move in org.moves}
    )
    for day in days[-1:] + days[:-1]:
        parents = {code: [p] if (p := catalogue.tree.parent(code, day)) else [] for code in orgs}
        for ring in cycles(parents):
            at = orgs[ring[0]].origin.key("parent")
            problems.add("org-cycle", at, path=" → ".join(ring))
            return False
    return True


def _check_org(catalogue: Catalogue, org: Org, problems: Problems) -> None:
    types = catalogue.org_types.types
    above = types[org.type].above
    for index, parent in enumerate((org.parent, *(move.parent for move in org.moves))):
        if parent is None:
            continue
        place = ("parent",) if index == 0 else ("moves", index - 1, "parent")
        at = org.origin.value(*place)
        found = catalogue.orgs[parent].type
        if found not in above and all(name in types for name in above):
            problems.add(
                "parent-of-wrong-type",
                at,
                type=types[org.type].name,
                found=found,
                above=", ".join(above) or "–",
            )
    if org.parent is None and above:
        at = org.origin.value("type")
        holes = {"org": org.code, "type": org.type, "above": ", ".join(above)}
        problems.add("org-without-parent", at, severity="warning", **holes)
    if org.valid_to is not None and org.valid_to < org.valid_from - timedelta(days=1):
        at = org.origin.value("valid_to")
        problems.add("ends-before-it-begins", at, first=org.valid_from, last=org.valid_to)
    check_times_of(catalogue, org, problems)
    _check_places_in_trees(catalogue, org, problems)
    _check_facts(catalogue, org, problems)
    for post, people in org.posts.items():
        if catalogue.posts[post].single and len(people) > 1:
            at = org.origin.value("posts", post)
            problems.add("seat-for-one", at, post=post, people=", ".join(people))
        allowed = catalogue.posts[post].types
        if allowed and org.type not in allowed:
            at = org.origin.key("posts", post)
            problems.add(
                "post-not-at-this-type", at, post=post, type=org.type, types=", ".join(allowed)
            )


def _check_places_in_trees(catalogue: Catalogue, org: Org, problems: Problems) -> None:
    """Places in trees beside the management tree: the tree is declared, a share is a part."""
    trees = catalogue.org_types.trees
    for tree, place in org.also_in.items():
        if tree not in trees:
            at = org.origin.key("also_in", tree)
            known = ", ".join(trees)
            problems.add(
                "unknown-tree", at, suggestion=nearest(tree, trees), name=tree, known=known
            )
        written = place.get("share")
        if written is None:
            continue
        at = org.origin.value("also_in", tree, "share")
        found = _SHARE.match(written)
        share = Decimal(found[1]) / (100 if found[2] else 1) if found else None
        if share is None:
            problems.add("bad-amount", at, value=written[:40])
        elif not 0 < share <= 1:
            problems.add("out-of-range", at, value=written, low="0%", high="100%")


def _check_facts(catalogue: Catalogue, org: Org, problems: Problems) -> None:
    fields = catalogue.org_types.facts
    for name, value in org.facts.items():
        at = org.origin.key("facts", name)
        field = fields.get(name)
        if field is None:
            problems.add(
                "no-such-field",
                at,
                suggestion=nearest(name, fields),
                name=name,
                place="org_types.facts",
                known=", ".join(fields),
            )
            continue
        if isinstance(value, list | dict) and not field.many and field.type != "json":
            found = Phrase("things.list" if isinstance(value, list) else "things.map")
            one = str(value[0])[:40] if isinstance(value, list) and len(value) == 1 else None
            value_at = org.origin.value("facts", name)
            wanted = Phrase("things.words")
            problems.add("wrong-shape", value_at, suggestion=one, wanted=wanted, found=found)
            continue
        try:
            FIELD_TYPES[field.type].written(field, str(value))
        except ValueRefused as refused:
            why = Phrase(f"refusals.{refused.code}", tuple(refused.holes.items()), bare=True)
            value_at = org.origin.value("facts", name)
            meant = meant_value(refused.code, str(value))
            problems.add("bad-value", value_at, suggestion=meant, value=str(value)[:40], why=why)


def _check_flows_of(catalogue: Catalogue, profile: Profile, problems: Problems) -> None:
    """A profile gives a form a flow of that form."""
    for form, name in profile.workflows.items():
        workflow = catalogue.workflows.get(name)
        if workflow is not None and workflow.form != form:
            at = profile.origin.value("workflows", form)
            problems.add("workflow-of-another-form", at, workflow=name, form=workflow.form)


def _check_types(catalogue: Catalogue, problems: Problems) -> None:
    types = catalogue.org_types.types
    for name, type_ in types.items():
        for index, above in enumerate(type_.above):
            if above not in types:
                at = catalogue.org_types.origin.value("types", name, "above", index)
                problems.add(
                    "unknown-org-type",
                    at,
                    suggestion=nearest(above, types),
                    kind=Phrase("things.kind_org_type"),
                    name=above,
                    file=catalogue.org_types.origin.file,
                )
    for ring in cycles(
        {name: [a for a in type_.above if a != name] for name, type_ in types.items()}
    ):
        at = catalogue.org_types.origin.key("types", ring[0], "above")
        path = " → ".join(ring)
        problems.add("org-type-cycle", at, severity="warning", path=path)
