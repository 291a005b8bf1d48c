"""CSV and XLSX in: rows of words by the name of their column, within limits.

A workbook is somebody else's file: what it unpacks to is known before it is read, nothing in it is
followed or computed, and what cannot be read right is told with its place.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from xlsxwriter.utility import xl_col_to_name

from jingwei.gateways.csv_in import csv_lines_of, prove_csv
from jingwei.gateways.sheet_heads import MOST_ABOVE, head_of, heads_of
from jingwei.gateways.sheet_kinds import MOST_BYTES, is_zip, refuse_others
from jingwei.gateways.xlsx import MOST_COLUMNS, SheetLine, Workbook
from jingwei.gateways.xlsx_parts import SheetPart
from jingwei.gateways.xlsx_survey import Merged, Survey
from jingwei.refusals import Refused
from jingwei.services.sheet_rows import Columns, Row, Unread
from jingwei.storage.sealing import SEALED_FILE

MOST_ROWS = 200_000
ABOUT = "_about"
Opened = Callable[[bytes], bytes]
_MOST_ABOUT = 20  # lines


@dataclass(slots=True)
class SheetFile:
    """A file of sheets, read again each time it is walked. `opened`: of one that was sealed before
    it was kept, its content."""

    path: Path
    name: str
    opened: Opened = bytes
    _head: int | None = None  # the row of the headings, once it was looked for
    _main: str = ""  # the sheet that has them
    _codes: tuple[int, ...] = ()  # columns of codes
    _surveys: dict[str, Survey] = field(default_factory=dict)
    from_1904: bool = False  # whether its days are counted from there
    titles: Sequence[str] = ()
    _repeated: dict[Any, dict[str, dict[str, list[int]]]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                lines = csv_lines(file, self.name)
                yield from _rows(lines, exact=True, head=self._head)
                return
            with closing(Workbook(file, size, self._surveys)) as book:
                part = self._part(book)
                is_one = len(book.visible) > 1
                yield from _book_rows(book, part, self._head, is_one, self._codes)

    def expect(
        self,
        is_known: Callable[[str], bool],
        tables: Collection[str],
        is_code: Callable[[str], bool],
    ) -> None:
        """Find the sheet and the row that hold the headings: above them may stand what people
        write above a table. Raises Refused for a file that has none of them."""
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                top = list(islice(csv_lines(file, self.name), MOST_ABOVE))
                found = head_of(top, (), is_known)
                self._take(found, bool(top), is_code)
                return
            with closing(Workbook(file, size, self._surveys)) as book:
                parts = [p for p in book.visible if p.name not in tables] or book.visible
                is_any = False
                for part in parts:
                    top = list(islice(book.lines(part), MOST_ABOVE))
                    is_any = is_any or bool(top)
                    found = head_of(top, book.survey(part).merged, is_known)
                    if found is not None:
                        self._main = part.name
                        break
                self.from_1904 = book.around.from_1904
                self._take(found, is_any, is_code)

    def _take(
        self, found: tuple[int, list[str]] | None, is_any: bool, is_code: Callable[[str], bool]
    ) -> None:
        if found is None:
            raise Refused("sheet-no-headings" if is_any else "sheet-empty", file=self.name)
        self._head, heads = found
        self.titles = [head for head in heads if head]
        self._codes = tuple(at for at, head in enumerate(heads) if head and is_code(head))

    def prove(self) -> None:
        """Walk to the end, so that nothing is written of a file whose end is bad. Raises Refused
        for what cannot be read, and for too many rows."""
        if any(asked[-1] is None for asked in self._repeated):
            return  # it was
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                lines = prove_csv(file, self.name, size)
            else:
                with closing(Workbook(file, size, self._surveys)) as book:
                    lines = sum(1 for _ in book.lines(self._part(book), self._codes))
        if lines > MOST_ROWS:  # some may be blank
            for _ in self:
                pass

    def repeated(
        self, titles: Sequence[str], loose: Collection[str], most: int | None
    ) -> Mapping[str, Mapping[str, Sequence[int]]]:
        """The words that stand more than once in these columns of the first rows (all, where
        `most` is None), and in which rows; in `loose` ones whatever blanks are around them. Once
        all were walked, the file is proved, too."""
        asked = (*titles, most)
        if asked not in self._repeated:
            first: dict[str, dict[str, int]] = {title: {} for title in titles}
            found: dict[str, dict[str, list[int]]] = {title: {} for title in titles}
            for row in islice(self, most):
                for title in titles:
                    word = row.get(title)
                    if type(word) is str:
                        word = word.strip() if title in loose else word
                        before = first[title].setdefault(word, row.number)
                        if before != row.number:
                            found[title].setdefault(word, [before]).append(row.number)
            self._repeated[asked] = found
        return self._repeated[asked]

    def about(self) -> Mapping[str, str]:
        """What a template says of itself."""
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                return {}
            with closing(Workbook(file, size, self._surveys)) as book:
                part = next((s for s in book.around.sheets if s.name == ABOUT), None)
                return {} if part is None else _said(book.lines(part))

    def sheets(self) -> Sequence[str]:
        """Names of the further sheets that people see."""
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                return ()
            with closing(Workbook(file, size, self._surveys)) as book:
                main = self._part(book)
                return [part.name for part in book.visible if part is not main]

    def first(self) -> str:
        """The name of the sheet whose rows are walked; of CSV there is none."""
        with self._opened() as (file, size), said_of(self.name):
            if not is_zip(file):
                return ""
            with closing(Workbook(file, size, self._surveys)) as book:
                return self._part(book).name

    def keyed(self, name: str, is_code: Callable[[str], bool] | None = None) -> KeptRows:
        """The rows of a further sheet, by the word in their first column. `is_code`: in which
        columns numbers are codes."""
        with (
            self._opened() as (file, size),
            said_of(self.name),
            closing(Workbook(file, size, self._surveys)) as book,
        ):
            part = next(s for s in book.visible if s.name == name)
            codes: list[int] = []
            if is_code is not None:
                heads = next((line.cells for line in book.lines(part)), ())
                words = enumerate(h.strip() if type(h) is str else "" for h in heads)
                codes = [at for at, word in words if word and is_code(word)]
            return KeptRows(_book_rows(book, part, None, True, codes))

    def _part(self, book: Workbook) -> SheetPart:
        return next((p for p in book.visible if p.name == self._main), book.visible[0])

    def _opened(self) -> _Opened:
        return _Opened(self.path, self.opened)


@contextmanager
def said_of(name: str) -> Iterator[None]:
    """What cannot be read is called by the name that people know it by."""
    try:
        yield
    except Refused as refused:
        if "file" in refused.holes and refused.holes["file"] != name:
            raise Refused(refused.code, file=name) from None
        raise


class _Opened:
    """A file of a bearable size, with its size."""

    def __init__(self, path: Path, opened: Opened = bytes) -> None:
        self._path, self._opened = path, opened
        self._file: IO[bytes] | None = None

    def __enter__(self) -> tuple[IO[bytes], int]:
        if not self._path.is_file():
            raise Refused("no-such-file", file=self._path)
        size = self._path.stat().st_size
        if size > MOST_BYTES:
            raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
        self._file = self._path.open("rb")
        if self._file.read(len(SEALED_FILE)) == SEALED_FILE:
            self._file.seek(0)
            content = self._opened(self._file.read())
            self._file.close()
            self._file, size = io.BytesIO(content), len(content)
        self._file.seek(0)
        return self._file, size

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def read_sheet(path: Path) -> list[Row]:
    """The rows of the first sheet; empty cells are missing, whole empty rows are left out.

    Raises Refused for a file that is too large, broken, or has a column twice, and for a cell that
    cannot be read.
    """
    return list(stream_sheet(path))


def stream_sheet(path: Path, name: str | None = None) -> Iterator[Row]:
    """The same one by one. `name`: what the file is called, where its path does not say it."""
    called = name or path.name
    with _Opened(path) as (file, size), said_of(called):
        yield from _readable(_rows(_lines(file, size, called)))


def read_rows(content: bytes, name: str) -> Iterator[Row]:
    """The same from bytes; `name` is only said when they cannot be read."""
    if len(content) > MOST_BYTES:
        raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
    with said_of(name):
        yield from _readable(_rows(_lines(io.BytesIO(content), len(content), name)))


def _readable(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        for cell in row.values():
            if isinstance(cell, Unread):
                raise Refused(cell.code, **cell.holes)
        yield row


# --- lines ---------------------------------------------------------------------------------------


def _lines(file: IO[bytes], size: int, name: str) -> Iterator[SheetLine]:
    if not is_zip(file):
        yield from csv_lines(file, name)
        return
    with closing(Workbook(file, size)) as book:
        book.refuse_merged(book.visible[0], 0)
        yield from book.lines(book.visible[0])


def _book_rows(
    book: Workbook,
    part: SheetPart,
    head: int | None,
    is_one_of_several: bool,
    codes: Collection[int] = (),
) -> Iterator[Row]:
    book.refuse_merged(part, head or 0)
    name = part.name if is_one_of_several else ""
    lines = book.lines(part, codes)
    merged = book.survey(part).merged
    yield from _rows(lines, exact=True, head=head, sheet=name, merged=merged)


def csv_lines(file: IO[bytes], name: str) -> Iterator[SheetLine]:
    refuse_others(file, name)
    for number, line in enumerate(csv_lines_of(file, name), 1):
        yield SheetLine(number, line)


def _rows(
    lines: Iterator[SheetLine],
    *,
    exact: bool = False,
    head: int | None = None,
    sheet: str = "",
    merged: Sequence[Merged] = (),
) -> Iterator[Row]:
    """`exact`: with the blanks around words, which are part of a text that comes back; and rows
    that are not to be taken say why. `head`: the row of the headings; None: the first that holds
    something."""
    header: list[str] | None = None
    columns: Columns = Columns()
    all_named = False  # whether each column has a heading
    kept = 0
    above: list[SheetLine] = []
    for line in lines:
        cells = line.cells
        if not exact:
            cells = [c.strip() if type(c) is str else c for c in cells]
        if header is None:
            if _is_blank(cells) or (head is not None and line.number < head):
                above.append(line)
                continue
            header = _header(heads_of(line, above, merged) if merged else cells)
            all_named = "" not in header
            columns = Columns.placed(
                {name: xl_col_to_name(at) for at, name in enumerate(header) if name}, sheet
            )
            continue
        if all_named and len(cells) == len(header) and all(cells):
            found = dict(zip(header, cells, strict=True))
        else:
            found = {name: c for name, c in zip(header, cells, strict=False) if c and name}
        problem = _problem(line, cells, header) if exact else None
        if problem is None:
            if not found or _is_blank(found.values()):
                continue
            if exact and _are_headings(found):
                continue
        kept += 1
        if kept > MOST_ROWS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)
        row = Row(found, line.number, columns, problem)
        if line.numbers:
            row.numbers = [header[at] for at in line.numbers]
        yield row


def _are_headings(found: Mapping[str, Any]) -> bool:
    """Headings that stand again further down, as on each page that is printed."""
    name, cell = next(iter(found.items()))
    if cell != name or len(found) < 2:
        return False
    return all(type(cell) is str and cell.strip() == name for name, cell in found.items())


def _is_blank(cells: Any) -> bool:
    seen = next((c for c in cells if c is not None and (type(c) is not str or c.strip())), None)
    return seen is None


def _problem(line: SheetLine, cells: Sequence[Any], header: Sequence[str]) -> Unread | None:
    if line.is_hidden:
        return Unread("sheet-row-hidden", {"row": line.number})
    if len(cells) > len(header) or "" in header:
        for at, cell in enumerate(cells):
            if cell and (at >= len(header) or not header[at]) and not _is_blank([cell]):
                said = cell[:40] if type(cell) is str else cell.holes.get("cell", "")
                holes = {"column": xl_col_to_name(at), "words": said}
                return Unread("sheet-no-heading", holes)
    return None


def _header(cells: Sequence[Any]) -> list[str]:
    heads = [cell.strip() if type(cell) is str else "" for cell in cells]
    while heads and not heads[-1]:
        heads.pop()
    if len(heads) > MOST_COLUMNS:
        raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
    seen: dict[str, int] = {}
    for at, word in enumerate(heads):
        if word and word in seen:
            first, second = (xl_col_to_name(one) for one in (seen[word], at))
            raise Refused("sheet-column-twice", column=word, first=first, second=second)
        seen[word] = at
    return heads


def _said(lines: Iterator[SheetLine]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        words = [cell for cell in line.cells if type(cell) is str]
        if len(words) >= 2:
            found[words[0]] = words[1]
        if len(found) >= _MOST_ABOUT:
            break
    return found


# --- further sheets ------------------------------------------------------------------------------


@dataclass(slots=True)
class KeptRows:
    """Rows of a further sheet by the word in their first column, in a file beside memory."""

    rows: Any
    columns: Sequence[str] = ()
    _places: dict[str, list[int]] = field(default_factory=dict)
    _file: Any = None

    def __post_init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # closed with this object
        at = 0
        for row in self.rows:
            self.columns = row.columns
            key = row.get(row.columns[0], "") if row.columns else ""
            word = key.strip() if type(key) is str else ""
            self._places.setdefault(word, []).append(at)
            cells = {k: v if type(v) is str else [v.code, dict(v.holes)] for k, v in row.items()}
            problem = row.problem and [row.problem.code, dict(row.problem.holes)]
            at += self._file.write(json.dumps([row.number, cells, problem]).encode() + b"\n")
        self.rows = None

    def take(self, key: str) -> list[Row]:
        places = self._places.pop(key.strip(), None)
        return [] if not key or places is None else [self._row(at) for at in places]

    def left(self) -> Iterator[Row]:
        for places in self._places.values():
            for at in places:
                yield self._row(at)

    def _row(self, at: int) -> Row:
        self._file.seek(at)
        number, cells, problem = json.loads(self._file.readline())
        found = {k: v if type(v) is str else Unread(v[0], v[1]) for k, v in cells.items()}
        return Row(found, number, self.columns, Unread(problem[0], problem[1]) if problem else None)
