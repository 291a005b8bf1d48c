"""Rights where layers speak: an org may have tighter permissions on a form than the group, and a
list whose rows all stand below one org is drawn as that org has the form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jingwei.catalogue.layered import chain, layers_under, patching, standing
from jingwei.language.layer import Layer
from jingwei.storage.books import NameBook
from jingwei.storage.query import OrgScope, RowScope, ScopeTerm

if TYPE_CHECKING:
    from jingwei.services.rights import FieldRights, Viewing

_OF_RIGHTS = ("permissions", "restrict")


def is_layered(view: Viewing, form: str) -> bool:
    """Whether some org has this form otherwise than the group."""
    base = view.catalogue.base or view.catalogue
    return bool(base.layers) and ("form", form) in patching(base)


def alike(view: Viewing, form: str) -> list[tuple[Viewing, frozenset[str] | None]]:
    """The views under which the permissions of a form differ, each with its orgs. One view and None
    where they are the same for all orgs."""
    base = view.catalogue.base or view.catalogue
    if not is_layered(view, form):
        return [(view, None)]
    own = [layer for layers in patching(base)["form", form].values() for layer in layers]
    if not any(_speaks_of_rights(layer) for layer in own):
        return [(view, None)]
    groups: dict[tuple[str, ...], list[str]] = {}
    for org in base.orgs:
        layers = layers_under(base, "form", form, standing(base, org, view.today))
        names = tuple(layer.name for layer in layers if _speaks_of_rights(layer))
        groups.setdefault(names, []).append(org)
    return [(view.of(orgs[0]), frozenset(orgs)) for orgs in groups.values()]


def _speaks_of_rights(layer: Layer) -> bool:
    return any(patch.path.split(".")[0] in _OF_RIGHTS for patch in layer.sets)


def within(terms: Sequence[ScopeTerm], orgs: Collection[str], book: NameBook) -> list[ScopeTerm]:
    """What the terms give of the rows of these orgs."""
    keys = tuple(sorted(book.key("org", org) for org in orgs))
    found: list[ScopeTerm] = []
    for term in terms:
        own = keys if term.orgs.everything else tuple(k for k in term.orgs.orgs if k in set(keys))
        if own:
            found.append(replace(term, orgs=OrgScope(own)))
    return found


def in_common(rights: Sequence[FieldRights], nothing: FieldRights) -> FieldRights:
    """What all of them show: one list mixes the rows of all."""
    if not rights:
        return nothing
    first, *others = rights
    for other in others:
        first = replace(
            first,
            visible=first.visible & other.visible,
            writable=first.writable & other.writable,
            masked=first.masked | other.masked,
        )
    return first


def home(view: Viewing, scope: RowScope) -> str | None:
    """The nearest org below which all rows of the scope stand; None: they may stand anywhere."""
    names = view.installation.book.names
    codes: set[str] = set()
    for term in scope.terms:
        if not term.orgs.everything:
            codes.update(names[key] for key in term.orgs.orgs)
        elif term.owner is not None or term.where is not None:
            codes.update(view.actor.orgs)  # rows of one's own, wherever they stand
        else:
            return None
    common: tuple[str, ...] | None = None
    for code in codes & set(view.catalogue.orgs):
        own = chain(view.catalogue.tree, code, view.today)
        same = own if common is None else _shared(common, own)
        common = same
        if not common:
            return None
    return common[-1] if common else None


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return one[:count]
