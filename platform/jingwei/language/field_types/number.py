"""`number`: an exact decimal, four places unless the author shows more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    ORDER,
    ColumnParser,
    FieldType,
    Kept,
    Known,
    Parser,
    StoredAs,
)
from jingwei.language.field_types.numbers import (
    decimal_columns,
    decimal_of,
    decimal_parser,
    scale_of,
    written_number,
)
from jingwei.language.form import Field
from jingwei.language.values import Literal_


class NumberType(FieldType):
    name = "number"
    options = frozenset({"min", "max", "precision", "unit", "show_in"})
    operators = ORDER
    widget = "number"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.DECIMAL, scale=scale_of(field))

    def expression_type(self, field: Field) -> Type:
        return Type("number", unit=unit_of(field))

    def parse(self, field: Field, raw: Any, known: Known) -> Decimal:
        return decimal_of(raw, field)

    def parser(self, field: Field) -> Parser:
        return decimal_parser(field)

    def column_parser(self, field: Field) -> ColumnParser:
        return decimal_columns(field)

    def written(self, field: Field, text: str) -> Decimal:
        return decimal_of(written_number(text), field)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "number"}


def unit_of(field: Field) -> str | None:
    """The unit of measure when the definition fixes it; None when it is none, or a field's."""
    return str(field.unit.value) if isinstance(field.unit, Literal_) else None


TYPE = NumberType()
