"""Aggregates: which rows they are over, and what is checked inside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.links import Path, link_rows, rows_behind
from jingwei.language.expressions.names import Checking, place_words, unknown_member
from jingwei.language.expressions.numbers import plain
from jingwei.language.expressions.operators import compared
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.syntax import (
    Apply,
    Between,
    Chain,
    Choose,
    Compare,
    Dot,
    Empty,
    Items,
    Lookup,
    Prefix,
    Syntax,
    Value,
    Word,
)
from jingwei.language.expressions.tree import (
    Aggregate,
    AggregateName,
    Constant,
    Name,
    Node,
    Source,
    Type,
    TypeName,
)
from jingwei.language.expressions.types import BOOLEAN, NUMBER, TEXT
from jingwei.language.expressions.words import kind_words, type_words
from jingwei.problems import nearest

_EXTREMES: tuple[TypeName, ...] = (
    "number", "date", "datetime", "time", "duration", "period", "text",
)  # fmt: skip
_HUNDRED = 100
_ORDERED: tuple[TypeName, ...] = (*_EXTREMES, "choice")


def path_of(syntax: Syntax) -> Path | None:
    """`('targets', 'amount')` of `targets.amount`; None of what is no plain path."""
    if isinstance(syntax, Word):
        return (syntax.name,)
    if isinstance(syntax, Dot):
        outer = path_of(syntax.of)
        return (*outer, syntax.name) if outer else None
    return None


def aggregate(checker: Checking, syntax: Apply, function: AggregateName) -> Node | None:
    """`sum(targets.amount where … by …)`, or None when the argument names no rows."""
    found = _find_rows(checker.scope, syntax)
    behind: Node | None = None
    if found is None and checker.scope.rows_behind_links:
        through = rows_behind(checker, syntax, list(_paths_of(syntax)))
        if through is not None:
            path, symbol, behind = through
            found = path, symbol
    if found is None:
        if checker.scope.implicit is None:
            return None
        found = ((), checker.scope.implicit)
    path, symbol = found
    if symbol.origin == "link" and not checker.scope.links_allowed:
        raise ExpressionError("outside-the-form", syntax.start, syntax.end, name=path[-1])
    inner = checker.inside(checker.scope.inside(symbol), path)
    value = inner.node(syntax.arguments[0]) if syntax.arguments else None
    if value is not None and _is_row(value):
        value = None
    where = inner.wants(syntax.where, "boolean") if syntax.where else None
    by = inner.wants(syntax.by, *_ORDERED) if syntax.by else None
    if by is not None and function not in ("first", "last"):
        raise ExpressionError("by-without-order", by.start, by.end, function=function)
    share = _share(syntax.arguments[1]) if function == "percentile" else None
    source = replace(_source(symbol, syntax), behind=behind)
    type_ = _type_of(function, value, symbol.type, syntax, inner)
    return Aggregate(syntax.start, syntax.end, type_, function, source, value, where, by, share)


def _share(syntax: Syntax) -> Decimal:
    """The second argument of `percentile`: written out, so that every target knows it."""
    value = syntax.value if isinstance(syntax, Value) else None
    if isinstance(value, Decimal) and 0 <= value <= 1:
        return value
    hundredth = isinstance(value, Decimal) and 1 < value <= _HUNDRED  # 90 for 90%
    raise ExpressionError(
        "not-a-share",
        syntax.start,
        syntax.end,
        suggestion=f"{plain(value)}%" if hundredth and value is not None else None,
    )


# -- which rows


def _find_rows(scope: Scope, syntax: Apply) -> tuple[Path, Symbol] | None:
    """The rows that the first path in the arguments goes through; own tables before forms, and
    these before links of many, which stand beside both: `any(task.id in this.tasks)`."""
    paths = list(_paths_of(syntax))
    for find in (_own_rows, _form_rows, partial(link_rows, syntax)):
        for path in paths:
            found = find(scope, path)
            if found:
                return found
    return None


def _own_rows(scope: Scope, path: Path) -> tuple[Path, Symbol] | None:
    symbol: Symbol | None = scope.name(path[0])
    for length in range(1, len(path) + 1):
        if symbol is None:
            return None
        if symbol.type.name == "rows":
            return path[:length], symbol
        if length == len(path) or symbol.members is None:
            return None
        symbol = symbol.members.get(path[length])
    return None


def _form_rows(scope: Scope, path: Path) -> tuple[Path, Symbol] | None:
    if path[0] in scope.symbols or not scope.forms_allowed:
        return None
    symbol = scope.types.form(path[0])
    if symbol is None:
        return None
    if len(path) > 1 and symbol.type.form:
        table = scope.types.member(Type("record", form=symbol.type.form), path[1])
        if table is not None and table.name == "rows":
            return path[:2], replace(symbol, type=table)
    return path[:1], symbol


def _paths_of(syntax: Apply) -> Iterator[Path]:
    return (path for argument in syntax.arguments for path in _paths(argument))


def _paths(syntax: Syntax) -> Iterator[Path]:
    """Every plain path of a tree, left to right, not those inside other calls' aggregates."""
    path = path_of(syntax)
    if path is not None:
        yield path
        return
    for part in _parts(syntax):
        yield from _paths(part)


