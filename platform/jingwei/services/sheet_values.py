"""Dates and numbers as people write them in cells. What has one meaning is read; what may be two
things, or has lost something on its way through a spreadsheet, is refused with what to write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.periods import Period
from jingwei.services.display import AMOUNTS
from jingwei.services.sheet_rows import Unread

_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?\Z", re.ASCII)
_SPACED = re.compile(r"-?[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?\Z", re.ASCII)
_UNIT = re.compile(f"(.*?[0-9])\\s*({'|'.join(AMOUNTS)})\\Z")
_SIGN = re.compile(r"(?:¥|CNY|RMB|人民币)\s*", re.IGNORECASE)
SHORTENED = re.compile(r"-?[0-9](?:\.[0-9]+)?E\+?[0-9]{1,3}\Z", re.ASCII | re.IGNORECASE)

_DAY = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})[日号]?"
    r"|([0-9]{2})([0-9]{2}))"
    r"(?:[T ]*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?)?\Z",
    re.ASCII,
)
_DAY_LAST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})\Z", re.ASCII)
_SHORT_YEAR = re.compile(r"[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?\Z", re.ASCII)
_IN_WORDS = re.compile(
    r"(?:([0-9]{1,2})[- ]?([A-Z]{3,9})\.?|([A-Z]{3,9})\.? ?([0-9]{1,2}))[-, ]+([0-9]{4})\Z",
    re.ASCII | re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIAL = re.compile(r"[1-9][0-9]{4}\Z", re.ASCII)
_SERIALS = range(15_000, 75_000)  # 1941 to 2105: more days than a sheet is about
_FIRST_DAY, _FIRST_DAY_1904 = date(1899, 12, 30), date(1904, 1, 1)
_NUMERALS = "零一二三四五六七八九"
_HANZI = _NUMERALS[1:5]
_PERIOD = re.compile(
    r"([0-9]{4})(?:[-/.年]([0-9]{1,2})月?|([0-9]{2})"
    rf"|年?第?([1-4{_HANZI}])季度?|年?(上|下)半年|年度?)\Z",
    re.ASCII,
)


def number(cell: str) -> Any:
    """Digits, however wide, with separators of thousands, a sign of yuan, or in the brackets that
    accountants put around what is negative."""
    if cell.isascii() and cell.replace(".", "", 1).isdigit():
        return cell
    word = unicodedata.normalize("NFKC", cell).strip().replace("−", "-")
    if SHORTENED.match(word):
        return Unread("number-shortened", {"words": word})
    sign = ""
    if word[:1] == "(" and word[-1:] == ")":
        sign, word = "-", word[1:-1].strip()
    elif word[-1:] == "-" and word[:1].isdigit():  # as some ledgers write it
        sign, word = "-", word[:-1].strip()
    word = _SIGN.sub("", word, count=1)
    if word[:1] in ("-", "+") and not sign:
        sign, word = word[:1].strip("+"), _SIGN.sub("", word[1:].strip(), count=1)
    word = sign + word
    if "," in word and _GROUPED.match(word):
        return word.replace(",", "")
    return word.replace(" ", "") if " " in word and _SPACED.match(word) else word


def amount(cell: str) -> Any:
    """`1.5万元` is as exact as `15000`."""
    if cell.isascii() and cell.replace(".", "", 1).isdigit():  # most are, which is told at once
        return cell
    return _of_units(cell, tuple(AMOUNTS))


def scaled(cell: str) -> Any:
    """A number that is no money: `1.2万`."""
    if cell.isascii() and cell.replace(".", "", 1).isdigit():
        return cell
    return _of_units(cell, ("万", "亿"))


def _of_units(cell: str, units: tuple[str, ...]) -> Any:
    word = number(cell)
    if type(word) is not str or word.isascii():
        return word
    match = _UNIT.match(word)
    if match is None or match[2] not in units:
        return word
    digits = number(match[1])
    try:
        return f"{Decimal(digits) * AMOUNTS[match[2]]:f}" if type(digits) is str else digits
    except InvalidOperation:
        return word


def whole(cell: str) -> Any:
    word = scaled(cell)
    if type(word) is str and word.isascii() and word.lstrip("-").isdigit() and len(word) < 40:
        return int(word)
    return word


def fraction(cell: str) -> Any:
    """`13%` as the fraction it is."""
    word = number(cell)
    if type(word) is not str or "%" not in word:
        return word
    digits = number(word.replace("%", "", 1))
    try:
        return f"{Decimal(digits) / 100:f}" if type(digits) is str else digits
    except InvalidOperation:
        return word


def as_they_are(cells: Sequence[str]) -> Sequence[Any] | None:
    """Cells of nothing but digits and points, which `amount`, `scaled` and `fraction` leave as they
    are; None where one of them is more."""
    joined = "".join(cells)
    return cells if joined.isascii() and joined.replace(".", "").isdigit() else None


def all_whole(cells: Sequence[str]) -> Sequence[Any] | None:
    """The same for `whole`."""
    joined = "".join(cells)
    short = joined.isascii() and joined.isdigit() and max(map(len, cells)) < 40
    return list(map(int, cells)) if short else None


def days(from_1904: bool) -> Callable[[str], Any]:
    """Days as people type them where a cell holds text, and the number of days that a cell holds
    whose format was lost."""
    first_day = _FIRST_DAY_1904 if from_1904 else _FIRST_DAY

    def day(cell: str) -> Any:
        word = plain(cell)
        match = _DAY.match(word)
        if match is not None:
            year, _, m1, d1, m2, d2, m3, d3, hour, minute, second, part = match.groups()
            if int(hour or 0) or int(minute or 0) or int(second or 0) or float(part or 0):
                return Unread("date-with-time", {"text": cell.strip()[:40]})
            return f"{year}-{m1 or m2 or m3:0>2}-{d1 or d2 or d3:0>2}"
        if _SERIAL.match(word) and int(word) in _SERIALS:
            return (first_day + timedelta(int(word))).isoformat()
        return _other_day(word)

    return day


def plain(cell: str) -> str:
    word = unicodedata.normalize("NFKC", cell).strip() if not cell.isascii() else cell.strip()
    return re.sub(r"\s*([年月日]|号)\s*", r"\1", word) if "年" in word else word


def _other_day(word: str) -> Any:
    """Days that are written as elsewhere; a day and a month that may be each other are nobody's to
    guess."""
    match = _DAY_LAST.match(word)
    if match is not None:
        one, other, year = int(match[1]), int(match[2]), match[3]
        if one > 12 or one == other:
            return f"{year}-{other:02}-{one:02}"
        if other > 12:
            return f"{year}-{one:02}-{other:02}"
        said = {"first": f"{year}-{one:02}-{other:02}", "second": f"{year}-{other:02}-{one:02}"}
        return Unread("date-ambiguous", {"text": word, **said})
    if _SHORT_YEAR.match(word):
        return Unread("date-short-year", {"text": word})
    match = _IN_WORDS.match(word)
    if match is not None:
        name = (match[2] or match[3])[:3].lower()
        if name in _MONTHS:
            return f"{match[5]}-{_MONTHS.index(name) + 1:02}-{match[1] or match[4]:0>2}"
    return word


def moments(zone: tzinfo, from_1904: bool) -> Callable[[str], Any]:
    """An instant; one without an offset is in the installation's zone."""
    day = days(from_1904)

    def moment(cell: str) -> Any:
        word = plain(cell)
        match = _DAY.match(word)
        if match is None:
            found = day(word)
            if type(found) is not str or found == word:
                return found
            return _instant(found[:4], found[5:7], found[8:], "", "", "", "", zone=zone) or word
        year, _, m1, d1, m2, d2, m3, d3, hour, minute, second, part = match.groups()
        m, d = m1 or m2 or m3, d1 or d2 or d3
        return _instant(year, m, d, hour, minute, second, part, zone=zone) or word

    return moment


