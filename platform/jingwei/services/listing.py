"""Reading records: lists, single records, history. Every row comes through the query compiler with
the reader's scope and fields; what a reader may not see is not asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

from jingwei.catalogue.scopes import check_filter
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import depends_on_row, finished, walk
from jingwei.language.expressions.tree import Binary, Call, Expression, Member, Node, Unary
from jingwei.language.field_types.table import FIELD_TYPES, present_value
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.problems import Position
from jingwei.refusals import FieldRefusal, Malformed, NotFound
from jingwei.services.block_trees import constant
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.linked import FollowedLink, blank, followed, guarded, is_whole, links_along
from jingwei.services.plans import form_plan
from jingwei.services.rights import FieldRights, all_fields, both
from jingwei.services.world import OWN_FUNCTIONS, environment, variables
from jingwei.storage import changes, people
from jingwei.storage.query import ALL_ROWS, Page, Query, RowScope, SortKey
from jingwei.storage.sql_calls import NotInSql

MOST_A_PAGE = 200
MOST_FILTER_TERMS = 20
MASK = "•••"
UNLASTING = "@now"  # the source of a condition with answers of this moment in it
SHOWN_SYSTEM = tuple(name for name in SYSTEM_FIELDS if name != "deleted_at")
Present = Callable[[Any], Any]


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
    paths; `typed`, `links`: the condition of the reader, and those that it follows. `lasting`: it
    is the same for everybody with these grants, on any day."""

    paths: tuple[str, ...]
    ways: tuple[str, ...]
    tables: tuple[str, ...]
    presents: tuple[tuple[str, Present], ...]
    where: Expression | None
    typed: str | None
    links: tuple[FollowedLink, ...]
    sort: tuple[SortKey, ...]
    search: tuple[str, ...]
    lasting: bool = True


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
    """One page of the rows this person may see, of at most `most`. Raises Malformed for what
    cannot be asked."""
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    scope = view.rights.row_scope(view, form)
    if not scope.terms:
        raise_unless_known(view, definition)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)
    query = _query(view, form, wish, shape, scope, most)
    try:
        rows = view.store.select(view.connection, query)
    except NotInSql as found:
        if shape.typed is None:
            raise
        error = ExpressionError("not-in-a-filter", 0, len(shape.typed), name=str(found))
        raise _malformed(shape.typed, error) from None
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
    for name in rights.masked:
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


def check(view: Reading, form: str, wish: ListWish) -> None:
    """Raises Malformed for what cannot be asked, before anything is answered."""
    definition = form_of(view, form)
    rights = view.rights.fields(view, form)
    shape = _shape(view, definition, rights, wish)
    _refuse_out_of_reach(view, definition, rights, wish, shape)


def _query(
    view: Reading, form: str, wish: ListWish, shape: _Shape, scope: RowScope, most: int
) -> Query:
    if wish.size < 1 or wish.size > most:
        raise Malformed("page-size", most=most)
    if wish.page < 1 or wish.page * wish.size > 10_000_000:
        raise Malformed("page-number")
    return Query(
        form,
        (*shape.paths, *shape.ways),
        scope,
        where=guarded(view, shape.where, shape.links),
        text=wish.q,
        search_fields=shape.search if wish.q else (),
        sort=shape.sort,
        page=Page(wish.size, (wish.page - 1) * wish.size, wish.after),
        count=wish.count,
        deleted=wish.deleted,
        variables=variables(view),
    )


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
    )
    shape = _SHAPES.get(key)
    if shape is None:
        shape = _build_shape(view, form, rights, wish)
        if shape.lasting:
            _SHAPES.put(key, shape)
    return shape


def _refuse_out_of_reach(
    view: Reading, form: Form, rights: FieldRights, wish: ListWish, shape: _Shape
) -> None:
    """Raises Malformed for an order, or a condition on rows, that would tell of linked records
    which this person may not list."""
    for link in shape.links:
        if link.of_rows and not is_whole(view, link.form):
            error = ExpressionError("outside-the-form", link.start, link.end, name=link.name)
            raise _malformed(shape.typed or "", error)
    for key in wish.sort:
        path = key.removeprefix("-")
        if not all(is_whole(view, target) for _, target in links_along(view, form, path)):
            raise _unsortable(form, rights, path)


