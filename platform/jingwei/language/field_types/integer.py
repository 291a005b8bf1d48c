"""`integer`: a whole number that JavaScript can hold."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    ORDER,
    ColumnParser,
    FieldType,
    Kept,
    Known,
    StoredAs,
)
from jingwei.language.field_types.numbers import (
    integer_column,
    integer_of,
    written_number,
)
from jingwei.language.form import Field


class IntegerType(FieldType):
    name = "integer"
    options = frozenset({"min", "max", "unit", "show_in"})
    operators = ORDER
    widget = "number"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.INTEGER)

    def expression_type(self, field: Field) -> Type:
        return Type("number")

    def parse(self, field: Field, raw: Any, known: Known) -> int:
        return integer_of(raw)

    def column_parser(self, field: Field) -> ColumnParser:
        return integer_column

    def written(self, field: Field, text: str) -> int:
        return integer_of(written_number(text))

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "integer"}


TYPE = IntegerType()
