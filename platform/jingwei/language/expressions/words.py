"""Types and units as people call them, for messages; the words are in texts/*/expressions.toml."""

from __future__ import annotations

from jingwei.language.expressions.tree import Type
from jingwei.language.expressions.types import unit_of
from jingwei.texts import Words


def type_words(type_: Type) -> Words:
    """`a number`, `an organisation`, `a month`"""
    if type_.name == "period" and type_.grain is not None:
        return Words(f"expressions.types.period_{type_.grain}")
    return Words(f"expressions.types.{type_.name}")


def kind_words(type_: Type) -> Words:
    """`organisation`, `choice`: of what a code is."""
    return Words(f"expressions.kinds.{type_.name}")


def unit_words(type_: Type) -> Words | str:
    """`CNY`, `%`, or the type where there is no unit."""
    return unit_of(type_) or type_words(type_)