def _build_shape(view: Reading, form: Form, rights: FieldRights, wish: ListWish) -> _Shape:
    wanted = _wanted(view, form, rights, wish.fields)
    tables = tuple(name for name in wanted if name in form.tables)
    paths = tuple(name for name in wanted if name not in form.tables)
    typed, lasting = _typed(view, form, rights, wish)
    where = typed if wish.and_where is None else wish.and_where
    if typed is not None and wish.and_where is not None:
        where = both(wish.and_where, typed)
    sort = tuple(_sort_key(view, form, rights, key) for key in wish.sort or default_sort(form))
    search = tuple(
        name
        for name in _search_fields(view, form)
        if name in rights.visible and name not in rights.masked
    )
    presents = tuple(
        (path, presenter(view, form, path)) for path in paths if _needs_presenting(form, path)
    )
    ways = [w for path in paths for w, _ in links_along(view, form, path) if w not in paths]
    links = () if typed is None else followed(typed)
    return _Shape(
        paths,
        tuple(dict.fromkeys(ways)),
        tables,
        presents,
        where,
        None if typed is None else wish.filter,
        links,
        sort,
        search,
        lasting,
    )


def _search_fields(view: Reading, form: Form) -> tuple[str, ...]:
    """The fields kept as words; of a form that has none, the number and every text."""
    texts = [name for name, f in form.fields.items() if FIELD_TYPES[f.type].searchable]
    return view.store.searched(form.name) or ("number", *texts)


def default_sort(form: Form) -> tuple[str, ...]:
    """As the form's list says; newest first where it says nothing."""
    return form.list.sort or ("-id",)


def _wanted(
    view: Reading, form: Form, rights: FieldRights, fields: Sequence[str] | None
) -> list[str]:
    if fields is None:
        own = [n for n in kept_fields(view, form) if n in rights.visible]
        return list(dict.fromkeys((*SHOWN_SYSTEM, *own)))
    unknown = [path for path in fields if not _may_name(view, form, rights, path)]
    if unknown:
        refused = [FieldRefusal(p, "unknown-field", {"name": p}) for p in unknown]
        raise Malformed("unknown-fields", fields=refused)
    return list(dict.fromkeys(("id", "revision", *fields)))


def kept_fields(view: Reading, form: Form) -> tuple[str, ...]:
    """Fields that have a column."""
    return form_plan(view.store, view.catalogue, form.name).kept


def _may_name(view: Reading, form: Form, rights: FieldRights, path: str) -> bool:
    """A visible field, or a visible field of a record it links to (depth 3)."""
    first, _, rest = path.partition(".")
    if first not in rights.visible or first == "deleted_at":
        return False
    definition = form.fields.get(first)
    if not rest:
        return definition is None or definition.type not in ("heading", "note")
    if definition is None or definition.type != "link" or len(definition.to) != 1:
        return False
    target = view.catalogue.forms.get(definition.to[0])
    if target is None or rest.count(".") > 1:
        return False
    return _may_name(view, target, view.rights.fields(view, target.name), rest)


def _typed(
    view: Reading, form: Form, rights: FieldRights, wish: ListWish
) -> tuple[Expression | None, bool]:
    """The condition that the reader typed, and whether it says the same tomorrow, to others."""
    if not wish.filter or not wish.filter.strip():
        return None, True
    found = viewer_filter(view, form.name, wish.filter, rights)
    return found, found.source != UNLASTING


def viewer_filter(
    view: Reading, form: str, source: str, rights: FieldRights | None = None
) -> Expression:
    """A condition that a person typed. Raises Malformed at the word that is wrong."""
    visible = (rights or view.rights.fields(view, form)).visible
    masked = (rights or view.rights.fields(view, form)).masked
    hidden = all_fields(view.catalogue.forms[form]) - (visible - masked)

    def elsewhere(other: str) -> frozenset[str]:
        seen = view.rights.fields(view, other)
        return all_fields(view.catalogue.forms[other]) - (seen.visible - seen.masked)

    try:
        found = check_filter(view.catalogue, form, source, hidden, elsewhere)
        found = _with_fixed(view, found)
    except ExpressionError as error:
        raise _malformed(source, error) from None
    if _terms(found.root) > MOST_FILTER_TERMS:
        raise Malformed("filter-too-long", most=MOST_FILTER_TERMS)
    return found


def _with_fixed(view: Reading, expression: Expression) -> Expression:
    """What no database computes and depends on no row is worked out now: `add_workdays(today, 3)`.
    Only what everybody may know: figures and scores have an address of their own."""

    def change(node: Node) -> Node | None:
        if depends_on_row(node) or not any(_is_asked_now(part) for part in walk(node)):
            return None
        if node.type.name != "boolean" and not _is_asked_now(node):
            return None  # comparisons as a whole: of two fixed sides no database knows the type
        return constant(closure(Expression("", node))(environment(view, {})), node)

    root = mapped(expression.root, change)
    return expression if root == expression.root else finished(UNLASTING, root)


