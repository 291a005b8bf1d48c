"""Forms of a shape: a tree has no circle, a single form one record per org or in all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from jingwei.language.form import Field, Form
from jingwei.refusals import Conflict, FieldRefusal
from jingwei.services.commands import Reading, Work
from jingwei.services.found import Found
from jingwei.services.owners import links_to_owners, owner_of, owner_there
from jingwei.storage.counters import next_value
from jingwei.storage.pointing import pointing_at
from jingwei.storage.query import ALL_ROWS, Page, Query
from jingwei.texts import DEFAULT_LOCALE, text

MOST_DEEP = 64


def judge(
    work: Work,
    form: Form,
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """Refuse what would break the shape of the form."""
    is_new = before is None or before["deleted_at"] is not None
    if form.single == "all" and is_new:
        _judge_single(work, form, record, found)
    if form.single == "org" and (is_new or before is None or before["org"] != record["org"]):
        _judge_single(work, form, record, found)
    if is_new and before is not None:
        _judge_owners(work, form, record, found)
    if form.tree is not None and before is not None and before[form.tree] != record[form.tree]:
        next_value(work.connection, f"tree:{form.name}")  # of two moves the second sees the first
        _judge_tree(work, form, form.tree, record, found)


def require_unlinked(
    work: Reading, form: Form, ids: Sequence[int], going: Mapping[str, Collection[int]]
) -> None:
    """Raises Conflict for records that others link to, which do not go with them: their links would
    lead nowhere."""
    found = linked(work, form.name, ids, going)
    if found is not None:
        raise Conflict(found.code, links=found.holes["links"])


def linked(
    work: Reading, form: str, ids: Sequence[int], going: Mapping[str, Collection[int]]
) -> FieldRefusal | None:
    """That others link to records, which do not go with them."""
    forms = work.catalogue.forms
    found = list(pointing_at(work.connection, work.store, forms, form, ids, going))
    return FieldRefusal("", "record-linked", {"links": partial(_said, found)}) if found else None


def _said(found: Sequence[tuple[Form, Field, int]], locale: str = DEFAULT_LOCALE) -> str:
    """`合同（主合同）2 条`, of each form that links."""
    return text("screens.joint", locale).join(
        text(
            "refusals.links",
            locale,
            form=form.title(locale),
            field=field.title(locale),
            count=count,
        )
        for form, field, count in found
    )


def _judge_single(work: Work, form: Form, record: Mapping[str, Any], found: Found) -> None:
    org = record.get("org") if form.single == "org" else None
    # Of two that come at once the second waits here, and then sees the first.
    next_value(work.connection, f"single:{form.name}:{org or ''}")
    taken = holder(work, form, org)
    if taken is not None:
        found.add("org", "single-there" if form.single == "org" else "single-there-in-all")


def holder(view: Reading, form: Form, org: str | None) -> int | None:
    """The one record of a single form: of an org, or of all."""
    if form.single == "org":
        return view.store.unique.holder(view.connection, form.name, ("org",), (org,), None)
    query = Query(form.name, ("id",), ALL_ROWS, page=Page(1))
    rows = view.store.select(view.connection, query).items
    return rows[0]["id"] if rows else None


def _judge_owners(work: Work, form: Form, record: Mapping[str, Any], found: Found) -> None:
    """A detail comes back with its owner, not without it."""
    for link in links_to_owners(form):
        named = owner_of(link, record)
        if named is not None:
            owner = owner_there(work, *named)
            if owner is None:
                found.add(link.name, "unknown-record")
            elif owner["deleted_at"] is not None:
                found.add(link.name, "owner-deleted", form=work.catalogue.forms[named[0]].title)


def _judge_tree(work: Work, form: Form, link: str, record: Mapping[str, Any], found: Found) -> None:
    """A record is not above itself, at any distance."""
    above = record.get(link)
    for _ in range(MOST_DEEP):
        if above is None:
            return
        if above == record["id"]:
            found.add(link, "tree-circle")
            return
        there = work.store.load(work.connection, form.name, [above]).get(above)
        above = there.get(link) if there else None
    found.add(link, "tree-too-deep", most=MOST_DEEP)
