"""`duration`: a length of time, never less than none; read as `90min`, `1h30min`, `8h`, `3d`,
`2w` or as seconds, kept in seconds."""

from __future__ import annotations

from typing import Any

from jingwei.language.clock_words import seconds_of
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


class DurationType(FieldType):
    name = "duration"
    options = frozenset({"min", "max"})
    operators = ORDER
    widget = "duration"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.INTEGER)

    def expression_type(self, field: Field) -> Type:
        return Type("duration")

    def parse(self, field: Field, raw: Any, known: Known) -> int:
        if isinstance(raw, str):
            written = seconds_of(raw)
            if written is None:
                raise ValueRefused("not-a-duration")
            return written
        seconds = integer_of(raw)
        if seconds < 0:
            raise ValueRefused("below-least", least=0)
        return seconds

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "description": "seconds"}


TYPE = DurationType()
