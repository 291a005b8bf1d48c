"""Who of the people a definition names somebody is, and at which orgs: anchors of grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jingwei.language.who import Who, Whos

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing


def anchors_of(view: Viewing, whos: Whos) -> frozenset[str]:
    """The orgs at which the actor is one of these people; empty: is none of them."""
    found: set[str] = set()
    for who in whos:
        found |= _anchors(view, who)
    return frozenset(found)


def _anchors(view: Viewing, who: Who) -> set[str]:
    person = view.actor
    if who.exclude and anchors_of(view, who.exclude):
        return set()
    match who.kind:
        case "everyone" | "me" | "initiator":
            return set(person.orgs)
        case "person":
            return set(person.orgs) if person.login == who.name else set()
        case "role" | "post":
            held = held_at(view, who)
        case "any_of":
            return set(anchors_of(view, who.of))
        case _:
            return set()
    if who.org is not None:
        types = view.catalogue.org_types.types
        wanted = who.org.source.strip()
        if wanted in types:
            held = {org for org in held if view.catalogue.orgs[org].type == wanted}
    return held


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
