"""`scorecard`: a table of the items of a scoring scheme with their scores."""

from __future__ import annotations

from jingwei.language.field_types.sub_table import TableType


class ScorecardType(TableType):
    """Only a definition has it: what is read of it is a field of type `table` that knows its
    scheme, and the catalogue gives that its own columns."""

    name = "scorecard"
    options = frozenset({"scheme", "org", "period", "as_of", "columns"})
    widget = "scorecard"


TYPE = ScorecardType()