def _parts(syntax: Syntax) -> tuple[Syntax, ...]:
    match syntax:
        case Dot(of=of):
            return (of,)
        case Lookup(of=of, key=key):
            return (of, key)
        case Items(items=items):
            return items
        case Apply(arguments=arguments):
            return arguments
        case Prefix(operand=operand) | Empty(operand=operand):
            return (operand,)
        case Chain(first=first, rest=rest):
            return (first, *(operand for _, operand in rest))
        case Compare(left=left, right=right):
            return (left, right)
        case Between(operand=operand, low=low, high=high):
            return (operand, low, high)
        case Choose(condition=condition, then=then, otherwise=otherwise):
            return (then, condition, otherwise)
        case _:
            return ()


def _source(symbol: Symbol, syntax: Syntax) -> Source:
    return Source(
        syntax.start,
        syntax.end,
        symbol.type,
        symbol.origin or "table",
        symbol.root,
        symbol.name,
        symbol.type.table,
        symbol.type.form,
        symbol.by,
        symbol.owner,
    )


def relation_there(scope: Scope, syntax: Syntax) -> Node | None:
    """`related.tasks`, where one asks whether it is empty: that some record is there. None of what
    is no relation."""
    path = path_of(syntax)
    found = _own_rows(scope, path) if path else None
    if found is None or found[0] != path or found[1].origin != "related":
        return None
    true = Constant(syntax.start, syntax.end, BOOLEAN, True)
    source = _source(found[1], syntax)
    return Aggregate(syntax.start, syntax.end, BOOLEAN, "any", source, true, None, None)


# -- inside


def row_itself(scope: Scope, syntax: Syntax) -> Node:
    """`targets` inside an aggregate over targets: the row, known by its id."""
    own = scope.symbols.get("id")
    type_ = own.type if own is not None else Type("record")
    return Name(syntax.start, syntax.end, type_, "record", "id")


def _is_row(node: Node) -> bool:
    return isinstance(node, Name) and node.type.name == "record" and node.name == "id"


def column_of_row(scope: Scope, syntax: Dot) -> Node:
    """`targets.amount` inside an aggregate over targets."""
    symbol = scope.symbols.get(syntax.name)
    own = {n: s for n, s in scope.symbols.items() if s.root == "record"}
    if symbol is None or symbol.root != "record":
        raise unknown_member(syntax, own, own["id"].type if "id" in own else NUMBER)
    return Name(syntax.start, syntax.end, symbol.type, "record", symbol.name)


def _type_of(
    function: AggregateName, value: Node | None, rows: Type, syntax: Apply, inner: Checking
) -> Type:
    if function in ("count", "count_distinct"):
        return NUMBER
    if function in ("any", "all"):
        if value is None:
            raise _wants_value(function, syntax)
        inner.proven(value, "boolean")
        return BOOLEAN
    if function in ("first", "last"):
        return value.type if value else Type("record", form=rows.form, table=rows.table)
    if value is None:
        raise _wants_value(function, syntax)
    if function in ("min", "max"):
        return inner.proven(value, *_EXTREMES).type
    return inner.proven(value, "number").type


def _wants_value(function: str, syntax: Apply) -> ExpressionError:
    return ExpressionError("aggregate-of-rows", syntax.start, syntax.end, function=function)


# -- look-up by key


def looked_up(checker: Checking, syntax: Lookup, member: Dot | None) -> Node:
    """`values[total_profit].value`: the first row of the table whose unique column is the key."""
    path = path_of(syntax.of)
    found = _own_rows(checker.scope, path) if path else None
    if found is None or found[0] != path:
        node = checker.node(syntax.of)
        raise ExpressionError("no-lookup", syntax.start, syntax.end, found=type_words(node.type))
    _, symbol = found
    scope = checker.scope.inside(symbol)
    key = _key_column(scope, symbol, syntax)
    where = compared(scope, "==", key, _key(checker, syntax.key, key))
    value = None
    if member is not None:
        value = column_of_row(scope, member)
    type_ = value.type if value else Type("record", form=symbol.type.form, table=symbol.type.table)
    end = member.end if member else syntax.end
    source = _source(symbol, syntax)
    return Aggregate(syntax.start, end, type_, "first", source, value, where, None)


def _key_column(scope: Scope, symbol: Symbol, syntax: Lookup) -> Node:
    keys = scope.types.known(f"key:{symbol.type.form}.{symbol.type.table}") or ()
    if len(keys) != 1:
        raise ExpressionError("no-key", syntax.start, syntax.end, place=place_words(symbol.type))
    column = scope.symbols[next(iter(keys))]
    return Name(syntax.start, syntax.end, column.type, "record", column.name)


def _key(checker: Checking, syntax: Syntax, column: Node) -> Node:
    """A bare word is a code of the key column, as in `values[total_profit]`, before it is a name;
    anything else is an expression."""
    if not isinstance(syntax, Word):
        return checker.node(syntax)
    known = column.type.choices or checker.scope.types.known(column.type.name)
    named = checker.scope.name(syntax.name) is not None
    if known is not None and syntax.name in known or known is None and not named:
        return Constant(syntax.start, syntax.end, TEXT, syntax.name)
    if named or known is None:
        return checker.node(syntax)
    raise ExpressionError(
        "unknown-code",
        syntax.start,
        syntax.end,
        suggestion=nearest(syntax.name, known),
        value=syntax.name,
        kind=kind_words(column.type),
        known=", ".join(sorted(known)[:12]),
    )
