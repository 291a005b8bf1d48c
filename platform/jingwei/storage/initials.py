"""The initials of Chinese names, so that `ln` finds 李娜.

GB 2312 has its 3,755 common characters in the order of their pinyin: a character's initial is told
by where it stands. Rarer characters stand in the order of their strokes and have no initial here.
"""

from __future__ import annotations

from bisect import bisect_right

# The first character of each letter, by its place in GB 2312 (no syllable begins with i, u or v).
_FIRST = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"),
    (0xB8C1, "g"), (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"),
    (0xC4C3, "n"), (0xC5B6, "o"), (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"),
    (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"), (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_PLACES = [place for place, _ in _FIRST]
_LAST = 0xD7F9
# Surnames and names that are read otherwise than the character mostly is.
_READ_OTHERWISE = {"曾": "z", "单": "s", "仇": "q", "解": "x", "盖": "g", "区": "o", "翟": "z"}


def initials(name: str) -> str:
    """`李娜` → `ln`; letters and digits stay, what has no initial is left out."""
    return "".join(_initial(char) for char in name)


def _initial(char: str) -> str:
    if char in _READ_OTHERWISE:
        return _READ_OTHERWISE[char]
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    code = char.encode("gb2312", "ignore")
    if len(code) != 2:
        return ""
    place = int.from_bytes(code, "big")
    if not _PLACES[0] <= place <= _LAST:
        return ""
    return _FIRST[bisect_right(_PLACES, place) - 1][1]
