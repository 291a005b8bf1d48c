"""Choices of fields and of code lists: schema and reader."""

from __future__ import annotations

from typing import Any

from jingwei.language.form import Choice
from jingwei.language.shapes import COLOR, DATE, TEXT, WORD, Schema, by_shape, keys
from jingwei.language.text import Text
from jingwei.language.walker import BAD, Walker, reads, well_named, wrong_shape
from jingwei.problems import nearest
from jingwei.reading.yaml_file import Data, Path

MOST_CHOICES = 2_000
CHOICES: Schema = {"jingwei": "choices", "type": "object"}
_BESIDE = frozenset({"title", "color", "parent", "valid_from", "valid_to"})
CHOICE = by_shape(
    scalar=TEXT,
    keyed=keys(
        "choice",
        {
            "title": TEXT,
            "color": COLOR,
            "parent": WORD,
            "zh": WORD,
            "en": WORD,
            "valid_from": DATE,
            "valid_to": DATE,
        },
    ),
)


@reads("choices")
def read_choices(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Choices by code as a tuple of `Choice`."""
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    if len(data) > MOST_CHOICES:
        at = walker.key_at(path)
        return walker.fail("too-many-choices", at, count=len(data), most=MOST_CHOICES)
    found: list[Choice] = []
    bad = False
    for code, part in data.items():
        here = (*path, code)
        if not well_named(walker, code, "code", walker.key_at(here)):
            bad = True
            continue
        choice = _choice(walker, code, part, here)
        if choice is BAD:
            bad = True
        else:
            found.append(choice)
    if not found and not bad:
        return walker.empty(path)
    bad = _bad_parents(walker, found, data, path) or bad
    return BAD if bad else tuple(found)


def _bad_parents(walker: Walker, found: list[Choice], data: dict[str, Data], path: Path) -> bool:
    """Whether a choice stands below one that is not there, or below itself."""
    parents = {choice.code: choice.parent for choice in found if choice.parent is not None}
    bad = False
    for code, parent in parents.items():
        at = walker.value_at((*path, code, "parent"))
        if parent not in data:
            bad = True
            walker.fail(
                "default-not-a-choice",
                at,
                suggestion=nearest(parent, data),
                value=parent[:40],
                known=", ".join(list(data)[:12]),
            )
            continue
        ring = [code]
        while ring[-1] in parents and len(ring) <= len(parents) + 1:
            ring.append(parents[ring[-1]])
            if ring[-1] == code:
                bad = True
                if code == min(ring):
                    walker.fail("choice-cycle", at, path=" → ".join(ring))
                break
    return bad


def _choice(walker: Walker, code: str, data: Data, path: Path) -> Any:
    if isinstance(data, dict) and set(data) & {"zh", "en"}:
        more = next((key for key in data if key in _BESIDE), None)
        if more is not None:
            words = ", ".join(key for key in ("zh", "en") if key in data)
            return walker.fail(
                "title-beside-keys", walker.key_at((*path, more)), key=more, languages=words
            )
        words = walker.read(TEXT, data, path)
        return BAD if words is BAD else Choice(code=code, title=words)
    values = walker.read(CHOICE, data, path)
    if values is BAD:
        return BAD
    if isinstance(values, Text):
        return Choice(code=code, title=values)
    first, last = values.get("valid_from"), values.get("valid_to")
    if first is not None and last is not None and last < first:
        at = walker.value_at((*path, "valid_to"))
        return walker.fail("ends-before-it-begins", at, first=first, last=last)
    return Choice(
        code=code,
        title=values.get("title", Text.plain(code)),
        color=values.get("color"),
        parent=values.get("parent"),
        valid_from=first,
        valid_to=last,
    )
