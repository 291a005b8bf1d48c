"""CSV in: lines of words, whatever program on whatever machine wrote them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO

from jingwei.refusals import Refused
from jingwei.services.sheet_cells import unquoted

ENCODINGS = ("utf-8-sig", "gb18030")  # what Excel writes on a Chinese machine
DELIMITERS = ",;\t"
LONGEST_CELL = 16 * 1024 * 1024  # a longer text is told by its field
_PIECE = 1024 * 1024
csv.field_size_limit(LONGEST_CELL)


def csv_lines_of(file: IO[bytes], name: str) -> Iterator[Sequence[str]]:
    """Raises Refused for what is no text, and for a quotation that does not end."""
    encoding = _encoding(file)
    if encoding is None:
        raise Refused("sheet-broken", file=name)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        lines = csv.reader(text, delimiter=delimiter, strict=True)
        for line in lines:
            if "'" in "".join(line):
                line = [unquoted(cell) if cell[:1] == "'" else cell for cell in line]
            yield line
    except csv.Error:
        raise Refused("sheet-quotes", row=lines.line_num) from None
    finally:
        text.detach()  # whoever opened the file closes it


def _delimiter(head: str) -> str:
    """What stands most often between the headings, outside of quotes."""
    outside = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _encoding(file: IO[bytes]) -> str | None:
    """In which of the encodings the whole file is text; it is read once for it, bit by bit."""
    for encoding in _named_by_mark(file):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(_PIECE):
                if b"\x00" in piece and encoding != "utf-16":
                    return None
                decoder.decode(piece)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        finally:
            file.seek(0)
        return encoding
    return None


def _named_by_mark(file: IO[bytes]) -> Sequence[str]:
    """Excel's "Unicode text" begins with the mark of UTF-16."""
    file.seek(0)
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return ("utf-16",) if file.read(2) in marks else ENCODINGS
