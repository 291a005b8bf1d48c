"""`barcode`: the text of a bar code, without the blanks around it that scanners and cells add."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Known, Parser
from jingwei.language.field_types.text import TextType
from jingwei.language.form import Field


class BarcodeType(TextType):
    name = "barcode"
    widget = "barcode"

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return super().parse(field, raw.strip() if isinstance(raw, str) else raw, known)

    def parser(self, field: Field) -> Parser:
        return FieldType.parser(self, field)


TYPE = BarcodeType()
