"""`percent`: a fraction (15 % is 0.15), six places."""

from __future__ import annotations

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.number import NumberType
from jingwei.language.form import Field


class PercentType(NumberType):
    name = "percent"
    options = frozenset({"min", "max", "precision"})
    widget = "percent"

    def expression_type(self, field: Field) -> Type:
        return Type("percent")


TYPE = PercentType()
