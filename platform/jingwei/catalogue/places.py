"""Where a character of a read text stands in its file, however the text was quoted or folded."""

from __future__ import annotations

from jingwei.problems import Position


def place_within(text: str, at: Position, start: int, end: int) -> Position:
    """The characters `start..end` of a scalar whose own first character stands at `at`.

    `text` is the whole file. Escapes of double quotes, doubled single quotes and line breaks count
    as the characters they were read as.
    """
    lines = text.split("\n")
    if at.line > len(lines):
        return at
    quote = lines[at.line - 1][at.column - 2 : at.column - 1] if at.column > 1 else ""
    if "=" in quote:
        before = lines[at.line - 1][at.column - 3 : at.column - 2] if at.column > 2 else ""
        quote = before
    line, column = at.line, at.column
    first: tuple[int, int] | None = None
    for index in range(end):
        if index == start:
            first = (line, column)
        line, column = _next(lines, line, column, quote)
        if line > len(lines):
            break
    if first is None:
        first = (line, column)
    same_line = line == first[0]
    return Position(at.file, first[0], first[1], column if same_line else first[1] + 1)


def _next(lines: list[str], line: int, column: int, quote: str) -> tuple[int, int]:
    """The place after the character at (line, column), both from 1."""
    here = lines[line - 1] if line <= len(lines) else ""
    if column > len(here):
        following = lines[line] if line < len(lines) else ""
        return line + 1, len(following) - len(following.lstrip(" ")) + 1
    if quote == '"' and here[column - 1] == "\\":
        width = {"x": 4, "u": 6, "U": 10}.get(here[column : column + 1], 2)
        return line, column + width
    if quote == "'" and here[column - 1 : column + 1] == "''":
        return line, column + 2
    return line, column + 1
