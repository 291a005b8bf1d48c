"""Records of a tree form and all that is below them, as far as their reader may list it."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.catalogue.scopes import check_filter
from jingwei.language.form import Form
from jingwei.refusals import Malformed
from jingwei.services.commands import Reading
from jingwei.services.structure import MOST_DEEP
from jingwei.storage.query import Page, Query

MOST_BELOW = 5_000
_AT_ONCE = 200  # parents whose children are asked for together


def ids_below(view: Reading, form: Form, top: int) -> tuple[int, ...]:
    """The record itself and what is below it at any distance. What is below a record that the
    reader may not list is not reached. Raises Malformed for a form that is no tree (to this
    reader), and for too many."""
    link = form.tree
    rights = view.rights.fields(view, form.name)
    if link is None or link not in rights.visible - rights.masked:
        raise Malformed("no-tree", form=form.title)
    found = dict.fromkeys(_listed(view, form, None, (top,)))
    level = list(found)
    for _ in range(MOST_DEEP):
        parts = [level[k : k + _AT_ONCE] for k in range(0, len(level), _AT_ONCE)]
        level = [
            one
            for part in parts
            for one in _listed(view, form, f"{link} in [{', '.join(map(str, part))}]", None)
            if one not in found
        ]
        if not level:
            break
        found |= dict.fromkeys(level)
        if len(found) > MOST_BELOW:
            raise Malformed("too-many-below", most=MOST_BELOW)
    return tuple(found)


def _listed(
    view: Reading, form: Form, condition: str | None, ids: Sequence[int] | None
) -> list[int]:
    where = None
    if condition is not None:
        where = check_filter(view.catalogue, form.name, condition, frozenset())
    query = Query(
        form.name,
        ("id",),
        view.rights.row_scope(view, form.name),
        where=where,
        ids=None if ids is None else tuple(ids),
        page=Page(MOST_BELOW + 1),
    )
    return [row["id"] for row in view.store.select(view.connection, query).items]
