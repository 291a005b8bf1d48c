"""How types relate: what may be compared, added, chosen between; units of numbers."""

from __future__ import annotations

from jingwei.language.expressions.tree import Type, TypeName
from jingwei.language.scales import conversion

NULL = Type("null")
BOOLEAN = Type("boolean")
NUMBER = Type("number")
PERCENT = Type("percent")
TEXT = Type("text")
DATE = Type("date")
DATETIME = Type("datetime")
DURATION = Type("duration")
ANY = Type("any")

NUMERIC = frozenset(("number", "percent"))
# kept as a name or code, so a text constant may stand for one
NAMED = frozenset(("text", "choice", "org", "person", "role", "post", "indicator", "profile"))
# of these a text constant must be a code that exists
CODED = frozenset(("org", "role", "post", "indicator", "profile"))
TEMPORAL = frozenset(("date", "datetime"))
ORDERED = frozenset(("number", "percent", "text", "date", "datetime", "time", "duration", "period"))
PERCENT_UNIT = "%"
# beside anything; that a secret is read at all is said by itself: see `secrets_read`
OPEN = frozenset(("any", "null", "secret"))


def unit_of(type_: Type) -> str | None:
    """The unit that sums must agree on; None: unknown or none, agrees with all."""
    return PERCENT_UNIT if type_.name == "percent" else type_.unit


def units_agree(left: Type, right: Type) -> bool:
    one, other = unit_of(left), unit_of(right)
    return one is None or other is None or conversion(one, other) == 1


def summed(left: Type, right: Type) -> Type:
    """The type of a sum, a difference, or of either of two numbers whose units agree."""
    if left.name == "percent" and right.name == "percent":
        return PERCENT
    return Type("number", unit=left.unit or right.unit)


def product(left: Type, right: Type) -> Type:
    """Money times a count is money; a share of money is money; money squared is just a number, and
    money by head times heads is money."""
    if left.name == "percent" and right.name == "percent":
        return PERCENT
    for one, other in ((left, right), (right, left)):
        if one.ratio is not None:
            return _times(one.ratio, other)
    if left.unit and right.unit:
        return NUMBER
    return Type("number", unit=left.unit or right.unit)


def _times(ratio: tuple[str, str], other: Type) -> Type:
    """Money by head, times heads, a number or a share, or something of a third unit."""
    if unit_of(other) in (None, PERCENT_UNIT):
        return NUMBER if other.ratio else Type("number", ratio=ratio)
    return Type("number", unit=ratio[0]) if conversion(ratio[1], other.unit or "") == 1 else NUMBER


def quotient(left: Type, right: Type) -> Type:
    """Money by a count or share is money; money by money is a plain ratio."""
    if right.ratio is not None:
        return NUMBER
    if unit_of(right) in (None, PERCENT_UNIT):
        return Type("number", unit=left.unit, ratio=left.ratio)
    if left.unit and right.unit and conversion(left.unit, right.unit) is None:
        return Type("number", ratio=(left.unit, right.unit))
    return NUMBER


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` between them makes sense."""
    names = {left.name, right.name}
    if names & OPEN:
        return True
    if "list" in names or "rows" in names:
        return False
    if len(names) == 1:
        if left.name == "record":
            return left.form is None or right.form is None or left.form == right.form
        return left.name != "period" or _grains_agree(left, right)
    return names <= NUMERIC or names <= TEMPORAL or ("text" in names and names <= NAMED)


def _grains_agree(left: Type, right: Type) -> bool:
    return left.grain is None or right.grain is None or left.grain == right.grain


def either(left: Type, right: Type) -> Type | None:
    """The type of a value that is one of the two, or None when they do not mix."""
    if left.name in OPEN:
        return right
    if right.name in OPEN:
        return left
    if left.name in NUMERIC and right.name in NUMERIC:
        return summed(left, right)
    if left == right:
        return left
    if left.name == right.name:
        return _common(left, right)
    if {left.name, right.name} <= NAMED and "text" in (left.name, right.name):
        return TEXT
    return None


def _common(left: Type, right: Type) -> Type | None:
    if left.name == "choice":
        both = (left.choices or frozenset()) | (right.choices or frozenset())
        return Type("choice", choices=both or None)
    if left.name == "period":
        return Type("period", grain=left.grain if left.grain == right.grain else None)
    if left.name == "list" and left.of and right.of:
        element = either(left.of, right.of)
        return Type("list", of=element) if element else None
    return Type(left.name) if left.name != "rows" else None


def fits(found: Type, expected: TypeName | Type) -> bool:
    """Whether a value of `found` may stand where `expected` is wanted."""
    wanted = expected if isinstance(expected, Type) else Type(expected)
    if wanted.name in ("any", "null") or found.name in OPEN:
        return True
    if wanted.name in NUMERIC:
        return found.name in NUMERIC
    if wanted.name == "list":
        return found.name in ("list", "rows")
    if wanted.name in ("text", "choice"):
        return found.name in NAMED
    if wanted.name in NAMED:
        return found.name in (wanted.name, "text")
    if wanted.name in TEMPORAL:
        return found.name in TEMPORAL
    return found.name == wanted.name and comparable(found, wanted)
