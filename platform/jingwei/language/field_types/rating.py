"""`rating`: stars, from nought to `max` (five)."""

from __future__ import annotations

from jingwei.language.field_types.number import NumberType


class RatingType(NumberType):
    name = "rating"
    options = frozenset({"min", "max", "precision"})
    widget = "rating"


TYPE = RatingType()
