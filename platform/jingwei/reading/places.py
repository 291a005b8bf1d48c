"""Where a character of a read text stands in its file, however the text was quoted or folded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from jingwei.problems import Position

_SPACE = " \t\r\n"  # what folding adds, joins and drops; nothing else changes its number
_HEX = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"} | {
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_BLANK_ESCAPES = " \t\nntr"


class Written:
    """A scalar, or a part of one, as it stands in its file.

    Spaces and line breaks come and go where lines are folded, indented or escaped; so characters
    are counted without them.
    """

    def __init__(self, text: str, at: Position, source: str) -> None:
        """`text`: the whole file; `source`: what was read; `at`: where it begins."""
        self._text = text
        self._at = at
        signs = [sign not in _SPACE for sign in source]
        self._before = [0, *accumulate(signs)]
        begin = _offset_of(text, at)
        wanted = [sign for sign in source if sign not in _SPACE]
        ways = ("", '"', "'") if begin is not None else ()
        found = (_spans(text, begin or 0, wanted, quote) for quote in ways)
        self._spans = next(filter(None, found), [])

    def place(self, start: int, end: int) -> Position:
        """Where the characters `start..end` are written."""
        spans = self._spans
        if not spans:
            return self._at
        most = len(self._before) - 1
        first, last = self._before[min(start, most)], self._before[min(end, most)] - 1
        if first >= len(spans):  # after the last sign
            return _position(self._text, self._at.file, spans[-1][1], spans[-1][1] + 1)
        return _position(self._text, self._at.file, spans[first][0], spans[max(first, last)][1])


def place_within(text: str, at: Position, source: str, start: int, end: int) -> Position:
    """Where the characters `start..end` of `source`, which begins at `at`, are written."""
    return Written(text, at, source).place(start, end)


def _offset_of(text: str, at: Position) -> int | None:
    offset = 0
    for _ in range(at.line - 1):
        offset = text.find("\n", offset) + 1
        if offset == 0:
            return None
    return offset + at.column - 1


def _position(text: str, file: str, start: int, end: int) -> Position:
    """Of what goes on over lines only the first sign is marked."""
    line = text.rfind("\n", 0, start) + 1
    column = start - line + 1
    last = column + (end - start) if "\n" not in text[start:end] else column + 1
    return Position(file, text.count("\n", 0, line) + 1, column, last)


def _spans(text: str, begin: int, wanted: list[str], quote: str) -> list[tuple[int, int]] | None:
    """From where to where each wanted sign is written, or None when it is not written like this."""
    found = []
    written = _signs(text, begin, quote)
    for sign in wanted:
        read, start, end = next(written, ("", 0, 0))
        if read != sign:
            return None
        found.append((start, end))
    return found


def _signs(text: str, offset: int, quote: str) -> Iterator[tuple[str, int, int]]:
    """The signs as they are read, without spaces, each with its place."""
    while offset < len(text):
        sign, width = text[offset], 1
        if quote == '"' and sign == "\\":
            sign, width = _escaped(text, offset)
        elif quote == "'" and text.startswith("''", offset):
            width = 2
        if sign not in _SPACE:
            yield sign, offset, offset + width
        offset += width


def _escaped(text: str, offset: int) -> tuple[str, int]:
    """What the escape at `offset` stands for, and how long it is."""
    mark = text[offset + 1 : offset + 2]
    if mark in _BLANK_ESCAPES:
        return " ", 2
    if mark in _HEX:
        width = 2 + _HEX[mark]
        number = int(text[offset + 2 : offset + width], 16)
        return chr(number), width
    return _ESCAPES.get(mark, mark), 2
