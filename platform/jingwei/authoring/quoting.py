"""`fmt`: quotes around an expression that YAML cut at a comma, or at a ` #` that is no comment.

`{visible_if: max(a, b) > 3}` is two keys to YAML. Where the pieces together are an expression and
the first alone is not, the quotation marks are what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.parser import parse
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Data, Path, Scalar, YamlFile

_MOST = 1_000  # expressions of one file


def quoted(file: YamlFile, text: str) -> str:
    """The text with quotes around every expression that was cut; the same text without any."""
    for _ in range(_MOST):
        now = read_file(file.path, text.encode(), Problems())
        if now is None or now.broken:
            return text
        lines = text.split("\n")
        found = next(_cuts(now, lines), None)
        if found is None:
            return text
        line, start, end = found
        words = lines[line]
        lines[line] = words[:start] + _in_quotes(words[start:end]) + words[end:]
        text = "\n".join(lines)
    return text


def _cuts(file: YamlFile, lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Line, start and end of each whole expression of which YAML has a part only."""
    for path, data, key in _scalars(file.data, ()):
        at = file.value_at((*path, key))
        words = lines[at.line - 1] if at.line <= len(lines) else ""
        start = at.column - 1
        for end in _ends(file, path, data, key, words):
            whole = words[start:end]
            if whole.startswith(data[key].text) and _is_whole(whole):
                yield at.line - 1, start, end
                break


def _scalars(data: Data, path: Path) -> Iterator[tuple[Path, dict[str, Scalar], str]]:
    """Each map, and each of its keys whose plain text is a part of an expression."""
    if isinstance(data, dict):
        for key, part in data.items():
            if not isinstance(part, Scalar):
                yield from _scalars(part, (*path, key))
            elif part.style == "plain" and _is_cut(part.text):
                yield path, data, key  # type: ignore[misc]  # only this key is read as a scalar
    elif isinstance(data, list):
        for index, part in enumerate(data):
            yield from _scalars(part, (*path, index))


def _ends(
    file: YamlFile, path: Path, data: dict[str, Scalar], key: str, words: str
) -> Iterator[int]:
    """Where the expression may end: behind each of the next keys, if they have no value; if
    a comment begins behind its first part, before the next one or at the end of the line."""
    at = file.value_at((*path, key))
    keys = list(data)
    for other in keys[keys.index(key) + 1 :]:
        value, there = data[other], file.keys[(*path, other)]
        bare = isinstance(value, Scalar) and value.style == "plain" and not value.text
        if not bare or there.line != at.line:
            break
        yield there.column - 1 + len(other)
    begun = at.column - 1 + len(data[key].text)
    if words[begun:].lstrip(" ").startswith("#"):
        for comment in range(words.index("#", begun) + 1, len(words)):
            if words[comment - 1 : comment + 1] == " #":
                yield len(words[:comment].rstrip())
        yield len(words.rstrip())


def _is_cut(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError as error:
        return error.code == "cut-expression"
    return False


def _is_whole(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def _in_quotes(text: str) -> str:
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
