"""`url`: a web address; only http and https, so that a link can be shown."""

from __future__ import annotations

import re

from jingwei.language.field_types.shaped import ShapedText


class UrlType(ShapedText):
    name = "url"
    widget = "url"
    shape = re.compile(r"https?://[^\s<>\"\']+", re.IGNORECASE)
    most = 2000
    refusal = "not-a-url"


TYPE = UrlType()
