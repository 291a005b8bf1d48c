"""Linked records in lists: what a path shows of them is what its reader may see of them.

A list joins a linked record for whoever reads the list. Its fields are those that the reader's
grants show; its rows are looked at here: values of records that the reader may not list are left
out, and a condition that he typed holds of no row that leads to one. Of what a link of many holds,
such records are not among the rows that he folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace

from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished, parts, walk
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Constant,
    Expression,
    IsEmpty,
    ListOf,
    Member,
    Name,
    Node,
    Type,
)
from jingwei.language.form import Form
from jingwei.services.commands import Reading
from jingwei.services.rights import both
from jingwei.services.world import variables
from jingwei.storage.query import OwnerScope, Query, RowScope, ScopeTerm

Path = str
_BOOLEAN, _ORG, _PERSON = Type("boolean"), Type("org"), Type("person")


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


@dataclass(frozen=True, slots=True)
class FollowedLink:
    """A link whose record a condition looks into. `of_rows`: it is a column, inside an
    aggregate."""

    node: Node
    form: str
    of_rows: bool
    name: str  # what is looked at
    start: int
    end: int


def followed(expression: Expression) -> tuple[FollowedLink, ...]:
    """The links that a condition follows."""
    return tuple(dict.fromkeys(_followed(expression.root, of_rows=False)))


def _followed(node: Node, *, of_rows: bool) -> Iterator[FollowedLink]:
    if isinstance(node, Member) and node.of.type.name == "record" and node.of.type.form:
        yield FollowedLink(node.of, node.of.type.form, of_rows, node.name, node.of.start, node.end)
    for part in parts(node):
        yield from _followed(part, of_rows=of_rows or isinstance(node, Aggregate))


def asks_elsewhere(view: Reading, expression: Expression) -> bool:
    """Whether a condition folds rows of a form of which the reader may not list every record: no
    query can leave out what he may not list of them."""
    sources = (node.source for node in walk(expression.root) if isinstance(node, Aggregate))
    return any(
        source.origin in ("form", "related")
        and not is_whole(view, source.form or source.name.partition(".")[0])
        for source in sources
    )


def as_reader(expression: Expression) -> Expression:
    """The condition with its links of many leading to no more than its reader may list; the query
    has what `held_scopes` gives."""

    def change(node: Node) -> Node | None:
        if not isinstance(node, Aggregate) or node.source.origin != "link":
            return None
        source = replace(node.source, of_reader=True)
        parts_ = (mapped(p, change) if p else None for p in (node.value, node.where, node.by))
        value, where, by = parts_
        return replace(node, source=source, value=value, where=where, by=by)

    root = mapped(expression.root, change)
    return expression if root == expression.root else replace(expression, root=root)


def held_scopes(view: Reading, where: Expression | None) -> tuple[tuple[str, RowScope], ...]:
    """The rows that the reader may list of each form to which links of many lead in a condition of
    his."""
    nodes = () if where is None else walk(where.root)
    sources = (node.source for node in nodes if isinstance(node, Aggregate))
    forms = dict.fromkeys(source.form for source in sources if source.of_reader)
    return tuple((form, view.rights.row_scope(view, form)) for form in forms if form is not None)


def is_whole(view: Reading, form: str) -> bool:
    """Whether the reader may list every record of a form: of details, those of every owner. Only
    details that an earlier engine left without theirs are not among them."""
    return _has_all(view.rights.row_scope(view, form))


def _has_all(scope: RowScope) -> bool:
    own = replace(scope, owners=())
    return own.everything and all(_has_all(there) for o in scope.owners for _, there in o.forms)


def guarded(
    view: Reading, where: Expression | None, links: Sequence[FollowedLink]
) -> Expression | None:
    """The condition, and that no link it follows leads to a record the reader may not list. Links
    of rows cannot be guarded: whoever calls has refused them."""
    for link in links:
        scope = view.rights.row_scope(view, link.form)
        if not scope.everything:
            guard = finished(f"@{link.start}:{link.end}", _guard(view, link.node, scope))
            where = guard if where is None else both(where, guard)
    return where


def _guard(view: Reading, link: Node, scope: RowScope) -> Node:
    terms = [inside for term in scope.terms if (inside := _inside(view, link, term)) is not None]
    root: Node = IsEmpty(0, 0, _BOOLEAN, link)
    for inside in terms:
        root = Binary(0, 0, _BOOLEAN, "or", root, inside)
    for owner in scope.owners:
        root = Binary(0, 0, _BOOLEAN, "and", root, _guard_of_owner(view, link, owner))
    return root


def _guard_of_owner(view: Reading, link: Node, owner: OwnerScope) -> Node:
    """That the owner of a linked detail is one that the reader may list; of one that may be of
    several forms nothing can be said from here."""
    if len(owner.forms) != 1:
        return IsEmpty(0, 0, _BOOLEAN, link)
    ((form, scope),) = owner.forms
    behind = Member(0, 0, Type("record", form=form), link, owner.link)
    guard = _guard(view, behind, scope)
    if not scope.everything:
        return guard  # which asks that it is there
    there = IsEmpty(0, 0, _BOOLEAN, Member(0, 0, Type("datetime"), behind, "deleted_at"))
    return Binary(0, 0, _BOOLEAN, "and", guard, there)


def _inside(view: Reading, link: Node, term: ScopeTerm) -> Node | None:
    """That a linked record is there and one of a term's; None for what cannot be said from here:
    conditions of grants that go through rows of their own."""
    found: Node = IsEmpty(0, 0, _BOOLEAN, Member(0, 0, Type("datetime"), link, "deleted_at"))
    if not term.orgs.everything:
        names: Mapping[int, str] = view.installation.book.names
        codes = [names[key] for key in term.orgs.orgs if key in names]
        if not codes:
            return None
        listed = tuple(Constant(0, 0, _ORG, code) for code in codes)
        org = Member(0, 0, _ORG, link, "org")
        among = Binary(0, 0, _BOOLEAN, "in", org, ListOf(0, 0, Type("list", of=_ORG), listed))
        found = Binary(0, 0, _BOOLEAN, "and", found, among)
    if term.owner is not None:
        me = Name(0, 0, _PERSON, "variable", "me")
        own = Binary(0, 0, _BOOLEAN, "==", Member(0, 0, _PERSON, link, "owner"), me)
        found = Binary(0, 0, _BOOLEAN, "and", found, own)
    if term.where is not None:
        if not all(_is_plain(node) for node in walk(term.where.root)):
            return None
        found = Binary(0, 0, _BOOLEAN, "and", found, _seen_through(link, term.where.root))
    return found


def _is_plain(node: Node) -> bool:
    own = not isinstance(node, Name) or node.root in ("record", "variable")
    return own and not isinstance(node, Aggregate)


def _seen_through(link: Node, condition: Node) -> Node:
    """A condition of the linked form, with its fields as those of the link's record."""

    def change(node: Node) -> Node | None:
        if isinstance(node, Name) and node.root == "record":
            return Member(0, 0, node.type, link, node.name)
        return None

    return mapped(condition, change)
