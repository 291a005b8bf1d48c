"""Other views of the same rows: a board by state or choice, a calendar by date.

A view is one line of a form's `list.views`; filters, search and rights are those of the list. On a
board nothing is dragged: a record moves by its buttons, so that no rule of a flow is passed by.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from flask import request

from jingwei.language.form import STATUSES, Form
from jingwei.screens import shapes
from jingwei.screens.cards import Card, cards
from jingwei.screens.cells import Cell, Cells, Column
from jingwei.services.commands import Reading
from jingwei.services.listing import ListWish, listing
from jingwei.texts import has_text, text
from jingwei.web import locale

MOST_CARDS = 200
CARD_FIELDS = 3
KINDS = ("kanban", "calendar")


@dataclass(frozen=True, slots=True)
class ViewChoice:
    """A way to look at the list. `name` empty: the table."""

    name: str
    title: str
    icon: str
    kind: str


@dataclass(slots=True)
class Lane:
    """One column of a board."""

    title: str
    badge: str
    cards: list[Card] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month's page; `inside`: it is of the month itself."""

    number: int
    title: str
    inside: bool
    today: bool
    cards: tuple[Card, ...] = ()


ICONS: Mapping[str, str] = {
    "table": "table",
    "tree": "list",
    "kanban": "layout-kanban",
    "calendar": "calendar-event",
}


def choices(form: Form, views: Mapping[str, Mapping[str, Any]]) -> list[ViewChoice]:
    """The table first, then those of the declared views that this page can draw."""
    found = [ViewChoice("", _kind_words("table"), ICONS["table"], "table")]
    if form.tree is not None:
        found = [
            ViewChoice("", _kind_words("tree"), ICONS["tree"], "tree"),
            ViewChoice("table", _kind_words("table"), ICONS["table"], "table"),
        ]
    for name, shape in views.items():
        kind = str(shape.get("type"))
        if kind in (*KINDS, "table"):
            found.append(ViewChoice(name, _title(shape, kind), ICONS[kind], kind))
    return found


def _title(shape: Mapping[str, Any], kind: str) -> str:
    given = shape.get("title")
    if isinstance(given, Mapping):
        return str(given.get(locale()) or next(iter(given.values()), ""))
    return str(given) if given else _kind_words(kind)


def _kind_words(kind: str) -> str:
    key = f"screens.list.views.{kind}"
    return text(key, locale()) if has_text(key) else kind


# --- board ---------------------------------------------------------------------------------------


def board(
    view: Reading,
    form: Form,
    cells: Cells,
    columns: Sequence[Column],
    wish: ListWish,
    shape: Mapping[str, Any],
) -> dict[str, Any] | None:
    """What the asked-for view, `shape`, shows; None where the table does."""
    if shapes.draws_tree(form):
        return shapes.tree(view, form, cells, columns, wish)
    kind = shape.get("type")
    if kind not in KINDS:
        return None
    if kind == "kanban":
        return _kanban(view, form, cells, columns, wish, str(shape.get("by") or "state"))
    return _calendar(view, form, cells, columns, wish, str(shape.get("start") or ""))


def _kanban(
    view: Reading,
    form: Form,
    cells: Cells,
    columns: Sequence[Column],
    wish: ListWish,
    by: str,
) -> dict[str, Any]:
    lanes = {
        value: Lane(cell.text, cell.badge or "grey") for value, cell in _lanes(form, cells, by)
    }
    fields = tuple(dict.fromkeys((*(c.path for c in columns), by)))
    found = listing(view, form.name, replace(wish, page=1, size=MOST_CARDS, fields=fields))
    others = Lane(text("screens.list.no_value", cells.words), "grey")
    shown = [c for c in columns if c.path != by]
    drawn = cards(view, form, cells, shown, found.items, CARD_FIELDS)
    for item, card in zip(found.items, drawn, strict=True):
        lanes.get(str(item.get(by)), others).cards.append(card)
    found_lanes = [*lanes.values(), *([others] if others.cards else [])]
    return {
        "kind": "kanban",
        "lanes": found_lanes,
        "left_out": max(0, (found.total or 0) - len(found.items)),
    }


def _lanes(form: Form, cells: Cells, by: str) -> list[tuple[str, Cell]]:
    if by == "state":
        return [(name, cells.state(form, name)) for name in form.states]
    if by == "status":
        return [(name, cells.status(name)) for name in STATUSES]
    definition = form.fields.get(by)
    if definition is None or definition.type != "choice":
        return []
    return [(c.code, cells.choice(definition, c.code)) for c in cells.choices(definition)]


# --- calendar ------------------------------------------------------------------------------------


def _calendar(
    view: Reading,
    form: Form,
    cells: Cells,
    columns: Sequence[Column],
    wish: ListWish,
    start: str,
) -> dict[str, Any] | None:
    if start not in form.fields or form.fields[start].type not in ("date", "datetime"):
        return None
    first = _month(view.today)
    days = list(calendar.Calendar().itermonthdates(first.year, first.month))
    period = f"{start} >= {days[0]} and {start} < {days[-1] + timedelta(days=1)}"
    within = f"({wish.filter}) and {period}" if wish.filter else period
    fields = tuple(dict.fromkeys((*(c.path for c in columns), start)))
    asked = replace(wish, page=1, size=MOST_CARDS, fields=fields, filter=within)
    found = listing(view, form.name, asked)
    shown = [c for c in columns if c.path != start]
    by_day: dict[str, list[Card]] = {}
    drawn = cards(view, form, cells, shown, found.items, CARD_FIELDS)
    for item, card in zip(found.items, drawn, strict=True):
        by_day.setdefault(str(item[start])[:10], []).append(card)
    weeks = [
        [_day(cells, view.today, first, day, by_day.get(day.isoformat(), [])) for day in week]
        for week in (days[k : k + 7] for k in range(0, len(days), 7))
    ]
    before, after = first - timedelta(days=1), first + timedelta(days=31)
    return {
        "kind": "calendar",
        "month": cells.period(f"{first:%Y-%m}"),
        "before": f"{before:%Y-%m}",
        "after": f"{after:%Y-%m}",
        "heads": [text(f"screens.list.weekdays.{n}", cells.words) for n in range(1, 8)],
        "weeks": weeks,
        "left_out": max(0, (found.total or 0) - len(found.items)),
    }


def _month(today: date) -> date:
    """The first day of the month in the address, or of this one."""
    asked = request.args.get("month", "")
    try:
        return date.fromisoformat(f"{asked}-01") if asked else today.replace(day=1)
    except ValueError:
        return today.replace(day=1)


def _day(cells: Cells, today: date, first: date, day: date, cards: Sequence[Card]) -> Day:
    title = cells.day(day.isoformat())
    return Day(day.day, title, day.month == first.month, day == today, tuple(cards))
