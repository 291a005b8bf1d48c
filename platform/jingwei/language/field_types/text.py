"""`text`: one line of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jingwei.language.field_types.base import (
    BLANK_FIRST,
    WORDS,
    ColumnParser,
    FieldType,
    Known,
    Parser,
    schema_of_text,
    text_of,
)
from jingwei.language.form import Field

MOST = 1_000


class TextType(FieldType):
    name = "text"
    options = frozenset({"pattern", "max"})
    operators = WORDS
    searchable = True

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return text_of(raw, most=MOST, own=field.max) or None

    def parser(self, field: Field) -> Parser:
        def parse(raw: Any, known: Known) -> str | None:
            plain = type(raw) is str and raw[:1] not in BLANK_FIRST and len(raw) <= MOST
            if plain and raw.isprintable():
                return str(raw)  # most words are plain, which is told at once
            return self.parse(field, raw, known)

        return parse

    def column_parser(self, field: Field) -> ColumnParser:
        def parse(column: Sequence[Any]) -> Sequence[Any] | None:
            plain = set(map(type, column)) == {str} and max(map(len, column)) <= MOST
            if plain and BLANK_FIRST.isdisjoint([word[:1] for word in column]):
                return column if "".join(column).isprintable() else None
            return None

        return parse

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = TextType()
