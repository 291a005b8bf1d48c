"""`/f/FORM/ID/versions`: what was in force when, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from jingwei.language.form import Field, Form
from jingwei.language.small import whole_number
from jingwei.refusals import NotFound
from jingwei.screens.cells import EMPTY, Cell, Cells
from jingwei.screens.compared_texts import Sides, pieces_of
from jingwei.screens.forms import edit_rights
from jingwei.screens.frame import page
from jingwei.screens.records import form_reached
from jingwei.screens.session import reading
from jingwei.services import snapshots
from jingwei.services.record_views import readable
from jingwei.services.versions import may_differ
from jingwei.texts import text
from jingwei.web import locale


@dataclass(frozen=True, slots=True)
class Differing:
    """One line of the comparison. `row`: which one of a table, and what became of it; empty for a
    field of the record. `kind`: added, gone or moved, of a row. `pieces`: of two long texts."""

    title: str
    row: str
    was: Cell
    now: Cell
    kind: str = ""
    pieces: Sides | None = None


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/<int:id>/versions", "versions", show)


def show(form: str, id: int) -> Any:
    with reading() as view:
        definition = form_reached(view, form, id)
        kept = snapshots.versions(view, form, id)
        if not kept:
            raise NotFound("not-found")
        numbers = [one["number"] for one in kept]
        raw = readable(view, form, id).raw
        later = _later(numbers, may_differ(raw))
        before = len(numbers) - 1 if later is None else max(0, numbers.index(later) - 1)
        earlier = _asked("one", numbers, numbers[before])
        cells = Cells(view)
        found = snapshots.diff(view, form, id, earlier, later)
        return page(
            view,
            "versions.html",
            form=definition,
            id=id,
            title=definition.title(locale()),
            name=cells.record_title(form, id),
            versions=[
                {
                    "number": one["number"],
                    "label": one["label"] or "",
                    "at": cells.moment(one["at"]),
                    "by": cells.person(one["by"]) if one["by"] else "",
                }
                for one in reversed(kept)
            ],
            earlier=earlier,
            may_restore=edit_rights(view, definition, raw)[0] is not None,
            revision=raw["revision"],
            later=later,
            lines=_lines(cells, definition, found),
        )


def _later(numbers: Sequence[int], working_copy: bool) -> int | None:
    """The later one of the two: None is the record as it is now."""
    if request.args.get("other") == snapshots.CURRENT:
        return None
    if "other" not in request.args and working_copy and len(numbers) == 1:
        return None
    return _asked("other", numbers, numbers[-1])


def _asked(name: str, numbers: Sequence[int], otherwise: int) -> int:
    found = whole_number(request.args.get(name, ""), 7)
    return found if found is not None and found in numbers else otherwise


def _lines(cells: Cells, form: Form, found: Mapping[str, Any]) -> list[Differing]:
    """In the order of the form, what every record has first."""
    lines: list[Differing] = []
    changes, rows = found["changes"], found["rows"]
    order = {name: place for place, name in enumerate(form.fields)}
    for name in sorted({**changes, **rows}, key=lambda name: order.get(name, -1)):
        f = form.fields.get(name)
        if f is not None and f.type == "table":
            lines += _rows(cells, f, changes.get(name, {}), rows.get(name, {}))
        elif isinstance(changes[name], list):
            column = cells.column(form, name)
            was, now = (cells.cell(form, column, value) for value in changes[name])
            now = cells.later(f, was, now)
            lines.append(Differing(column.heading, "", was, now, pieces=pieces_of(f, was, now)))
    return lines


def _rows(
    cells: Cells,
    table: Field,
    changes: Mapping[str, Any],
    places: Mapping[str, Sequence[int | None]],
) -> list[Differing]:
    """Row by row: where it stood and stands, then what differs in it."""
    found = []
    title = table.title(cells.words)
    for id_, (then, later) in places.items():
        columns = changes.get(id_)
        kind = "added" if then is None else "gone" if later is None else ""
        if not kind and columns is None:
            kind = "moved"
        row = text(f"screens.comparison.{kind or 'row'}", cells.words, row=later or then)
        inside = []
        for name, pair in (columns or {}).items():
            column = table.fields.get(name)
            if column is None or not isinstance(pair, list):
                continue
            was, now = (EMPTY if v is None else cells.value(column, v) for v in pair)
            now = cells.later(column, was, now)
            heading = f"{title} · {column.title(cells.words)}"
            inside.append(Differing(heading, row, was, now, kind, pieces_of(column, was, now)))
        if kind == "moved" or (kind and not inside):  # else its values say that it came or went
            was, now = (_place(cells, place) for place in (then, later))
            found.append(Differing(title, row, was, now, kind))
        found += inside
    return found


def _place(cells: Cells, place: int | None) -> Cell:
    return EMPTY if place is None else Cell(text("screens.comparison.row", cells.words, row=place))
