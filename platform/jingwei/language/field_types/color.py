"""`color`: a colour, `#1a2b3c`."""

from __future__ import annotations

import re
from typing import Any

from jingwei.language.field_types.base import (
    WORDS,
    FieldType,
    Known,
    ValueRefused,
    schema_of_text,
    text_of,
)
from jingwei.language.form import Field

SHAPE = re.compile(r"#[0-9a-fA-F]{6}")
MOST = 7


class ColorType(FieldType):
    name = "color"
    operators = WORDS
    widget = "color"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        text = text_of(raw, most=MOST).strip()
        if text and not SHAPE.fullmatch(text):
            raise ValueRefused("not-a-color")
        return text or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = ColorType()
