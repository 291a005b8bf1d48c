"""What may be done with many records of a list at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jingwei.language.form import Field, Form
from jingwei.screens.cells import Cells
from jingwei.services.commands import Reading

# types whose control is one input that the list's script can make by itself
SIMPLE = frozenset(("text", "choice", "date", "boolean", "integer"))


@dataclass(frozen=True, slots=True)
class Many:
    """`fields`: as JSON, those that can be given one value; empty when nothing is offered."""

    may_delete: bool
    may_submit: bool
    fields: str

    @property
    def any(self) -> bool:
        return self.may_delete or self.may_submit or self.fields != "[]"


def offered(view: Reading, form: Form, cells: Cells) -> Many:
    """By the grants; whether a single record allows it is answered record by record."""
    may_update = view.rights.decide(view, form.name, "update").allowed
    may_delete = view.rights.decide(view, form.name, "delete").allowed
    submits = bool(form.workflow or form.workflows or form.submit is not None)
    may_submit = submits and view.rights.decide(view, form.name, "submit").allowed
    writable = view.rights.fields(view, form.name).writable
    fields = [
        _described(f, cells)
        for f in form.fields.values()
        if may_update and f.path in writable and _is_simple(f)
    ]
    return Many(may_delete, may_submit, json.dumps(fields, ensure_ascii=False))


def _is_simple(f: Field) -> bool:
    computed = f.compute is not None and f.mode in ("always", "lock_if_found")
    return f.type in SIMPLE and not (computed or f.readonly or f.many)


def _described(f: Field, cells: Cells) -> dict[str, Any]:
    options: list[tuple[str, str]] = []
    if f.type == "choice":
        options = [(c.code, c.title(cells.words)) for c in cells.offered(f)]
    elif f.type == "boolean":
        options = [(v, cells.plain("boolean", v == "true").text) for v in ("true", "false")]
    return {"name": f.name, "title": f.title(cells.words), "type": f.type, "options": options}
