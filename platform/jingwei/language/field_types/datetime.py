"""`datetime`: an instant, read with its offset, kept in UTC to the millisecond."""

from __future__ import annotations

import re
from datetime import UTC, datetime
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
from jingwei.language.instants import written_instant

SHAPE = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


class DatetimeType(FieldType):
    name = "datetime"
    options = frozenset({"min", "max"})
    operators = ORDER
    widget = "datetime"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.INSTANT)

    def expression_type(self, field: Field) -> Type:
        return Type("datetime")

    def parse(self, field: Field, raw: Any, known: Known) -> datetime:
        if not isinstance(raw, str) or not SHAPE.fullmatch(raw):
            raise ValueRefused("not-a-datetime")
        try:
            instant = datetime.fromisoformat(raw.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueRefused("no-such-date", text=raw) from None
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    def present(self, field: Field, value: Any) -> str:
        return written_instant(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


TYPE = DatetimeType()
