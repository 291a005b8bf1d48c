"""Kind `manifest`: the application itself."""

from __future__ import annotations

import re
from typing import Any

from jingwei.language.kinds.common import own
from jingwei.language.organisation import Manifest
from jingwei.language.scales import usual
from jingwei.language.shapes import INTEGER, NAME, WORD, enum, kind, list_of, map_of
from jingwei.language.walker import Walker
from jingwei.problems import Phrase

_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
QUIET_HOURS = re.compile(f"{_HOUR}-{_HOUR}")
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
    hours = values.get("quiet_hours")
    if hours is not None and not QUIET_HOURS.fullmatch(hours):
        why = Phrase("alerts.quiet-hours", bare=True)
        return walker.fail("bad-value", walker.value_at(("quiet_hours",)), value=hours, why=why)
    currency = values.get("currency")
    if currency is not None and (meant := usual(currency)) is not None:
        walker.problems.add(
            "unit-otherwise",
            walker.value_at(("currency",)),
            severity="warning",
            suggestion=meant,
            unit=currency[:40],
        )
    return Manifest(
        name=values.get("name", "application"),
        at=walker.value_at(()),
        **own(values, "title", "language", "locales", "folders", "currency", "quiet_hours"),
        **own(values, "channels"),
    )
