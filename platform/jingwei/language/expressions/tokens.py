"""The words of the language: literals, names, keywords and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.meant_words import meant_amount
from jingwei.language.values import Duration, DurationUnit

MOST_CHARACTERS = 2_000
MOST_CONDITION = 10_000  # of what is typed over a list: with the keys of many records in it
MOST_DIGITS = 28

KEYWORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "empty",
        "between",
        "if",
        "else",
        "true",
        "false",
        "null",
        "where",
        "by",
    ]
)

Kind = Literal["number", "percent", "text", "date", "duration", "name", "keyword", "sign", "end"]

_MAGNITUDES = {"": Decimal(1), "万": Decimal(10**4), "亿": Decimal(10**8), "万亿": Decimal(10**12)}
_SHARES = {"%": Decimal("0.01"), "pp": Decimal("0.01")}

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\w-]))
  | (?P<number>\d[\d_]*(?:\.\d[\d_]*)?)(?P<unit>%|[A-Za-z_\u4e00-\u9fff][\w]*)?
  | (?P<name>[^\W\d][\w]*)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<habit><>|=<|=>|\*\*)
  | (?P<sign>==|!=|<=|>=|[-+*/<>(),.\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_HOLE = re.compile(r"[$#]?\{\s*([A-Za-z_][\w.]*)\s*\}")  # as other systems write names
_QUOTED = re.compile("[\"'“‘]")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

# What people type from habit, and what the language writes.
_HABITS = {
    "=": "==",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "&&": "and",
    "||": "or",
    "!": "not",
    "|": "or",
    "＆＆": "and",
    "！＝": "!=",
    "＞＝": ">=",
    "＜＝": "<=",
    "＝＝": "==",
    "！": "not",
    "：": "==",
    "「": '"',
    "」": '"',
    "『": '"',
    "』": '"',
    "–": "-",
    "—": "-",
    "−": "-",
    "｜｜": "or",
    "、": ",",
    "（": "(",
    "）": ")",
    "，": ",",
    "＋": "+",
    "－": "-",
    "＊": "*",
    "／": "/",
    "×": "*",
    "÷": "/",
    "＝": "==",
    "＞": ">",
    "＜": "<",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "．": ".",
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "＂": '"',
    "＿": "_",
    "【": "[",
    "】": "]",
    "［": "[",
    "］": "]",
    "％": "%",
    "?": "a if condition else b",
    "**": "a * a",
    "%": "a - floor(a / b) * b",
    "^": "a * a",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word. `text` is as written; `value` what a literal stands for."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Any = None


def tokens(source: str, most: int = MOST_CHARACTERS) -> list[Token]:
    """The words of `source`, the last of kind `end`. Raises ExpressionError at the first bad."""
    if len(source) > most:
        raise ExpressionError("expression-too-long", 0, 1, length=len(source), limit=most)
    found = list(_tokens(source))
    found.append(Token("end", "", len(source), len(source)))
    return found


def _tokens(source: str) -> Iterator[Token]:
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None or match["habit"]:
            raise _bad_character(source, place)
        if match.lastgroup != "space":
            yield _token(match)
        place = match.end()


def _token(match: re.Match[str]) -> Token:
    text, start, end = match.group(), match.start(), match.end()
    if match["date"]:
        return Token("date", text, start, end, _date(text, start, end))
    if match["number"]:
        return _number(match["number"], match["unit"] or "", start, end)
    if match["text"]:
        return Token("text", text, start, end, _ESCAPE.sub(_unescaped, text[1:-1]))
    if match["name"]:
        return Token("keyword" if text in KEYWORDS else "name", text, start, end)
    return Token("sign", text, start, end)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[0])


def _date(text: str, start: int, end: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ExpressionError("no-such-day", start, end, text=text) from None


def _number(digits: str, unit: str, start: int, end: int) -> Token:
    plain = digits.replace("_", "")
    if len(plain.replace(".", "").lstrip("0")) > MOST_DIGITS:
        raise ExpressionError("number-too-long", start, end, limit=MOST_DIGITS)
    text = digits + unit
    if unit in _MAGNITUDES:
        return Token("number", text, start, end, Decimal(plain) * _MAGNITUDES[unit])
    if unit in _SHARES:
        return Token("percent", text, start, end, Decimal(plain).scaleb(-2))
    for known in get_args(DurationUnit):
        if unit == known and known != "periods" and "." not in plain:
            return Token("duration", text, start, end, Duration(_small(plain, start, end), known))
    meant = meant_amount(text)
    raise ExpressionError("malformed-number", start, end, text=text, unit=unit, suggestion=meant)


def _small(plain: str, start: int, end: int) -> int:
    if len(plain) > 6:
        raise ExpressionError("number-too-long", start, end, limit=6)
    return int(plain)


def _by_what_is_around(source: str, place: int) -> str | None:
    """What was meant by signs of which the neighbours tell; empty where the sign is to go."""
    sign, after = source[place], source[place + 1 : place + 2]
    before = source[place - 1 : place] if place else ""
    if sign == "。":
        return "." if before.isalnum() and after.isalnum() else ""
    if sign in ",，、" and not source[place + 1 :].strip():
        return ""
    if sign in "《》":
        quoted = (after if sign == "《" else before).isalpha()
        return '"' if quoted else "<" if sign == "《" else ">"
    if sign == "&" and after != "&":
        return "concat(…, …)" if _QUOTED.search(source) else "and"
    return None


def _bad_character(source: str, place: int) -> ExpressionError:
    around = _by_what_is_around(source, place)
    if around is not None:
        meant, sign = around or None, source[place]
        return ExpressionError("wrong-sign", place, place + 1, sign=sign, suggestion=meant)
    hole = _HOLE.match(source, place)
    if hole:
        return ExpressionError("wrong-sign", place, hole.end(), sign=hole[0], suggestion=hole[1])
    for length in (2, 1):
        habit = source[place : place + length]
        if habit in _HABITS:
            instead = _HABITS[habit]
            before = source[:place].rstrip()
            if habit == "=" and before[-1:] in ("<", ">", "!") and len(before) < place:
                start = len(before) - 1  # `> =`, which is one sign
                sign = source[start : place + 1]
                meant = f"{before[-1]}="
                return ExpressionError("wrong-sign", start, place + 1, sign=sign, suggestion=meant)
            if habit == "=" and not source[:place].strip():
                break  # as in a spreadsheet: an expression needs no sign before it
            return ExpressionError(
                "wrong-sign", place, place + len(habit), sign=habit, suggestion=instead
            )
    if source[place] in "\"'":
        return ExpressionError("cut-expression", place, len(source), missing=source[place])
    return ExpressionError("wrong-sign", place, place + 1, sign=source[place])
