"""`text`: one line of words."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import WORDS, FieldType, Known, schema_of_text, text_of
from jingwei.language.form import Field

MOST = 1_000


class TextType(FieldType):
    name = "text"
    options = frozenset({"pattern", "max"})
    operators = WORDS
    searchable = True

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return text_of(raw, most=MOST) or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = TextType()
