"""`barcode`: the text of a bar code."""

from __future__ import annotations

from jingwei.language.field_types.text import TextType


class BarcodeType(TextType):
    name = "barcode"
    widget = "barcode"


TYPE = BarcodeType()
