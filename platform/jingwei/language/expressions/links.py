"""Links that hold many records: their records as rows to aggregate, in the order of the link."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jingwei.language.expressions.environment import NOTHING, Environment
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.syntax import Apply, Dot, Word
from jingwei.language.expressions.tree import Source, Type
from jingwei.language.expressions.types import NUMERIC

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


def _is_of_rows(scope: Scope, syntax: Apply) -> bool:
    """Whether a bare link is gone through: of the rows of a data block it may be the value."""
    ends = syntax.name in ("first", "last") and scope.implicit is None
    return ends or syntax.where is not None


def of_many_records(syntax: Dot, rows: Type, field: Type) -> ExpressionError:
    """`vendors.level` where one value is wanted."""
    path = _written(syntax.of)
    own = path is not None and "." not in path.removeprefix("this.").removeprefix("parent.")
    instead = f"any({path}.{syntax.name} == …)"
    if field.name in NUMERIC:
        instead = f"sum({path}.{syntax.name})"
    if field.name == "boolean":
        instead = f"any({path}.{syntax.name})"
    return ExpressionError(
        "value-of-many-records",
        syntax.at,
        syntax.end,
        suggestion=instead if own else None,
        name=syntax.name,
        link=path or "…",
        form=rows.form or "…",
    )


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
