"""The rules of numbers, the same in every target.

`+ - *` are exact; `/` and averages are rounded half-up (away from zero) to 10 decimals; division
by zero is null; a result of more than 28 digits before the point raises ArithmeticError.
"""

from __future__ import annotations

from decimal import (
    ROUND_05UP,
    ROUND_HALF_UP,
    Context,
    Decimal,
    InvalidOperation,
    Overflow,
)

DIGITS = 28
PLACES = 10  # of quotients

# Wide enough for every exact product of 2,000 characters; what passes Emax overflows by itself.
_EXACT = Context(
    prec=30_000,
    rounding=ROUND_HALF_UP,
    Emin=-999_999,
    Emax=DIGITS - 1,
    traps=[Overflow, InvalidOperation],
)
# Rounding 05UP keeps what a second, half-up rounding needs: together they round once.
_QUOTIENT = Context(
    prec=DIGITS + PLACES + 4,
    rounding=ROUND_05UP,
    Emin=-999_999,
    Emax=999_999,
    traps=[InvalidOperation],
)
_STEPS = {places: Decimal(1).scaleb(-places) for places in range(PLACES + 1)}
_TENTH_PLACE = _STEPS[PLACES]

Number = Decimal | int

add = _EXACT.add
subtract = _EXACT.subtract
multiply = _EXACT.multiply
absolute = _EXACT.abs
negative = _EXACT.minus
_divide = _QUOTIENT.divide


def divide(left: Number, right: Number) -> Decimal | None:
    """The quotient to 10 decimals, or None for division by zero."""
    if not right:
        return None
    return _divide(left, right).quantize(_TENTH_PLACE, ROUND_HALF_UP, _EXACT)


def rounded(value: Number, places: int) -> Decimal:
    """Half-up (away from zero) to `places` decimals, 0–10."""
    return Decimal(value).quantize(_STEPS[places], ROUND_HALF_UP, _EXACT)


def percent_change(value: Number, base: Number) -> Decimal | None:
    """(value − base) ÷ |base|: a loss that shrinks is an improvement."""
    return divide(subtract(value, base), absolute(Decimal(base)))


def checked(value: Number) -> Decimal:
    """The value, or ArithmeticError when it has too many digits."""
    return _EXACT.plus(Decimal(value))


def plain(value: Number) -> str:
    """The shortest digits, without an exponent: `12.5`, `0`, `1000`."""
    text = f"{Decimal(value):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def hundredth(value: Number, _hundred: Number) -> Decimal:
    """`value / 100`: the commonest division, cheaper than the general one."""
    return Decimal(value).scaleb(-2, _EXACT).quantize(_TENTH_PLACE, ROUND_HALF_UP, _EXACT)
