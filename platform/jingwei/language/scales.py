"""Multiples of a unit: one 万元 is 10,000 元, and 元 is the printed name of CNY."""

from __future__ import annotations

from decimal import Decimal

# longest first: 万亿元 is no 万 of 亿元 that nobody knows
SCALES = {
    "万亿": Decimal(1_000_000_000_000),
    "百万": Decimal(1_000_000),
    "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
    "万": Decimal(10_000),
    "千": Decimal(1_000),
    "百": Decimal(100),
}
_PRINTED = {"元": "CNY"}
_RENMINBI = "人民币"
_OTHERWISE = frozenset(("RMB", "CNY", "圆", "元", "￥", "¥"))


def usual(unit: str) -> str | None:
    """How the currency is written here, where a unit means it and writes it another way."""
    plain = "".join(unit.split()).upper()
    scale = next((one for one in SCALES if plain.startswith(one)), "")
    named = plain.removeprefix(scale)
    if named != _RENMINBI and named.replace(_RENMINBI, "", 1) not in _OTHERWISE:
        return None
    meant = f"{scale}元" if scale else "CNY"
    return None if conversion(unit, meant) == 1 else meant


def conversion(unit: str, other: str) -> Decimal | None:
    """How many of `other` one of `unit` is; None: they measure different things."""
    if unit == other:
        return Decimal(1)
    (base, many), (other_base, others) = _parts(unit), _parts(other)
    return many / others if base == other_base else None


def _parts(unit: str) -> tuple[str, Decimal]:
    """The unit that is counted, and how many of it one is."""
    for scale, many in SCALES.items():
        rest = unit.removeprefix(scale)
        if rest and rest != unit:
            return _PRINTED.get(rest, rest), many
    return _PRINTED.get(unit, unit), Decimal(1)
