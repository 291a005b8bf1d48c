"""CSV and XLSX in: rows of text by column name, within limits.

A workbook is somebody else's file: what it unpacks to is measured before it is read, nothing in it
is followed or computed, and what cannot be read right is refused with the place.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from jingwei.refusals import Refused
from jingwei.services.sheet_cells import unquoted

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_CELLS = 6_000_000  # of the square around everything: a workbook is read as a whole
MOST_EXPANSION = 100  # an XLSX is a zip: how much more it may hold than it weighs
ENCODINGS = ("utf-8-sig", "gb18030")  # what Excel writes on a Chinese machine
_PIECE = 1024 * 1024
_OVERLAP, _LONGEST_CELL = 32, 64 * 1024  # of pieces: a word that is cut in two is seen whole
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_LETTERS = re.compile(rb'<c [^>/]*?\br="([A-Z]{1,3})[0-9]{1,7}"[^>/]*>')
_NUMBERS = re.compile(rb'<c [^>/]*?\br="[A-Z]{1,3}([0-9]{1,7})"[^>/]*>')
_UNCOMPUTED = re.compile(
    rb'<c [^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY", b"<!doctype")


class Row(dict[str, str]):
    """Cells by the name of their column. `number`: of the row in its sheet, from 1."""

    __slots__ = ("number",)

    def __init__(self, cells: Any, number: int) -> None:
        super().__init__(cells)
        self.number = number


@dataclass(frozen=True, slots=True)
class SheetFile:
    """The rows of a file as they are written, read again each time they are walked."""

    path: Path
    name: str

    def __iter__(self) -> Iterator[Row]:
        return stream_sheet(self.path, self.name, exact=True)


def read_sheet(path: Path) -> list[Row]:
    """The rows of the first sheet; empty cells are missing, whole empty rows are left out.

    Raises Refused for a file that is too large, broken, or has a column twice.
    """
    return list(stream_sheet(path))


def stream_sheet(path: Path, name: str | None = None, *, exact: bool = False) -> Iterator[Row]:
    """The same one by one. `name`: what the file is called, where its path does not say it.
    `exact`: with the blanks around words, which are part of a text that comes back."""
    if not path.is_file():
        raise Refused("no-such-file", file=path)
    with path.open("rb") as file:
        yield from _rows(file, path.stat().st_size, name or path.name, exact)


def read_rows(content: bytes, name: str, *, exact: bool = False) -> Iterator[Row]:
    """The same from bytes; `name` is only said when they cannot be read."""
    yield from _rows(io.BytesIO(content), len(content), name, exact)


def _rows(file: IO[bytes], size: int, name: str, exact: bool) -> Iterator[Row]:
    if size > MOST_BYTES:
        raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
    is_zip = file.read(2) == b"PK"
    file.seek(0)
    lines = _workbook(file, size) if is_zip else _csv(file, name)
    header: list[str] | None = None
    kept = 0
    for number, line in enumerate(lines, 1):
        words = [cell if type(cell) is str else _text(cell) for cell in line]
        if not exact:
            words = [word.strip() for word in words]
        if not any(words) or not any(word.strip() for word in words):
            continue
        if header is None:
            header = _header(words)
            continue
        kept += 1
        if kept > MOST_ROWS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)
        cells = ((key, word) for key, word in zip(header, words, strict=False) if key and word)
        yield Row(cells, number)


def _header(words: Sequence[str]) -> list[str]:
    if len(words) > MOST_COLUMNS:
        raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
    heads = [word.strip() for word in words]
    named = [word for word in heads if word]
    for word in named:
        if named.count(word) > 1:
            raise Refused("sheet-column-twice", column=word)
    return heads


def _csv(file: IO[bytes], name: str) -> Iterator[Sequence[Any]]:
    encoding = _encoding(file)
    if encoding is None:
        raise Refused("sheet-broken", file=name)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        for line in csv.reader(text):
            yield [unquoted(cell) for cell in line]
    except csv.Error:
        raise Refused("sheet-broken", file=name) from None
    finally:
        text.detach()  # whoever opened the file closes it


def _encoding(file: IO[bytes]) -> str | None:
    """In which of the encodings the whole file is text; it is read once for it, bit by bit."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(_PIECE):
                if b"\x00" in piece:
                    return None
                decoder.decode(piece)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        finally:
            file.seek(0)
        return encoding
    return None


# --- workbooks -----------------------------------------------------------------------------------


def _workbook(file: IO[bytes], size: int) -> Iterator[Sequence[Any]]:
    try:
        with zipfile.ZipFile(file) as archive:
            _measure(archive, size)
        file.seek(0)
        book = CalamineWorkbook.from_filelike(file)
        sheet = book.get_sheet_by_index(0)
        _refuse_merged(sheet)
        yield from sheet.iter_rows()  # from the first row on, whether or not it holds anything
    except (zipfile.BadZipFile, CalamineError, IndexError, NotImplementedError, EOFError):
        raise Refused("sheet-broken", file="xlsx") from None


def _measure(archive: zipfile.ZipFile, weight: int) -> None:
    """Refuse what unpacks to far more than it weighs, what declares entities, and a sheet whose
    cells lie so far apart that the square around them cannot be held."""
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > max(weight, 1) * MOST_EXPANSION:
        raise Refused("sheet-bomb", most=MOST_EXPANSION)
    if len(entries) > 10_000 or any(entry.flag_bits & 1 for entry in entries):
        raise Refused("sheet-broken", file="xlsx")
    left = max(weight, 1) * MOST_EXPANSION
    for entry in entries:
        if not entry.filename.endswith((".xml", ".rels")):
            continue
        is_sheet = entry.filename.startswith("xl/worksheets/")
        rows, columns = 0, 0
        for piece in _pieces(archive, entry):
            left -= len(piece)
            if left < 0:  # whatever the table of contents says
                raise Refused("sheet-bomb", most=MOST_EXPANSION)
            if piece.startswith(_OTHER_ENCODINGS):  # in which declarations would not be seen
                raise Refused("sheet-broken", file="xlsx")
            if any(word in piece for word in _DECLARATIONS):
                raise Refused("sheet-entities")
            if not is_sheet:
                continue
            found = _UNCOMPUTED.search(piece)
            if found is not None:
                raise Refused("sheet-formula", cell=found[1].decode())
            rows = max([rows, *map(int, set(_NUMBERS.findall(piece)))])
            columns = max([columns, *map(_column, set(_LETTERS.findall(piece)))])
        if columns > MOST_COLUMNS:
            raise Refused("sheet-too-many-columns", most=MOST_COLUMNS)
        if rows * max(columns, 1) > MOST_CELLS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content bit by bit, each with the last tags of the one before."""
    rest = b""
    with archive.open(entry) as stream:
        while piece := stream.read(_PIECE):
            whole = rest + piece
            end = whole.rfind(b"</c>") + 4 if b"</c>" in whole else len(whole)
            yield whole[:end]
            rest = (whole[end:] or whole[-_OVERLAP:])[-_LONGEST_CELL:]
    if rest:
        yield rest


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _refuse_merged(sheet: Any) -> None:
    """Of merged cells only the first has a value: the others would silently be empty."""
    ranges = sheet.merged_cell_ranges or ()
    for (row, column), _ in ranges:
        cell = f"{_letters(column)}{row + 1}"
        raise Refused("sheet-merged", cell=cell)


def _letters(column: int) -> str:
    words = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        words = chr(65 + rest) + words
    return words


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15g}" if cell != int(cell) else str(int(cell))
    if isinstance(cell, datetime):
        midnight = cell.time() == time(0)
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)
