"""Text as XML writes it, and Excel within: entities, and characters that XML cannot hold."""

from __future__ import annotations

import re
from xml.parsers import expat

from jingwei.refusals import Refused

_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{1,5}));|&")
_HELD = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(words: str) -> str:
    """What `words` of a file say. Raises Refused for an entity that nobody declared."""
    if "&" in words:
        words = _ENTITY.sub(_character, words)
    return held(words)


def held(words: str) -> str:
    """`_x000D_` is how Excel writes a character that XML cannot hold."""
    return _HELD.sub(lambda m: chr(int(m[1], 16)), words) if "_x" in words else words


def holding(words: str) -> str:
    """What `held` was given: text that only looks as if it held such a character."""
    return _HELD.sub(lambda m: f"_x005F_x{m[1]}_", words) if "_x" in words else words


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name in _NAMED:
        return _NAMED[name]
    number = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else -1
    if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000:
        raise Refused("sheet-broken", file="xlsx")
    return chr(number)


def words_of(xml: str) -> str:
    """The text of an element with runs of differently formatted text; how it is spoken, which some
    editors add, is not part of it."""
    found: list[str] = []
    path: list[str] = []

    def begin(name: str, _attributes: object) -> None:
        path.append(name.rpartition(":")[2])

    def end(_name: str) -> None:
        path.pop()

    def take(words: str) -> None:
        if path[-1] == "t" and "rPh" not in path:
            found.append(words)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = take
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise Refused("sheet-broken", file="xlsx") from None
    return held("".join(found))
