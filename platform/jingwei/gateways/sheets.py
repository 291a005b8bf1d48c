"""CSV and XLSX in: rows of text by column name, within limits."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from jingwei.refusals import Refused

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
MOST_EXPANSION = 100  # an XLSX is a zip: how much more it may hold than it weighs
ENCODINGS = ("utf-8-sig", "gb18030")  # what Excel writes on a Chinese machine

Row = Mapping[str, str]


def read_sheet(path: Path) -> list[Row]:
    """The rows of the first sheet; empty cells are missing, whole empty rows are left out.

    Raises Refused for a file that is too large, broken, or has a column twice.
    """
    if not path.is_file():
        raise Refused("no-such-file", file=path)
    if path.stat().st_size > MOST_BYTES:
        raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
    content = path.read_bytes()
    return list(read_rows(content, path.name))


def read_rows(content: bytes, name: str) -> Iterator[Row]:
    """The same from bytes; `name` only tells the kind."""
    if len(content) > MOST_BYTES:
        raise Refused("sheet-too-large", most=MOST_BYTES // 1024 // 1024)
    cells = _workbook(content) if content[:2] == b"PK" else _csv(content, name)
    header: list[str] | None = None
    for number, line in enumerate(cells):
        if number > MOST_ROWS:
            raise Refused("sheet-too-many-rows", most=MOST_ROWS)
        words = [_text(cell) for cell in line]
        if not any(words):
            continue
        if header is None:
            header = _header(words)
            continue
        yield {key: word for key, word in zip(header, words, strict=False) if key and word}


def _header(words: Sequence[str]) -> list[str]:
    named = [word for word in words if word]
    for word in named:
        if named.count(word) > 1:
            raise Refused("sheet-column-twice", column=word)
    return list(words)


def _csv(content: bytes, name: str) -> Iterator[Sequence[Any]]:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        yield from csv.reader(io.StringIO(text, newline=""))
        return
    raise Refused("sheet-broken", file=name)


def _workbook(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            whole = sum(entry.file_size for entry in archive.infolist())
        if whole > max(len(content), 1) * MOST_EXPANSION:
            raise Refused("sheet-bomb", most=MOST_EXPANSION)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        yield from book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, CalamineError):
        raise Refused("sheet-broken", file="xlsx") from None


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15g}" if cell != int(cell) else str(int(cell))
    if isinstance(cell, datetime):
        midnight = cell.time() == time(0)
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)
