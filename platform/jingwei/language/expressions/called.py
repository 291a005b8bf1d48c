"""`link.display`: what a linked record is called, put together from its own fields.

The template of its form becomes `concat(…)` over the link, so that it is a value like any other in
every target, and is read and hidden with the fields that it is made of. Numbers stand as they are
written, values that are not there add nothing.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import fields, replace
from typing import Any

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.parser import parse
from jingwei.language.expressions.scope import Types
from jingwei.language.expressions.syntax import Dot, Syntax, Value, Word
from jingwei.language.expressions.tree import Call, Constant, Node
from jingwei.language.expressions.types import TEXT

_JOINED = frozenset(
    ("text", "choice", "number", "percent", "date", "period", "org", "person", "indicator")
)


def called(checker: Any, types: Types, form: str, syntax: Dot) -> Node | None:
    """The name of the record that `syntax.of` leads to; None where nothing of it may be said."""
    own = types.row_symbols(checker.node(syntax.of).type, "record")
    parts: list[Node] = []
    for is_text, words in types.called(form):
        if is_text:
            parts.append(checker.node(Value(syntax.start, syntax.end, "text", words)))
            continue
        hole = parse(words)
        if _names_its_own(hole):
            ring = "display → display"
            raise ExpressionError("compute-cycle", syntax.start, syntax.end, path=ring)
        node = _part(checker, _behind(hole, syntax.of, own, syntax))
        if node is not None:
            parts.append(node)
    if all(isinstance(node, Constant) for node in parts):
        return None
    return Call(syntax.start, syntax.end, TEXT, "concat", tuple(parts))


def _names_its_own(value: Any) -> bool:
    """Whether a hole of a template asks for what the template makes: `this.display`."""
    if isinstance(value, tuple):
        return any(_names_its_own(part) for part in value)
    if not isinstance(value, Syntax):
        return False
    if isinstance(value, Dot) and value.name == "display":
        around = value.of
        if isinstance(around, Word) and around.name == "this":
            return True
    return any(_names_its_own(getattr(value, one.name)) for one in fields(value))


def _part(checker: Any, syntax: Syntax) -> Node | None:
    """A hole of the template; of a link in it what that is called, as far as links may go."""
    try:
        node: Node = checker.node(syntax)
        if node.type.name == "record":
            node = checker.node(Dot(syntax.start, syntax.end, syntax, "display", syntax.end))
    except ExpressionError:
        return None
    return node if node.type.name in _JOINED else None


def _behind(syntax: Syntax, of: Syntax, own: Container[str], at: Dot) -> Syntax:
    """The same with the record's names behind the link, all of it written at one place."""
    if isinstance(syntax, Word) and syntax.name in own:
        return Dot(at.start, at.end, of, syntax.name, at.at)
    changed: dict[str, Any] = {"start": at.start, "end": at.end}
    for one in fields(syntax):
        if one.name in ("at", "name_end"):
            changed[one.name] = at.end
        elif one.name not in changed:
            changed[one.name] = _inside(getattr(syntax, one.name), of, own, at)
    return replace(syntax, **changed)


def _inside(value: Any, of: Syntax, own: Container[str], at: Dot) -> Any:
    if isinstance(value, Syntax):
        return _behind(value, of, own, at)
    if isinstance(value, tuple):
        return tuple(_inside(part, of, own, at) for part in value)
    return value
