"""Bytes to text: UTF-8, or a sentence about what the file is instead."""

from __future__ import annotations

import re
from itertools import islice

from jingwei.problems import Position, Problems

MOST_BYTES = 262_144
MOST_NAMED = 20  # characters of one file that are named
_LONGEST_WORD = 80
# Characters that nobody sees: zero width, soft hyphen, byte order marks, invisible operators,
# directions of writing, and line breaks that only some readers honour.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def decode(path: str, content: bytes, problems: Problems) -> str | None:
    """The text of a file, or None after saying why there is none."""
    if len(content) > MOST_BYTES:
        problems.add(
            "file-too-large",
            Position(path),
            size=f"{len(content) / 1024:,.0f}",
            most=MOST_BYTES // 1024,
        )
        return None
    encoding = _other_unicode(content)
    if encoding:
        problems.add("not-utf8", Position(path), encoding=encoding)
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = _position_of_byte(path, content, error.start)
        problems.add("not-utf8", at, encoding=_guess(content))
        return None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text if _all_visible(path, text, problems) else None


def _other_unicode(content: bytes) -> str | None:
    """UTF-16 or UTF-32, by the mark at the start or by zero bytes between ASCII ones."""
    if content[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return "UTF-32"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16"
    head = content[:200]
    if len(head) >= 4 and max(head[::2].count(0), head[1::2].count(0)) * 4 > len(head):
        return "UTF-16"
    return None


def _guess(content: bytes) -> str:
    for encoding, name in (("gb18030", "GBK/GB18030"), ("big5", "Big5"), ("latin-1", "Latin-1")):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return name
    return "Latin-1"


def _position_of_byte(path: str, content: bytes, offset: int) -> Position:
    before = content[:offset]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return Position(path, line, column, column + 1)


def position_of(path: str, text: str, offset: int) -> Position:
    """The place of the character at `offset`."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return Position(path, line, column, column + 1)


def _all_visible(path: str, text: str, problems: Problems) -> bool:
    if text.isascii() and not CONTROL.search(text):
        return True
    bad = False
    for match in islice(CONTROL.finditer(text), MOST_NAMED):
        bad = True
        at = position_of(path, text, match.start())
        problems.add("control-character", at, name=f"U+{ord(match[0]):04X}")
    for match in islice(INVISIBLE.finditer(text), MOST_NAMED):
        bad = True
        at = position_of(path, text, match.start())
        code = "direction-character" if DIRECTIONS.match(match[0]) else "invisible-character"
        word = _word_around(text, match.start())
        problems.add(code, at, name=f"U+{ord(match[0]):04X}", word=word)
    return not bad


def _word_around(text: str, offset: int) -> str:
    """The word an invisible character hides in, without it."""
    start = end = offset
    while start > max(offset - _LONGEST_WORD, 0) and _in_word(text[start - 1]):
        start -= 1
    while end < min(offset + _LONGEST_WORD, len(text)) and _in_word(text[end]):
        end += 1
    return INVISIBLE.sub("", text[start:end])[:40]


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "_-" or INVISIBLE.match(char) is not None
