"""The rows of a list in groups: counts and sums of each, of the groups above it, and of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from jingwei.language.field_types.listed import is_grouped, is_sortable
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.refusals import Malformed
from jingwei.services.commands import Reading
from jingwei.services.link_order import places_of, target_of
from jingwei.services.listing import ListWish, form_of, rows_of
from jingwei.services.presenting import presenter
from jingwei.services.typed_filters import unaskable
from jingwei.services.validation import NUMBERS
from jingwei.storage.query import AggregateColumn, Page, Query
from jingwei.storage.sql_calls import NotInSql

MOST_KEYS = 3
MOST_VALUES = 10
MOST_GROUPS = 1_000
GRAINS = ("month", "quarter", "half", "year")
FOLDED = {"sum": (*NUMBERS, "duration"), "avg": (*NUMBERS, "duration", "rating")}
GROUPED_SYSTEM = ("org", "owner", "status", "state", "created_by", "updated_by")
KEYS = "keys"  # where the value of a field stands that is called like a word of the answer
_COUNT = "count()"  # no field is called so
_WORDS = frozenset(("level", "count", KEYS))
_FOLD = re.compile(r"(sum|avg|min|max|count|count_distinct)\(([a-z][a-z0-9_]*)\)\Z")


@dataclass(frozen=True, slots=True)
class GroupWish:
    """`by`: fields, of days by period (`signed_on:month`); `values`: `sum(amount)` …"""

    by: tuple[str, ...]
    values: tuple[str, ...] = ()
    filter: str | None = None
    q: str | None = None
    subtotals: bool = True


def grouped(view: Reading, form: str, wish: GroupWish) -> dict[str, Any]:
    """`{items, total}`: an item for each group, with its keys, `count` and values; `level` says how
    many keys it has. What is called like one of these words stands in `keys` of the item. Groups
    come under their subtotals, and those under the total of everything (level 0). `total`: how many
    groups of the finest there are. Raises Malformed, NotFound."""
    view = view.rights.home(view, form)
    definition = form_of(view, form)
    query, typed = rows_of(view, form, ListWish(filter=wish.filter, q=wish.q, fields=("id",)))
    folds = raise_unless_fit(view, definition, wish)
    levels = range(len(wish.by) + 1) if wish.subtotals else [len(wish.by)]
    found: list[dict[str, Any]] = []
    total = 0
    for level in levels:
        rows = _level(view, query, typed, wish.by[:level], folds)
        found += [_shown(view, definition, row, wish.by[:level], folds) for row in rows]
        total = len(rows)
    orders = {path: _order(view, definition, path, found) for path in wish.by}
    found.sort(key=lambda item: [_place(item, path, orders[path]) for path in wish.by])
    return {"items": [_answered(item) for item in found], "total": total}


def raise_unless_fit(view: Reading, form: Form, wish: GroupWish) -> list[AggregateColumn]:
    """The values that are asked for. Raises Malformed for keys and values that this person cannot
    ask for."""
    for path in wish.by:
        _check_key(view, form, path)
    if len(wish.by) > MOST_KEYS or len(set(wish.by)) < len(wish.by):
        raise Malformed("group-keys", most=MOST_KEYS)
    folds = [_fold(view, form, value) for value in wish.values[: MOST_VALUES + 1]]
    if len(folds) > MOST_VALUES:
        raise Malformed("group-values", most=MOST_VALUES)
    return folds


def _level(
    view: Reading,
    query: Query,
    typed: str | None,
    by: Sequence[str],
    folds: Sequence[AggregateColumn],
) -> list[dict[str, Any]]:
    asked = replace(
        query,
        fields=(),
        sort=(),
        group=tuple(by),
        aggregates=(AggregateColumn(_COUNT, "count"), *folds),
        page=Page(MOST_GROUPS + 1),
        count=None,
    )
    try:
        rows = view.store.select(view.connection, asked).items
    except NotInSql as found:
        if typed is None:
            raise
        raise unaskable(typed, found) from None
    if len(rows) > MOST_GROUPS:
        raise Malformed("too-many-groups", most=MOST_GROUPS)
    return rows


def _shown(
    view: Reading,
    form: Form,
    row: dict[str, Any],
    by: Sequence[str],
    folds: Sequence[AggregateColumn],
) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for path in by:
        plain, _, grain = path.partition(":")
        value = row[path]
        if value is not None:
            value = str(value) if grain else presenter(view, form, plain)(value)
        keys[path] = value
    values: dict[str, Any] = {}
    for fold in folds:
        value = row[fold.name]
        typed = fold.function in ("min", "max") and value is not None
        values[fold.name] = presenter(view, form, cast(str, fold.path))(value) if typed else value
    return {"level": len(by), KEYS: keys, "count": row[_COUNT], "values": values}


def _answered(item: dict[str, Any]) -> dict[str, Any]:
    """The group in one piece."""
    shown: dict[str, Any] = {"level": item["level"]}
    aside: dict[str, Any] = {}
    for path, value in item[KEYS].items():
        (aside if path in _WORDS else shown)[path] = value
    if aside:
        shown[KEYS] = aside
    return {**shown, "count": item["count"], **item["values"]}


def key_of(item: Mapping[str, Any], path: str) -> Any:
    """The value that a field has in a group."""
    return item[KEYS][path] if path in _WORDS else item[path]


def _order(
    view: Reading, form: Form, path: str, items: Sequence[Mapping[str, Any]]
) -> Callable[[Any], Any]:
    """What the values of a key are ordered by; of links it is what they lead to is called."""
    field = form.fields.get(path)
    if target_of(view, field) is not None:
        values = {item[KEYS][path] for item in items if item[KEYS].get(path) is not None}
        places = places_of(view, cast(Field, field), values)
        return lambda value: (value not in places, places.get(value, value))
    return lambda value: value if type(value) in (int, Decimal) else str(value)


def _place(item: Mapping[str, Any], path: str, order: Callable[[Any], Any]) -> tuple[int, Any]:
    """Totals first, then values in order, and last those without one."""
    keys = item[KEYS]
    if path not in keys:
        return (0, ())
    return (2, ()) if keys[path] is None else (1, order(keys[path]))


def _check_key(view: Reading, form: Form, path: str) -> None:
    plain, _, grain = path.partition(":")
    field = _open_field(view, form, plain)
    fits = plain in GROUPED_SYSTEM and not grain
    if field is not None:
        days = field.type in ("date", "datetime")
        fits = is_grouped(field) and (not grain or (days and grain in GRAINS))
    if not fits:
        several = field is not None and (field.many or field.type == "tags")
        raise Malformed("group-by-many" if several else "group-by", name=path[:60])


def _fold(view: Reading, form: Form, value: str) -> AggregateColumn:
    found = _FOLD.match(value)
    field = None if found is None else _open_field(view, form, found[2], value)
    if found is None or field is None or field.many or not FIELD_TYPES[field.type].is_value:
        raise Malformed("group-value", name=value[:60])
    function = cast(Any, found[1])
    if function in ("sum", "avg") and field.type not in FOLDED[function]:
        raise Malformed("group-value", name=value[:60])
    if function in ("min", "max") and not is_sortable(field):
        raise Malformed("group-value", name=value[:60])
    return AggregateColumn(value, function, found[2])


def _open_field(view: Reading, form: Form, name: str, fold: str | None = None) -> Field | None:
    """A field of the form, or None for one that every form has. Raises Malformed for one that the
    reader does not see: it is as if it were not there. `fold`: the value that is asked of it."""
    rights = view.rights.fields(view, form.name)
    field = form.fields.get(name)
    open_ = name in rights.visible and name not in rights.masked
    if not open_ or (field is None and name not in GROUPED_SYSTEM):
        raise Malformed("group-value" if fold else "group-by", name=(fold or name)[:60])
    return field
