"""`phone`: a telephone number, with an optional country code."""

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

SHAPE = re.compile(r"\+?[0-9][0-9 ()-]{3,22}[0-9]", re.ASCII)
MOST = 30


class PhoneType(FieldType):
    name = "phone"
    operators = WORDS
    widget = "phone"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        text = text_of(raw, most=MOST).strip()
        if text and not SHAPE.fullmatch(text):
            raise ValueRefused("not-a-phone")
        return text or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = PhoneType()
