"""Lists of forms of a shape: a single form leads to its one record, a tree is drawn as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request

from jingwei.language.form import Form
from jingwei.screens.cards import Card, cards
from jingwei.screens.cells import Cells, Column
from jingwei.services import structure
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing

MOST_NODES = 1_000


@dataclass(slots=True)
class Node:
    """One record of a tree, with those below it."""

    card: Card
    below: list[Node] = field(default_factory=list)


def address_of_single(view: Reading, form: Form) -> str | None:
    """Where a single form leads its reader: to the one record, or to make it. None: to the list,
    for who has the records of several orgs."""
    if form.single is None or not view.rights.row_scope(view, form.name).terms:
        return None
    may_create = view.rights.decide(view, form.name, "create").allowed
    if form.single == "org":
        orgs = view.rights.create_orgs(view, form.name)
        if orgs is None or len(orgs) > 1:
            return None
    found = listing(view, form.name, ListWish(size=2, fields=(), count=None)).items
    if len(found) == 1:
        return f"/f/{form.name}/{found[0]['id']}"
    if found or not may_create or structure.holder(view, form, view.actor.org) is not None:
        return None
    return f"/f/{form.name}/new"


def draws_tree(form: Form) -> bool:
    """Whether the list that is asked for is the tree: it is how such a form is first shown."""
    return form.tree is not None and not request.args.get("view")


def tree(
    view: Reading, form: Form, cells: Cells, columns: Sequence[Column], wish: ListWish
) -> dict[str, Any]:
    """The rows that the list would show, each below the one its link names. What stands below a
    record that is not among them stands at the top."""
    link = str(form.tree)
    paths = tuple(dict.fromkeys((*(c.path for c in columns), link)))
    asked = replace(wish, page=1, size=MOST_NODES, fields=paths)
    found = listing(view, form.name, asked, most=MOST_NODES)
    shown = [c for c in columns if c.path != link]
    nodes = {card.id: Node(card) for card in cards(view, form, cells, shown, found.items)}
    roots: list[Node] = []
    for item in found.items:
        above = nodes.get(_identity(item.get(link)))
        (roots if above is None else above.below).append(nodes[item["id"]])
    left_out = max(0, (found.total or 0) - len(found.items))
    return {"kind": "tree", "nodes": roots, "left_out": left_out}


def _identity(value: Any) -> int:
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, int) else 0
