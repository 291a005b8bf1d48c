"""Units that figures arrive in, and what they come to in the unit an indicator keeps.

Money is kept in whole currency units, a percent as a fraction.
"""

from __future__ import annotations

from decimal import Decimal

_SCALES = {
    "": Decimal(1),
    "百": Decimal(100),
    "千": Decimal(1_000),
    "万": Decimal(10_000),
    "百万": Decimal(1_000_000),
    "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
    "万亿": Decimal(1_000_000_000_000),
}
# as printed, without its scale → the unit kept, and how many of it
_BASES = {
    "元": ("CNY", Decimal(1)),
    "元/人": ("CNY_per_person", Decimal(1)),
    "人": ("person", Decimal(1)),
}
_WHOLE = {
    "%": ("percent", Decimal("0.01")),
    "％": ("percent", Decimal("0.01")),
    "‰": ("percent", Decimal("0.001")),
    "pp": ("percent", Decimal("0.01")),
    "bp": ("percent", Decimal("0.0001")),
}
_SAME = {"%": "percent"}


def factor(unit: str | None, kept: str) -> Decimal | None:
    """What a figure in `unit` is multiplied by to be in `kept`; None: it is something else.

    No unit: it is in the unit that is kept.
    """
    kept = _SAME.get(kept, kept)
    if not unit or unit == kept:
        return Decimal(1)
    if unit in _WHOLE:
        base, many = _WHOLE[unit]
        return many if base == kept else None
    for scale in sorted(_SCALES, key=len, reverse=True):
        if not unit.startswith(scale):
            continue
        rest = unit.removeprefix(scale)
        base, many = _BASES.get(rest, (rest, Decimal(1)))
        if base == kept:
            return many * _SCALES[scale]
    return None
