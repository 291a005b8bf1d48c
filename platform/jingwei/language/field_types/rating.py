"""`rating`: stars, from nought to `max` (five)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jingwei.language.field_types.base import Known, Parser, ValueRefused
from jingwei.language.field_types.number import NumberType
from jingwei.language.field_types.numbers import decimal_of
from jingwei.language.form import Field

MOST = 5


class RatingType(NumberType):
    name = "rating"
    options = frozenset({"min", "max", "precision"})
    widget = "rating"

    def parse(self, field: Field, raw: Any, known: Known) -> Decimal:
        """Limits of the definition are judged with the record; without any there are five stars."""
        stars = decimal_of(raw, field)
        if stars < 0 and field.min is None:
            raise ValueRefused("below-least", least=0)
        if stars > MOST and field.max is None:
            raise ValueRefused("above-most", most=MOST)
        return stars

    def parser(self, field: Field) -> Parser:
        return lambda raw, known: self.parse(field, raw, known)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {
            "type": "number",
            **({"minimum": 0} if field.min is None else {}),
            **({"maximum": MOST} if field.max is None else {}),
        }


TYPE = RatingType()
