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
from jingwei.screens.forms import edit_rights
from jingwei.screens.frame import page
from jingwei.screens.records import form_reached
from jingwei.screens.session import reading
from jingwei.services import snapshots
from jingwei.services.record_views import record
from jingwei.web import locale


@dataclass(frozen=True, slots=True)
class Differing:
    """One line of the comparison. `row`: of a table; empty for a field of the record."""

    title: str
    row: str
    was: Cell
    now: Cell


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/<int:id>/versions", "versions", show)


def show(form: str, id: int) -> Any:
    with reading() as view:
        definition = form_reached(view, form, id)
        kept = snapshots.versions(view, form, id)
        if not kept:
            raise NotFound("not-found")
        numbers = [one["number"] for one in kept]
        later = _asked("other", numbers, numbers[-1])
        earlier = _asked("one", numbers, numbers[max(0, numbers.index(later) - 1)])
        cells = Cells(view)
        raw = record(view, form, id).raw
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
            lines=_lines(cells, definition, found["changes"]),
        )


def _asked(name: str, numbers: Sequence[int], otherwise: int) -> int:
    found = whole_number(request.args.get(name, ""), 7)
    return found if found is not None and found in numbers else otherwise


def _lines(cells: Cells, form: Form, changes: Mapping[str, Any]) -> list[Differing]:
    found: list[Differing] = []
    for name, pair in changes.items():
        f = form.fields.get(name)
        if f is not None and f.type == "table":
            found += _rows(cells, f, pair)
        elif isinstance(pair, list):
            column = cells.column(form, name)
            was, now = (cells.cell(form, column, value) for value in pair)
            found.append(Differing(column.heading, "", was, now))
    return found


def _rows(cells: Cells, table: Field, rows: Mapping[str, Any]) -> list[Differing]:
    found = []
    for place, columns in enumerate(rows.values(), 1):
        for name, pair in columns.items():
            column = table.fields.get(name)
            if column is None or not isinstance(pair, list):
                continue
            was, now = (EMPTY if v is None else cells.value(column, v) for v in pair)
            title = f"{table.title(cells.words)} · {column.title(cells.words)}"
            found.append(Differing(title, f"#{place}", was, now))
    return found
