"""`boolean`: yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    ColumnParser,
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
)
from jingwei.language.form import Field


class BooleanType(FieldType):
    name = "boolean"
    operators = ("==", "!=")
    widget = "switch"

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.BOOLEAN)

    def expression_type(self, field: Field) -> Type:
        return Type("boolean")

    def parse(self, field: Field, raw: Any, known: Known) -> bool:
        if not isinstance(raw, bool):
            raise ValueRefused("not-a-boolean")
        return raw

    def column_parser(self, field: Field) -> ColumnParser:
        return _all_booleans

    def written(self, field: Field, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueRefused("not-a-boolean")
        return text == "true"

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "boolean"}


def _all_booleans(column: Sequence[Any]) -> Sequence[Any] | None:
    return column if set(map(type, column)) == {bool} else None


TYPE = BooleanType()
