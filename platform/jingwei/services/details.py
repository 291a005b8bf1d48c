"""Details go where their owner goes: into its org, into the bin and back.

What follows is written by the system on behalf of whoever moved the owner, in the same
transaction, each with a history of its own. What goes with the owner comes back with it: it was
removed at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from jingwei.language.form import Form
from jingwei.refusals import Conflict, Refused
from jingwei.services import structure
from jingwei.services.commands import Reading, Work
from jingwei.services.display import display
from jingwei.services.found import Found
from jingwei.services.owners import details_of, links_to_owners, owner_of, owner_there
from jingwei.services.wanted import Change, Kind, Prepared, Source
from jingwei.storage.pointing import details_at
from jingwei.texts import LOCALES, text

Write = Callable[..., Any]  # `update_many` and `set_many`, which stand above
Levels = list[tuple[str, list[int]]]  # the details of records, a form and ids in turn
MOST_DETAILS = 10_000  # that go or move with their owners in one transaction


def take_org(
    work: Work, form: Form, record: dict[str, Any], given: Collection[str], found: Found
) -> None:
    """Put a detail into the org of its owner, unless its form has an `org` of its own."""
    if "org" in form.fields:
        return
    for link in links_to_owners(form):
        named = owner_of(link, record)
        if named is None or named[0] not in work.catalogue.forms:
            continue
        owner = owner_there(work, *named)
        if owner is None:
            continue  # told where links are judged
        if "org" in given and record.get("org") not in (None, owner["org"]):
            found.add("org", "org-of-owner", org=owner["org"])
        record["org"] = owner["org"]
        return


def follow(
    work: Work,
    form: str,
    written: Sequence[Prepared],
    source: Source,
    update_many: Write,
    set_many: Write,
) -> None:
    """Do to the details of records what was done to these. Raises Conflict where that is too much
    at once, or where others link to a detail that would go."""
    removed: dict[tuple[Kind, datetime | None], list[int]] = {}
    moved: dict[str | None, list[int]] = {}
    for one in written:
        if one.before is None:
            continue
        was, now = one.before["deleted_at"], one.after["deleted_at"]
        if was != now:
            removed.setdefault((one.change.kind, was), []).append(one.id)
        elif one.before["org"] != one.after["org"]:
            moved.setdefault(one.after["org"], []).append(one.id)
    for (kind, removed_at), ids in removed.items():
        if kind == "delete" and source != "system":  # what the system removes was judged above
            levels = _levels(work, form, ids)
            if source == "user":
                _require_unlinked(work, form, ids, levels)
        _remove_or_restore(work, form, ids, kind, removed_at, update_many)
    for org, ids in moved.items():
        _move(work.as_system(), form, ids, org, set_many)


def check_removable(view: Reading, form: str, id: int) -> None:
    """Raises Conflict where the details of a record keep people from deleting it."""
    _require_unlinked(view, form, [id], _levels(view, form, [id]))


def _require_unlinked(view: Reading, form: str, ids: Sequence[int], levels: Levels) -> None:
    going: dict[str, set[int]] = {form: set(ids)}
    for name, below in levels:
        going.setdefault(name, set()).update(below)
    for name, below_ in going.items():
        if name != form:
            structure.require_unlinked(view, view.catalogue.forms[name], sorted(below_), going)


def _levels(view: Reading, form: str, ids: Sequence[int], *, moving: bool = False) -> Levels:
    """The living details of records, theirs and so on: a form and the ids of one level, in turn.
    `moving`: without those that have an org of their own. Raises Conflict for too many."""
    found: Levels = []
    todo: list[tuple[str, Sequence[int]]] = [(form, ids)]
    count = 0
    for owner, above in todo:
        for detail, link in details_of(view.catalogue, owner):
            if moving and "org" in detail.fields:
                continue
            most = MOST_DETAILS + 1 - count
            below = [*details_at(view.connection, view.store, detail.name, link, above, None, most)]
            count += len(below)
            if count > MOST_DETAILS:
                raise Conflict("too-many-details", most=MOST_DETAILS)
            if below:
                found.append((detail.name, below))
                todo.append((detail.name, below))
    return found


def _remove_or_restore(
    work: Work,
    form: str,
    ids: Sequence[int],
    kind: Kind,
    removed_at: datetime | None,
    update_many: Write,
) -> None:
    for detail, link in details_of(work.catalogue, form):
        below = [*details_at(work.connection, work.store, detail.name, link, ids, removed_at)]
        kept_out: list[tuple[int, Refused]] = []

        def refuse(
            index: int,
            refused: Refused,
            below: Sequence[int] = below,
            kept_out: list[tuple[int, Refused]] = kept_out,
        ) -> None:
            kept_out.append((below[index], refused))

        changes = [Change(kind, id) for id in below]
        update_many(work.as_system(), detail.name, changes, source="system", refuse=refuse)
        if kept_out:
            raise _not_restored(work, detail, *kept_out[0])


def _not_restored(work: Work, detail: Form, id: int, refused: Refused) -> Conflict:
    """What keeps a detail from coming back, with its owner, in words about it."""
    record = work.store.load(work.connection, detail.name, [id])[id]
    # who may see the owner need not see all of its details
    seen = not work.actor.is_system and work.rights.may_read(work, detail.name, record).allowed
    names = {
        locale: display(work, detail.name, record, locale) if seen else f"#{id}"
        for locale in LOCALES
    }
    reason = partial(_reason, detail, refused)
    return Conflict("detail-not-restored", form=detail.title, called=names.get, reason=reason)


def _reason(detail: Form, refused: Refused, locale: str) -> str:
    if not refused.fields:
        return refused.message(locale)
    first = refused.fields[0]
    field = detail.fields.get(first.path.partition(".")[0])
    title = "" if field is None else field.title(locale)
    return text("refusals.of_field", locale, field=title, reason=first.message(locale))


def _move(work: Work, form: str, ids: Sequence[int], org: str | None, set_many: Write) -> None:
    for name, below in _levels(work, form, ids, moving=True):
        set_many(work, name, below, org=org)
