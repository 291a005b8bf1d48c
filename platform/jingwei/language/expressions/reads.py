"""What a checked expression depends on: the fields it reads, the functions it calls."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.tree import (
    Aggregate,
    Between,
    Binary,
    Call,
    Expression,
    If,
    IsEmpty,
    ListOf,
    Member,
    Name,
    Node,
    Reachable,
    Source,
    Unary,
)

MOST_HEIGHT = 100


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, left to right; those inside an aggregate too."""
    match node:
        case ListOf(items=items):
            return items
        case Member(of=of):
            return (of,)
        case Unary(operand=operand) | IsEmpty(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Between(operand=operand, low=low, high=high):
            return (operand, low, high)
        case If(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Call(arguments=arguments):
            return arguments
        case Reachable(link=link):
            return (link,)
        case Aggregate(value=value, where=where, by=by):
            return tuple(part for part in (value, where, by) if part is not None)
        case _:
            return ()


def names_its_form(node: Member) -> bool:
    """`about.form`: which form a link to one of several leads to, which the link itself says."""
    of = node.of.type
    return of.name == "record" and of.form is None and node.name == "form"


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, itself first."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(parts(node)))


def finished(source: str, root: Node) -> Expression:
    """The expression with its reads. Raises expression-too-deep for too high a tree."""
    _check_height(root)
    return Expression(
        source,
        root,
        frozenset(_reads(root, ())),
        all(_is_inside(node) for node in walk(root)),
        frozenset(_functions(root)),
    )


def _check_height(root: Node) -> None:
    row, height = [root], 0
    while row:
        height += 1
        if height > MOST_HEIGHT:
            raise ExpressionError(
                "expression-too-deep", row[0].start, row[0].end, limit=MOST_HEIGHT
            )
        row = [part for node in row for part in parts(node)]


def _functions(root: Node) -> Iterator[str]:
    for node in walk(root):
        if isinstance(node, Call | Aggregate):
            yield node.function


def _is_inside(node: Node) -> bool:
    """Whether the node's own contribution is inside the record."""
    match node:
        case Name(root=root):
            return root in ("record", "parent", "this")
        case Member(of=of):
            return of.type.name == "period" or names_its_form(node)
        case Aggregate(source=source):
            return source.origin == "table"
        case Call(function=function):
            known = FUNCTIONS.get(function)
            return known is not None and not known.outside
        case _:
            return True


def _reads(node: Node, rows: tuple[Source, ...]) -> Iterator[str]:
    """Paths from the record: `amount`, `targets.amount`, `parent.year`, `plan.number`; of another
    form `form.field`. `rows` are the sources of the aggregates around the node."""
    match node:
        case Name(root="variable"):
            return
        case Name(root=root, name=name):
            yield from _path(root, name, rows)
        case Member(of=of) if names_its_form(node):
            yield from _reads(of, rows)
        case Member(of=of, name=name):
            yield from _reads(of, rows)
            yield from _member(of, name, rows)
        case Aggregate(source=source):
            if source.behind is not None:
                yield from _reads(source.behind, rows)
                yield from _member(source.behind, source.name, rows)
            elif source.origin == "link" and source.root != "variable":
                yield from _path(source.root, source.name, rows)
            elif source.origin != "link":
                yield _source_path(source, inside=rows)
            for part in parts(node):
                yield from _reads(part, (*rows, source))
        case _:
            for part in parts(node):
                yield from _reads(part, rows)


def _path(root: str, name: str, rows: tuple[Source, ...]) -> Iterator[str]:
    if not rows or root not in ("record", "parent"):
        yield name if root == "record" else f"{root}.{name}"
        return
    if root == "record":
        if rows[-1].origin != "link" or rows[-1].form is not None:
            yield f"{_source_path(rows[-1], inside=rows[:-1])}.{name}"
        return
    source = rows[-1]
    if source.origin == "link":
        return  # a record has no parent
    if source.origin == "form":
        yield f"{source.form}.{name}"
    elif source.root == "record":
        around = rows[:-1]
        yield f"{_source_path(around[-1], inside=around[:-1])}.{name}" if around else name
    else:
        yield f"{source.root}.{name}"


def _member(of: Node, name: str, rows: tuple[Source, ...]) -> Iterator[str]:
    if isinstance(of, Name) and of.root != "variable":
        for path in _path(of.root, of.name, rows):
            yield f"{path}.{name}"
    if of.type.name == "record" and of.type.form:
        yield f"{of.type.form}.{name}"


def _source_path(source: Source, inside: tuple[Source, ...] = ()) -> str:
    """`inside`: the rows around it; a table of theirs is one of their form."""
    of_others = bool(inside) and inside[-1].origin != "table"
    if source.origin == "table" and source.root == "record" and of_others:
        return f"{source.form}.{source.name}"
    if source.origin == "table":
        return source.name if source.root == "record" else f"{source.root}.{source.name}"
    if source.table and source.form:
        return f"{source.form}.{source.table}"
    return source.form or source.name


def depends_on_row(node: Node) -> bool:
    """Whether the value differs between rows of one query: it names the record or its rows."""
    match node:
        case Name(root=root):
            return root in ("record", "parent", "old")
        case Aggregate(source=source) if _is_of_around(source):
            return any(_asks_of_forms(part) for part in parts(node))
        case Aggregate():
            return True
        case _:
            return any(depends_on_row(part) for part in parts(node))


def _is_of_around(source: Source) -> bool:
    """Rows of what a query is asked for, not of what it finds: `any(this.vendors.level == "A")`."""
    return source.origin in ("table", "link") and source.root in ("this", "row", "variable")


def _asks_of_forms(node: Node) -> bool:
    """Whether rows of a form are gone through, which are the database's to find."""
    aggregates = (one for one in walk(node) if isinstance(one, Aggregate))
    return any(one.source.origin not in ("table", "link") for one in aggregates)