def _is_asked_now(node: Node) -> bool:
    if isinstance(node, Member):
        return node.name == "orgs"
    if not isinstance(node, Call) or "sql" in FUNCTIONS[node.function].targets:
        return False
    if node.function not in OWN_FUNCTIONS:
        raise ExpressionError("not-in-a-filter", node.start, node.end, name=node.function)
    return True


def _malformed(source: str, error: ExpressionError) -> Malformed:
    problem = error.problem(Position("filter"))
    return Malformed(
        "filter",
        detail={
            "code": error.code,
            "start": error.start,
            "end": error.end,
            "holes": {n: v for n, v in error.holes.items() if not callable(v)},
            "suggestion": error.suggestion,
        },
        word=source[error.start : error.end],
        what=problem.what,
        fix=problem.fix,
    )


def _terms(node: Any) -> int:
    """How many comparisons there are in a condition."""
    if isinstance(node, Binary) and node.op in ("and", "or"):
        return _terms(node.left) + _terms(node.right)
    return _terms(node.operand) if isinstance(node, Unary) else 1


def _sort_key(view: Reading, form: Form, rights: FieldRights, key: str) -> SortKey:
    path = key.removeprefix("-")
    sortable = _may_name(view, form, rights, path) and path not in rights.masked
    definition = form.fields.get(path)
    if definition is not None:
        sortable = sortable and FIELD_TYPES[definition.type].sortable and not definition.many
    if not sortable:
        raise _unsortable(form, rights, path)
    return SortKey(path, key.startswith("-"))


def _unsortable(form: Form, rights: FieldRights, path: str) -> Malformed:
    names = [
        n
        for n in (*SHOWN_SYSTEM, *form.fields)
        if n in rights.visible
        and (n not in form.fields or FIELD_TYPES[form.fields[n].type].sortable)
    ]
    return Malformed("sort", name=path, names=", ".join(names))


def _needs_presenting(form: Form, path: str) -> bool:
    definition = form.fields.get(path)
    if "." in path:
        return True
    if definition is None:
        return path.endswith("_at")
    kind = FIELD_TYPES[definition.type]
    own = type(kind).present is not _BASE_PRESENT
    return own or definition.many


_BASE_PRESENT = FIELD_TYPES["text"].__class__.__mro__[1].present  # type: ignore[attr-defined]


def presenter(view: Reading, form: Form, path: str) -> Present:
    """How a value of this path is written as JSON."""
    first, _, rest = path.partition(".")
    definition = form.fields.get(first)
    if rest and definition is not None and definition.to:
        return presenter(view, view.catalogue.forms[definition.to[0]], rest)
    if definition is None:
        if first.endswith("_at"):
            return instant
        return _same
    known = definition

    def present(value: Any) -> Any:
        return present_value(known, value)

    return present


def _same(value: Any) -> Any:
    return value


def instant(value: Any) -> str:
    """RFC 3339 in UTC with milliseconds."""
    text: str = value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return text


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
            item[table] = [_shown_row(definition, row, rights) for row in item[table]]


def _shown_row(table: Field, row: Mapping[str, Any], rights: FieldRights) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": row.get("id")}  # none: of a record that was never saved
    for name, column in table.fields.items():
        path = f"{table.name}.{name}"
        if path in rights.visible:
            value = present_value(column, row.get(name))
            masked = path in rights.masked and value is not None
            shown[name] = MASK if masked else value
    return shown


# --- one record ----------------------------------------------------------------------------------


@dataclass(slots=True)
class RecordView:
    """One record as its reader may see it. `raw`: engine values; `json`: what the API sends."""

    form: Form
    raw: Mapping[str, Any]
    json: dict[str, Any]
    rights: FieldRights
    extra: dict[str, Any] = field(default_factory=dict)


def record(view: Reading, form: str, id: int, *, deleted: bool = False) -> RecordView:
    """One record by id. Raises NotFound, alike for what is not there and what is not allowed."""
    definition = form_of(view, form)
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is None or (raw["deleted_at"] is not None) != deleted:
        raise NotFound("no-such-record")
    if not view.rights.may_read(view, form, raw).allowed:
        raise NotFound("no-such-record")
    rights = view.rights.fields(view, form, raw)
    return shown_record(view, definition, raw, rights)