def _instant(year: str, month: str, day: str, hour: str | None, minute: str | None,
             second: str | None, part: str | None, *, zone: tzinfo) -> str | None:  # fmt: skip
    text = (
        f"{year}-{month:0>2}-{day:0>2}T{hour or '00':0>2}:{minute or '00'}:{second or '00'}"
        f"{part or ''}"
    )
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return None


def periods(grain: str, from_1904: bool) -> Callable[[str], Any]:
    """A period; where a spreadsheet made a date of it, the one that begins on that day."""
    day = days(from_1904)

    def period(cell: str) -> Any:
        word = plain(cell)
        match = _PERIOD.match(word)
        if match is not None:
            return _period_of(word, match)
        found = day(cell)
        if type(found) is not str or len(found) != 10:
            return found if type(found) is not str else word
        try:
            at = date.fromisoformat(found)
            whole = Period.containing(at, grain)  # type: ignore[arg-type]
        except ValueError:
            return word
        return str(whole) if whole.start == at else word

    return period


def _period_of(word: str, match: re.Match[str]) -> Any:
    year, month, digits, quarter, half = match.groups()
    if quarter:
        return f"{year}Q{_HANZI.index(quarter) + 1 if quarter in _HANZI else quarter}"
    if half:
        return f"{year}H{'上下'.index(half) + 1}"
    if month == "1" and word[4] == ".":  # 2026.10 as a number is 2026.1
        return Unread("period-ambiguous", {"text": word, "year": year})
    month = month or digits
    return f"{year}-{month:0>2}" if month else year
