"""`date`: a calendar day, `2026-03-01`."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    ORDER,
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
)
from jingwei.language.form import Field

SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def day_of(raw: Any) -> date:
    """The day a text names. Raises ValueRefused: another shape, or a day no calendar has."""
    if not isinstance(raw, str) or not SHAPE.fullmatch(raw):
        raise ValueRefused("not-a-date")
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueRefused("no-such-date", text=raw) from None


class DateType(FieldType):
    name = "date"
    options = frozenset({"min", "max"})
    operators = ORDER
    widget = "date"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.DATE)

    def expression_type(self, field: Field) -> Type:
        return Type("date")

    def parse(self, field: Field, raw: Any, known: Known) -> date:
        return day_of(raw)

    def present(self, field: Field, value: Any) -> str:
        return str(value.isoformat())

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


TYPE = DateType()
