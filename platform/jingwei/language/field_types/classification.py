"""`classification`: a level that a classification gives to this record."""

from __future__ import annotations

from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types.base import FieldType, Known, text_of
from jingwei.language.form import Field


class ClassificationType(FieldType):
    name = "classification"
    options = frozenset({"of", "with"})
    widget = "classification"

    def expression_type(self, field: Field) -> Type:
        return Type("choice")

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return text_of(raw, most=100) or None


TYPE = ClassificationType()
