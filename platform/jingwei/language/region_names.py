"""What people call an administrative division: 成都 for 四川省成都市, 四川成都, 成都武侯区.

A name may leave out of which kind a division is (市, 县, 自治州 with its peoples), and what it lies
in. One that several divisions have is none of them, but for two of which everybody means the
larger: a province (河南 is no county of 青海), and what lies in its namesake (长沙县 in 长沙市).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from jingwei.language.regions import (
    above,
    codes_by_name,
    forms,
    full_name,
    largest_first,
    level_of,
    within,
)

LEAST = 2  # signs of a name
_APART = re.compile(r"[\s/\-·>＞]+")


@lru_cache(maxsize=4_096)
def called(words: str) -> tuple[str, ...]:
    """The codes of the divisions that are called so, larger ones first: one when it is clear which
    is meant, several when it is not, none for a name that nobody has."""
    name = _APART.sub("", words)
    whole = codes_by_name().get(name)
    if whole is not None:
        return (whole,)
    meant = (code for code, rest in _ending_in(name) if _may_lead(rest, code))
    found = list(dict.fromkeys(meant))
    order = {code: place for place, code in enumerate(largest_first())}
    found.sort(key=lambda code: order[code])
    return tuple(found[:1] if found and _is_meant(found) else found)


def search_regions(wanted: str) -> Iterator[tuple[str, str]]:
    """(code, full name) of those that are called so, then of those whose name or code has what is
    looked for: provinces first, then cities."""
    name = _APART.sub("", wanted)
    first = called(name) if name else ()
    for code in first:
        yield code, full_name(code)
    for code, whole, plain in _searched():
        if (code.startswith(name) or name in whole or name in plain) and code not in first:
            yield code, whole


@lru_cache(maxsize=1)
def _searched() -> tuple[tuple[str, str, str], ...]:
    """Each division with its full name, and with that without kinds: 四川成都武侯."""
    return tuple(
        (code, full_name(code), "".join(forms(one)[-1] for one in above(code)))
        for code in largest_first()
    )


def _is_meant(found: list[str]) -> bool:
    """Whether everybody means the first of several."""
    first, *others = found
    if level_of(first) == 0:
        return True
    return all(level_of(one) > level_of(first) and one.startswith(within(first)) for one in others)


def _ending_in(name: str) -> Iterator[tuple[str, str]]:
    """Divisions one of whose own names the words end in, with what stands before it."""
    known = _by_own_name()
    for start in range(len(name) - LEAST + 1):
        for code in known.get(name[start:], ()):
            yield code, name[:start]


def _may_lead(words: str, code: str) -> bool:
    """Whether words are names of some of what a division lies in, the largest first."""
    outer = above(code)[:-1]
    return not words or any(_begins(words, outer[place:]) for place in range(len(outer)))


def _begins(words: str, outer: list[str]) -> bool:
    first, rest = outer[0], outer[1:]
    for form in forms(first):
        if words == form:
            return True
        if words.startswith(form) and any(
            _begins(words[len(form) :], rest[place:]) for place in range(len(rest))
        ):
            return True
    return False


@lru_cache(maxsize=1)
def _by_own_name() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code in largest_first():
        if above(code):
            for form in forms(code):
                found.setdefault(form, []).append(code)
    return {name: tuple(codes) for name, codes in found.items()}
