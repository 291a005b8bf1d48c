"""`duration`: a length of time, never less than none; read as `90min`, `1h30min`, `8h`, `3d`,
`2w` or as seconds, kept in seconds."""

from __future__ import annotations

import re
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
from jingwei.language.field_types.numbers import integer_of
from jingwei.language.form import Field

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"(\d{1,9})(min|[smhdw])", re.ASCII)
_SHAPE = re.compile(rf"(?:{_PART.pattern}){{1,6}}", re.ASCII)


class DurationType(FieldType):
    name = "duration"
    options = frozenset({"min", "max"})
    operators = ORDER
    widget = "duration"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.INTEGER)

    def expression_type(self, field: Field) -> Type:
        return Type("number")

    def parse(self, field: Field, raw: Any, known: Known) -> int:
        if isinstance(raw, str):
            if not _SHAPE.fullmatch(raw):
                raise ValueRefused("not-a-duration")
            return sum(int(count) * SECONDS[unit] for count, unit in _PART.findall(raw))
        seconds = integer_of(raw)
        if seconds < 0:
            raise ValueRefused("below-least", least=0)
        return seconds

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "description": "seconds"}


TYPE = DurationType()
