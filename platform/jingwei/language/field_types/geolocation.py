"""`geolocation`: `{lat, lon}` in degrees (WGS 84)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, ValueRefused
from jingwei.language.form import Field

LIMITS = {"lat": 90, "lon": 180}


class GeolocationType(FieldType):
    name = "geolocation"
    operators = ("is empty",)
    widget = "geolocation"
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.JSON)

    def expression_type(self, field: Field) -> Type:
        return Type("any")

    def parse(self, field: Field, raw: Any, known: Known) -> dict[str, Decimal]:
        if not isinstance(raw, dict) or set(raw) != set(LIMITS):
            raise ValueRefused("not-a-place")
        place = {}
        for name, limit in LIMITS.items():
            number = raw[name]
            if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
                raise ValueRefused("not-a-place")
            if not -limit <= number <= limit:
                raise ValueRefused("not-a-place")
            # as it is read back, so that the same place is no change
            place[name] = number if isinstance(number, Decimal) else Decimal(str(number))
        return place

    def json_schema(self, field: Field) -> dict[str, Any]:
        number = {"type": "number"}
        return {"type": "object", "properties": {"lat": number, "lon": number}}


TYPE = GeolocationType()
