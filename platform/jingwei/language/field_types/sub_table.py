"""`table`: rows of the record. The rows' own fields are parsed by whoever knows their rights."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
)
from jingwei.language.form import Field

MOST_ROWS = 5_000


class TableType(FieldType):
    name = "table"
    options = frozenset(
        {
            "fields",
            "of",
            "columns",
            "layout",
            "min_rows",
            "max_rows",
            "unique",
            "totals",
            "generate",
            "append_only",
            "order",
            "permissions",
        }
    )
    operators = ("is empty",)
    widget = "table"
    is_value = False
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.NONE)

    def expression_type(self, field: Field) -> Type:
        return Type("rows", table=field.name)

    def parse(self, field: Field, raw: Any, known: Known) -> list[dict[str, Any]]:
        if not isinstance(raw, list):
            raise ValueRefused("not-a-list")
        if len(raw) > MOST_ROWS:
            raise ValueRefused("too-many-rows", most=MOST_ROWS)
        for index, row in enumerate(raw):
            if not isinstance(row, dict):
                raise ValueRefused("not-a-row", below=str(index))
        return raw

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "object"}}


TYPE = TableType()
