"""`/f/FORM/shape`: what a reader may ask of a list (columns, conditions, groups, views), and the
list in groups with their subtotals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from jingwei.language.field_types.listed import is_grouped
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import STATUSES, Field, Form
from jingwei.language.periods import Period
from jingwei.refusals import Malformed
from jingwei.screens.cells import NUMERIC, Cell, Cells, Column, form_or_404, shown_paths
from jingwei.screens.orgs import org_options, periods_around
from jingwei.screens.session import reading
from jingwei.screens.widgets import form_options
from jingwei.services import definitions, grouping
from jingwei.services.commands import Reading
from jingwei.services.display import AMOUNTS
from jingwei.services.form_paths import secret_fields
from jingwei.services.grouping import FOLDED, GRAINS, GROUPED_SYSTEM, GroupWish, key_of
from jingwei.services.listing import ListWish
from jingwei.services.typed_filters import viewer_filter
from jingwei.texts import text
from jingwei.web import locale

MOST_COLUMNS = 30
SYSTEM_COLUMNS = (
    *("number", "org", "owner", "state", "status"),
    *("created_at", "created_by", "updated_at", "updated_by"),
)
TOO_LONG = frozenset(("table", "json", "code", "rich_text", "markdown", "signature"))
WORDS = (
    *("columns", "groups", "conditions", "up", "down", "standard", "apply", "cancel", "all", "any"),
    *("add", "remove", "field", "test", "value", "none", "sums", "group_1", "group_2", "group_3"),
    *("save", "name", "whose", "mine", "locked", "open", "lock", "raw"),
    *("opens", "opens_no", "opens_yes", "pick"),
    *("has", "has_not", "is", "is_not", "empty", "filled", "ge", "le", "gt", "lt"),
    *("from", "until", "includes", "excludes", "below", "within", "me"),
    *("form", "called", "of_form"),
    *("results", "record", "outcome", "close", "was_done"),
    *("clear", "unread", "download"),
)


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/shape", "shape", shape)


def shape(form: str) -> Response:
    """`{fields, orgs, words}`: for the dialogs of the list."""
    with reading() as view:
        form_or_404(view, form)
        view = view.rights.home(view, form)
        definition = view.catalogue.forms[form]
        cells = Cells(view)
        rights = view.rights.fields(view, form)
        open_ = rights.visible - rights.masked | secret_fields(definition)  # is there one
        paths = shown_paths(definition, _askable(definition), rights.visible)
        orgs = [(code, cells.title("org", code)) for code in sorted(view.actor.orgs)]
        found = {
            "fields": [
                _described(view, definition, cells, cells.column(definition, path), path in open_)
                for path in paths
            ],
            "orgs": orgs,
            "words": {word: text(f"screens.list.shape.{word}", locale()) for word in WORDS},
            "grains": {g: text(f"screens.list.shape.{g}", locale()) for g in GRAINS},
        }
    response = jsonify(found)
    response.headers["Cache-Control"] = "no-store"
    return response


def _askable(form: Form) -> list[str]:
    own = [n for n, f in form.fields.items() if FIELD_TYPES[f.type].is_value]
    kept = [n for n in own if form.fields[n].type not in TOO_LONG]
    flows = bool(form.workflow or form.workflows or form.submit is not None)
    there = {"number": form.number is not None, "state": bool(form.states), "status": flows}
    system = [n for n in SYSTEM_COLUMNS if n not in form.fields and there.get(n, True)]
    return list(dict.fromkeys((*kept, *system, *form.list.columns)))


def _described(
    view: Reading, form: Form, cells: Cells, column: Column, is_open: bool
) -> dict[str, Any]:
    f = column.field
    plain = "." not in column.path
    asked = is_open and plain
    days = column.type in ("date", "datetime")
    fits = column.path in GROUPED_SYSTEM if f is None else _groups(f)
    return {
        "path": column.path,
        "title": column.heading,
        "type": column.type,
        "many": f is not None and f.many,
        "asked": asked,
        "groups": (list(GRAINS) if days else [""]) if asked and fits else [],
        "sums": asked and f is not None and _is_summed(f),
        "scale": scale_of_shown(f),
        "options": filter_options(view, form, cells, column) if asked else [],
        "offers": f"/f/{form.name}/options/{column.path}"
        if plain and column.type in ("person", "link", "region")
        else None,
        "called": asked and _is_called(view, form, f),
        "of_forms": _forms_of(view, cells, f) if asked else [],
        "forms": [(o.value, o.text) for o in form_options(view, cells)]
        if f is not None and column.type == "link" and not f.to
        else [],
    }


def _is_called(view: Reading, form: Form, f: Field | None) -> bool:
    """Whether the reader may ask what the records of a link are called."""
    if f is None or f.type != "link" or len(f.to) != 1:
        return False
    asked = f'contains({f.name}.display, "x")'
    try:
        viewer_filter(view, form.name, f"any({asked})" if f.many else asked)
    except Malformed:
        return False
    return True


def _forms_of(view: Reading, cells: Cells, f: Field | None) -> list[tuple[str, str]]:
    """The forms of a link to one of several, as far as the reader has to do with them."""
    if f is None or f.type != "link" or len(f.to) == 1:
        return []
    return [(o.value, o.text) for o in form_options(view, cells) if not f.to or o.value in f.to]


def _groups(f: Field) -> bool:
    return is_grouped(f) and f.type not in NUMERIC


def scale_of_shown(f: Field | None) -> str:
    """What a shown 1 stands for."""
    if f is None or f.type not in NUMERIC:
        return "1"
    return "0.01" if f.type == "percent" else str(AMOUNTS.get(f.show_in or "", 1))


def filter_options(
    view: Reading, form: Form, cells: Cells, column: Column
) -> list[tuple[str, str, int]]:
    """What a condition on the column may be: value, words, depth; empty when it is typed."""
    match column.type:
        case "status":
            return [(s, cells.status(s).text, 0) for s in STATUSES]
        case "state":
            return [(s.name, s.title(locale()), 0) for s in form.states.values()]
        case "choice" if column.field is not None:
            return [(c.code, c.title(locale()), 0) for c in cells.choices(column.field)]
        case "boolean":
            return [("true", cells.plain("boolean", True).text, 0),
                    ("false", cells.plain("boolean", False).text, 0)]  # fmt: skip
        case "org":
            return org_options(view, cells)
        case "period" if column.field is not None:
            grain = column.field.grain or "month"
            return [(p, cells.period(p), 0) for p in periods_around(view, grain)]
        case "indicator" | "role" | "post":
            catalogue: Any = view.catalogue
            found = getattr(catalogue, f"{column.type}s").values()
            return [(one.name, one.title(locale()), 0) for one in found]
        case "definition" if column.field is not None:
            offers = definitions.offered(view, column.field)
            return [(named, one.title(locale()), 0) for named, one in offers]
        case "form":
            return [(one.value, one.text, 0) for one in form_options(view, cells)]
    return []


def columns_asked(form: Form, visible: frozenset[str]) -> list[str]:
    """Columns that the address names, as far as the reader sees them."""
    named = [c for c in request.args.get("columns", "").split(",") if c][:MOST_COLUMNS]
    return shown_paths(form, dict.fromkeys(named), visible)


# --- in groups -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One group. `level`: how many keys it has; `address`: the list of what is in it."""

    level: int
    key: Cell
    count: int
    values: tuple[Cell, ...]
    address: str


