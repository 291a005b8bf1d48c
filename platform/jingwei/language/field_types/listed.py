"""What a list can do with a field: `check` and every screen ask here."""

from __future__ import annotations

from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field

# of which no condition can be asked in one box
NOT_ASKED = frozenset(
    ("table", "json", "geolocation", "heading", "note", "secret") + ("file", "image", "signature")
)
# that search finds records by: by their words, or by what their values are called
_SEARCHED = frozenset(
    ("text", "long_text", "rich_text", "markdown", "code", "tags", "email", "phone", "barcode")
    + ("integer", "date", "period", "choice", "classification", "person", "link")
    + ("definition", "form", "indicator", "role", "post", "org")
)


def is_searched(field: Field) -> bool:
    """Whether search finds records by it; by the rows of their tables it finds none."""
    return not field.table and field.type in _SEARCHED


def is_sortable(field: Field) -> bool:
    """Whether rows have an order by it: records of several forms have none among each other."""
    if field.many or (field.type == "link" and is_polymorphic(field)):
        return False
    return FIELD_TYPES[field.type].sortable


def is_grouped(field: Field) -> bool:
    """Whether rows that have it in common make a group."""
    if field.type == "link":
        return not field.many and not is_polymorphic(field)
    return is_sortable(field)


def is_asked(field: Field) -> bool:
    """Whether a box above the list can ask for it."""
    return field.type not in NOT_ASKED
