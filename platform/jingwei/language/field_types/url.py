"""`url`: a web address; only http and https, so that a link can be shown."""

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

SHAPE = re.compile(r"https?://[^\s<>\"\']+", re.IGNORECASE)
MOST = 2000


class UrlType(FieldType):
    name = "url"
    operators = WORDS
    widget = "url"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        text = text_of(raw, most=MOST).strip()
        if text and not SHAPE.fullmatch(text):
            raise ValueRefused("not-a-url")
        return text or None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(MOST)


TYPE = UrlType()
