"""Numbers as people and JSON write them, turned into exact decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.field_types.base import ColumnParser, Known, Parser, ValueRefused
from jingwei.language.form import Field

SCALES = {"money": 2, "number": 4, "percent": 6, "rating": 4}
_UNITS = {
    "": Decimal(1),
    "%": Decimal("0.01"),
    "pp": Decimal("0.01"),
    "万": Decimal(10**4),
    "亿": Decimal(10**8),
}
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_WRITTEN = re.compile(r"(-?[0-9][0-9_]*(?:\.[0-9]+)?)(%|pp|万|亿)?", re.ASCII)
MOST_DIGITS = 40  # read; what is kept is far shorter
MOST_KEPT = 2**63 - 1  # a scaled number must fit a 64-bit integer


def scale_of(field: Field) -> int:
    """Decimal places kept: the type's own, more when the author shows more."""
    shown = field.precision or 0
    if field.type == "percent":
        shown += 2  # of the percentage: 1.25 % shows two digits and has four places
    return max(SCALES[field.type], shown)


def decimal_of(raw: Any, field: Field) -> Decimal:
    """The exact value of a JSON number, or of a text that holds one. Raises ValueRefused."""
    number = _decimal(raw)
    scale = scale_of(field)
    if places_of(number) > scale:
        raise ValueRefused("number-too-precise", most=scale)
    return in_range(number, scale)


def decimal_parser(field: Field) -> Parser:
    """`decimal_of` for one field. Most numbers are short texts with few enough places."""
    scale = scale_of(field)
    short = len(str(MOST_KEPT)) - scale - 1  # digits before the point that are never too many
    missing = ["0" * (scale - given) for given in range(scale + 1)]

    def parse(raw: Any, known: Known) -> Decimal:
        if type(raw) is str and raw.isascii():
            whole, point, places = raw.partition(".")
            plain = whole.isdigit() and (whole[0] != "0" or whole == "0")
            if plain and len(whole) <= short and len(places) <= scale:
                if places.isdigit():
                    return Decimal(raw + missing[len(places)])
                if not point:
                    return Decimal(f"{whole}.{missing[0]}") if scale else Decimal(whole)
        return decimal_of(raw, field)

    return parse


def decimal_columns(field: Field) -> ColumnParser:
    """`decimal_parser` for many values at once, where all are short texts without a sign."""
    scale = scale_of(field)
    short = len(str(MOST_KEPT)) - scale - 1
    unit = Decimal(1).scaleb(-scale)
    places = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    lines_of = re.compile(rf"(?:(?:0|[1-9][0-9]{{0,{short - 1}}}){places}\n)*+", re.ASCII)

    def parse(column: Sequence[Any]) -> list[Decimal] | None:
        if set(map(type, column)) != {str}:
            return None
        lines = "\n".join((*column, ""))
        if lines.count("\n") != len(column) or lines_of.fullmatch(lines) is None:
            return None
        numbers = list(map(Decimal, column))
        if not all(map(unit.same_quantum, numbers)):  # some have fewer places
            return [number.quantize(unit) for number in numbers]
        return numbers

    return parse


def integer_column(column: Sequence[Any]) -> Sequence[Any] | None:
    """`integer_of` of many values at once, where all are whole numbers already."""
    whole = set(map(type, column)) == {int} and max(max(column), -min(column)) < 2**53
    return column if whole else None


def places_of(number: Decimal) -> int:
    """Decimal places, trailing zeros not counted; exact however long the number is."""
    _, digits, exponent = number.as_tuple()
    places = -int(exponent)
    for digit in reversed(digits):
        if digit or places <= 0:
            break
        places -= 1
    return max(places, 0)


def in_range(number: Decimal, scale: int) -> Decimal:
    """The number with its scale. Raises ValueRefused when it cannot be kept."""
    if abs(number).scaleb(scale) > MOST_KEPT:
        raise ValueRefused("number-out-of-range")
    return number.quantize(Decimal(1).scaleb(-scale)) if scale else number


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool):
        raise ValueRefused("not-a-number")
    if isinstance(raw, int):
        if raw.bit_length() > 128:
            raise ValueRefused("number-out-of-range")
        return Decimal(raw)
    if isinstance(raw, float):
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        if not raw.is_finite():
            raise ValueRefused("not-a-number")
        if not -MOST_DIGITS < raw.adjusted() < MOST_DIGITS:
            raise ValueRefused("number-out-of-range")
        return raw
    if not isinstance(raw, str):
        raise ValueRefused("not-a-number")
    text = raw.strip()
    if len(text) > MOST_DIGITS:
        raise ValueRefused("number-out-of-range" if _PLAIN.fullmatch(text) else "not-a-number")
    if not _PLAIN.fullmatch(text):
        raise ValueRefused("not-a-number")
    return Decimal(text)


def written_number(text: str) -> Decimal:
    """A number of a definition: `12`, `1_000.5`, `15%`, `5000万`. Raises ValueRefused."""
    match = _WRITTEN.fullmatch(text.strip())
    if not match:
        raise ValueRefused("not-a-number")
    if len(text) > MOST_DIGITS:
        if "." in text[:MOST_DIGITS]:
            raise ValueRefused("number-too-precise", most=MOST_DIGITS)
        raise ValueRefused("number-out-of-range")
    digits = match[1]
    whole = digits.lstrip("-").partition(".")[0]
    if len(whole) > 1 and whole.startswith("0"):
        raise ValueRefused("number-leading-zero")
    try:
        return Decimal(digits.replace("_", "")) * _UNITS[match[2] or ""]
    except InvalidOperation:
        raise ValueRefused("not-a-number") from None


def integer_of(raw: Any) -> int:
    """A whole number below 2^53 on both sides. Raises ValueRefused."""
    number = _decimal(raw)
    if number != number.to_integral_value():
        raise ValueRefused("not-an-integer")
    if abs(number) >= 2**53:
        raise ValueRefused("number-out-of-range")
    return int(number)
