"""`file`: an uploaded file, by its id."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import FieldType, Kept, Known, StoredAs, ValueRefused
from jingwei.language.form import Field


class FileType(FieldType):
    name = "file"
    options = frozenset({"many"})
    operators = ("is empty",)
    widget = "file"
    many_allowed = True
    sortable = False

    def stored_as(self, field: Field) -> StoredAs:
        return StoredAs(Kept.FILE, many=field.many)

    def parse(self, field: Field, raw: Any, known: Known) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw < 2**53:
            raise ValueRefused("not-a-file-id")
        return raw

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1}


TYPE = FileType()
