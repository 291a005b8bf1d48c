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
# Characters of names with several readings, that of surnames first: found by each of them.
_READINGS = {
    "cz": "重 长 朝 传", "ly": "乐", "zc": "曾 查 藏 种 幢", "sd": "单 石", "xj": "解 校 系",
    "qc": "仇", "oq": "区", "zd": "翟", "xh": "行 吓 巷 虾", "sc": "沈 盛", "cj": "车",
    "qt": "覃", "wy": "尉 蔚 尾", "hk": "会", "dt": "调 弹", "qj": "奇 茄 圈 强 瞿", "jg": "贾",
    "zs": "召 折 峙 殖", "jz": "祭", "cs": "谌 参 匙", "nm": "乜", "bp": "便 泊 暴 堡",
    "sx": "宿 厦 歙 莘", "jx": "降 浚 见", "jq": "角", "qy": "铅", "xw": "圩", "xc": "郗",
    "sl": "率", "ew": "恶", "gjq": "伽", "cx": "畜", "sz": "识 氏", "pb": "屏 埔", "ys": "俞",
    "mb": "秘 泌", "fp": "否 冯 繁 番", "wk": "隗", "fb": "费", "yx": "叶", "ae": "阿",
    "qx": "栖", "wg": "涡",
}  # fmt: skip
_BY_CHARACTER = {char: said for said, chars in _READINGS.items() for char in chars.split()}
MOST_READINGS = 8  # of one name


def initials(name: str) -> str:
    """`李娜` → `ln`, `重庆` → `cq zq`: every way to read it, spaces between; letters and digits
    stay, what has no initial is left out."""
    said = [""]
    for char in name:
        found = _BY_CHARACTER.get(char) or _initial(char)
        if found:
            every = found if len(said) * len(found) <= MOST_READINGS else found[0]
            said = [begun + one for begun in said for one in every]
    return " ".join(dict.fromkeys(said))


def _initial(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    code = char.encode("gb2312", "ignore")
    if len(code) != 2:
        return ""
    place = int.from_bytes(code, "big")
    if not _PLACES[0] <= place <= _LAST:
        return ""
    return _FIRST[bisect_right(_PLACES, place) - 1][1]
