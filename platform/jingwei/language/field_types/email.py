"""`email`: an address of electronic mail."""

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

SHAPE = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
MOST = 254


class EmailType(FieldType):
    name = "email"
    operators = WORDS
    widget = "email"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        text = text_of(raw, most=MOST).strip()
        if text and not SHAPE.fullmatch(text):
            raise ValueRefused("not-an-email")
        return text or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = EmailType()
