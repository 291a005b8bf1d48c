"""`/f/FORM`: the list, with filters, sort, page and search in the address."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, redirect, render_template, request

from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Form
from jingwei.language.small import whole_number
from jingwei.refusals import Refused
from jingwei.screens import boards, many, shapes, shaping
from jingwei.screens.cells import Cell, Cells, Column, form_or_404, shown_paths
from jingwei.screens.frame import here, page
from jingwei.screens.quick_filters import Filter, boxes_missing, condition_of, quick_filters
from jingwei.screens.session import reading
from jingwei.services import saved_views
from jingwei.services.commands import Reading
from jingwei.services.list_fields import default_sort
from jingwei.services.listing import ListWish, RecordPage, listing
from jingwei.texts import text
from jingwei.web import locale

SIZE = 20
SIZES = (20, 50, 100, 200)
MOST_COLUMNS = 8
CARD_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    id: int
    address: str
    cells: list[Cell]
    revision: int | None = None


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>", "list", show)


def show(form: str) -> Any:
    with reading() as view:
        form_or_404(view, form)
        view = view.rights.home(view, form)
        definition = view.catalogue.forms[form]
        goal = None if request.args else shapes.address_of_single(view, definition)
        goal = goal or (None if request.args else _opens_with(view, definition))
        if goal is not None:
            return redirect(goal)
        cells = Cells(view)
        context = _context(view, definition, cells)
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            body = render_template("parts/list.html", **context)
            return body, 200, {"Cache-Control": "no-store", "Vary": "HX-Request, Cookie"}
        return page(view, "list.html", **context)


def _context(view: Reading, form: Form, cells: Cells) -> dict[str, Any]:
    rights = view.rights.fields(view, form.name)
    asked_columns = shaping.columns_asked(form, rights.visible)
    ways = saved_views.form_views(view, form)
    own = ways.get(request.args.get("view", ""), {})
    shown = asked_columns or shown_paths(form, own.get("columns") or (), rights.visible)
    columns = [cells.column(form, p) for p in shown or _paths(form, rights.visible)]
    may_delete = view.rights.decide(view, form.name, "delete").allowed
    in_bin = may_delete and request.args.get("deleted") == "1"
    in_groups = {} if in_bin else shaping.group_asked(form, rights.visible - rights.masked)
    grouped: shaping.Grouped | None = None
    filters = quick_filters(view, form, cells, rights.visible)
    number, size = _whole("page", 1), _whole("size", SIZE)
    size = size if size in SIZES else SIZE
    problem = _unread(filters)
    is_read = problem is None
    found = RecordPage([], 0, 1, size)
    there = [name for name in ("revision",) if name in rights.visible]
    asked = _filter_text(form, cells, filters)
    begins = own.get("filter")
    standing = None if in_bin or begins else _standing(view, form)
    wish = ListWish(
        filter=f"({begins}) and ({asked})" if begins and asked else begins or asked or standing,
        sort=tuple(s for s in request.args.get("sort", "").split(",") if s) or _sort_of(own),
        page=max(number, 1),
        size=size,
        q=request.args.get("q", "").strip() or None,
        fields=tuple(dict.fromkeys((*(c.path for c in columns), *there))),
        count="capped",
        deleted=in_bin,
    )
    readable = bool(view.rights.row_scope(view, form.name).terms)
    board: dict[str, Any] | None = None
    if readable and is_read:
        try:
            if in_groups:
                grouped = shaping.groups(view, form, cells, wish, in_groups)
            else:
                board = boards.board(view, form, cells, columns, wish, own)
            if board is None and grouped is None:
                found = listing(view, form.name, wish)
        except Refused as refused:
            if refused.status == 404:
                raise
            problem = refused.message(locale())
    rows = [
        Row(item["id"], f"/f/{form.name}/{item['id']}", row, item.get("revision"))
        for item, row in zip(found.items, cells.rows(columns, found.items, form), strict=True)
    ]
    narrowed = bool(asked or wish.q)
    opens_with = saved_views.default(view, form.name)
    return {
        "form": form,
        "title": form.title(locale()),
        "columns": columns,
        "rows": rows,
        "total": found.total or 0,
        "capped": found.capped,
        "number": number,
        "size": size,
        "sizes": SIZES,
        "pages": max(1, math.ceil((found.total or 0) / size)),
        "filters": filters,
        "q": wish.q or "",
        "expression": request.args.get("filter", ""),
        "sort": wish.sort or default_sort(form),
        "problem": problem,
        "why_empty": _why_empty(readable, narrowed, number),
        "may_create": view.rights.decide(view, form.name, "create").allowed,
        "is_read": is_read,
        "may_export": is_read and view.rights.decide(view, form.name, "export").allowed,
        "may_import": view.rights.decide(view, form.name, "import").allowed
        and view.rights.decide(view, form.name, "create").allowed,
        "exports": _exports(form, wish, columns),
        "template_title": text("exchange.screen.template", locale()),
        "clear_address": f"/f/{form.name}" + ("" if opens_with is None else "?v=none"),
        "opens_with": opens_with,
        "rename": _rename(),
        "sorted_address": _sorted_address,
        "numbers": _page_numbers(number, max(1, math.ceil((found.total or 0) / size))),
        "head": _head_column(columns),
        "extra": _beyond_a_card(columns),
        "standing": standing if not asked else None,
        "board": board,
        "ways": boards.choices(form, ways),
        "way": request.args.get("view", "") if board or form.tree or own else "",
        "grouped": grouped,
        "in_groups": in_groups,
        "begins_grouped": bool(form.list.group),
        "may_open_bin": may_delete,
        "in_bin": in_bin,
        "views": _saved(view, form),
        "wish": json.dumps(_wish_json(wish, board, asked_columns, in_groups), ensure_ascii=False),
        "many": many.offered(view, form, cells),
    }


def _saved(view: Reading, form: Form) -> list[dict[str, Any]]:
    """Views that people keep, each with the address that shows it."""
    plain = {"group": [shaping.NO_GROUPS]} if form.list.group else {}
    return [
        {
            **one,
            "address": f"/f/{form.name}?{_query({**plain, **one['wish'], 'v': str(one['id'])})}",
        }
        for one in saved_views.views(view, form.name)
        if one["id"] is not None
    ]


def _opens_with(view: Reading, form: Form) -> str | None:
    """The address of the view that the reader's list opens with, while it is there."""
    wanted = saved_views.default(view, form.name)
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return f"/f/{form.name}?view={quote(wanted)}"
    return next((one["address"] for one in _saved(view, form) if one["id"] == wanted), None)


