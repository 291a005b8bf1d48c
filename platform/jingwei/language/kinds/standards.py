"""Kinds benchmark and classification."""

from __future__ import annotations

from typing import Any

from jingwei.language.kinds.common import common, own
from jingwei.language.shapes import (
    COLOR,
    CONDITION,
    TEXT,
    WORD,
    by_shape,
    enum,
    keys,
    kind,
    list_of,
    map_of,
)
from jingwei.language.standards import Benchmark, Classification, Level
from jingwei.language.text import Text
from jingwei.language.walker import Walker

BENCHMARK_KEYS = ("year", "industry", "size", "indicator")
# what an input of a classification may be
INPUT_TYPES = (
    "text", "number", "money", "percent", "boolean", "date", "datetime", "period", "choice", "org",
    "person",
)  # fmt: skip

BENCHMARK = kind(
    "benchmark",
    {
        "tiers": list_of(by_shape(scalar=WORD, keyed=map_of(TEXT))),
        "source": WORD,
        "keys": list_of(enum(*BENCHMARK_KEYS)),
    },
    ("tiers", "source"),
)


def build_benchmark(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    """Tiers are words, or words with titles: `[{excellent: {zh: 优秀, en: Excellent}}, …]`."""
    titles: dict[str, Text] = {}
    for tier in values["tiers"]:
        for word, title in tier.items() if isinstance(tier, dict) else ((tier, None),):
            titles[word] = title or Text.plain(word)
    arguments = own(values, "source", "keys")
    return Benchmark(
        **common(walker, name, values), tiers=tuple(titles), titles=titles, **arguments
    )


_LEVEL = keys("level", {"title": TEXT, "color": COLOR, "when": CONDITION}, ("title",))
CLASSIFICATION = kind(
    "classification",
    {
        "inputs": map_of(enum(*INPUT_TYPES)),
        "levels": map_of(_LEVEL, names="code", thing="level"),
    },
    ("inputs", "levels"),
)


def build_classification(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    levels = {code: Level(code=code, **one) for code, one in values["levels"].items()}
    last = next(reversed(levels), None)
    for code, level in levels.items():
        if level.when is None and code != last:
            return walker.fail("level-hides-others", walker.key_at(("levels", code)), level=code)
    return Classification(**common(walker, name, values), inputs=values["inputs"], levels=levels)
