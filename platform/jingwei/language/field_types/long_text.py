"""`long_text`, `markdown`, `rich_text`, `code`: many lines."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import (
    FieldType,
    Kept,
    Known,
    StoredAs,
    schema_of_text,
    text_of,
)
from jingwei.language.form import Field

MOST = 100_000


class LongTextType(FieldType):
    name = "long_text"
    options = frozenset({"max"})
    operators = ("contains", "is empty")
    widget = "long_text"
    sortable = False
    searchable = True

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.LONG_TEXT)

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        words = text_of(raw, most=MOST, lines=True, own=field.max)
        return words.replace("\r\n", "\n") or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = LongTextType()
