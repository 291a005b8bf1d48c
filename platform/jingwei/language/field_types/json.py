"""`json`: any JSON, at most 64 KB; for what other systems send."""

from __future__ import annotations

import json
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, ValueRefused
from jingwei.language.form import Field

MOST = 65_536


class JsonType(FieldType):
    name = "json"
    operators = ("is empty",)
    widget = "json"
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.JSON)

    def expression_type(self, field: Field) -> Type:
        return Type("any")

    def parse(self, field: Field, raw: Any, known: Known) -> Any:
        try:
            size = len(json.dumps(raw, allow_nan=False, default=float))
        except (TypeError, ValueError, RecursionError):
            raise ValueRefused("not-json") from None
        if size > MOST:
            raise ValueRefused("text-too-long", most=MOST, length=size)
        return raw

    def written(self, field: Field, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            # a word is a text; what opens a bracket or a quote has to close it
            if text.lstrip()[:1] in ("{", "[", '"'):
                raise ValueRefused("not-json") from None
            return text

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {}


TYPE = JsonType()
