"""Who of the people a definition names somebody is, and at which orgs: anchors of grants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jingwei.language.expressions.reads import depends_on_row, walk
from jingwei.language.expressions.tree import Name, Node
from jingwei.language.values import Formula
from jingwei.language.who import Who, Whos

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

_KNOWN = frozenset(("me", "today", "now"))


def anchors_of(view: Viewing, whos: Whos, *, excepting: bool = True) -> frozenset[str]:
    """The orgs at which the actor is one of these people; empty: is none of them. What only a
    record tells (`at: org`, `initiator`) keeps nobody out here; `excepting`: nor does `except`."""
    found: set[str] = set()
    for who in whos:
        found |= _anchors(view, who, excepting)
    return frozenset(found)


def alternatives(whos: Whos) -> Iterator[Who]:
    """The rules of which one has to name somebody, each by itself: what one of them is held at is
    nothing to the others."""
    for who in whos:
        if who.kind == "any_of":
            for one in alternatives(who.of):
                yield replace(one, exclude=(*one.exclude, *who.exclude))
        else:
            yield who


def _anchors(view: Viewing, who: Who, excepting: bool) -> set[str]:
    person = view.actor
    if excepting and who.exclude and anchors_of(view, who.exclude):
        return set()
    match who.kind:
        case "everyone" | "me" | "initiator":
            return set(person.orgs)
        case "person":
            return set(person.orgs) if person.login == who.name else set()
        case "role" | "post":
            return narrowed(view, who, held_at(view, who))
        case "any_of":
            return set(anchors_of(view, who.of, excepting=excepting))
        case _:
            return set()


def narrowed(view: Viewing, who: Who, held: set[str]) -> set[str]:
    """Those of the orgs at which something is held that `at` can mean."""
    type_ = org_type(view, who.org)
    if type_ is not None:
        return {org for org in held if view.catalogue.orgs[org].type == type_}
    fixed = _fixed_orgs(view, who.org)
    return held if fixed is None else held & fixed


def org_type(view: Viewing, at: Formula | None) -> str | None:
    """The type of orgs that `at: sector` or `at: org.sector` names."""
    wanted = at.source.strip().removeprefix("org.") if at is not None else ""
    return wanted if wanted in view.catalogue.org_types.types else None


def _fixed_orgs(view: Viewing, at: Formula | None) -> set[str] | None:
    """The orgs that `at` names whatever record there is; None: it takes one to tell."""
    if at is None:
        return None
    root = view.catalogue.expression(at).root
    if depends_on_row(root) or not _KNOWN.issuperset(_variables(root)):
        return None
    from jingwei.services.world import environment

    value = view.catalogue.closure(at)(environment(view, {}))
    return set(value) if isinstance(value, list | tuple) else {value}


def _variables(root: Node) -> set[str]:
    return {node.name for node in walk(root) if isinstance(node, Name) and node.root == "variable"}


def held_at(view: Viewing, who: Who) -> set[str]:
    """The orgs at which the actor holds the post or role of a rule."""
    if who.kind == "post":
        return {org for post, org in view.actor.posts if post == who.name}
    names = _includers(view, who.name)
    return {org for role, org in view.actor.roles if role in names}


def _includers(view: Viewing, role: str | None) -> set[str]:
    """The role, and every role that includes it."""
    found = {role} if role is not None else set()
    grown = True
    while grown:
        more = {
            name
            for name, definition in view.catalogue.roles.items()
            if name not in found and found & set(definition.includes)
        }
        grown = bool(more)
        found |= more
    return found
