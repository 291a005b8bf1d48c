"""A detail form follows the form that owns it: its records are seen where their owners are.

The scope of a detail has the scope of its owner in it, so that one predicate says both; a single
record is judged by the owner it names. What the detail's own permissions give stays the most there
is to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field, Form
from jingwei.storage.query import OwnerScope
from jingwei.storage.records import Lock

if TYPE_CHECKING:
    from jingwei.services.rights import Rights, Viewing

GONE = "owner-gone"  # the owner was removed: nothing opens the detail
OUT_OF_REACH = "owner-out-of-reach"
MOST_KEPT = 5_000  # owners of one form that a reading or a work knows, before it begins anew
MOST_ID = 2**53
_OWNER = "owner"  # beside what else is known of a form


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


def look_ahead(
    view: Viewing,
    form: str,
    records: Iterable[Mapping[str, Any]],
    lock: Lock | bool = False,
) -> None:
    """Read the owners of records that are judged one after another, and theirs, each form of them
    at once. `records`: whole ones, or values that somebody sent. `lock`: of the owners next to
    them."""
    wanted: dict[str, set[int]] = {}
    for link in links_to_owners(view.catalogue.forms[form]):
        for record in records:
            named = _named(link, record.get(link.name))
            if named is not None and named[0] in view.catalogue.forms:
                known = view.memo.get(named[0], {})
                if lock or (_OWNER, named[1]) not in known:
                    wanted.setdefault(named[0], set()).add(named[1])
    for name, ids in wanted.items():
        found = view.store.load(view.connection, name, sorted(ids), lock=lock)
        known = view.memo.setdefault(name, {})
        if len(known) > MOST_KEPT:
            known.clear()
        known.update({(_OWNER, id_): found.get(id_) for id_ in ids})
        look_ahead(view, name, found.values())


def owner_there(view: Viewing, form: str, id: int) -> Mapping[str, Any] | None:
    """The record that owns another, as far as it is there; read once until its form is written."""
    known = view.memo.setdefault(form, {})
    key = (_OWNER, id)
    if key not in known:
        if len(known) > MOST_KEPT:
            known.clear()
        known[key] = view.store.load(view.connection, form, [id]).get(id)
    found: Mapping[str, Any] | None = known[key]
    return found


def _named(link: Field, value: Any) -> tuple[str, int] | None:
    """The owner that a value names, though nobody parsed it yet."""
    form: Any = link.to[0].partition(".")[0]
    if isinstance(value, Mapping):
        form, value = value.get("form"), value.get("id")
    named = isinstance(form, str) and type(value) is int and 0 < value <= MOST_ID
    return (form, value) if named else None


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
        owner = owner_there(view, *named)
        if owner is None or (owner["deleted_at"] and not record.get("deleted_at")):
            return GONE
        decision = rights.may_read(view, named[0], owner)
        if not decision.allowed:
            return decision.reason if decision.reason in ("restricted", GONE) else OUT_OF_REACH
    return None
