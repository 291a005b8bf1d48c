"""Results whose unit is hardly that of where they go: 元 × 元 is no 元, 元 / 元 is a share."""

from __future__ import annotations

from jingwei.language.expressions.tree import Binary, Call, If, Node, Type
from jingwei.language.expressions.types import unit_of
from jingwei.language.scales import conversion

_KEEPING = frozenset({"round", "floor", "ceil", "abs", "coalesce"})


def of_another_unit(root: Node, wanted: Type) -> Binary | None:
    """The product, or the quotient, of two amounts of a currency that is kept as such an amount."""
    match root:
        case Binary(op="*" | "/", left=left, right=right) if wanted.unit is not None:
            both = (left, right)
            units = [unit for node in both if (unit := unit_of(node.type)) is not None]
            alike = [unit for unit in units if conversion(unit, wanted.unit) is not None]
            return root if len(alike) == 2 and _is_currency(wanted.unit) else None
        case If(then=then, otherwise=otherwise):
            return of_another_unit(then, wanted) or of_another_unit(otherwise, wanted)
        case Call(function=function, arguments=arguments) if function in _KEEPING and arguments:
            return of_another_unit(arguments[0], wanted)
    return None


def _is_currency(unit: str) -> bool:
    """A count of things times a count may be a count: 箱 of 个 each."""
    code = conversion(unit, "CNY") is not None
    return code or (len(unit) == 3 and unit.isascii() and unit.isupper())
