"""Forms of a shape: a tree has no circle, a single form one record per org or in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.services.commands import Work
from jingwei.services.found import Found
from jingwei.storage.counters import next_value
from jingwei.storage.query import ALL_ROWS, Page, Query

MOST_DEEP = 64


def judge(
    work: Work,
    form: Form,
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """Refuse what would break the shape of the form."""
    if form.single is not None and before is None:
        _judge_single(work, form, record, found)
    if form.tree is not None and before is not None:
        _judge_tree(work, form, form.tree, record, found)


def _judge_single(work: Work, form: Form, record: Mapping[str, Any], found: Found) -> None:
    org = record.get("org") if form.single == "org" else None
    # Of two that come at once the second waits here, and then sees the first.
    next_value(work.connection, f"single:{form.name}:{org or ''}")
    if form.single == "org":
        taken = work.store.unique.holder(work.connection, form.name, ("org",), (org,), None)
    else:
        query = Query(form.name, ("id",), ALL_ROWS, page=Page(1))
        rows = work.store.select(work.connection, query).items
        taken = rows[0]["id"] if rows else None
    if taken is not None:
        found.add("org", "single-there" if form.single == "org" else "single-there-in-all")


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
