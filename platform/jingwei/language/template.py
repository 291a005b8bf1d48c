"""Text with `{path}` holes: `{org.title}`, `{amount:万元}`, `{seq:3}`, `{today:%Y%m}`."""

from __future__ import annotations

from dataclasses import dataclass

from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.problems import Position

# how a number may be shown; dates take `%Y%m` and the like, numbers of records `3` digits
AMOUNTS = ("元", "千元", "万元", "百万元", "亿元", "万", "亿")
DATE_PARTS = "YmdHMSyjUWV"


@dataclass(frozen=True, slots=True)
class Hole:
    """One `{…}`: an expression path and how to show it (`万元`, `3`, `%Y%m`, or none)."""

    formula: Formula
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """`T{}` of keys.md, parsed: for each locale, pieces that are text or holes."""

    zh: tuple[str | Hole, ...]
    en: tuple[str | Hole, ...]
    source: Text
    at: Position

    def pieces(self, locale: str) -> tuple[str | Hole, ...]:
        return self.en if locale == "en" else self.zh