def _query(wish: Mapping[str, Any]) -> str:
    joined = {k: ",".join(v) if isinstance(v, list) else v for k, v in wish.items() if v}
    if "fields" in joined:
        joined["columns"] = joined.pop("fields")
    return urlencode(joined)


def _wish_json(
    wish: ListWish,
    board: Mapping[str, Any] | None,
    columns: Sequence[str],
    in_groups: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """What a view that is saved now would ask for."""
    asked: dict[str, Any] = {"filter": wish.filter, "q": wish.q, "sort": list(wish.sort)}
    asked |= {"fields": list(columns), **{n: list(v) for n, v in in_groups.items()}}
    if board is not None:
        asked["view"] = request.args.get("view", "")
    return {name: value for name, value in asked.items() if value}


def _rename() -> str:
    """What is asked to give a view another name."""
    words = text("screens.list.shape.name", locale())
    asked = [{"name": "title", "title": words, "type": "text", "required": True}]
    return json.dumps(asked, ensure_ascii=False)


def _sort_of(own: Mapping[str, Any]) -> tuple[str, ...]:
    """The order of a view of the form's own."""
    sort = own.get("sort") or ()
    return (sort,) if isinstance(sort, str) else tuple(sort)


def _paths(form: Form, visible: frozenset[str]) -> list[str]:
    wanted: Sequence[str] = form.list.columns
    if not wanted:
        own = [
            name
            for name, f in form.fields.items()
            if FIELD_TYPES[f.type].is_value
            and f.type not in ("table", "long_text", "rich_text", "markdown", "json", "code")
        ]
        number = ["number"] if form.number is not None else []
        ends = [n for n, there in (("state", form.states), ("status", _has_status(form))) if there]
        wanted = (*number, *own[: MOST_COLUMNS - 2], *ends, "updated_at")
    return shown_paths(form, wanted, visible) or ["id"]


def _has_status(form: Form) -> bool:
    return bool(form.workflow or form.workflows or form.submit is not None)


def _head_column(columns: Sequence[Column]) -> int:
    """The column whose text is the link to the record."""
    return next((i for i, c in enumerate(columns) if not c.numeric), 0)


def _beyond_a_card(columns: Sequence[Column]) -> frozenset[int]:
    """Columns that a phone leaves out: a card has its title, its state and a few fields; the status
    of the flow only where there is no business state."""
    head = _head_column(columns)
    has_state = any(column.type == "state" for column in columns)
    second = [n for n, c in enumerate(columns) if c.type == "status" and has_state and n != head]
    others = [
        place
        for place, column in enumerate(columns)
        if place != head and column.type not in ("status", "state")
    ]
    return frozenset((*others[CARD_FIELDS:], *second))


def _why_empty(readable: bool, narrowed: bool, number: int) -> str:
    if not readable:
        return "no_right"
    if number > 1:
        return "past_end"
    return "filtered" if narrowed else "none"


# --- filters -------------------------------------------------------------------------------------


def _standing(view: Reading, form: Form) -> str | None:
    """The filter that a form's list begins with: until its reader narrows it, or asks for all; none
    for whoever may not ask by it."""
    begins = form.list.default_filter
    if begins is None or request.args.get("everything") == "1" or request.args.get("q"):
        return None
    may_ask = saved_views.may_ask(view, form, ListWish(filter=begins.source))
    return begins.source if may_ask else None


def _unread(filters: Sequence[Filter]) -> str | None:
    """Why no rows are shown: they would be more than were asked for."""
    missing = boxes_missing(filters)
    if missing is not None:
        return text("screens.list.unread.missing", locale(), name=missing[:60])
    return text("screens.list.unread.some", locale()) if any(f.wrong for f in filters) else None


def _filter_text(form: Form, cells: Cells, filters: Sequence[Filter]) -> str | None:
    """The quick filters and the typed condition as one expression of the language."""
    parts = condition_of(form, cells, filters)
    typed = request.args.get("filter", "").strip()
    if typed:
        parts.append(f"({typed})")
    return " and ".join(parts) or None


# --- addresses -----------------------------------------------------------------------------------


def _sorted_address(column: Column, sort: Sequence[str]) -> str:
    """This list sorted by the column; by it downwards when it is sorted by it already."""
    down = list(sort[:1]) == [column.path]
    return here(sort=f"-{column.path}" if down else column.path, page=None)


def _exports(form: Form, wish: ListWish, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """What the rows of this list can be taken out as: how it is called, and its address."""
    asked = {"filter": wish.filter, "q": wish.q, "sort": ",".join(wish.sort), "lang": locale()}
    seen = {"fields": ",".join(column.path for column in columns)}
    tables = {"tables": "1"} if form.tables else {}
    kinds: tuple[tuple[str, str, Mapping[str, str]], ...] = (
        ("seen_xlsx", "xlsx", seen),
        ("all_xlsx", "xlsx", tables),
        ("seen_csv", "csv", seen),
        ("all_csv", "csv", {}),
        ("edit", "xlsx", {"values": "edit"}),
    )
    return [
        (
            text(f"exchange.export.{name}", locale()),
            f"/api/v1/forms/{form.name}/export.{ending}?"
            + urlencode({k: v for k, v in {**asked, **more}.items() if v}),
        )
        for name, ending, more in kinds
    ]


def _page_numbers(number: int, pages: int) -> list[int | None]:
    """First, last and those around this one; None is a gap."""
    shown = sorted({1, pages, *range(max(1, number - 2), min(pages, number + 2) + 1)})
    found: list[int | None] = []
    for one in shown:
        if found and one - (found[-1] or 0) > 1:
            found.append(None)
        found.append(one)
    return found


def _whole(name: str, otherwise: int) -> int:
    found = whole_number(request.args.get(name, ""), 7)
    return otherwise if found is None else found
