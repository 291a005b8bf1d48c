"""A record written in YAML, as the API would carry it: `6000万`, `15%`, `yes` of a choice …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import FIELD_TYPES, present_value
from jingwei.language.form import Field, Form
from jingwei.language.small import whole_number
from jingwei.refusals import FieldRefusal, Invalid

# whole values that are data by themselves, not words to be read
AS_DATA = frozenset({"json", "geolocation"})


def api_values(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data`: plain data of a definition (scalars are text) by field name. Names that the form does
    not have pass through, so that the write path can refuse them. Raises Invalid.
    """
    refused: list[FieldRefusal] = []
    values = {
        name: _value(form.fields[name], given, name, refused) if name in form.fields else given
        for name, given in data.items()
    }
    if refused:
        raise Invalid("invalid", fields=refused)
    return values


def _value(field: Field, given: Any, path: str, refused: list[FieldRefusal]) -> Any:
    if field.type == "table" and isinstance(given, list):
        return [_row(field, row, f"{path}.{n}", refused) for n, row in enumerate(given)]
    if field.type in AS_DATA or given in (None, ""):
        return given
    if isinstance(given, list):
        return [_one(field, part, f"{path}.{n}", refused) for n, part in enumerate(given)]
    one = _one(field, given, path, refused)
    return [one] if field.many and one is not None else one


def _row(table: Field, row: Any, path: str, refused: list[FieldRefusal]) -> Any:
    if not isinstance(row, Mapping):
        return row
    return {
        name: _value(table.fields[name], given, f"{path}.{name}", refused)
        if name in table.fields
        else given
        for name, given in row.items()
    }


def _one(field: Field, given: Any, path: str, refused: list[FieldRefusal]) -> Any:
    if not isinstance(given, str):
        return given
    if field.type == "link" and (identity := whole_number(given)) is not None:
        return identity
    try:
        value = FIELD_TYPES[field.type].written(field, given)
        return present_value(_single(field), value)
    except ValueRefused as error:
        refused.append(error.refusal(path))
        return None


def _single(field: Field) -> Field:
    """The field as if it held one value."""
    if not field.many:
        return field
    return Field(**{**{name: getattr(field, name) for name in Field.__slots__}, "many": False})
