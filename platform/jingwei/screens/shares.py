"""To whom a record was opened, on its page: for those who may share it, and take that back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.language.form import Form
from jingwei.screens.buttons import may
from jingwei.screens.cells import Cells
from jingwei.services import sharing
from jingwei.services.commands import Reading
from jingwei.services.record_views import RecordView
from jingwei.texts import text


@dataclass(frozen=True, slots=True)
class ShownShare:
    """One person. `body`: what is sent to take it back."""

    name: str
    until: str
    by: str
    over: bool
    body: str


def shares(view: Reading, form: Form, shown: RecordView, cells: Cells) -> list[ShownShare]:
    """None of them for those who may not share it."""
    if not may(view, form, "share", shown):
        return []
    found = sharing.shared_with(view, form.name, shown.json["id"])
    cells.learn_people(one["by"] for one in found)
    return [
        ShownShare(
            one["name"],
            _until(cells, one),
            text("screens.record.shares.by", cells.words, who=cells.person(one["by"])),
            one["over"],
            json.dumps({"person": one["person"], "remove": True}),
        )
        for one in found
    ]


def _until(cells: Cells, one: Mapping[str, Any]) -> str:
    if one["until"] is None:
        return text("screens.record.shares.for_good", cells.words)
    key = "over" if one["over"] else "until"
    return text(f"screens.record.shares.{key}", cells.words, day=cells.day(one["until"]))


def said_of(cells: Cells, what: str, entry: Mapping[str, Any]) -> str:
    """A share in the history: to whom, and until when."""
    if not entry.get("person"):
        return what
    who, until = cells.person(entry["person"]), entry.get("until")
    holes = {"until": cells.day(until)} if until else {}
    key = f"screens.record.shares.{'to_until' if until else 'to'}"
    return text(key, cells.words, what=what, who=who, **holes)
