"""`rich_text`: formatted text, kept as sanitised Markdown."""

from __future__ import annotations

import html
import re
from typing import Any

from jingwei.language.field_types.base import Known, is_blank
from jingwei.language.field_types.long_text import LongTextType
from jingwei.language.form import Field

_TAG = re.compile(r"<(?!img\b|hr\b|video\b)[^<>]*>", re.IGNORECASE)


class RichTextType(LongTextType):
    name = "rich_text"
    widget = "rich_text"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        """An editor leaves `<p><br></p>` where everything was deleted: nothing is there."""
        text = super().parse(field, raw, known)
        if text is not None and text[:1] == "<" and is_blank(html.unescape(_TAG.sub("", text))):
            return None
        return text


TYPE = RichTextType()
