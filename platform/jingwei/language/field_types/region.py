"""`region`: an administrative division, kept as its six-digit code; a name that only one has is
taken for it."""

from __future__ import annotations

import re
from typing import Any

from jingwei.language.field_types.base import FieldType, Known, ValueRefused
from jingwei.language.form import Field
from jingwei.language.region_names import called
from jingwei.language.regions import full_name, regions
from jingwei.texts import Several

MOST_SIGNS = 80
MOST_NAMED = 10
_CODE = re.compile(r"[0-9]{6}\Z")


class RegionType(FieldType):
    name = "region"
    operators = ("==", "!=", "in", "starts_with", "is empty")
    widget = "region"

    def parse(self, field: Field, raw: Any, known: Known) -> str:
        if not isinstance(raw, str) or len(raw) > MOST_SIGNS:
            raise ValueRefused("not-a-region")
        word = raw.strip()
        if word in regions():
            return word
        if _CODE.match(word):
            raise ValueRefused("unknown-region", name=word)
        found = called(word)
        if not found:
            raise ValueRefused("not-a-region")
        if len(found) > 1:
            said = Several([f"{full_name(code)} {code}" for code in found[:MOST_NAMED]])
            raise ValueRefused("ambiguous-region", name=word, regions=said)
        return found[0]

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": "[0-9]{6}"}


TYPE = RegionType()
