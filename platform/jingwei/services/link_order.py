"""Lists sorted by a link: records stand in the order of what they link to is called by.

A name is put together from values, so the order is that of the values, one after the other, as its
`display` names them: by org, then by year for `{org.title} {year}`. Values that the reader may not
see are none of them, and records that he may not list stand with those that link to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jingwei.language.expressions.tree import Member, Name, Node
from jingwei.language.field_types.listed import is_sortable
from jingwei.language.form import Field, Form
from jingwei.language.template import Template
from jingwei.services.commands import Reading
from jingwei.services.display import reads_of
from jingwei.services.form_paths import all_fields
from jingwei.services.linked import links_along
from jingwei.services.plans import form_plan
from jingwei.storage.query import Page, Query, RowScope, SortKey
from jingwei.storage.sources import MOST_LINKS

MOST_VALUES = 4  # of one name


def in_order_of_names(view: Reading, form: Form, key: SortKey) -> tuple[SortKey, ...]:
    """The key; of a link the values that what it links to is called by."""
    paths = list(_values(view, form, key.path))[:MOST_VALUES]
    return tuple(SortKey(path, key.descending) for path in paths) or (key,)


def scopes_behind(
    view: Reading, form: Form, sort: Sequence[SortKey]
) -> tuple[tuple[str, RowScope], ...]:
    """What the reader may list of the records that the keys are values of."""
    ways = dict(way for key in sort for way in links_along(view, form, key.path))
    scopes = ((path, view.rights.row_scope(view, target)) for path, target in ways.items())
    return tuple((path, scope) for path, scope in scopes if not scope.everything)


def places_of(view: Reading, field: Field, ids: Iterable[int]) -> dict[int, int]:
    """Where each record of a link stands among the others in the order of what they are called;
    those that the reader may not list have no place."""
    target = target_of(view, field)
    wanted = tuple(sorted(set(ids)))
    if target is None or not wanted:
        return {}
    named = _named_by(view, target)
    keys = tuple(one for name in named for one in in_order_of_names(view, target, SortKey(name)))
    query = Query(
        target.name,
        ("id",),
        view.rights.row_scope(view, target.name),
        ids=wanted,
        sort=(*keys, SortKey("id")),
        page=Page(len(wanted)),
        seen=scopes_behind(view, target, keys),
    )
    rows = view.store.select(view.connection, query).items
    return {row["id"]: place for place, row in enumerate(rows)}


def target_of(view: Reading, field: Field | None) -> Form | None:
    """The one form that a single link leads to."""
    if field is None or field.type != "link" or field.many or len(field.to) != 1:
        return None
    return view.catalogue.forms.get(field.to[0])


def _values(view: Reading, form: Form, path: str) -> Iterator[str]:
    """Paths to the values that what stands at `path` is called by."""
    target = target_of(view, field_at(view, form, path))
    if target is None or path.count(".") >= MOST_LINKS:
        return
    for name in _named_by(view, target):
        inner = target.fields.get(name)
        if inner is not None and inner.type == "link":
            yield from _values(view, form, f"{path}.{name}")
        else:
            yield f"{path}.{name}"


def field_at(view: Reading, form: Form, path: str) -> Field | None:
    """The field at the end of a path."""
    *links, name = path.split(".")
    if links:
        along = links_along(view, form, path)
        if len(along) < len(links):
            return None
        form = view.catalogue.forms[along[-1][1]]
    return form.fields.get(name)


def _named_by(view: Reading, form: Form) -> list[str]:
    """The fields of a form that its records are called by, as far as the reader sees them."""
    rights = view.rights.fields(view, form.name)
    open_ = rights.visible - rights.masked
    locale = view.catalogue.manifest.locales[0]
    template = form.display
    if template is not None and not (all_fields(form) - open_) & reads_of(view, template, locale):
        kept = (*form_plan(view.store, view.catalogue, form.name).kept, *_SYSTEM)
        shown = dict.fromkeys(_holes(view, template, locale))
        found = [n for n in shown if n in kept and n in open_ and _has_order(form, n)]
        if found:
            return found
    if form.number is not None and "number" in open_:
        return ["number"]
    texts = (n for n, f in form.fields.items() if f.type in ("text", "long_text") and n in open_)
    return [name for name in texts if _has_order(form, name)][:1]


_SYSTEM = ("number", "org", "owner", "status", "state", "created_at", "created_by", "updated_at")


def _has_order(form: Form, name: str) -> bool:
    return name not in form.fields or is_sortable(form.fields[name])


def _holes(view: Reading, template: Template, locale: str) -> Iterator[str]:
    """The fields that the holes of a template begin with: of `{org.title}` it is the org."""
    for piece in template.pieces(locale):
        if not isinstance(piece, str):
            node: Node = view.catalogue.expression(piece.formula).root
            while isinstance(node, Member):
                node = node.of
            if isinstance(node, Name) and node.root == "record":
                yield node.name
