"""`time`: a time of day, `12:30`."""

from __future__ import annotations

import re
from datetime import time
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

SHAPE = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)


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
        if not isinstance(raw, str) or not SHAPE.fullmatch(raw):
            raise ValueRefused("not-a-time")
        return time.fromisoformat(raw)

    def present(self, field: Field, value: Any) -> str:
        return str(value.isoformat("seconds" if value.second else "minutes"))

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": SHAPE.pattern}


TYPE = TimeType()
