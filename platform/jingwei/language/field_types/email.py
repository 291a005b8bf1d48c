"""`email`: an address of electronic mail."""

from __future__ import annotations

import re

from jingwei.language.field_types.shaped import ShapedText


class EmailType(ShapedText):
    name = "email"
    widget = "email"
    shape = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
    most = 254
    refusal = "not-an-email"


TYPE = EmailType()
