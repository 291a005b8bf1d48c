"""`phone`: a telephone number, with an optional country code."""

from __future__ import annotations

import re

from jingwei.language.field_types.shaped import ShapedText


class PhoneType(ShapedText):
    name = "phone"
    widget = "phone"
    shape = re.compile(r"\+?[0-9][0-9 ()-]{3,22}[0-9]", re.ASCII)
    most = 30
    refusal = "not-a-phone"


TYPE = PhoneType()
