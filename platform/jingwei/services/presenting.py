"""Engine values as JSON: presented by type, masked where their reader may only know of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jingwei.language.field_types import secret
from jingwei.language.field_types.table import FIELD_TYPES, present_value
from jingwei.language.form import Field, Form
from jingwei.language.instants import written_instant
from jingwei.services.commands import Reading
from jingwei.services.rights import FieldRights

MASK = secret.MASK

Present = Callable[[Any], Any]


def needs_presenting(form: Form, path: str) -> bool:
    definition = form.fields.get(path)
    if "." in path:
        return True
    if definition is None:
        return path.endswith("_at")
    kind = FIELD_TYPES[definition.type]
    own = type(kind).present is not _BASE_PRESENT
    return own or definition.many


_BASE_PRESENT = FIELD_TYPES["text"].__class__.__mro__[1].present  # type: ignore[attr-defined]


def presenter(view: Reading, form: Form, path: str) -> Present:
    """How a value of this path is written as JSON."""
    first, _, rest = path.partition(".")
    definition = form.fields.get(first)
    if rest and definition is not None and definition.to:
        return presenter(view, view.catalogue.forms[definition.to[0]], rest)
    if definition is None:
        if first.endswith("_at"):
            return instant
        return _same
    known = definition

    def present(value: Any) -> Any:
        return present_value(known, value)

    return present


def _same(value: Any) -> Any:
    return value


def instant(value: Any) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return written_instant(value)


def shown_row(table: Field, row: Mapping[str, Any], rights: FieldRights) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": row.get("id")}  # none: of a record that was never saved
    for name, column in table.fields.items():
        path = f"{table.name}.{name}"
        if path in rights.visible:
            value = present_value(column, row.get(name))
            masked = path in rights.masked and value is not None
            shown[name] = MASK if masked else value
    return shown
