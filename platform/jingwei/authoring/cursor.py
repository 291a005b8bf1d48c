"""Where in a definition a cursor stands, in text that need not be complete or right.

Reading by lines and indentation, as an author sees it: the parser of `reading` says nothing about
a file that is being typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

ITEM = "-"  # a path's part for an entry of a list
_KEY = re.compile(
    r"""(?P<key>"[^"\n]*"|'[^'\n]*'|[^\s"'#{}\[\],&*!|>%@`-][^:#{}\[\]]*?)[ ]*:(?=[ ]|$)"""
)
_WORD = re.compile(r"[\w.-]*\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`path`: the keys around, `-` for entries of lists. In a value `key` names what it is of, in a
    key it is None; `written`: what stands before the cursor in that key or value."""

    path: tuple[str, ...]
    key: str | None
    written: str
    beside: frozenset[str] = field(default_factory=frozenset)  # keys that are there already
    in_text: bool = False  # in a block of literal text
    is_item: bool = False  # begins an entry of a list, which may be a word or a key

    @property
    def is_key(self) -> bool:
        return self.key is None

    @property
    def value_path(self) -> tuple[str, ...]:
        return self.path if self.key in (None, ITEM) else (*self.path, self.key or "")

    @property
    def word(self) -> str:
        """The letters that a chosen word takes the place of."""
        found = _WORD.search(self.written)
        return found[0] if found else ""


@dataclass(slots=True)
class _Frame:
    """A flow map or list that is still open."""

    sign: str
    start: int
    key: str | None = None
    keys: set[str] = field(default_factory=set)
    empty: bool = True  # nothing but blanks since `start`

    def begin(self, start: int, key: str | None = None) -> None:
        self.start, self.key, self.empty = start, key, True


def locate(text: str, offset: int) -> Cursor:
    """Where the character at `offset` (0-based) of a text stands."""
    return _Scan(text, offset).cursor()


class _Scan:
    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.end = min(max(offset, 0), len(text))
        self.stack: list[tuple[int, str]] = []

    def cursor(self) -> Cursor:
        place = 0
        while True:
            stop = self.text.find("\n", place)
            stop = len(self.text) if stop < 0 else stop
            last = self.end <= stop
            line = self.text[place : min(stop, self.end)]
            found = self._line(line, place, last)
            if isinstance(found, Cursor):
                return found
            place = max(stop + 1, found)

    def _line(self, line: str, place: int, last: bool) -> Cursor | int:
        """The cursor, or where to go on (0: at the next line)."""
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if not last and (not content.strip() or content.startswith("#")):
            return 0
        self._leave(indent, content)
        is_item = False
        while content.startswith("- ") or content == "-":
            is_item = True
            self.stack.append((indent, ITEM))
            rest = content[1:].lstrip(" ")
            indent += len(content) - len(rest)
            content = rest
        found = _KEY.match(content)
        if found is None:
            return self._no_key(content, indent, place + len(line) - len(content), last, is_item)
        key = found["key"].strip("\"'")
        while self.stack and self.stack[-1][0] >= indent and self.stack[-1][1] != ITEM:
            self.stack.pop()
        rest = content[found.end() :]
        value = rest.lstrip(" ")
        start = place + len(line) - len(value)
        if value[:1] in ("|", ">"):
            self.stack.append((indent, key))
            return self._block(start, indent, last)
        if value[:1] in ("{", "["):
            self.stack.append((indent, key))
            return self._flow(start)
        if last:
            around = self._around(place, indent)
            return Cursor(self._path(), key, value, around)
        self.stack.append((indent, key))
        return 0

    def _leave(self, indent: int, content: str) -> None:
        """Step out of what ends where this line begins."""
        dashed = content.startswith("- ") or content == "-"
        while self.stack:
            at, part = self.stack[-1]
            same_list = at == indent and dashed and part != ITEM
            if at < indent or same_list:
                return
            self.stack.pop()

    def _no_key(
        self, content: str, indent: int, start: int, last: bool, is_item: bool
    ) -> Cursor | int:
        if content[:1] in ("{", "["):
            return self._flow(start)
        if not last:
            return 0
        around = self._around(self.end - len(content), indent)
        return Cursor(self._path(), None, content, around, is_item=is_item)

    def _block(self, start: int, indent: int, last: bool) -> Cursor | int:
        """Past a literal text, or the cursor that stands in it."""
        place = self.text.find("\n", start)
        while place >= 0:
            if self.end <= place:
                break
            stop = self.text.find("\n", place + 1)
            line = self.text[place + 1 : stop if stop >= 0 else len(self.text)]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                return place + 1
            place = stop
        if last or place < 0 or self.end <= place:
            path = self._path()
            return Cursor(path[:-1], path[-1], self.text[start : self.end], in_text=True)
        return 0

    def _flow(self, start: int) -> Cursor | int:
        """Past a flow map or list, or the cursor that stands in it."""
        frames: list[_Frame] = []
        quote = ""
        place = start
        while place < self.end:
            sign = self.text[place]
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "\"'" and frames[-1].empty:
                quote, frames[-1].empty = sign, False
            elif sign in "{[":
                frames.append(_Frame(sign, place + 1))
            elif sign in "}]":
                frames.pop()
                if not frames:
                    stop = self.text.find("\n", place)
                    if 0 <= stop < self.end:
                        return stop + 1
                    return Cursor(self._path()[:-1], (self._path() or ("",))[-1], "", in_text=True)
            elif sign == ",":
                frames[-1].begin(place + 1)
            elif sign == ":" and frames[-1].sign == "{" and frames[-1].key is None:
                if self.text[place + 1 : place + 2] in (" ", "\n", ""):
                    key = self.text[frames[-1].start : place].strip(" \n\"'")
                    frames[-1].keys.add(key)
                    frames[-1].begin(place + 1, key)
            elif not sign.isspace():
                frames[-1].empty = False
            place += 1
        return self._in_flow(frames)

    def _in_flow(self, frames: list[_Frame]) -> Cursor:
        path = list(self._path())
        for frame in frames[:-1]:
            path.append(ITEM if frame.sign == "[" else frame.key or "")
        frame = frames[-1]
        written = self.text[frame.start : self.end].lstrip(" \n")
        if frame.sign == "[":
            return Cursor((*path, ITEM), ITEM, written)
        return Cursor(tuple(path), frame.key, written, frozenset(frame.keys))

    def _path(self) -> tuple[str, ...]:
        return tuple(part for _, part in self.stack)

    def _around(self, place: int, indent: int) -> frozenset[str]:
        """Keys of the same map: lines of the same depth above and below."""
        lines = self.text.split("\n")
        here = self.text.count("\n", 0, place)
        found: set[str] = set()
        for way in (range(here - 1, -1, -1), range(here + 1, len(lines))):
            for number in way:
                line = lines[number]
                content = line.lstrip(" ")
                depth = len(line) - len(content)
                if not content or content.startswith("#") or depth > indent:
                    continue
                lead = len(content) - len(content.lstrip("- "))
                match = _KEY.match(content[lead:])
                if depth + lead == indent and match:
                    found.add(match["key"].strip("\"'"))
                if depth < indent:
                    break
        return frozenset(found)
