"""Kinds of the organisation: org_types, org, profile, role, post."""

from __future__ import annotations

from typing import Any

from jingwei.language.fields import FIELDS
from jingwei.language.kinds.common import common, own
from jingwei.language.kinds.form import COLLECT
from jingwei.language.organisation import Move, Org, OrgType, OrgTypes, Post, Profile, Role
from jingwei.language.shapes import (
    BOOLEAN,
    CODE,
    CONDITION,
    DATE,
    NAME,
    TEXT,
    VALUE,
    WORD,
    as_written,
    by_shape,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.values import Literal_
from jingwei.language.walker import Walker

_ORG_TYPE = keys("org_type", {"title": TEXT, "above": list_of(WORD, one=True), "head": ref("post")})
ORG_TYPES = kind(
    "org_types",
    {
        "types": map_of(_ORG_TYPE, thing="org_type"),
        "facts": FIELDS,
        "trees": list_of(NAME),
    },
    ("types",),
)


def build_org_types(walker: Walker, name: str, values: dict[str, Any]) -> OrgTypes:
    types = {
        n: OrgType(name=n, title=v.get("title"), **own(v, "above", "head"))
        for n, v in values["types"].items()
    }
    return OrgTypes(**common(walker, name, values), types=types, **own(values, "facts", "trees"))


ORG = kind(
    "org",
    {
        "code": CODE,
        "type": ref("org_type"),
        "valid_from": DATE,
        "valid_to": DATE,
        "parent": ref("org"),
        "moves": list_of(keys("move", {"from": DATE, "parent": ref("org")}, ("from", "parent"))),
        "also_in": map_of(
            keys("tree_place", {"parent": ref("org"), "share": WORD, "from": DATE}, ("parent",))
        ),
        "profile": by_shape(
            scalar=ref("profile"),
            items=list_of(
                keys("profile_since", {"profile": ref("profile"), "from": DATE}, ("profile",))
            ),
        ),
        "facts": map_of(VALUE),
        "posts": by_shape(items=list_of(ref("post")), keyed={"jingwei": "seats"}),
        "calendar": ref("calendar"),
    },
    ("type", "valid_from"),
)


def build_org(walker: Walker, name: str, values: dict[str, Any]) -> Org:
    profile = values.get("profile", ())
    if isinstance(profile, str):
        profile = ({"profile": profile},)
    posts = values.get("posts", {})
    if not isinstance(posts, dict):
        posts = dict.fromkeys(posts, ())
    facts = {
        n: v.value if isinstance(v, Literal_) else v for n, v in values.get("facts", {}).items()
    }
    return Org(
        **common(walker, name, values),
        code=values.get("code", name),
        moves=tuple(Move(from_=m["from"], parent=m["parent"]) for m in values.get("moves", ())),
        profile=tuple((p.get("from"), p["profile"]) for p in profile),
        posts=posts,
        facts=facts,
        **own(values, "type", "valid_from", "valid_to", "parent", "also_in", "calendar"),
    )


PROFILE = kind(
    "profile",
    {
        "indicator_set": ref("indicator_set"),
        "scoring": ref("scoring"),
        "workflows": map_of(ref("workflow")),
        "collect": map_of(as_written(COLLECT)),
        "thresholds": map_of(map_of(CONDITION, thing="threshold")),
    },
)


def build_profile(walker: Walker, name: str, values: dict[str, Any]) -> Profile:
    for key, kind_ in (("workflows", "form"), ("collect", "form"), ("thresholds", "indicator")):
        for one in values.get(key, ()):
            walker.reference(kind_, one, walker.key_at((key, one)))
    given = own(values, "indicator_set", "scoring", "workflows", "collect", "thresholds")
    return Profile(**common(walker, name, values), **given)


ROLE = kind(
    "role",
    {"includes": list_of(ref("role"), one=True), "excludes": list_of(ref("role"), one=True)},
)


def build_role(walker: Walker, name: str, values: dict[str, Any]) -> Role:
    return Role(**common(walker, name, values), **own(values, "includes", "excludes"))


POST = kind(
    "post",
    {"types": list_of(ref("org_type"), one=True), "single": BOOLEAN, "covers": BOOLEAN},
)


def build_post(walker: Walker, name: str, values: dict[str, Any]) -> Post:
    return Post(**common(walker, name, values), **own(values, "types", "single", "covers"))
