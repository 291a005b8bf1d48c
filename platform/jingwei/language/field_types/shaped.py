"""Short texts of one shape: a telephone number, an address, a colour."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from jingwei.language.field_types.base import (
    WORDS,
    FieldType,
    Known,
    ValueRefused,
    schema_of_text,
    text_of,
)
from jingwei.language.form import Field


class ShapedText(FieldType):
    """`most`: characters; `refusal`: the code for a text of another shape."""

    operators = WORDS
    shape: ClassVar[re.Pattern[str]]
    most: ClassVar[int]
    refusal: ClassVar[str]

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        text = text_of(raw, most=self.most).strip()
        if text and not self.shape.fullmatch(text):
            raise ValueRefused(self.refusal)
        return text or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(self.most)
