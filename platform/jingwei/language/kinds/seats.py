"""Two small shapes: the posts of an org with their people, and an entry of a menu."""

from __future__ import annotations

from typing import Any

from jingwei.language.shapes import Schema
from jingwei.language.walker import BAD, Walker, reads
from jingwei.problems import nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

MENU_KINDS = ("form", "dashboard", "report", "guide", "module")


@reads("seats")
def read_seats(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Post → logins; a post without people is only a seat that exists."""
    assert isinstance(data, dict)
    seats: dict[str, tuple[str, ...]] = {}
    for post, part in data.items():
        here = (*path, post)
        walker.reference("post", post, walker.key_at(here))
        if isinstance(part, Scalar):
            seats[post] = () if part.is_empty else (part.text,)
            continue
        if not isinstance(part, list):
            return walker.empty(here)
        people = []
        for index, person in enumerate(part):
            scalar = walker.scalar(person, (*here, index), "things.words")
            if scalar is None:
                return BAD
            people.append(scalar.text)
        seats[post] = tuple(people)
    return seats


@reads("menu_entry")
def read_menu_entry(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """`kind/name`."""
    scalar = walker.scalar(data, path, "things.words")
    if scalar is None:
        return BAD
    kind, slash, name = scalar.text.partition("/")
    at = walker.value_at(path)
    if not slash or kind not in MENU_KINDS:
        suggestion = nearest(kind, MENU_KINDS)
        better = f"{suggestion}/{name}" if suggestion and slash else None
        return walker.fail("bad-menu-entry", at, suggestion=better, value=scalar.text[:60])
    walker.reference(kind, name, at.shifted(len(kind) + 1, len(scalar.text)))
    return scalar.text
