"""`rich_text`: formatted text, kept as sanitised Markdown."""

from __future__ import annotations

from jingwei.language.field_types.long_text import LongTextType


class RichTextType(LongTextType):
    name = "rich_text"
    widget = "rich_text"


TYPE = RichTextType()
