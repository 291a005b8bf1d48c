"""Linked records in lists: what a path shows of them is what its reader may see of them.

A list joins a linked record for whoever reads the list. Its fields are those that the reader's
grants show; its rows are looked at here: values of records that the reader may not list are left
out, and a condition that he typed holds of no row that leads to one. Of what a link of many holds,
such records are not among the rows that he folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace

from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished, parts, walk
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Expression,
    Member,
    Node,
    Reachable,
    Type,
)
from jingwei.language.form import Form
from jingwei.services.commands import Reading
from jingwei.services.world import variables
from jingwei.storage.query import Query, RowScope

Path = str
_BOOLEAN = Type("boolean")


# --- values --------------------------------------------------------------------------------------


def links_along(view: Reading, form: Form, path: Path) -> list[tuple[Path, str]]:
    """The links that a path goes through, each as its own path, with the form it leads to."""
    found: list[tuple[Path, str]] = []
    names = path.split(".")
    for place, name in enumerate(names[:-1]):
        definition = form.fields.get(name)
        if definition is None or definition.type != "link" or len(definition.to) != 1:
            break
        target = view.catalogue.forms.get(definition.to[0])
        if target is None:
            break
        found.append((".".join(names[: place + 1]), target.name))
        form = target
    return found


def is_masked(view: Reading, form: Form, path: str) -> bool:
    """Whether a path through links ends in, or passes, what is masked for the reader there."""
    names = path.split(".")
    forms = (form.name, *(to for _, to in links_along(view, form, path)))
    return len(names) > 1 and any(
        name in view.rights.fields(view, of).masked for name, of in zip(names, forms, strict=False)
    )


def blank(
    view: Reading,
    form: Form,
    items: Sequence[MutableMapping[str, object]],
    paths: Sequence[Path],
) -> None:
    """Empty the values of these paths where they are of a record that the reader may not list.
    The items have the links on the way, too."""
    blank_along(view, items, {p: links_along(view, form, p) for p in paths if "." in p})


def blank_along(
    view: Reading,
    items: Sequence[MutableMapping[str, object]],
    ways: Mapping[Path, Sequence[tuple[Path, str]]],
) -> None:
    """The same, with the links on the way to each path and the forms they lead to."""
    wanted: dict[str, set[int]] = {}
    for way in ways.values():
        for link, target in way:
            if not view.rights.row_scope(view, target).everything:
                ids = {i for item in items if isinstance(i := item.get(link), int)}
                wanted.setdefault(target, set()).update(ids)
    open_ = {target: readable(view, target, ids) for target, ids in wanted.items()}
    for path, way in ways.items():
        judged = [(link, open_[target]) for link, target in way if target in open_]
        for item in items if judged else ():
            if any(item.get(link) not in known for link, known in judged):
                item[path] = None


def readable(view: Reading, form: str, ids: set[int]) -> set[int]:
    """Those of these records that the reader may list."""
    if not ids:
        return set()
    scope = view.rights.row_scope(view, form)
    query = Query(
        form, ("id",), scope, ids=tuple(sorted(ids)), page=None, variables=variables(view)
    )
    return {row["id"] for row in view.store.select(view.connection, query).items}


# --- conditions ----------------------------------------------------------------------------------


def as_reader(expression: Expression) -> Expression:
    """The condition as its reader may ask it: of links of many and of relations only the records
    that he may list are rows, no record that leads to another one is found, and no row that does is
    folded. The query has what `held_scopes` gives."""
    root = _asked(expression.root)
    return expression if root == expression.root else finished(expression.source, root)


def _asked(node: Node) -> Node:
    """A condition, and that what it follows from its record may be listed."""
    inside = mapped(node, _as_rows_of_reader)
    return _and([inside, *_ways(inside)]) or inside


def _as_rows_of_reader(node: Node) -> Node | None:
    if not isinstance(node, Aggregate):
        return None
    value, where, by = (
        None if part is None else mapped(part, _as_rows_of_reader)
        for part in (node.value, node.where, node.by)
    )
    inside = (part for part in (value, where, by) if part is not None)
    followed = (way for part in inside for way in _ways(part))
    of_reader = node.source.origin in ("link", "related")
    return replace(
        node,
        source=replace(node.source, of_reader=of_reader),
        value=value,
        where=_and([where, *dict.fromkeys(followed)]),
        by=by,
    )


def _ways(node: Node) -> Iterator[Reachable]:
    """The links that are followed from one record or row; not from the rows in it."""
    found: dict[Reachable, None] = {}
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Member) and one.of.type.name == "record" and one.of.type.form:
            found[Reachable(0, 0, _BOOLEAN, _bare(one.of))] = None
        if not isinstance(one, Aggregate):
            waiting += parts(one)
        elif one.source.behind is not None:
            behind = one.source.behind
            found[Reachable(0, 0, _BOOLEAN, _bare(behind))] = None
            waiting.append(behind)
    return iter(found)


def _bare(link: Node) -> Node:
    """A link, wherever it is written: twice the same is followed once."""
    if isinstance(link, Member):
        return replace(link, start=0, end=0, of=_bare(link.of))
    return replace(link, start=0, end=0)


def _and(nodes: Sequence[Node | None]) -> Node | None:
    root: Node | None = None
    for node in nodes:
        if node is not None:
            root = node if root is None else Binary(0, 0, _BOOLEAN, "and", root, node)
    return root


def held_scopes(view: Reading, where: Expression | None) -> tuple[tuple[str, RowScope], ...]:
    """The rows that the reader may list of each form to which a condition of his leads."""
    nodes = () if where is None else walk(where.root)
    forms: dict[str | None, None] = {}
    for node in nodes:
        if isinstance(node, Reachable):
            forms[node.link.type.form] = None
        elif isinstance(node, Aggregate) and node.source.of_reader:
            forms[node.source.form] = None
    return tuple((form, view.rights.row_scope(view, form)) for form in forms if form is not None)


def asks_elsewhere(view: Reading, expression: Expression) -> bool:
    """Whether a condition folds rows of a whole form of which the reader may not list every record:
    no query can leave out what he may not list of them."""
    sources = (node.source for node in walk(expression.root) if isinstance(node, Aggregate))
    return any(
        source.origin == "form" and not is_whole(view, source.form or source.name.partition(".")[0])
        for source in sources
    )


def is_whole(view: Reading, form: str) -> bool:
    """Whether the reader may list every record of a form: of details, those of every owner. Only
    details that an earlier engine left without theirs are not among them."""
    return _has_all(view.rights.row_scope(view, form))


def _has_all(scope: RowScope) -> bool:
    own = replace(scope, owners=())
    return own.everything and all(_has_all(there) for o in scope.owners for _, there in o.forms)
