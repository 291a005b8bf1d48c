"""`time`: a time of day, `12:30`."""

from __future__ import annotations

from datetime import time
from typing import Any

from jingwei.language.clock_words import TIME, time_of, time_text
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


class TimeType(FieldType):
    name = "time"
    options = frozenset({"min", "max"})
    operators = ORDER
    widget = "time"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.TIME)

    def expression_type(self, field: Field) -> Type:
        return Type("time")

    def parse(self, field: Field, raw: Any, known: Known) -> time:
        found = time_of(raw) if isinstance(raw, str) else None
        if found is None:
            raise ValueRefused("not-a-time")
        return found

    def present(self, field: Field, value: Any) -> str:
        return time_text(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": TIME.pattern}


TYPE = TimeType()
