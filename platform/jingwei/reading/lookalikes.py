"""Characters that look like YAML's signs and are not: full-width colons, commas, dashes, quotes."""

from __future__ import annotations

import re
import unicodedata

from jingwei.problems import Position, Problems

MOST_LETTERS = 60  # of a word that may be a name
_SUSPECTS = re.compile("[：，、；＃－—–“”‘’　\u00a0\u0370-\u04ff\uff00-\uff5e]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[A-Za-z]")
_DASH = re.compile("[－—–]\\s")
_HASH = re.compile("(?:^|\\s)(＃)")
_BRACKETS = {"［": "[", "］": "]", "｛": "{", "｝": "}"}
_ODD_SPACE = re.compile(":([　\u00a0])")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")
# letters of Cyrillic and Greek that are drawn like Latin ones
_LETTERS = str.maketrans(
    "аеорсухіјѕһкмтвнАЕОРСХІЈЅКМТВНορικνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshkmtbhAEOPCXIJSKMTBHopikvABEZHIKMNOPTYX",
)
_SEPARATORS = str.maketrans("，、；", ",,,")
_KEY = re.compile(r"^\s*(?:- +)*(['\"]?[\w.-]+['\"]?)\s*：")


def any_in(text: str) -> bool:
    """Whether the closer look is worth its time."""
    return not text.isascii() and _SUSPECTS.search(text) is not None


def check_plain(at: Position, text: str, problems: Problems) -> None:
    """Look-alikes that stand where a sign was meant, in a text without quotes."""
    if text.isascii():
        return
    if _DASH.match(text):
        problems.add("full-width-dash", _one(at, 0), sign=text[0])
    hash_ = _HASH.search(text)
    if hash_:
        problems.add("full-width-hash", _one(at, hash_.start(1)))
    if text[0] in _BRACKETS:
        problems.add("full-width-bracket", _one(at, 0), sign=text[0], write=_BRACKETS[text[0]])
    if text[0] in "“”‘’":
        problems.add("chinese-quotes", at, severity="warning", text=text.strip("“”‘’")[:40])
    if _CYRILLIC.search(text) and _LATIN.search(text):
        check_letters(at, text, problems)
    if text[0] in "　\u00a0":
        problems.add("odd-space", _one(at, 0), name=f"U+{ord(text[0]):04X}")
    elif text[-1] in "　\u00a0" and _NAME.fullmatch(text.strip("　\u00a0")):
        problems.add("odd-space", _one(at, len(text) - 1), name=f"U+{ord(text[-1]):04X}")


def check_key(at: Position, key: str, problems: Problems) -> None:
    """A key that swallowed its full-width colon."""
    colon = key.find("：")
    odd = _ODD_SPACE.search(key)
    if colon >= 0:
        problems.add("full-width-colon", _one(at, colon))
    elif odd:
        problems.add("odd-space", _one(at, odd.start(1)), name=f"U+{ord(odd[1]):04X}")
    elif not check_letters(at, key, problems):
        check_plain(at, key, problems)


def check_letters(at: Position, word: str, problems: Problems) -> bool:
    """Letters of another script in a name: `n\u0430me` with a Cyrillic `a`. Whether there are."""
    if word.isascii() or len(word) > MOST_LETTERS:
        return False
    meant = unicodedata.normalize("NFKC", word).translate(_LETTERS)
    if not _NAME.fullmatch(meant):
        return False
    place = next(index for index, char in enumerate(word) if not char.isascii())
    char = word[place]
    problems.add(
        "look-alike-letter",
        _one(at, place),
        sign=char,
        name=f"U+{ord(char):04X}",
        write=meant[place] if len(meant) == len(word) else meant,
        meant=meant,
    )
    return True


def check_item(at: Position, text: str, problems: Problems) -> None:
    """A full-width comma in a list of words joins what should be several."""
    comma = re.search("[，、；]", text)
    if comma and (comma[0] == "，" or text.translate(_SEPARATORS).isascii()):
        count = sum(text.count(sign) for sign in "，、；") + 1
        problems.add("full-width-comma", _one(at, comma.start()), count=count, sign=comma[0])


def _one(at: Position, offset: int) -> Position:
    return Position(at.file, at.line, at.column + offset, at.column + offset + 1)


def colon_in(path: str, text: str, line: int) -> Position | None:
    """A full-width colon after the first word of a line (lines from 0)."""
    lines = text.split("\n")
    if line >= len(lines):
        return None
    match = _KEY.match(lines[line])
    if not match:
        return None
    column = match.end()
    return Position(path, line + 1, column, column + 1)


def first_in_line(path: str, text: str, line: int) -> tuple[str, Position] | None:
    """A look-alike that may have led to the parser's complaint about this line (from 0)."""
    colon = colon_in(path, text, line)
    if colon:
        return "full-width-colon", colon
    lines = text.split("\n")
    if line >= len(lines):
        return None
    dash = re.match("\\s*([－—–])\\s", lines[line])
    if dash:
        at = Position(path, line + 1, dash.start(1) + 1, dash.end(1) + 1)
        return "full-width-dash", at
    for sign in re.finditer("[，、；;：]", lines[line]):
        char, column = sign[0], sign.end()
        rest = lines[line][column : column + MOST_LETTERS]
        at = Position(path, line + 1, column, column + 1)
        if char == "：":
            if re.match(r"[\w\"' ]", rest):
                return "full-width-colon", at
        elif re.match(r"\s*[\w\"']+:\s", rest):
            return "full-width-comma", at
    return None
