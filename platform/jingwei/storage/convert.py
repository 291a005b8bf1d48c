"""Values carried into a column of another type: what converts, and what stays behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.periods import Period
from jingwei.storage.columns import SECRET
from jingwei.storage.names import Retype
from jingwei.storage.plan_step import MOST_EXAMPLES, Example

_NUMBERS = {"decimal", "integer"}


def converter(old: str, new: str) -> Callable[[Any], Any] | None:
    """From engine value to engine value, None for what does not convert; None: nothing does."""
    was, to = old.partition(":")[0], new.partition(":")[0]
    if was in _NUMBERS and to in _NUMBERS:
        return _whole if to == "integer" else Decimal
    if was == SECRET:
        return None  # nobody reads it
    if to in ("text", SECRET):
        return _words
    if to == "several" and new.partition(":")[2] == old:
        return _several
    if was == "several" and old.partition(":")[2] == new:
        return _only
    if was == "text":
        return _PARSERS.get(to)
    return None


@dataclass(slots=True)
class Judge:
    """Counts what does not convert, and what would lose digits. Feed it with `take`."""

    convert: Callable[[Any], Any] | None
    scale: int | None  # digits after the point that the new type keeps; None: it is no decimal
    is_certain: bool  # every value converts (or none does), so no row need be looked at
    failed: int = 0
    rounded: int = 0
    failures: list[Example] = field(default_factory=list)
    roundings: list[Example] = field(default_factory=list)

    def take(self, record: int, value: Any) -> Any:
        """The value as the new type has it; None when it has none."""
        new = self.convert(value) if self.convert is not None else None
        if new is None:
            self.failed += 1
            if len(self.failures) < MOST_EXAMPLES:
                self.failures.append(Example(record, str(value)[:60]))
        elif self.scale is not None and _places(new) > self.scale:
            self.rounded += 1
            if len(self.roundings) < MOST_EXAMPLES:
                self.roundings.append(Example(record, str(value)[:60]))
        return new


def judge(retype: Retype) -> Judge:
    """Who judges the values of one change of type."""
    convert = converter(retype.old_type, retype.new_type)
    was, _, old_scale = retype.old_type.partition(":")
    to, _, new_scale = retype.new_type.partition(":")
    scale = int(new_scale) if to == "decimal" else None
    widens = was == "integer" or (
        was == "decimal" and scale is not None and int(old_scale) <= scale
    )
    plain = to in ("text", SECRET) and was not in ("json", "several")
    certain = convert is None or plain or (to == "decimal" and widens) or convert is _several
    return Judge(convert, scale, certain)


def _places(value: Any) -> int:
    """Digits behind the point, without zeros at the end."""
    if not isinstance(value, Decimal) or value == value.to_integral_value():
        return 0
    return max(0, -int(value.normalize().as_tuple().exponent))


def _several(value: Any) -> list[Any]:
    return [value]


def _only(value: Any) -> Any:
    return value[0] if len(value) == 1 else None


def _whole(value: Any) -> int | None:
    return int(value) if value == int(value) else None


def _words(value: Any) -> str | None:
    if isinstance(value, list | dict):
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(value.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _integer(value: str) -> int | None:
    number = _decimal(value)
    return None if number is None else _whole(number)


def _period(value: str) -> Period | None:
    try:
        return Period.parse(value.strip())
    except ValueError:
        return None


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "decimal": _decimal,
    "integer": _integer,
    "period": _period,
    "choice": _words,
}
