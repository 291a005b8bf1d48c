"""`color`: a colour, `#1a2b3c`."""

from __future__ import annotations

import re

from jingwei.language.field_types.shaped import ShapedText


class ColorType(ShapedText):
    name = "color"
    widget = "color"
    shape = re.compile(r"#[0-9a-fA-F]{6}")
    most = 7
    refusal = "not-a-color"


TYPE = ColorType()
