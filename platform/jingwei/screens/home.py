"""`/`: what waits for this person, and where to go; `/m/MODULE`; notices."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from jingwei.language.small import whole_number
from jingwei.refusals import NotFound
from jingwei.screens.cells import Cells
from jingwei.screens.frame import menu, page, service
from jingwei.screens.session import reading
from jingwei.screens.tasks import box_view
from jingwei.services import personal
from jingwei.services.commands import Reading
from jingwei.services.inbox import BoxWish
from jingwei.services.notices import inbox as notices_of

HOME_TASKS = 6


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/", "home", home)
    blueprint.add_url_rule("/m/<name>", "module", module)
    blueprint.add_url_rule("/notices", "notices", notices)


def home() -> Any:
    with reading() as view:
        tasks = service("tasks")
        box = box_view(view, "todo", BoxWish(), HOME_TASKS) if tasks else None
        found = _notices(view, 6)
        kept = personal.phrases(view)
        return page(view, "home.html", box=box, notices=found, phrases=kept)


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
