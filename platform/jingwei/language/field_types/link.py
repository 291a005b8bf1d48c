"""`link`: a record of another form, by id; of one of several forms, by form and id."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import (
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
)
from jingwei.language.form import Field


class LinkType(FieldType):
    name = "link"
    options = frozenset({"to", "many", "filter", "fill", "owner"})
    widget = "link"
    many_allowed = True

    def stored_as(self, field: Field) -> StoredAs:
        if is_polymorphic(field):
            return StoredAs(Kept.POLY_LINK, many=field.many)
        return StoredAs(Kept.LINK, of=field.to[0], many=field.many)

    def expression_type(self, field: Field) -> Type:
        if is_polymorphic(field):
            return Type("record")
        form, _, table = field.to[0].partition(".")
        return Type("record", form=form, table=table or None)

    def parse(self, field: Field, raw: Any, known: Known) -> Any:
        if not is_polymorphic(field):
            return record_id(raw)
        is_whole = isinstance(raw, dict) and set(raw) == {"form", "id"}
        if not is_whole or not isinstance(raw["form"], str):
            raise ValueRefused("not-a-form-and-id", form=field.to[0] if field.to else "form")
        form = raw["form"]
        if field.to and form not in field.to:
            raise ValueRefused("not-a-form-of-link", forms=", ".join(field.to))
        return {"form": form, "id": record_id(raw["id"])}

    def json_schema(self, field: Field) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 1}
        if not is_polymorphic(field):
            return number
        form: dict[str, Any] = {"type": "string"}
        if field.to:
            form["enum"] = list(field.to)
        return {
            "type": "object",
            "properties": {"form": form, "id": number},
            "required": ["form", "id"],
            "additionalProperties": False,
        }


def is_polymorphic(field: Field) -> bool:
    """Whether the form of the record linked is part of the value."""
    return len(field.to) != 1


def record_id(raw: Any) -> int:
    """The id of a record: a whole number from 1. Raises ValueRefused."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw < 2**53:
        raise ValueRefused("not-a-record-id")
    return raw


TYPE = LinkType()
