"""`money`: an amount in the main unit of its currency, two places."""

from __future__ import annotations

from jingwei.language.field_types.number import NumberType


class MoneyType(NumberType):
    name = "money"
    widget = "money"


TYPE = MoneyType()
