"""`tags`: free words, several."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
    text_of,
)
from jingwei.language.form import Field

MOST_TAGS = 50


class TagsType(FieldType):
    name = "tags"
    operators = ("in", "is empty")
    widget = "tags"
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.TEXT, many=True)

    def expression_type(self, field: Field) -> Type:
        return Type("list", of=Type("text"))

    def parse(self, field: Field, raw: Any, known: Known) -> list[str]:
        if not isinstance(raw, list):
            raise ValueRefused("not-a-list")
        if len(raw) > MOST_TAGS:
            raise ValueRefused("too-many-values", most=MOST_TAGS)
        words = [text_of(word, most=100).strip() for word in raw]
        return list(dict.fromkeys(word for word in words if word))

    def written(self, field: Field, text: str) -> list[str]:
        return [text]

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "maxLength": 100}}


TYPE = TagsType()
