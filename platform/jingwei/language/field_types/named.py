"""What `org`, `person`, `role`, `post`, `indicator`, `form` share: the name of something known."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type, TypeName
from jingwei.language.field_types.base import (
    FieldType,
    Kept,
    Known,
    StoredAs,
    ValueRefused,
    schema_of_text,
)
from jingwei.language.form import Field


class NamedType(FieldType):
    """`kept`: in what; `expressed`: the type of expressions."""

    kept = Kept.NAME
    expressed: TypeName = "text"
    options = frozenset({"filter", "many"})
    many_allowed = True

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(self.kept, of=self.name, many=field.many)

    def expression_type(self, field: Field) -> Type:
        return Type(self.expressed)

    def parse(self, field: Field, raw: Any, known: Known) -> str:
        if not isinstance(raw, str):
            raise ValueRefused("not-text")
        if not known.knows(self.name, raw):
            raise ValueRefused(f"unknown-{self.name}", name=raw[:60])
        return raw

    def json_schema(self, field: Field) -> dict[str, Any]:
        return schema_of_text(100)
