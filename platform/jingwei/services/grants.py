"""One permission as one person holds it: which rows, which fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jingwei.language.form import Form, Permission
from jingwei.language.values import Formula
from jingwei.language.who import Whos
from jingwei.services.anchors import alternatives
from jingwei.services.form_paths import all_fields, followed_fields, with_columns
from jingwei.services.restricted import Told, both, for_rows
from jingwei.storage.query import OrgScope, ScopeTerm

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission as one person holds it."""

    permission: Permission
    term: ScopeTerm
    orgs: frozenset[str] | None  # codes; None: every org
    shown: frozenset[str]
    writable: frozenset[str]
    named: Told | None = None  # the records for which the permission names him; None: for all


def grant_of(
    view: Viewing,
    form: Form,
    permission: Permission,
    anchors: frozenset[str],
    named: Told | None = None,
) -> Grant:
    term, orgs = _term(view, permission, anchors)
    if named is not None:
        term = ScopeTerm(term.orgs, term.owner, both(term.where, named.condition))
    if permission.where is not None:
        where = for_rows(view, view.catalogue.expression(permission.where))
        term = ScopeTerm(term.orgs, term.owner, both(term.where, where))
    everything = all_fields(form)
    shown = everything - with_columns(form, permission.hide)
    locked = with_columns(form, (*permission.readonly, *permission.mask))
    writable = shown - locked - followed_fields(form)
    return Grant(permission, term, orgs, shown, writable, named)


def _term(
    view: Viewing, permission: Permission, anchors: frozenset[str]
) -> tuple[ScopeTerm, frozenset[str] | None]:
    scope = permission.scope
    if isinstance(scope, Formula):
        return ScopeTerm(where=for_rows(view, view.catalogue.expression(scope))), None
    if scope == "own":
        return ScopeTerm(owner=view.actor.id), None
    if scope == "all":
        return ScopeTerm(), None
    codes: set[str] = set()
    if scope == "covered":
        for org in _covered(view, permission.who):
            codes.update(view.catalogue.tree.under(org, view.today))
    for anchor in anchors:
        if scope == "org":
            codes.add(anchor)
        elif scope == "org_and_below":
            codes.update(view.catalogue.tree.under(anchor, view.today))
    book = view.installation.book
    keys = sorted(book.key("org", code) for code in codes)
    return ScopeTerm(OrgScope(tuple(keys))), frozenset(codes)


def _covered(view: Viewing, whos: Whos) -> set[str]:
    """The orgs that the actor looks after: by the posts that are named, or by any."""
    posts = {who.name for who in alternatives(whos) if who.kind == "post"}
    return {org for post, org in view.actor.covers if not posts or post in posts}
