"""A record that is sent as it was read: what nobody may write, and did not change, is no wish."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.services.commands import Reading
from jingwei.services.presenting import MASK, presenter
from jingwei.services.rights import FieldRights
from jingwei.services.validation import NUMBERS

_BESIDE = ("flow", "_titles")  # read with a record, and no field of it


def is_same(column: Field, was: Any, value: Any) -> bool:
    """Whether a sent value is the one that is there; of a number also its text, as exact programs
    send it."""
    if present_value(column, was) == value:
        return True
    if column.type not in NUMBERS or not isinstance(value, str) or was is None:
        return False
    try:
        return Decimal(value) == Decimal(was)
    except InvalidOperation:
        return False


def is_as_read(column: Field, was: Any, value: Any, *, masked: bool) -> bool:
    """Whether a sent value is what its sender read. What he sees masked is never compared with what
    stands there: he could try values until one is taken."""
    if not masked:
        return is_same(column, was, value)
    return bool(value == MASK) or (value is None and was is None)


def without_given_back(
    view: Reading,
    form: Form,
    values: Mapping[str, Any],
    rights: FieldRights,
    before: Mapping[str, Any],
) -> Mapping[str, Any]:
    """The values without those that were only read along: of a record that is sent whole, with the
    `id` and the `revision` it has, what its sender may not write and left as it was. What is worked
    out at each reading is not compared."""
    if rights.masked:
        secret = rights.masked & rights.writable  # no secret is what stands for all of them
        values = {
            name: _without_masks(form.fields.get(name), value, rights)
            for name, value in values.items()
            if not (name in secret and value == MASK)
        }
    if values.get("id") != before["id"] or values.get("revision") != before["revision"]:
        return values
    return {
        name: value
        for name, value in values.items()
        if not _is_given_back(view, form, name, value, rights, before)
    }


def _is_given_back(
    view: Reading,
    form: Form,
    name: str,
    value: Any,
    rights: FieldRights,
    before: Mapping[str, Any],
) -> bool:
    field = form.fields.get(name)
    if name in _BESIDE and field is None:
        return True
    if name not in rights.visible:
        return False
    if field is None:
        if name not in SYSTEM_FIELDS:
            return False
        was = before.get(name)
        return bool((was if was is None else presenter(view, form, name)(was)) == value)
    if name in rights.masked:
        return is_as_read(field, before.get(name), value, masked=True)
    computed = field.compute is not None and field.mode in ("always", "lock_if_found")
    if name in rights.writable and not computed and not field.readonly:
        return False
    if computed and not view.store.stored(form.name).own.keeps(name):
        return True
    return field.type != "table" and is_same(field, before.get(name), value)


def _without_masks(table: Field | None, value: Any, rights: FieldRights) -> Any:
    """Rows without the cells that were read masked."""
    if table is None or table.type != "table" or not isinstance(value, list):
        return value
    masked = {column.name for column in table.fields.values() if column.path in rights.masked}
    if not masked:
        return value
    return [
        {n: v for n, v in row.items() if not (n in masked and v == MASK)}
        if isinstance(row, Mapping)
        else row
        for row in value
    ]
