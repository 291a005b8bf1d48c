"""The fields that a step lets its people write, for the panel where they decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.screens.cells import Cells
from jingwei.screens.forms import page_model, step_rights
from jingwei.screens.live import live
from jingwei.screens.widgets import Widgets
from jingwei.services.commands import Reading
from jingwei.services.record_views import RecordView

TAKES_FIELDS = frozenset({"approve", "submit"})


def filling(
    view: Reading, form: Form, shown: RecordView, cells: Cells, task: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Controls and script of what the task's holder may write, in the order of the step; None
    where that is nothing."""
    if task is None or not TAKES_FIELDS & set(task["actions"]):
        return None
    written = dict.fromkeys(name.partition(".")[0] for name in task["fields"]["write"])
    names = [name for name in written if name in form.fields]
    rights = step_rights(view, form, shown.raw)
    if not names or rights is None:
        return None
    values = {n: v for n, v in shown.json.items() if n in form.fields or n == "org"}
    maker = Widgets(view, form, rights, cells, values)
    widgets = [w for name in names if (w := maker.widget(form.fields[name])) is not None]
    found = live(view, form, rights)
    owed = [w.name for w in widgets if w.required or w.name in task["fields"]["require"]]
    return {
        "widgets": widgets,
        "required": " ".join(owed),
        "signs": any(w.type == "signature" for w in widgets),
        "model": page_model(view, form, rights, values, shown.json, widgets, found),
    }
