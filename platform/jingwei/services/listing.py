"""Lists of records. Every row comes through the query compiler with the reader's scope and
fields; what a reader may not see is not asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

from jingwei.language.expressions.tokens import MOST_CHARACTERS
from jingwei.language.expressions.tree import Expression
from jingwei.language.form import Form
from jingwei.refusals import Malformed, NotFound
from jingwei.services.by_title import fields_by_title, searched_for
from jingwei.services.commands import Reading
from jingwei.services.link_order import in_order_of_names, scopes_behind
from jingwei.services.linked import (
    blank,
    held_scopes,
    is_masked,
    is_whole,
    links_along,
)
from jingwei.services.list_fields import (
    default_sort,
    order_of,
    scanned_fields,
    unsortable,
    wanted_fields,
)
from jingwei.services.presenting import MASK, Present, needs_presenting, presenter, shown_row
from jingwei.services.rights import FieldRights, both
from jingwei.services.tree_rows import ids_below
from jingwei.services.typed_filters import UNLASTING, unaskable, viewer_filter
from jingwei.services.world import variables
from jingwei.storage.query import OrgScope, Page, Query, RowScope, ScopeTerm, SortKey
from jingwei.storage.sql_calls import NotInSql
from jingwei.storage.walking import walk

MOST_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class ListWish:
    """What a list asks for. `fields` None: every field that is not a table."""

    filter: str | None = None
    sort: tuple[str, ...] = ()
    page: int = 1
    size: int = 20
    after: str | None = None
    q: str | None = None
    fields: tuple[str, ...] | None = None
    count: Literal["exact", "capped"] | None = "exact"
    deleted: bool = False
    below: int | None = None  # of a tree: this record, and what is below it
    and_where: Expression | None = None  # from a definition: a tile, a relation


@dataclass(slots=True)
class RecordPage:
    """One page; `items` are JSON values keyed by field path."""

    items: list[dict[str, Any]]
    total: int | None
    page: int
    size: int
    capped: bool = False
    next_after: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a list needs, worked out once per (grants, wish). `ways`: links on the way to
    paths; `typed`: the condition of the reader. `lasting`: it is the same for everybody with these
    grants, on any day."""

    paths: tuple[str, ...]
    ways: tuple[str, ...]
    tables: tuple[str, ...]
    presents: tuple[tuple[str, Present], ...]
    where: Expression | None
    typed: str | None
    sort: tuple[SortKey, ...]
    search: tuple[str, ...]
    scanned: tuple[str, ...] = ()
    called: tuple[str, ...] = ()  # what is searched by the titles of its values
    masked: tuple[str, ...] = ()  # paths that end in what is masked where they lead
    lasting: bool = True
    beyond: bool = False  # whether it is in the order of what it links to


