"""What may be done with many records of a list at once, and what each field needs to be given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.screens import shaping
from jingwei.screens.buttons import Button, for_many
from jingwei.screens.cells import Cells
from jingwei.screens.marks import most_stars
from jingwei.screens.widgets import EXAMPLES, form_options
from jingwei.services import actions
from jingwei.services.commands import Reading

# a file is of one record, and nobody types a secret for many; tables have rows of their own
NOT_AT_ONCE = frozenset(("file", "image", "signature", "secret"))


@dataclass(frozen=True, slots=True)
class Many:
    """`fields`: as JSON, those that can be given one value; empty when nothing is offered.
    `buttons`: of the form, those that may be pressed for many."""

    may_delete: bool
    may_submit: bool
    fields: str
    buttons: tuple[Button, ...] = ()

    @property
    def any(self) -> bool:
        return self.may_delete or self.may_submit or self.fields != "[]" or bool(self.buttons)


def offered(view: Reading, form: Form, cells: Cells) -> Many:
    """By the grants; whether a single record allows it is answered record by record."""
    may_update = view.rights.decide(view, form.name, "update").allowed
    may_delete = view.rights.decide(view, form.name, "delete").allowed
    submits = bool(form.workflow or form.workflows or form.submit is not None)
    may_submit = submits and view.rights.decide(view, form.name, "submit").allowed
    writable = view.rights.fields(view, form.name).writable
    fields = [
        _described(view, form, f, cells)
        for f in form.fields.values()
        if may_update and f.path in writable and _is_given(f)
    ]
    buttons = tuple(for_many(view, one) for one in actions.offered_for_many(view, form))
    return Many(may_delete, may_submit, json.dumps(fields, ensure_ascii=False), buttons)


def _is_given(f: Field) -> bool:
    if not FIELD_TYPES[f.type].is_value or f.type in NOT_AT_ONCE:
        return False
    computed = f.compute is not None and f.mode != "default"  # who overrides says why, one by one
    return not (computed or f.readonly)


def _described(view: Reading, form: Form, f: Field, cells: Cells) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f.name,
        "title": f.title(cells.words),
        "type": f.type,
        "options": _options(view, form, f, cells),
        "required": f.required,
    }
    unit = "%" if f.type == "percent" else cells.unit(f)
    more = {
        "many": f.many or f.type == "tags",
        "unit": unit,
        "scale": shaping.scale_of_shown(f) if f.type != "duration" else "",
        "example": EXAMPLES.get(f.type, ""),
        "help": f.help(cells.words) if f.help else "",
        "most": most_stars(f) if f.type == "rating" else 0,
    }
    if f.type in ("person", "link", "region"):
        more["offers"] = f"/f/{form.name}/options/{f.path}"
        if f.type == "link" and not f.to:
            more["forms"] = [(o.value, o.text) for o in form_options(view, cells)]
    return found | {name: value for name, value in more.items() if value}


def _options(view: Reading, form: Form, f: Field, cells: Cells) -> list[tuple[str, str, int]]:
    if f.type == "choice":
        return [(c.code, c.title(cells.words), 0) for c in cells.offered(f)]
    return shaping.filter_options(view, form, cells, cells.column(form, f.name))
