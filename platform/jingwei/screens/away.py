"""Who stands in for the reader, in words: for the top of every page, and for the settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from jingwei.screens.cells import Cells
from jingwei.services.commands import Reading
from jingwei.services.flows import proxies
from jingwei.texts import text
from jingwei.web import locale


def last_day(cells: Cells, until: datetime) -> str:
    """The last day that a rule holds, which ends at the first moment after it."""
    return cells.moment(until - timedelta(seconds=1)).rpartition(" ")[0]


def chain_words(view: Reading, cells: Cells, one: Mapping[str, Any]) -> str:
    """What becomes of it where the stand-in is away as well: nothing to say for a plain rule."""
    chain = proxies.chain(view, one["person"], one["to"], one["forms"])
    if len(chain) < 3:
        return ""
    names = " \u2192 ".join(cells.person(login) for login in chain)
    key = "chain_loops" if chain[-1] in chain[:-1] else "chain_goes_on"
    return text(f"personal.{key}", locale(), names=names, last=cells.person(chain[-1]))


def standing_in(view: Reading) -> list[str]:
    """What the top of every page says while somebody stands in for the reader."""
    active = proxies.given_now(view)
    if not active:
        return []
    cells = Cells(view)
    return [
        text(
            "personal.active" if not one.forms else "personal.active_for_some",
            locale(),
            name=cells.person(one.to),
            until=last_day(cells, one.until),
        )
        for one in active
    ]
