"""`/search`: one box for pages, indicators and records (Ctrl+K), as far as its user may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.refusals import Refused
from jingwei.screens.cells import Cells
from jingwei.screens.frame import menu, page
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing, may_open
from jingwei.texts import text
from jingwei.web import locale

MOST_OF_A_KIND = 8
MOST_OF_A_FORM = 4
LEAST_LETTERS = 2
COMMON = (
    ("/", "home", "home.title"),
    ("/tasks", "inbox", "tasks.title"),
    ("/notices", "bell", "notices.title"),
    ("/indicators", "gauge", "indicators.title"),
    ("/reports", "report", "reports.title"),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found. `hint` stands beside it."""

    title: str
    href: str
    icon: str
    hint: str = ""


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/search", "search", search)


def search() -> Any:
    wanted = request.args.get("q", "").strip()[:60]
    with reading() as view:
        groups = found(view, wanted) if wanted else []
        context: dict[str, Any] = {
            "q": wanted,
            "groups": groups,
            "short": len(wanted) < LEAST_LETTERS,
        }
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            body = render_template("parts/found.html", **context)
            return body, 200, {"Cache-Control": "no-store"}
        return page(view, "search.html", **context)


def found(view: Reading, wanted: str) -> list[tuple[str, list[Hit]]]:
    """Hits by kind; kinds without any are left out."""
    words = locale()
    groups = [
        (text("screens.search.pages", words), _pages(view, wanted)),
        (text("screens.search.indicators", words), _indicators(view, wanted)),
        (text("screens.search.records", words), _records(view, wanted)),
    ]
    return [(title, hits) for title, hits in groups if hits]


def _has(wanted: str, *texts: str) -> bool:
    return any(wanted.lower() in one.lower() for one in texts)


def _pages(view: Reading, wanted: str) -> list[Hit]:
    words = locale()
    hits = [
        Hit(title, href, icon)
        for href, icon, key in COMMON
        if _has(wanted, title := text(f"screens.{key}", words))
    ]
    seen = set()
    for group in menu(view):
        for entry in group.all:
            if entry.address in seen or not _has(wanted, entry.title, group.title):
                continue
            seen.add(entry.address)
            hits.append(Hit(entry.title, entry.address, entry.icon, group.title))
    for name, form in view.catalogue.forms.items():
        title = text("screens.form.new_title", words, title=form.title(words))
        if _has(wanted, title) and view.rights.decide(view, name, "create").allowed:
            hits.append(Hit(title, f"/f/{name}/new", "plus"))
    return hits[:MOST_OF_A_KIND]


def _indicators(view: Reading, wanted: str) -> list[Hit]:
    words = locale()
    hits = [
        Hit(one.title(words), f"/indicators/{name}", "gauge", name)
        for name, one in view.catalogue.indicators.items()
        if _has(wanted, one.title("zh"), one.title("en"), name)
    ]
    return hits[:MOST_OF_A_KIND]


def _records(view: Reading, wanted: str) -> list[Hit]:
    """Records of every form whose text has these words."""
    if len(wanted) < LEAST_LETTERS:
        return []
    cells, hits = Cells(view), []
    for name, form in view.catalogue.forms.items():
        if not may_open(view, name) or not view.rights.row_scope(view, name).terms:
            continue
        wish = ListWish(q=wanted, fields=("id",), size=MOST_OF_A_FORM, count=None)
        try:
            items = listing(view, name, wish).items
        except Refused:
            continue  # a form that has nothing to search
        for item in items:
            title = cells.record_title(name, item["id"])
            href = f"/f/{name}/{item['id']}"
            hits.append(Hit(title, href, "file-text", form.title(cells.words)))
        if len(hits) >= MOST_OF_A_KIND:
            break
    return hits[:MOST_OF_A_KIND]
