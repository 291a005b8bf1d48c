"""`scorecard`: a table of a scoring scheme's items with their scores."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, ValueRefused
from jingwei.language.form import Field


class ScorecardType(FieldType):
    name = "scorecard"
    options = frozenset({"scheme", "org", "period", "as_of", "columns"})
    operators = ("is empty",)
    widget = "scorecard"
    sortable = False
    run = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.JSON)

    def expression_type(self, field: Field) -> Type:
        return Type("any")

    def parse(self, field: Field, raw: Any, known: Known) -> list[Any]:
        if not isinstance(raw, list):
            raise ValueRefused("not-a-list")
        return raw

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "object"}}


TYPE = ScorecardType()
