"""`definition`: the `kind/name` of a definition of one of the kinds in `of`."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import Known, ValueRefused
from jingwei.language.field_types.named import NamedType
from jingwei.language.form import Field


class DefinitionType(NamedType):
    name = "definition"
    options = frozenset({"of", "many"})
    widget = "definition"

    def parse(self, field: Field, raw: Any, known: Known) -> str:
        if isinstance(raw, str) and "/" not in raw and len(field.of) == 1:
            raw = f"{field.of[0]}/{raw}"  # of one kind the name says enough
        name = super().parse(field, raw, known)
        kind = name.partition("/")[0]
        if field.of and kind not in field.of:
            raise ValueRefused("definition-other-kind", name=name[:60], kinds=", ".join(field.of))
        return name


TYPE = DefinitionType()
