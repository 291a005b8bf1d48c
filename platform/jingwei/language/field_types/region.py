"""`region`: an administrative division, by its six-digit code, which there must be."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Known, ValueRefused
from jingwei.language.form import Field
from jingwei.language.regions import regions


class RegionType(FieldType):
    name = "region"
    operators = ("==", "!=", "in", "starts_with", "is empty")
    widget = "region"

    def parse(self, field: Field, raw: Any, known: Known) -> str:
        if not isinstance(raw, str) or len(raw) != 6 or not (raw.isascii() and raw.isdigit()):
            raise ValueRefused("not-a-region")
        if raw not in regions():
            raise ValueRefused("unknown-region", name=raw)
        return raw

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": "[0-9]{6}"}


TYPE = RegionType()
