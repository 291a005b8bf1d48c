"""`markdown`: text with headings, lists and emphasis."""

from __future__ import annotations

from jingwei.language.field_types.long_text import LongTextType


class MarkdownType(LongTextType):
    name = "markdown"
    widget = "markdown"


TYPE = MarkdownType()
