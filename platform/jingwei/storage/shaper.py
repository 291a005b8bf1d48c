"""Queries without their values: what a statement depends on, and what each execution gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.expressions.tree import Expression
from jingwei.storage.full_text import question
from jingwei.storage.keyset import order_word, read_position
from jingwei.storage.query import Asked, Query, RowScope, Search
from jingwei.storage.query_names import Store
from jingwei.storage.shapes import LIST_LIMIT, Condition, bucket, condition, padded

_MOST_KEPT = 200  # constants of a condition that is kept


@dataclass(slots=True)
class Shape:
    """What a statement depends on (`key`), and what one execution gives it (`values`)."""

    key: tuple[Any, ...]
    values: dict[str, Any]
    raw: tuple[str, ...] = ()
    where: Condition | None = None
    called: tuple[Condition | None, ...] = ()  # of all words that are asked, in order
    terms: tuple[Condition | None, ...] = ()
    empties: tuple[bool, ...] = ()
    wide: bool = False  # a row is likely to be within the scope
    seen: tuple[tuple[Condition | None, ...], ...] = ()  # of the terms behind links
    held: tuple[tuple[Condition | None, ...], ...] = ()  # and behind links of many


class Shaper:
    """Takes the values out of queries. Expressions that come again are taken apart once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._arrays = store.dialect_name == "postgresql"
        self._conditions: dict[tuple[int, str], tuple[Expression, Condition]] = {}

    def shape(self, query: Query) -> Shape:
        """The key of the statement this query needs, and the values to run it with."""
        values: dict[str, Any] = {f"v_{name}": v for name, v in query.variables.items()}
        where = None if query.where is None else self._condition(query.where, "c", values)
        scope, terms = self._scope(query.scope, "", values)
        behind = [
            (path, *self._scope(seen, f"l{place}_", values))
            for place, (path, seen) in enumerate(query.seen)
        ]
        held = [
            (form, *self._scope(open_, f"h{place}_", values))
            for place, (form, open_) in enumerate(query.held)
        ]
        searched, called = self._search(query, values)
        wide = self._store.branches.are_many(sum(len(t.orgs.orgs) for t in query.scope.terms))
        if query.ids is not None:
            self._list("id", query.ids, values)
        empties, raw = _page(query, values)
        key = (
            query.form,
            query.table,
            query.fields,
            scope,
            where and where.key,
            None if query.ids is None else self._size(query.ids),
            searched,
            query.sort,
            query.group,
            query.aggregates,
            None if query.page is None else (query.page.after is not None, empties),
            query.count,
            query.deleted,
            tuple(query.variables),
            wide,
            tuple((path, within) for path, within, _ in behind),
            tuple((form, within) for form, within, _ in held),
        )
        seen = tuple(conditions for _, _, conditions in behind)
        of_many = tuple(conditions for _, _, conditions in held)
        return Shape(key, values, raw, where, called, terms, empties, wide, seen, of_many)

    def _search(
        self, query: Query, values: dict[str, Any]
    ) -> tuple[tuple[Any, ...] | None, tuple[Condition | None, ...]]:
        """What of a search its statement depends on, and what its words are titles of."""
        if query.text is None:
            return None, ()
        called: list[Condition | None] = []
        for place, asked in enumerate(words_in(query.text)):
            values[f"text{place}"] = question(asked.words, self._store.dialect_name)
            if query.scanned:
                values[f"like{place}"] = _contains(asked.words)
            titled = asked.called
            called.append(None if titled is None else self._condition(titled, f"q{place}_", values))
        sizes = tuple(tuple(len(reading) for reading in one) for one in query.text)
        keys = tuple(None if one is None else one.key for one in called)
        return (query.search_fields, query.scanned, sizes, keys), tuple(called)

    def _scope(
        self, scope: RowScope, prefix: str, values: dict[str, Any]
    ) -> tuple[tuple[Any, ...] | None, tuple[Condition | None, ...]]:
        if scope.everything:
            return None, ()
        keys: list[Any] = []
        conditions: list[Condition | None] = []
        for number, term in enumerate(scope.terms):
            where = None
            if term.where is not None:
                where = self._condition(term.where, f"{prefix}s{number}_", values)
            if term.owner is not None:
                values[f"{prefix}w{number}"] = term.owner
            orgs = None
            if not term.orgs.everything:
                orgs = self._orgs(f"{prefix}o{number}_", term.orgs.orgs, values)
            keys.append((orgs, term.owner is not None, where and where.key))
            conditions.append(where)
        for number, owner in enumerate(scope.owners):
            of_forms = []
            for place, (form, there) in enumerate(owner.forms):
                key, inside = self._scope(there, f"{prefix}d{number}_{place}_", values)
                of_forms.append((form, key))
                conditions += inside
            keys.append((owner.link, owner.removed, *of_forms))
        if scope.also:
            self._list(f"{prefix}also", scope.also, values)
        return (*keys, self._size(scope.also)), tuple(conditions)

    def _orgs(self, prefix: str, orgs: Sequence[int], values: dict[str, Any]) -> tuple[Any, ...]:
        roots = self._store.roots_of(orgs) if len(orgs) > LIST_LIMIT else None
        listed = orgs if roots is None else roots
        self._list(prefix, listed, values)
        return roots is not None, self._size(listed)

    def _size(self, listed: Sequence[int]) -> int:
        """What of a list's length its statement depends on."""
        return min(len(listed), 1) if self._arrays else bucket(len(listed))

    def _list(self, prefix: str, listed: Sequence[int], values: dict[str, Any]) -> None:
        if self._arrays:
            values[prefix] = list(listed)
        elif listed:
            values.update((f"{prefix}{i}", v) for i, v in enumerate(padded(listed)))

    def _condition(self, expression: Expression, prefix: str, values: dict[str, Any]) -> Condition:
        key = (id(expression), prefix)
        known = self._conditions.get(key)
        if known is None:
            if len(self._conditions) > 2_000:
                self._conditions.clear()
            known = expression, condition(expression, prefix)
            if len(known[1].values) <= _MOST_KEPT:
                self._conditions[key] = known
        values.update((f"v_{name}", value) for name, value in known[1].values.items())
        return known[1]


def words_in(search: Search) -> Iterator[Asked]:
    """All words of a search, in order."""
    return (asked for readings in search for reading in readings for asked in reading)


def conditions_of(scope: RowScope) -> int:
    """How many conditions the shape of a scope has: of its terms, then of its owners."""
    if scope.everything:
        return 0
    beyond = (conditions_of(there) for owner in scope.owners for _, there in owner.forms)
    return len(scope.terms) + sum(beyond)


def _contains(text: str) -> str:
    """The pattern of `LIKE` for a text found anywhere."""
    for char in ("\\", "%", "_"):
        text = text.replace(char, f"\\{char}")
    return f"%{text}%"


def _page(query: Query, values: dict[str, Any]) -> tuple[tuple[bool, ...], tuple[str, ...]]:
    """Which values of the position are empty, and the names of its binds."""
    page = query.page
    if page is None:
        return (), ()
    values["limit"] = page.limit
    if page.after is None:
        values["offset"] = page.offset
        return (), ()
    found, identity = read_position(page.after, order_of(query), len(query.sort))
    places: Mapping[str, Any] = {f"k{i}": v for i, v in enumerate(found) if v is not None}
    values.update(places, kid=identity)
    return tuple(v is None for v in found), (*places, "kid")


def order_of(query: Query) -> int:
    """The order of its rows, as positions in it name it."""
    return order_word(query.form, [(key.path, key.descending) for key in query.sort])
