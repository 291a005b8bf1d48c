"""CSV and XLSX in: rows of words by the name of their column, within limits.

A workbook is somebody else's file: what it unpacks to is known before it is read, nothing in it is
followed or computed, and what cannot be read right is told with its place.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from jingwei.gateways.csv_in import csv_lines_of
from jingwei.gateways.xlsx import MOST_COLUMNS, SheetLine, Workbook
from jingwei.gateways.xlsx_parts import SheetPart
from jingwei.refusals import Refused
from jingwei.services.sheet_rows import Row, Unread

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
ABOUT = "_about"
_MOST_ABOUT = 20  # lines
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old workbooks, and of those with a password
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_PAGE = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<?xml version", b"<head")


@dataclass(slots=True)
class SheetFile:
    """A file of sheets, read again each time it is walked."""

    path: Path
    name: str

    def __iter__(self) -> Iterator[Row]:
        with self._opened() as (file, size):
            yield from _rows(_lines(file, size, self.name), exact=True)

    def about(self) -> Mapping[str, str]:
        """What a template says of itself."""
        with self._opened() as (file, size):
            if not _is_zip(file):
                return {}
            book = Workbook(file, size)
            try:
                part = next((s for s in book.around.sheets if s.name == ABOUT), None)
                return {} if part is None else _said(book.lines(part))
            finally:
                book.close()

    def sheets(self) -> Sequence[str]:
        """Names of the further sheets that people see."""
        return [part.name for part in self._parts()[1:]]

    def first(self) -> str:
        """The name of the sheet whose rows are walked; of CSV there is none."""
        parts = self._parts()
        return parts[0].name if parts else ""

    def keyed(self, name: str) -> KeptRows:
        """The rows of a further sheet, by the word in their first column."""
        with self._opened() as (file, size):
            book = Workbook(file, size)
            try:
                part = next(s for s in book.visible if s.name == name)
                return KeptRows(_rows(book.lines(part), exact=True))
            finally:
                book.close()

    def _parts(self) -> Sequence[SheetPart]:
        with self._opened() as (file, size):
            if not _is_zip(file):
                return ()
            book = Workbook(file, size)
            try:
                return tuple(book.visible)
            finally:
                book.close()

    def _opened(self) -> _Opened:
        return _Opened(self.path)


class _Opened:
    """A file of a bearable size, with its size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> tuple[IO[bytes], int]:
        if not self._path.is_file():
            raise Refused("no-such-file", file=self._path)
        size = self._path.stat().st_size
        if size > MOST_BYTES:
            raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
        self._file = self._path.open("rb")
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
    with _Opened(path) as (file, size):
        yield from _readable(_rows(_lines(file, size, name or path.name)))


def read_rows(content: bytes, name: str) -> Iterator[Row]:
    """The same from bytes; `name` is only said when they cannot be read."""
    if len(content) > MOST_BYTES:
        raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
    return _readable(_rows(_lines(io.BytesIO(content), len(content), name)))


def _readable(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        for cell in row.values():
            if isinstance(cell, Unread):
                raise Refused(cell.code, **cell.holes)
        yield row


# --- lines ---------------------------------------------------------------------------------------


def _lines(file: IO[bytes], size: int, name: str) -> Iterator[SheetLine]:
    if _is_zip(file):
        book = Workbook(file, size)
        try:
            yield from book.lines(book.visible[0])
        finally:
            book.close()
        return
    _refuse_others(file, name)
    for number, line in enumerate(csv_lines_of(file, name), 1):
        yield SheetLine(number, list(line))


def _is_zip(file: IO[bytes]) -> bool:
    file.seek(0)
    found = file.read(2) == b"PK"
    file.seek(0)
    return found


def _refuse_others(file: IO[bytes], name: str) -> None:
    """Files that are called sheets by people and are none, each with its own remedy."""
    content = file.read(1024)
    if content.startswith(_COMPOUND):
        file.seek(0)
        whole = file.read(MOST_BYTES)
        raise Refused("sheet-password" if _PASSWORD in whole else "sheet-old", file=name)
    head = content.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith(_PAGE):
        raise Refused("sheet-page", file=name)
    file.seek(0)


def _rows(lines: Iterator[SheetLine], *, exact: bool = False) -> Iterator[Row]:
    """`exact`: with the blanks around words, which are part of a text that comes back; and rows
    that are not to be taken say why."""
    header: list[str] | None = None
    columns: tuple[str, ...] = ()
    kept = 0
    for line in lines:
        cells = line.cells
        if not exact:
            cells = [c.strip() if type(c) is str else c for c in cells]
        if header is None:
            if _is_blank(cells):
                continue
            header = _header(cells)
            columns = tuple(name for name in header if name)
            continue
        found = {name: cell for name, cell in zip(header, cells, strict=False) if cell and name}
        problem = _problem(line, cells, header) if exact else None
        if (not found or _is_blank(found.values())) and problem is None:
            continue
        kept += 1
        if kept > MOST_ROWS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)
        yield Row(found, line.number, columns, problem)


def _is_blank(cells: Any) -> bool:
    return not any(type(c) is not str or c.strip() for c in cells if c is not None)


def _problem(line: SheetLine, cells: Sequence[Any], header: Sequence[str]) -> Unread | None:
    if line.is_hidden:
        return Unread("sheet-row-hidden", {"row": line.number})
    if len(cells) > len(header) or "" in header:
        for at, cell in enumerate(cells):
            if cell and (at >= len(header) or not header[at]) and not _is_blank([cell]):
                said = cell[:40] if type(cell) is str else cell.holes.get("cell", "")
                return Unread("sheet-no-heading", {"column": at + 1, "words": said})
    return None


def _header(cells: Sequence[Any]) -> list[str]:
    heads = [cell.strip() if type(cell) is str else "" for cell in cells]
    while heads and not heads[-1]:
        heads.pop()
    if len(heads) > MOST_COLUMNS:
        raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
    seen: set[str] = set()
    for word in heads:
        if word and word in seen:
            raise Refused("sheet-column-twice", column=word)
        seen.add(word)
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
