"""`indicator`: the name of an indicator, of one set when `set` says so."""

from __future__ import annotations

from jingwei.language.field_types.named import NamedType


class IndicatorType(NamedType):
    name = "indicator"
    expressed = "indicator"
    options = frozenset({"set", "filter", "many"})
    widget = "indicator"


TYPE = IndicatorType()
