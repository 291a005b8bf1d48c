"""Rows of a sheet, as whoever reads files hands them over: words by the name of their column, and
where they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jingwei.refusals import FieldRefusal


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell whose content cannot be known: a formula without a result, an error value."""

    code: str
    holes: Mapping[str, Any] = field(default_factory=dict)

    def refusal(self, path: str) -> FieldRefusal:
        return FieldRefusal(path, self.code, dict(self.holes))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell that is written with a mark."""

    value: Any


class Columns(tuple[str, ...]):
    """The columns of a sheet that have a heading. `letters`: what Excel calls them; `sheet`: its
    name, where there are several."""

    letters: Mapping[str, str]
    sheet: str

    @classmethod
    def placed(cls, letters: Mapping[str, str], sheet: str = "") -> Columns:
        made = cls(letters)
        made.letters, made.sheet = letters, sheet
        return made


class Row(dict[str, Any]):
    """Cells that are not empty by the name of their column: words, or Unread.

    `number`: of the row in its sheet, from 1. `columns`: every column there is. `problem`: why the
    whole row is not to be taken. `numbers`: columns of codes in which a number stands.
    """

    __slots__ = ("columns", "number", "numbers", "problem")

    def __init__(
        self,
        cells: Any,
        number: int,
        columns: Sequence[str] = (),
        problem: Unread | None = None,
    ) -> None:
        super().__init__(cells)
        self.number = number
        self.columns = columns
        self.problem = problem
        self.numbers: Sequence[str] = ()


class KeyedRows(Protocol):
    """Rows of a further sheet by the word in their first column."""

    columns: Sequence[str]

    def take(self, key: str) -> list[Row]:
        """The rows under this key, in their order."""

    def left(self) -> Iterator[Row]:
        """Rows that nobody took."""


class Book(Protocol):
    """A file of sheets. Walked again, it is read again."""

    def __iter__(self) -> Iterator[Row]:
        """The rows of the first sheet."""

    from_1904: bool
    titles: Sequence[str]  # the headings, once they were looked for

    def expect(
        self,
        is_known: Callable[[str], bool],
        tables: Collection[str],
        is_code: Callable[[str], bool],
    ) -> None:
        """Which headings are known, so that the row of them is found below what is written above
        it; what sheets of tables are called; and in which columns numbers are codes. Raises
        Refused for a file without any known heading."""

    def first(self) -> str:
        """The name of the sheet whose rows are walked; of CSV there is none."""

    def about(self) -> Mapping[str, str]:
        """What a template says of itself: `form`, `fingerprint`."""

    def sheets(self) -> Sequence[str]:
        """Names of the further sheets."""

    def keyed(self, name: str, is_code: Callable[[str], bool] | None = None) -> KeyedRows:
        """The rows of a further sheet. `is_code`: in which columns numbers are codes."""

    def repeated(
        self, titles: Sequence[str], loose: Collection[str], most: int | None
    ) -> Mapping[str, Mapping[str, Sequence[int]]]:
        """The words that stand more than once in these columns of the first rows (all, where
        `most` is None), and in which rows; in `loose` ones whatever blanks are around them."""


Sheet = Iterable[Mapping[str, Any]]