class _Cache:
    """Shapes of lists that were asked for lately."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._kept: OrderedDict[Any, _Shape] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any) -> _Shape | None:
        return self._kept.get(key)

    def put(self, key: Any, shape: _Shape) -> None:
        with self._lock:
            self._kept[key] = shape
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_SHAPES = _Cache()


def listing(view: Reading, form: str, wish: ListWish, *, most: int = MOST_A_PAGE) -> RecordPage:
    """One page of the rows this person may see, of at most `most`. Raises Malformed for what cannot
    be asked."""
    view = view.rights.home(view, form)
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    scope = _scope(view, form, wish)
    if not scope.terms:
        raise_unless_known(view, definition)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)
    query = _query(view, form, wish, shape, scope, _page(wish, most))
    try:
        rows = view.store.select(view.connection, query)
    except NotInSql as found:
        raise _unaskable(shape, found) from None
    items = rows.items
    blank(view, definition, items, shape.paths)
    for way in shape.ways:
        for item in items:
            del item[way]
    if shape.tables:
        _add_tables(view, form, shape, rights, items)
    for name, present in shape.presents:
        for item in items:
            value = item[name]
            if value is not None:
                item[name] = present(value)
    for name in (*rights.masked, *shape.masked):
        for item in items:
            if item.get(name) is not None:
                item[name] = MASK
    return RecordPage(
        items,
        rows.total,
        wish.page,
        wish.size,
        rows.capped,
        rows.next_after,
        (*shape.paths, *shape.tables),
    )


@dataclass(slots=True)
class Part:
    """Some rows of a list as one list of engine values a column. `tables`: the rows of each table,
    as JSON, one list a record."""

    ids: Sequence[int]
    columns: dict[str, Sequence[Any]]
    tables: dict[str, list[list[dict[str, Any]]]]


def walked(view: Reading, form: str, wish: ListWish, *, as_words: bool) -> Iterator[Part]:
    """Every row of a list, whatever page it asks for, part by part. `as_words`: decimals, days and
    periods as their text. Raises Malformed for what cannot be asked."""
    view = view.rights.home(view, form)
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)
    scope = _scope(view, form, wish)
    query = replace(_query(view, form, wish, shape, scope, None), count=None)
    parts = walk(view.store, view.connection, query, as_words=as_words)
    while True:
        try:
            part = next(parts, None)
        except NotInSql as found:
            raise _unaskable(shape, found) from None
        if part is None:
            return
        yield _shown(view, definition, shape, rights, part.ids, part.columns)


def _shown(
    view: Reading,
    form: Form,
    shape: _Shape,
    rights: FieldRights,
    ids: Sequence[int],
    columns: dict[str, Sequence[Any]],
) -> Part:
    """Rows as they were read, without what their reader may not see of them."""
    dotted = [path for path in shape.paths if "." in path]
    if dotted:
        names = [*dotted, *(w for path in dotted for w, _ in links_along(view, form, path))]
        lists = zip(*(columns[name] for name in names), strict=True)
        items: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in lists]
        blank(view, form, items, dotted)
        columns |= {path: [item[path] for item in items] for path in dotted}
    for name in {*rights.masked, *shape.masked} & columns.keys():
        columns[name] = [v if v is None else MASK for v in columns[name]]
    below: list[dict[str, Any]] = [{"id": identity} for identity in ids] if shape.tables else []
    _add_tables(view, form.name, shape, rights, below)
    return Part(ids, columns, {name: [item[name] for item in below] for name in shape.tables})


def _unaskable(shape: _Shape, found: NotInSql) -> Exception:
    """Why a condition cannot be a filter; what no person typed is our own mistake."""
    if shape.typed is None:
        return found
    return unaskable(shape.typed, found)


def rows_of(view: Reading, form: str, wish: ListWish) -> tuple[Query, str | None]:
    """The rows of a list as a query for whoever folds them, and the condition that was typed.
    Raises Malformed, NotFound."""
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    scope = view.rights.row_scope(view, form)
    if not scope.terms:
        raise_unless_known(view, definition)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)
    return _query(view, form, wish, shape, scope, _page(wish, wish.size)), shape.typed


def form_of(view: Reading, form: str) -> Form:
    """The form of this name. Raises NotFound."""
    found = view.catalogue.forms.get(form)
    if found is None:
        raise NotFound("no-such-form")
    return found


def may_open(view: Reading, form: str) -> bool:
    """Whether this person has anything to do with the form."""
    return view.actor.is_system or bool(view.rights.grants(view, form).grants)


def raise_unless_known(view: Reading, form: Form) -> None:
    """A form on which a person has no grant is as good as not there."""
    if not may_open(view, form.name):
        raise NotFound("no-such-form")


def raise_unless_reached(view: Reading, form: Form, id: int) -> None:
    """Like `raise_unless_known`; but one record may be open, by a task or a share, to a person who
    has nothing else of its form."""
    if not view.rights.opened(view, id):
        raise_unless_known(view, form)


def check(view: Reading, form: str, wish: ListWish) -> None:
    """Raises Malformed for what cannot be asked, before anything is answered."""
    view = view.rights.home(view, form)
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)


def _query(
    view: Reading, form: str, wish: ListWish, shape: _Shape, scope: RowScope, page: Page | None
) -> Query:
    return Query(
        form,
        (*shape.paths, *shape.ways),
        scope,
        ids=None if wish.below is None else ids_below(view, form_of(view, form), wish.below),
        where=shape.where,
        text=searched_for(view, form_of(view, form), shape.called, wish.q) if wish.q else None,
        search_fields=shape.search,
        scanned=shape.scanned,
        sort=shape.sort,
        page=page,
        count=wish.count,
        deleted=wish.deleted,
        seen=scopes_behind(view, form_of(view, form), shape.sort) if shape.beyond else (),
        held=held_scopes(view, shape.where),
        variables=variables(view),
    )


def _page(wish: ListWish, most: int) -> Page:
    if wish.size < 1 or wish.size > most:
        raise Malformed("page-size", most=most)
    if wish.page < 1 or wish.page * wish.size > 10_000_000:
        raise Malformed("page-number")
    return Page(wish.size, (wish.page - 1) * wish.size, wish.after)


def _scope(view: Reading, form: str, wish: ListWish) -> RowScope:
    """The rows there are for the reader. What was thrown away is for those who may throw it away,
    and back."""
    scope = view.rights.row_scope(view, form)
    if not wish.deleted:
        return scope
    both_ways = _in_both(scope, view.rights.row_scope(view, form, "delete"))
    owners = tuple(replace(one, removed=True) for one in both_ways.owners)  # details go with them
    return replace(both_ways, owners=owners)


def _in_both(one: RowScope, other: RowScope) -> RowScope:
    """The rows that are in both scopes of one person."""
    if one.everything or other.everything:
        return other if one.everything else one
    terms = tuple(t for a in one.terms for b in other.terms if (t := _term_of(a, b)))
    return RowScope(terms, owners=one.owners)


def _term_of(one: ScopeTerm, other: ScopeTerm) -> ScopeTerm | None:
    orgs = one.orgs if other.orgs.everything else other.orgs
    if not (one.orgs.everything or other.orgs.everything):
        orgs = OrgScope(tuple(sorted(set(one.orgs.orgs) & set(other.orgs.orgs))))
    if not (orgs.everything or orgs.orgs):
        return None
    owner = one.owner if one.owner is not None else other.owner  # always the person's own
    where = one.where if other.where is None else both(one.where, other.where)
    return ScopeTerm(orgs, owner, where)


def _shape(view: Reading, form: Form, rights: FieldRights, wish: ListWish) -> _Shape:
    key = (
        view.installation.release.id,
        id(view.store),
        form.name,
        rights,
        wish.fields,
        wish.filter,
        wish.sort,
        None if wish.and_where is None else wish.and_where.source,
        _reader(view, form, wish),
    )
    shape = _SHAPES.get(key)
    if shape is None:
        shape = _build_shape(view, form, rights, wish)
        if shape.lasting:
            _SHAPES.put(key, shape)
    return shape


def _reader(view: Reading, form: Form, wish: ListWish) -> tuple[object, ...] | None:
    """Who asks, where links may be followed: rights on the form do not say what they lead to."""
    keys = wish.sort or default_sort(form)
    named = (*(wish.fields or ()), *keys, wish.filter or "")
    links = any(_is_link(form, key.removeprefix("-")) for key in keys)
    if not links and not any("." in words or "where" in words for words in named):
        return None
    return (view.actor.id, view.actor.rights_epoch, view.today)


def _is_link(form: Form, path: str) -> bool:
    return path in form.fields and form.fields[path].type == "link"


def _refuse_out_of_reach(
    view: Reading, form: Form, rights: FieldRights, wish: ListWish, shape: _Shape
) -> None:
    """Raises Malformed for an order that would tell of linked records which this person may not
    list."""
    for key in wish.sort:
        path = key.removeprefix("-")
        if not all(is_whole(view, target) for _, target in links_along(view, form, path)):
            raise unsortable(form, rights, path)


def _build_shape(view: Reading, form: Form, rights: FieldRights, wish: ListWish) -> _Shape:
    wanted = wanted_fields(view, form, rights, wish.fields)
    tables = tuple(name for name in wanted if name in form.tables)
    paths = tuple(name for name in wanted if name not in form.tables)
    typed, lasting = _typed(view, form, rights, wish)
    where = typed if wish.and_where is None else wish.and_where
    if typed is not None and wish.and_where is not None:
        where = both(wish.and_where, typed)
    keys = order_of(view, form, rights, wish.sort)
    sort = tuple(one for key in keys for one in in_order_of_names(view, form, key))
    open_ = rights.visible - rights.masked
    search = tuple(name for name in view.store.searched(form.name) if name in open_)
    presents = tuple(
        (path, presenter(view, form, path)) for path in paths if needs_presenting(form, path)
    )
    ways = [w for path in paths for w, _ in links_along(view, form, path) if w not in paths]
    return _Shape(
        paths,
        tuple(dict.fromkeys(ways)),
        tables,
        presents,
        where,
        None if typed is None else wish.filter,
        sort,
        search,
        tuple(name for name in scanned_fields(form) if name in open_),
        tuple(name for name in fields_by_title(form) if name in open_),
        tuple(path for path in paths if is_masked(view, form, path)),
        lasting,
        any("." in key.path for key in sort),
    )


def _typed(
    view: Reading, form: Form, rights: FieldRights, wish: ListWish
) -> tuple[Expression | None, bool]:
    """The condition that the reader typed, and whether it says the same tomorrow, to others."""
    if not wish.filter or not wish.filter.strip():
        return None, True
    found = viewer_filter(view, form.name, wish.filter, rights)
    return found, found.source != UNLASTING and len(wish.filter) <= MOST_CHARACTERS


def _add_tables(
    view: Reading,
    form: str,
    shape: _Shape,
    rights: FieldRights,
    items: Sequence[dict[str, Any]],
) -> None:
    by_id = {item["id"]: item for item in items}
    for table in shape.tables:
        view.store.add_rows(view.connection, form, table, by_id)
        definition = view.catalogue.forms[form].fields[table]
        for item in items:
            item[table] = [shown_row(definition, row, rights) for row in item[table]]
