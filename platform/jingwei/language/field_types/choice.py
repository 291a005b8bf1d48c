"""`choice`: one code, or several, of a list."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    FieldType,
    Known,
    Parser,
    ValueRefused,
)
from jingwei.language.form import Field


class ChoiceType(FieldType):
    name = "choice"
    options = frozenset({"choices", "many"})
    widget = "choice"
    many_allowed = True

    def expression_type(self, field: Field) -> Type:
        codes = (
            frozenset(c.code for c in field.choices) if isinstance(field.choices, tuple) else None
        )
        return Type("choice", choices=codes)

    def parse(self, field: Field, raw: Any, known: Known) -> str:
        if not isinstance(raw, str):
            raise ValueRefused("not-text")
        codes = known.codes(field)
        if codes is not None and raw not in codes:
            raise ValueRefused("not-a-choice", value=raw[:40], choices=", ".join(list(codes)[:12]))
        return raw

    def parser(self, field: Field) -> Parser:
        codes = (
            frozenset(c.code for c in field.choices) if isinstance(field.choices, tuple) else None
        )
        if codes is None:
            return super().parser(field)

        def parse(raw: Any, known: Known) -> str:
            return raw if type(raw) is str and raw in codes else self.parse(field, raw, known)

        return parse

    def json_schema(self, field: Field) -> dict[str, Any]:
        if isinstance(field.choices, tuple):
            return {"type": "string", "enum": [c.code for c in field.choices]}
        return {"type": "string"}


TYPE = ChoiceType()
