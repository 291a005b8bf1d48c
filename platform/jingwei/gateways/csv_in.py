"""CSV in: lines of words, whatever program on whatever machine wrote them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from jingwei.refusals import Refused
from jingwei.services.sheet_cells import unquoted

ENCODINGS = ("utf-8-sig", "gb18030")  # what Excel writes on a Chinese machine
DELIMITERS = ",;\t"
LONGEST_CELL = 16 * 1024 * 1024  # a longer text is told by its field
_PIECE = 1024 * 1024
csv.field_size_limit(LONGEST_CELL)


@dataclass(slots=True)
class _Look:
    """What was seen of a file: its encoding, and whether it has quotes and apostrophes."""

    encoding: str
    is_quoted: bool = False
    has_apostrophes: bool = False


def csv_lines_of(file: IO[bytes], name: str) -> Iterator[list[str]]:
    """Raises Refused for what is no text, and for a quotation that does not end."""
    look = _look(file, name)
    text = io.TextIOWrapper(file, encoding=look.encoding, newline="")
    try:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        lines = csv.reader(text, delimiter=delimiter, strict=True)
        if not look.has_apostrophes:
            yield from lines
            return
        for line in lines:
            if "'" in "".join(line):
                line = [unquoted(cell) if cell[:1] == "'" else cell for cell in line]
            yield line
    except csv.Error:
        raise Refused("sheet-quotes", row=lines.line_num) from None
    finally:
        text.detach()  # whoever opened the file closes it


def prove_csv(file: IO[bytes], name: str, size: int) -> int:
    """How many lines there are at most. Raises Refused for what cannot be read to its end: without
    quotes, and without a cell that is too long, each text can."""
    look = _look(file, name)
    if look.is_quoted or size > LONGEST_CELL:
        return sum(1 for _ in csv_lines_of(file, name))
    pieces = iter(lambda: file.read(_PIECE), b"")
    return 1 + sum(piece.count(b"\n") + piece.count(b"\r") for piece in pieces)


def _delimiter(head: str) -> str:
    """What stands most often between the headings, outside of quotes."""
    outside = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _look(file: IO[bytes], name: str) -> _Look:
    """In which of the encodings the whole file is text; it is read once for it, bit by bit. Raises
    Refused where it is none."""
    for encoding in _named_by_mark(file):
        decoder = codecs.getincrementaldecoder(encoding)()
        look = _Look(encoding)
        file.seek(0)
        try:
            while piece := file.read(_PIECE):
                if b"\x00" in piece and encoding != "utf-16":
                    raise Refused("sheet-broken", file=name)
                decoder.decode(piece)
                # in each of the encodings these bytes stand in nothing else
                look.is_quoted = look.is_quoted or b'"' in piece
                look.has_apostrophes = look.has_apostrophes or b"'" in piece
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        finally:
            file.seek(0)
        return look
    raise Refused("sheet-broken", file=name)


def _named_by_mark(file: IO[bytes]) -> Sequence[str]:
    """Excel's "Unicode text" begins with the mark of UTF-16."""
    file.seek(0)
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return ("utf-16",) if file.read(2) in marks else ENCODINGS
