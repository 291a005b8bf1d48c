"""The fields that a step lets its people write, for the panel where they decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.form import Form
from jingwei.screens.cells import Cells
from jingwei.screens.forms import page_model, step_rights
from jingwei.screens.live import live
from jingwei.screens.widgets import Widget, Widgets
from jingwei.services.commands import Reading
from jingwei.services.flows.row_fields import ROW
from jingwei.services.record_views import RecordView
from jingwei.services.rights import FieldRights

TAKES_FIELDS = frozenset({"approve", "submit"})


def filling(
    view: Reading, form: Form, shown: RecordView, cells: Cells, task: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Controls and script of what the task's holder may write, in the order of the step; None
    where that is nothing."""
    if task is None or not TAKES_FIELDS & set(task["actions"]):
        return None
    written = [n for n in task["fields"]["write"] if not n.startswith(ROW)]
    names = [n for n in dict.fromkeys(n.partition(".")[0] for n in written) if n in form.fields]
    row = _row(shown, task)
    rights = step_rights(view, form, shown.raw)
    if row is not None:
        rights = rights or replace(shown.rights, writable=frozenset())
    if rights is None or not (names or row):
        return None
    values = {n: v for n, v in shown.json.items() if n in form.fields or n == "org"}
    maker = Widgets(view, form, rights, cells, values)
    widgets = [w for name in names if (w := maker.widget(form.fields[name])) is not None]
    if row is not None:
        widgets += _columns(maker, form, rights, task)
    if not widgets:
        return None
    found = live(view, form, rights)
    owed = [w.name for w in widgets if w.required or w.name in task["fields"]["require"]]
    own = {w.name: (row or {}).get(w.name[len(ROW) :]) for w in widgets if w.name.startswith(ROW)}
    return {
        "widgets": widgets,
        "required": " ".join(owed),
        "signs": any(w.type == "signature" for w in widgets),
        "model": page_model(
            view,
            form,
            rights,
            values,
            shown.json,
            widgets,
            found,
            own,
            task["row"] if own else None,
        ),
    }


def _row(shown: RecordView, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row that the task opens columns of, as far as its holder sees it."""
    about = task.get("row")
    if about is None or not any(n.startswith(ROW) for n in task["fields"]["write"]):
        return None
    rows = shown.json.get(about["table"]) or ()
    return next((row for row in rows if row.get("id") == about["id"]), None)


def _columns(
    maker: Widgets, form: Form, rights: FieldRights, task: Mapping[str, Any]
) -> list[Widget]:
    """The columns that the task opens of its row, each as a control of its own."""
    table = form.fields[task["row"]["table"]]
    names = [n[len(ROW) :] for n in task["fields"]["write"] if n.startswith(ROW)]
    columns = [table.fields[n] for n in names if n in table.fields]
    opened = replace(rights, writable=rights.writable | {c.path for c in columns})
    own = Widgets(maker.view, form, opened, maker.cells, maker.values)
    found = [w for c in columns if (w := own.widget(c)) is not None]
    return [replace(w, name=f"{ROW}{w.name}", follows="") for w in found]
