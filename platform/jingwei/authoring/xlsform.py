"""Expressions of XLSForm as ours: `${a} = 'x' and . > 0` is `a == 'x' and b > 0`.

What has no counterpart stays as it is written, and `check` says so at its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ITS_OWN = re.compile(r"\$\{|(?<![\w.)\]'\"])\.(?![\w.])")  # signs that only XLSForm has
_QUOTED = re.compile(r"('[^']*'|\"[^\"]*\")")
_HOLE = re.compile(r"\$\{\s*([A-Za-z_][\w]*)\s*\}")
_SELF = re.compile(r"(?<![\w.)\]])\.(?![\w.])")
_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_WORDS: Mapping[str, str] = {
    r"\bdiv\b": "/",
    r"\btoday\(\s*\)": "today",
    r"\bnow\(\s*\)": "now",
    r"\btrue\(\s*\)": "true",
    r"\bfalse\(\s*\)": "false",
    r"\bstring-length\(": "len(",
    r"\bint\(": "floor(",
    r"\bnumber\(": "(",
    r"\bnot\(": "not (",
}
_REGEX = re.compile(r"regex\(\s*\.\s*,\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)")
_SELECTED = re.compile(r"\bselected\(\s*([\w.]+)\s*,\s*(\"[^\"]*\"|'[^']*')\s*\)")


def is_xlsform(written: str) -> bool:
    """Whether the expression is written in the way of XLSForm."""
    return _ITS_OWN.search(_QUOTED.sub('""', written)) is not None


def pattern_of(check: str) -> str | None:
    """The regular expression of a constraint that is nothing but one."""
    found = _REGEX.fullmatch(check.strip())
    return None if found is None else found[1] or found[2]


def ours(written: str, name: str, tables: Mapping[str, str], table: str | None = None) -> str:
    """The expression in our words. `name`: of the field it stands at; `tables`: each column of a
    table with the table's name; `table`: the one that the field itself is a column of."""
    if not is_xlsform(written):
        return written

    def hole(match: re.Match[str]) -> str:
        above = tables.get(match[1])
        if above == table or above is None:
            beside = above is None and table is not None
            return f"parent.{match[1]}" if beside else match[1]
        return f"{above}.{match[1]}"

    parts = _QUOTED.split(written)
    for index in range(0, len(parts), 2):
        part = _SELF.sub(name, _HOLE.sub(hole, parts[index]))
        part = _EQUALS.sub("==", part)
        for theirs, our in _WORDS.items():
            part = re.sub(theirs, our, part)
        parts[index] = part
    whole = _SELECTED.sub(r"\1 == \2", "".join(parts))
    return _conditional(whole)


def _conditional(text: str) -> str:
    """`if(c, a, b)` as `(a if c else b)`, from the inside out."""
    while (start := _last_if(text)) is not None:
        arguments, end = _arguments(text, text.index("(", start) + 1)
        if end is None or len(arguments) != 3:
            return text
        condition, then, otherwise = (part.strip() for part in arguments)
        text = f"{text[:start]}({then} if {condition} else {otherwise}){text[end + 1 :]}"
    return text


def _last_if(text: str) -> int | None:
    places = [match.start() for match in re.finditer(r"\bif\(", text)]
    return places[-1] if places else None


def _arguments(text: str, start: int) -> tuple[list[str], int | None]:
    """What stands between the commas of a call, and where it closes."""
    found: list[str] = []
    depth, begun, quote = 0, start, ""
    for place in range(start, len(text)):
        char = text[place]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")" and depth == 0:
            return [*found, text[begun:place]], place
        elif char == ")":
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[begun:place])
            begun = place + 1
    return found, None