@dataclass(frozen=True, slots=True)
class Grouped:
    """A list in groups, totals before what they are of."""

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


NO_GROUPS = "none"  # of the address, where a form's list begins with groups


def group_asked(form: Form, visible: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """`group` and `values` of the address, or the groups that the form's list begins with; empty
    when the list is none of groups."""
    asked = request.args.get("group")
    if asked is None and not request.args.get("view"):
        return _groups_begun(form, visible)
    if asked == NO_GROUPS:
        return {}
    keys = tuple(k for k in request.args.get("group", "").split(",") if k)
    values = tuple(v for v in request.args.get("values", "").split(",") if v)
    return {"group": keys, "values": values} if keys else {}


def _groups_begun(form: Form, visible: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """With the sums of the amounts that the list has columns for."""
    keys = tuple(k for k in form.list.group if k.partition(":")[0] in visible)
    if not keys or form.tree:
        return {}
    amounts = (form.fields.get(path) for path in form.list.columns if path in visible)
    return {
        "group": keys,
        "values": tuple(f"sum({f.name})" for f in amounts if f is not None and _is_summed(f)),
    }


def _is_summed(f: Field) -> bool:
    return f.type in FOLDED["sum"] and f.type != "percent" and not f.many


def groups(
    view: Reading, form: Form, cells: Cells, wish: ListWish, asked: Mapping[str, Sequence[str]]
) -> Grouped:
    """Raises Malformed for what cannot be grouped."""
    by, values = tuple(asked["group"]), tuple(asked["values"])
    found = grouping.grouped(view, form.name, GroupWish(by, values, wish.filter, wish.q))
    folded = [cells.column(form, value[value.index("(") + 1 : -1]) for value in values]
    heads = [cells.column(form, path.partition(":")[0]) for path in by]
    lines = tuple(
        Line(
            item["level"],
            _key(form, cells, heads, by, item),
            item["count"],
            tuple(
                cells.cell(form, column, item[value])
                for column, value in zip(folded, values, strict=True)
            ),
            _inside(form, wish, heads, by[: item["level"]], item),
        )
        for item in found["items"]
    )
    return Grouped(tuple(h.title for h in heads), tuple(c.heading for c in folded), lines)


def _key(
    form: Form, cells: Cells, heads: Sequence[Column], by: Sequence[str], item: Mapping[str, Any]
) -> Cell:
    level = item["level"]
    if not level:
        return Cell(text("screens.form.total", cells.words))
    path = by[level - 1]
    value = key_of(item, path)
    if value is None:
        return Cell(text("screens.list.no_value", cells.words), "text-muted")
    if ":" in path:
        return Cell(cells.period(str(value)))
    return cells.cell(form, heads[level - 1], value)


def _inside(
    form: Form,
    wish: ListWish,
    heads: Sequence[Column],
    by: Sequence[str],
    item: Mapping[str, Any],
) -> str:
    terms = [f"({wish.filter})"] if wish.filter else []
    for column, path in zip(heads, by, strict=False):
        term = _term(column, path, key_of(item, path))
        if term is None:
            return ""
        terms.append(term)
    plain = NO_GROUPS if form.list.group else None
    asked = {"filter": " and ".join(terms), "q": wish.q, "group": plain}
    return f"/f/{form.name}?" + urlencode({k: v for k, v in asked.items() if v})


def _term(column: Column, path: str, value: Any) -> str | None:
    plain, _, grain = path.partition(":")
    if value is None:
        return f"{plain} == null"
    if grain:
        period = Period.parse(str(value))
        return f"{plain} >= {period.start} and {plain} < {period.end}"
    if isinstance(value, Mapping) or column.type == "datetime":
        return None  # no condition names a moment to the second
    if column.type == "date":
        return f"{plain} == {value}"
    return f"{plain} == {json.dumps(value, ensure_ascii=False, default=str)}"


__all__ = ["columns_asked", "filter_options", "group_asked", "groups"]
