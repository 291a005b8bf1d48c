"""A detail form follows the form that owns it: its records are seen where their owners are.

The scope of a detail has the scope of its owner in it, so that one predicate says both; a single
record is judged by the owner it names. What the detail's own permissions give stays the most there
is to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field, Form
from jingwei.storage.query import OwnerScope

if TYPE_CHECKING:
    from jingwei.services.rights import Rights, Viewing

GONE = "owner-gone"  # the owner was removed: nothing opens the detail
OUT_OF_REACH = "owner-out-of-reach"


def links_to_owners(form: Form) -> Iterator[Field]:
    """The links by which records of a form are details of others."""
    for field in form.fields.values():
        if field.owner and field.type == "link" and not field.many:
            yield field


def details_of(catalogue: Catalogue, owner: str) -> Iterator[tuple[Form, Field]]:
    """The forms whose records are details of those of a form, and by which link."""
    for form in catalogue.forms.values():
        for link in links_to_owners(form):
            if owner in link.to:
                yield form, link


def owner_of(link: Field, record: Mapping[str, Any]) -> tuple[str, int] | None:
    """The form and the id of the record that owns this one."""
    value = record.get(link.name)
    if value is None:
        return None
    if isinstance(value, Mapping):
        return str(value["form"]), int(value["id"])
    return link.to[0].partition(".")[0], int(value)


def scopes(rights: Rights, view: Viewing, form: str) -> tuple[OwnerScope, ...]:
    """Which owners' details the actor may list."""
    return tuple(
        OwnerScope(link.name, tuple((to, rights.row_scope(view, to)) for to in link.to))
        for link in links_to_owners(view.catalogue.forms[form])
    )


def kept_back(rights: Rights, view: Viewing, form: str, record: Mapping[str, Any]) -> str | None:
    """Why a record is kept from the actor by its owner; None: it is not."""
    for link in links_to_owners(view.catalogue.forms[form]):
        named = owner_of(link, record)
        if named is None or named[0] not in view.catalogue.forms:
            continue
        owner = view.store.load(view.connection, named[0], [named[1]]).get(named[1])
        if owner is None or (owner["deleted_at"] and not record.get("deleted_at")):
            return GONE
        decision = rights.may_read(view, named[0], owner)
        if not decision.allowed:
            return decision.reason if decision.reason in ("restricted", GONE) else OUT_OF_REACH
    return None
