"""`secret`: a word that is written and never shown again."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Known, text_of
from jingwei.language.form import Field


class SecretType(FieldType):
    name = "secret"
    operators = ("is empty",)
    widget = "secret"
    sortable = False
    run = False

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        return text_of(raw, most=1_000) or None

    def present(self, field: Field, value: Any) -> str:
        return "******"


TYPE = SecretType()
