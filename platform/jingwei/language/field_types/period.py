"""`period`: `2026`, `2026H1`, `2026Q1`, `2026-03`; with `grain`, one of these only."""

from __future__ import annotations

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
from jingwei.language.periods import Period

EXAMPLES = {"year": "2026", "half": "2026H1", "quarter": "2026Q1", "month": "2026-03"}


class PeriodType(FieldType):
    name = "period"
    options = frozenset({"grain", "min", "max"})
    operators = ORDER
    widget = "period"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.PERIOD)

    def expression_type(self, field: Field) -> Type:
        return Type("period", grain=field.grain)

    def parse(self, field: Field, raw: Any, known: Known) -> Period:
        if isinstance(raw, int) and not isinstance(raw, bool):
            raw = str(raw)
        example = EXAMPLES.get(field.grain or "", "2026, 2026Q1, 2026-03")
        if not isinstance(raw, str):
            raise ValueRefused("not-a-period", example=example)
        try:
            period = Period.parse(raw)
        except ValueError:
            raise ValueRefused("not-a-period", example=example) from None
        if field.grain and period.grain != field.grain:
            raise ValueRefused("not-a-period", example=example)
        return period

    def present(self, field: Field, value: Any) -> str:
        return str(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "examples": [EXAMPLES.get(field.grain or "month")]}


TYPE = PeriodType()
