"""What reading gives: plain data, and beside it the place of every key and value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from jingwei.problems import Position

Style = Literal["plain", "single", "double", "literal", "folded"]
Path: TypeAlias = tuple[str | int, ...]
Mark: TypeAlias = tuple[int, int, int]  # line, column, end column; from 1


class Scalar:
    """One written word or text. What it is (number, date, text) only the schema knows."""

    __slots__ = ("style", "text")

    def __init__(self, text: str, style: Style = "plain") -> None:
        self.text = text
        self.style = style

    @property
    def is_empty(self) -> bool:
        """Nothing was written after the key, or a word that means nothing."""
        return self.style == "plain" and self.text in ("", "~", "null", "Null", "NULL")

    def __repr__(self) -> str:
        return f"Scalar({self.text!r}, {self.style!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalar) and (other.text, other.style) == (self.text, self.style)

    def __hash__(self) -> int:
        return hash((self.text, self.style))


Data: TypeAlias = "Scalar | list[Data] | dict[str, Data]"


def plain_data(data: Data) -> Any:
    """Nested data with its scalars as text."""
    if isinstance(data, Scalar):
        return data.text
    if isinstance(data, list):
        return [plain_data(part) for part in data]
    return {key: plain_data(part) for key, part in data.items()}


class Places(Mapping[Path, Position]):
    """Path → position; positions are made when asked for, since few ever are."""

    __slots__ = ("file", "marks")

    def __init__(self, file: str, marks: dict[Path, Mark]) -> None:
        self.file = file
        self.marks = marks

    def __getitem__(self, path: Path) -> Position:
        return Position(self.file, *self.marks[path])

    def __contains__(self, path: object) -> bool:
        return path in self.marks

    def __iter__(self) -> Iterator[Path]:
        return iter(self.marks)

    def __len__(self) -> int:
        return len(self.marks)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file as plain data. `path` is relative to the application's root, with slashes."""

    path: str
    data: Data
    keys: Mapping[Path, Position]
    values: Mapping[Path, Position]
    text: str = field(repr=False)
    broken: bool = False  # parts of it could not be read: what is missing may have been there

    @property
    def fingerprint(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    def value_at(self, path: Path) -> Position:
        """The place of the value, or of the nearest thing around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Position(self.path))

    def key_at(self, path: Path) -> Position:
        return self.keys.get(path) or self.value_at(path)
