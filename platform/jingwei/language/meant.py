"""What was probably meant by a value that does not fit: the same, as the language writes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal

from jingwei.language.field_types.numbers import MOST_DIGITS
from jingwei.language.meant_words import meant_amount, with_digits

YES = frozenset({"yes", "on", "y", "t", "1", "true", "是", "对", "有"})
NO = frozenset({"no", "off", "n", "f", "0", "false", "否", "不", "无"})
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_POWER = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)[eE]([+-]?[0-9]{1,2})")
_PLAIN = re.compile(r"[+-]?([0-9]*)(\.[0-9]*)?(%|pp|万|亿)?")
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})日?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{4})")
_CLOCK = re.compile(r"([0-9]{1,2})[:.时]([0-9]{1,2})(?::([0-9]{1,2}))?分?")


def meant_value(refusal: str, written: str) -> str | None:
    """The value in the form that fits, or None. `refusal`: the code of what is wrong with it."""
    text = unicodedata.normalize("NFKC", written).strip()
    if len(text) > MOST_DIGITS or refusal not in _MEANT:
        return None
    better = _MEANT[refusal](text)
    return better if better != written else None


_PARTS = re.compile(r"(\d{1,4})\s*([a-z]+|[\u4e00-\u9fff]+)\s*", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("min", "mins", "minute", "minutes", "分", "分钟"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "时", "小时"), "h"),
    **dict.fromkeys(("d", "day", "days", "天", "日"), "d"),
    **dict.fromkeys(("wd", "workday", "workdays", "工作日"), "wd"),
    **dict.fromkeys(("w", "week", "weeks", "周", "星期"), "w"),
    **dict.fromkeys(("mo", "month", "months", "月"), "mo"),
    **dict.fromkeys(("q", "quarter", "quarters", "季", "季度"), "q"),
    **dict.fromkeys(("y", "yr", "year", "years", "年"), "y"),
}
_MINUTES = {"min": 1, "h": 60, "d": 24 * 60}


def meant_duration(written: str) -> str | None:
    """`2 days` is `2d`, and `1d12h`, which has two units, is `36h`."""
    text = with_digits(unicodedata.normalize("NFKC", written).strip())
    parts = [
        (int(m[1]), _UNITS.get(m[2].lower().removeprefix("个"))) for m in _PARTS.finditer(text)
    ]
    if not parts or _PARTS.sub("", text):
        return None
    if len(parts) == 1:
        return f"{parts[0][0]}{parts[0][1]}" if parts[0][1] else None
    if any(unit not in _MINUTES for _, unit in parts):
        return None
    minutes = sum(amount * _MINUTES[unit or "min"] for amount, unit in parts)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}min"


def meant_boolean(written: str) -> str | None:
    """`true` or `false`, whatever word of agreement was written."""
    word = written.strip().lower()
    return "true" if word in YES else "false" if word in NO else None


_SUM = re.compile(r"[a-z_][\w.]*\s*[-+*/(].*", re.DOTALL)


def _number(text: str) -> str | None:
    if (amount := meant_amount(text)) is not None:
        return amount
    if _SUM.fullmatch(text):
        return f"={text}"  # an expression, which begins with its sign
    base = _BASES.get(text[:2].lower())
    if base is not None:
        with suppress(ValueError):
            return str(int(text[2:], base))
        return None
    power = _POWER.fullmatch(text)
    if power:
        return f"{Decimal(power[1]).scaleb(int(power[2])):f}"
    plain = text.replace(" ", "").replace("'", "").lstrip("¥￥$€")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?(%|万|亿)?", plain):
        plain = plain.replace(",", "")
    match = _PLAIN.fullmatch(plain)
    if match is None or not (match[1] or (match[2] or "").strip(".")):
        return None
    whole = match[1].lstrip("0") or "0"
    places = match[2] if match[2] and match[2] != "." else ""
    sign = "-" if plain.startswith("-") else ""
    return f"{sign}{whole}{places}{match[3] or ''}"


def _date(text: str) -> str | None:
    if text.removesuffix("()").lower() in ("today", "now"):
        return "=today"
    return " / ".join(days_meant(text)) or None


def days_meant(text: str) -> list[str]:
    """The days that a text may stand for: of `01/02/2026` both, its day first and its month."""
    match = _DAY.fullmatch(text) or re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    if match is not None:
        ways = [tuple(int(part) for part in match.groups())]
    elif (match := _YEAR_LAST.fullmatch(text)) is not None:
        one, other, year = (int(part) for part in match.groups())
        ways = [(year, other, one), (year, one, other)]
    else:
        return []
    found = []
    for way in dict.fromkeys(ways):
        with suppress(ValueError):
            found.append(date(*way).isoformat())
    return found


def _time(text: str) -> str | None:
    match = _CLOCK.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    return f"{int(match[1]):02d}:{int(match[2]):02d}" + (f":{match[3]:>02}" if match[3] else "")


def _instant(text: str) -> str | None:
    if text.removesuffix("()").lower() in ("today", "now"):
        return "=now"
    day, _, clock = text.replace("T", " ").partition(" ")
    days, at = days_meant(day), _time(clock.removesuffix("Z") or "00:00")
    if len(days) != 1 or not at:
        return None
    return f"{days[0]}T{at if at.count(':') > 1 else at + ':00'}+08:00"


_MEANT: Mapping[str, Callable[[str], str | None]] = {
    "not-a-number": _number,
    "not-an-integer": _number,
    "number-leading-zero": _number,
    "not-a-date": _date,
    "not-a-time": _time,
    "not-a-datetime": _instant,
    "not-a-boolean": meant_boolean,
}
