"""What the columns of a sheet are, and what a cell of them may be before it is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.form import Field
from jingwei.services.sheet_cells import Converter
from jingwei.services.sheet_rows import Unread


@dataclass(slots=True)
class Column:
    """What a column of a sheet is. `is_name`: its words may name a person or a record."""

    name: str
    convert: Converter
    definition: Field | None
    is_system: bool = False
    is_titled: bool = False  # headed by its title, not by its name
    is_name: bool = False
    is_trimmed: bool = False

    def __post_init__(self) -> None:
        found = self.definition
        if found is not None:
            self.is_trimmed = found.type == "barcode"
            linked = found.type == "link" and not is_polymorphic(found)
            self.is_name = found.type == "person" or linked


def waits(value: Any) -> bool:
    """Whether it names a record that is not there."""
    return any(isinstance(v, Unread) and v.code == "no-record-named" for v in each(value))


def is_name(value: Any) -> bool:
    return type(value) is str and bool(value)


def each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else (value,)


def row_id(cell: str) -> Any:
    word = cell.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 17 else word
