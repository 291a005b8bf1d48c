"""What became of the requests that a step of another one began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.screens.cells import Cells
from jingwei.screens.opinions import BAD, SYSTEM, Opinion, reason_words, stands_in
from jingwei.texts import text
from jingwei.web import locale


def _title(cells: Cells, child: Mapping[str, Any]) -> str:
    """What a request below is about: for who may not see it, its form."""
    form = cells.title("form", child["form"])
    return form if child["display"] is None else f"{form} {child['display']}"


def child_opinion(cells: Cells, child: Mapping[str, Any]) -> Opinion:
    """What became of a request below, and through whom."""
    status = str(child["status"])
    words = text(f"flows.statuses.{status}", locale())
    said = child["decided"] or {}
    if said:
        by = str(said["by"] or SYSTEM)
        who = stands_in(cells, by, str(said["on_behalf_of"] or by))
        words = text("flow_screens.child_decided", locale(), status=words, who=who)
    return Opinion(
        _title(cells, child),
        words,
        cells.moment(said["at"]) if said else "",
        str(said.get("comment") or "") or reason_words(said.get("reason")),
        bad=status in BAD,
        address=_address(child),
    )


def _address(child: Mapping[str, Any]) -> str:
    return f"/f/{child['form']}/{child['record']}" if child["display"] is not None else ""
