"""`code`: lines shown in a fixed-width face."""

from __future__ import annotations

from jingwei.language.field_types.long_text import LongTextType


class CodeType(LongTextType):
    name = "code"
    widget = "code"


TYPE = CodeType()
