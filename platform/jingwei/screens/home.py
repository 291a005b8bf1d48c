"""`/`: what waits for this person, what is due first, what was begun, opened and is used often;
`/m/MODULE`; notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request

from jingwei.language.small import whole_number
from jingwei.refusals import NotFound
from jingwei.screens.cells import Cells
from jingwei.screens.frame import Entry, Group, menu, page, service
from jingwei.screens.session import reading
from jingwei.screens.tasks import SOON_DAYS, box_view
from jingwei.services import personal
from jingwei.services.commands import Reading
from jingwei.services.inbox import BoxWish
from jingwei.services.notices import inbox as notices_of

HOME_TASKS = 8
HOME_BEGUN = 5
FEW_PINS = 6


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/", "home", home)
    blueprint.add_url_rule("/m/<name>", "module", module)
    blueprint.add_url_rule("/notices", "notices", notices)


def home() -> Any:
    with reading() as view:
        tasks = service("tasks")
        items = box_view(view, "todo", BoxWish(), HOME_TASKS)["items"] if tasks else []
        begun = box_view(view, "mine", BoxWish(), HOME_BEGUN)["items"] if tasks else []
        entries = _entries(menu(view))
        return page(
            view,
            "home.html",
            soon=[one for one in items if one["soon"]],
            later=[one for one in items if not one["soon"]],
            soon_days=SOON_DAYS,
            begun=[one for one in begun if not one["closed"]],
            pinned=_pinned(view, [entry for _, all_ in entries for entry in all_]),
            entries=entries,
            most_pins=personal.MOST_PINS,
            notices=_notices(view, 6),
            phrases=personal.phrases(view),
        )


def _entries(groups: Sequence[Group]) -> list[tuple[str, list[Entry]]]:
    """What the menu leads to, each address once."""
    found: dict[str, Entry] = {}
    named = []
    for group in groups:
        fresh = [entry for entry in group.all if entry.address not in found]
        found |= {entry.address: entry for entry in fresh}
        named.append((group.title, fresh))
    return [(title, fresh) for title, fresh in named if fresh]


def _pinned(view: Reading, entries: Sequence[Entry]) -> list[Entry]:
    """What the reader chose, as far as he may still go there; until he chose, where he may make
    something new."""
    there = {entry.address: entry for entry in entries}
    chosen = personal.pins(view)
    if chosen is not None:
        return [there[one] for one in chosen if one in there]
    found = [e for e in there.values() if e.address.startswith("/f/") and _may_create(view, e)]
    return found[:FEW_PINS]


def _may_create(view: Reading, entry: Entry) -> bool:
    return view.rights.decide(view, entry.address.removeprefix("/f/"), "create").allowed


def module(name: str) -> Any:
    with reading() as view:
        group = next((g for g in menu(view) if g.name == name), None)
        if group is None:
            raise NotFound("not-found")
        return page(view, "module.html", group=group)


def notices() -> Any:
    with reading() as view:
        before = request.args.get("before", "")
        found = _notices(view, 50, whole_number(before))
        return page(view, "notices.html", notices=found)


def _notices(view: Reading, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    cells = Cells(view)
    items = notices_of(view, limit=limit, before=before)["items"]
    return [{**item, "when": cells.moment(item["at"])} for item in items]
