"""`note`: words between fields; holds nothing."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, ValueRefused
from jingwei.language.form import Field


class NoteType(FieldType):
    name = "note"
    operators = ()
    widget = "note"
    is_value = False
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.NONE)

    def expression_type(self, field: Field) -> Type:
        return Type("null")

    def parse(self, field: Field, raw: Any, known: Known) -> Any:
        raise ValueRefused("not-a-value")

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"not": {}}


TYPE = NoteType()
