"""`secret`: a word that is written, kept sealed and never shown again."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, text_of
from jingwei.language.form import Field

MASK = "•••"  # all that is told of a value that may only be known to be there
MOST_LETTERS = 1_000


class Sealed(str):
    """A secret as it is kept. Whoever writes it again keeps it as it is."""

    __slots__ = ()


class SecretType(FieldType):
    name = "secret"
    operators = ("is empty",)
    widget = "secret"
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.SECRET)

    def parse(self, field: Field, raw: Any, known: Known) -> str | None:
        """The word as it was typed, for the write path to seal at once."""
        if isinstance(raw, Sealed):
            return raw
        if raw == MASK:  # what stands for a secret is none
            return None
        return text_of(raw, most=MOST_LETTERS) or None

    def present(self, field: Field, value: Any) -> str:
        return MASK

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "maxLength": MOST_LETTERS}


TYPE = SecretType()