def shown_record(
    view: Reading, form: Form, raw: Mapping[str, Any], rights: FieldRights
) -> RecordView:
    """A loaded record, as these rights show it."""
    whole = with_live(view, form, raw)
    shown: dict[str, Any] = {}
    for name in SHOWN_SYSTEM:
        value = whole.get(name)
        shown[name] = instant(value) if name.endswith("_at") and value is not None else value
    for name, definition in form.fields.items():
        if name not in rights.visible or definition.type in ("heading", "note"):
            continue
        if definition.type == "table":
            rows = whole.get(name) or ()
            shown[name] = [_shown_row(definition, row, rights) for row in rows]
        else:
            value = present_value(definition, whole.get(name))
            shown[name] = MASK if name in rights.masked and value is not None else value
    return RecordView(form, whole, shown, rights)


def with_live(view: Reading, form: Form, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with its live computed fields, as of now."""
    plan = form_plan(view.store, view.catalogue, form.name)
    if not plan.live:
        return raw
    whole = {**raw, **{t: [dict(r) for r in raw.get(t) or ()] for t in plan.tables}}
    env = environment(view, whole)
    for one in plan.live:
        if one.table is None:
            whole[one.name] = one.closure(env)
            continue
        for row in whole[one.table]:
            inside = env.inside(whole)
            inside.record = row
            row[one.name] = one.closure(inside)
    return whole


# --- history -------------------------------------------------------------------------------------


def history(view: Reading, form: str, id: int, *, limit: int = 200) -> list[dict[str, Any]]:
    """What happened to a record, newest first; fields this reader may not see are left out."""
    shown = record(view, form, id)
    entries = changes.history(
        view.connection, view.installation.book, view.store.people, id, limit=limit
    )
    visible = shown.rights.visible - shown.rights.masked
    private = changes.private_values(view.connection, [e.id for e in entries if _hides(e)])
    found: list[dict[str, Any]] = []
    for entry in entries:
        body = {
            name: _visible_rows(name, value, visible)
            for name, value in _with_private(entry, private).items()
            if name in visible or name in ("status", "state", "number")
        }
        found.append(
            {
                "id": entry.id,
                "at": instant(entry.change.at),
                "actor": entry.change.actor,
                "on_behalf_of": entry.change.on_behalf_of,
                "action": entry.change.action,
                "revision": entry.change.object_version,
                "changes": body,
                "reasons": {
                    name: why
                    for name, why in entry.change.body.get("_reasons", {}).items()
                    if name in visible
                },
            }
        )
    return found


def _hides(entry: changes.Entry) -> bool:
    return any(isinstance(v, Mapping) and "sha256" in v for v in entry.change.body.values())


def _with_private(
    entry: changes.Entry, private: Mapping[tuple[int, str], Any]
) -> Mapping[str, Any]:
    """The body with the sensitive values that are kept beside it; what was erased is masked."""
    if not _hides(entry):
        return entry.change.body
    body: dict[str, Any] = {}
    for path, value in entry.change.body.items():
        if not (isinstance(value, Mapping) and "sha256" in value):
            body.setdefault(path, value)
            continue
        pair = private.get((entry.id, path), [MASK, MASK])
        table, _, rest = path.partition(".")
        row, _, column = rest.partition(".")
        if not column:
            body[path] = pair
            continue
        rows = {r: dict(c) for r, c in {**entry.change.body, **body}.get(table, {}).items()}
        rows.setdefault(row, {})[column] = pair
        body[table] = rows
    return body


def _visible_rows(name: str, value: Any, visible: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        row: {c: v for c, v in columns.items() if f"{name}.{c}" in visible}
        for row, columns in value.items()
    }


# --- titles --------------------------------------------------------------------------------------


def title_of(view: Reading, kind: str, name: Any, locale: str, form: str | None = None) -> str:
    """What an org, a person, an indicator … is called by people."""
    if name is None:
        return ""
    if kind == "person":
        row = people.find_person(view.connection, str(name))
        return row.name if row else str(name)
    catalogue: Any = view.catalogue
    found = getattr(catalogue, f"{kind}s", {}).get(name)
    return found.title(locale) if found is not None else str(name)


def display_of(view: Reading, form: str, id: int, locale: str) -> str:
    """The display text of a record, for links that point to it."""
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is None or not view.rights.may_read(view, form, raw).allowed:
        return f"{view.catalogue.forms[form].title(locale)} {id}"
    return display(view, form, raw, locale)


def find_ids(view: Reading, form: str, where: Expression | None, most: int = 5_000) -> list[int]:
    """Ids of the records for which a definition's condition holds, as the system sees them."""
    query = Query(
        form,
        ("id",),
        ALL_ROWS,
        where=where,
        sort=(SortKey("id"),),
        page=Page(most),
        variables=variables(view),
    )
    return [row["id"] for row in view.store.select(view.connection, query).items]
