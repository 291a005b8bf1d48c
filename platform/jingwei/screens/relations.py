"""Lists on a record's page of the records that link to it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from jingwei.language.form import Form, Related
from jingwei.refusals import Refused
from jingwei.screens.cells import Cell, Cells, Column, shown_paths
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish
from jingwei.services.record_views import RecordView
from jingwei.services.related import related
from jingwei.web import locale

MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Relation:
    """`rows`: an address and its cells. `more`: where the whole list is, when it is longer."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    total: int
    more: str = ""


def relations(view: Reading, form: Form, shown: RecordView, cells: Cells) -> dict[str, Relation]:
    """Every relation of the form that this reader may see something of, by name."""
    found = {}
    for relation in form.related.values():
        one = _relation(view, form, relation, shown, cells)
        if one is not None:
            found[relation.name] = one
    return found


def _relation(
    view: Reading, form: Form, relation: Related, shown: RecordView, cells: Cells
) -> Relation | None:
    other = view.catalogue.forms[relation.form]
    if not view.rights.decide(view, other.name, "read").allowed:
        return None
    id = shown.raw["id"]
    visible = view.rights.fields(view, other.name).visible
    paths = shown_paths(other, relation.columns or other.list.columns, visible)
    columns = tuple(cells.column(other, path) for path in paths)
    wish = ListWish(size=MOST_ROWS, fields=("id", *paths))
    try:
        _, page = related(view, form.name, id, relation.name, wish)
    except Refused:
        return None
    shown_rows = cells.rows(columns, page.items, other)
    rows = tuple(
        (f"/f/{other.name}/{row['id']}", tuple(line))
        for row, line in zip(page.items, shown_rows, strict=True)
    )
    more = ""
    if page.total is not None and page.total > len(rows):
        more = f"/f/{other.name}?" + urlencode({"filter": f"{relation.by} == {id}"})
    return Relation(
        relation.name, relation.title(locale()), columns, rows, page.total or len(rows), more
    )
