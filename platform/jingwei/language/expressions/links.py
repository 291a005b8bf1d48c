"""Links that hold many records: their records as rows to aggregate, in the order of the link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jingwei.language.expressions.environment import NOTHING, Environment
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.syntax import Apply, Dot, Syntax, Word
from jingwei.language.expressions.tree import Member, Name, Node, Root, Source, Type
from jingwei.language.expressions.types import NUMERIC

if TYPE_CHECKING:
    from jingwei.language.expressions.names import Checking

MOST_LINKS = 3

Path = tuple[str, ...]


def rows_held(type_: Type) -> Type | None:
    """The rows that a value of this type leads to: those of a link of many; None of all else. Rows
    of a table that are linked are reached from their form."""
    of = type_.of
    if type_.name != "list" or of is None or of.name != "record" or of.table is not None:
        return None
    return Type("rows", form=of.form, choices=of.choices) if of.form or of.choices else None


def link_rows(syntax: Apply, scope: Scope, path: Path) -> tuple[Path, Symbol] | None:
    """The link of many that a path goes through, as rows. `count(vendors)` alone counts what the
    link holds, without looking at any record."""
    symbol: Symbol | None = scope.name(path[0])
    for length in range(1, len(path) + 1):
        if symbol is None:
            return None
        rows = rows_held(symbol.type)
        if rows is not None:
            if length == len(path) and not _is_of_rows(scope, syntax):
                return None
            return path[:length], replace(symbol, type=rows, members=None, origin="link")
        if length == len(path) or symbol.members is None:
            return None
        symbol = symbol.members.get(path[length])
    return None


def rows_behind(
    checker: Checking, syntax: Apply, paths: Sequence[Path]
) -> tuple[Path, Symbol, Node] | None:
    """The table, or the link of many, of a record that a link leads to, and that link:
    `contract.vendors.region`."""
    for path in paths:
        for length in range(2, len(path) + 1):
            behind = _link_to(checker, syntax, path[: length - 1])
            if behind is None:
                break
            name = path[length - 1]
            type_ = checker.scope.types.member(behind.type, name)
            if type_ is None:
                break
            rows = rows_held(type_)
            if rows is not None and (length < len(path) or _is_of_rows(checker.scope, syntax)):
                _check_hops(syntax, behind, 1)
                return path[:length], Symbol(rows, _root(behind), name, origin="link"), behind
            if type_.name == "rows":
                _check_hops(syntax, behind, 0)
                return path[:length], Symbol(type_, _root(behind), name, origin="table"), behind
    return None


def _link_to(checker: Checking, syntax: Apply, path: Path) -> Node | None:
    """The record that a path of links leads to; None where it leads to something else."""
    first = checker.scope.name(path[0])
    if first is None or not first.is_value or first.members is not None:
        return None
    written: Syntax = Word(syntax.start, syntax.end, path[0])
    for name in path[1:]:
        written = Dot(syntax.start, syntax.end, written, name, syntax.start)
    try:
        node = checker.node(written)
    except ExpressionError as error:
        if error.code == "too-many-links":
            raise
        return None  # said better where it is read as a value
    is_link = node.type.name == "record" and node.type.form is not None
    return node if is_link and node.type.table is None else None


def _root(link: Node) -> Root:
    while isinstance(link, Member):
        link = link.of
    return link.root if isinstance(link, Name) else "record"


def _check_hops(syntax: Syntax, link: Node, more: int) -> None:
    """Raises too-many-links for a way of more links than are followed."""
    links = 1 + more
    while isinstance(link, Member):
        link = link.of
        links += 1
    if links > MOST_LINKS:
        raise ExpressionError("too-many-links", syntax.start, syntax.end, limit=MOST_LINKS)


def _is_of_rows(scope: Scope, syntax: Apply) -> bool:
    """Whether a bare link is gone through: of the rows of a data block it may be the value."""
    ends = syntax.name in ("first", "last") and scope.implicit is None
    return ends or syntax.where is not None


def of_many_records(checker: Checking, syntax: Dot, rows: Type, field: Type) -> ExpressionError:
    """`vendors.level` where one value is wanted."""
    path = _written(syntax.of) or ""
    outer = ".".join(checker.row_path)
    own = path.removeprefix("this.").removeprefix("parent.")
    instead = _folded(path, syntax.name, field)
    of_rows = bool(outer) and path.startswith(f"{outer}.")  # of each row that is gone through
    if of_rows:
        inner = path.removeprefix(f"{outer}.")
        instead = f"count({outer} where any({inner}.{syntax.name} == …)) > 0"
    known = of_rows or checker.scope.rows_behind_links or "." not in own
    return ExpressionError(
        "value-of-many-records",
        syntax.at,
        syntax.end,
        suggestion=instead if path and known else None,
        name=syntax.name,
        link=path or "…",
        form=rows.form or "…",
    )


def _folded(path: str, name: str, field: Type) -> str:
    if field.name in NUMERIC:
        return f"sum({path}.{name})"
    return f"any({path}.{name})" if field.name == "boolean" else f"any({path}.{name} == …)"


def _written(syntax: Any) -> str | None:
    if isinstance(syntax, Word):
        return syntax.name
    if isinstance(syntax, Dot):
        outer = _written(syntax.of)
        return f"{outer}.{syntax.name}" if outer else None
    return None


def held(source: Source, environment: Environment) -> list[tuple[str, int]]:
    """Form and id of what the link of an environment holds, each once, in its order."""
    name = source.name
    if source.root == "variable":
        owner: Any = environment.variables
        *around, name = name.split(".")
        for step in around:
            owner = (owner or NOTHING).get(step)
    else:
        owner = getattr(environment, source.root)
    found: dict[tuple[str, int], None] = {}
    for one in (owner or NOTHING).get(name) or ():
        pair = (one["form"], one["id"]) if isinstance(one, dict) else (source.form or "", one)
        found[pair] = None
    return list(found)
