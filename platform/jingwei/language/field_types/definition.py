"""`definition`: the `kind/name` of a definition."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Known, text_of
from jingwei.language.form import Field


class DefinitionType(FieldType):
    name = "definition"
    options = frozenset({"of", "many"})
    widget = "definition"
    many_allowed = True
    run = False

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return text_of(raw, most=100) or None


TYPE = DefinitionType()
