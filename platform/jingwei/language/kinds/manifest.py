"""Kind `manifest`: the application itself."""

from __future__ import annotations

from typing import Any

from jingwei.language.kinds.common import own
from jingwei.language.organisation import Manifest
from jingwei.language.shapes import INTEGER, NAME, WORD, enum, kind, list_of, map_of
from jingwei.language.walker import Walker

LANGUAGE = 1  # the number this version writes; it reads this one and the one before
SCHEMA = kind(
    "manifest",
    {
        "name": NAME,
        "language": INTEGER,
        "locales": list_of(enum("zh", "en")),
        "folders": map_of(WORD),
        "currency": WORD,
        "quiet_hours": WORD,
        "channels": list_of(WORD),
    },
    ("language",),
)


def build(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    if values["language"] != LANGUAGE:
        at = walker.value_at(("language",))
        return walker.fail("unknown-language", at, number=values["language"], ours=LANGUAGE)
    return Manifest(
        name=values.get("name", "application"),
        at=walker.value_at(()),
        **own(values, "title", "language", "locales", "folders", "currency", "quiet_hours"),
        **own(values, "channels"),
    )
