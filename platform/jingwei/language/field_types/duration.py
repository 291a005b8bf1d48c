"""`duration`: a length of time, read as `90min`, `8h`, `3d`, `2w`, kept in seconds."""

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

SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SHAPE = re.compile(r"(\d{1,9})(min|h|d|w)", re.ASCII)


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
            match = _SHAPE.fullmatch(raw)
            if not match:
                raise ValueRefused("not-a-duration")
            return int(match[1]) * SECONDS[match[2]]
        return integer_of(raw)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "integer"}


TYPE = DurationType()
