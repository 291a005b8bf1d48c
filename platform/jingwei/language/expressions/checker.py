"""From the tree as written to the typed tree: every name looked up, every type proven.

Nothing is evaluated here. An empty text becomes null (empty text is stored as null), `not in` and
`is not empty` become `not (…)`, so that the targets meet few shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from jingwei.language.expressions import tree
from jingwei.language.expressions.calls import check_call
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.multiples import is_converted, meant_multiple, unconverted
from jingwei.language.expressions.names import (
    beside,
    member_node,
    symbol_node,
    unknown_member,
    unknown_name,
)
from jingwei.language.expressions.operators import (
    UnitMismatch,
    arithmetic,
    as_type,
    as_value,
    compared,
    of_one_unit,
)
from jingwei.language.expressions.parser import parse
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.rows import (
    column_of_row,
    looked_up,
    path_of,
    relation_there,
    row_itself,
)
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
from jingwei.language.expressions.tokens import MOST_CHARACTERS
from jingwei.language.expressions.tree import (
    Binary,
    Constant,
    Expression,
    If,
    IsEmpty,
    ListOf,
    Node,
    Type,
    TypeName,
    Unary,
)
from jingwei.language.expressions.types import (
    ANY,
    BOOLEAN,
    CODED,
    DATE,
    NULL,
    NUMBER,
    NUMERIC,
    PERCENT,
    TEXT,
    comparable,
    either,
    fits,
    product,
    summed,
    units_agree,
)
from jingwei.language.expressions.words import kind_words, type_words, unit_words
from jingwei.language.values import Duration
from jingwei.problems import nearest

_LITERAL_TYPES = {
    "number": NUMBER,
    "percent": PERCENT,
    "text": TEXT,
    "date": DATE,
    "duration": Type("duration"),
    "boolean": BOOLEAN,
    "null": NULL,
}
_LONGEST_UNBALANCED = 8


def check(
    source: str,
    scope: Scope,
    expected: TypeName | Type | None = None,
    *,
    most: int = MOST_CHARACTERS,
) -> Expression:
    """The typed tree of `source`, of at most so many characters. Raises ExpressionError at the word
    that is wrong."""
    syntax = parse(source, most)
    try:
        node = Checker(scope).node(syntax)
    except UnitMismatch as error:
        if isinstance(expected, Type) and expected.unit is not None:
            error.want(expected.unit)
        raise
    except ExpressionError as error:
        raise _unquoted(syntax, expected, scope) or error from None
    if (quotient := unconverted(node)) is not None:
        raise UnitMismatch("/", quotient.left, quotient.right)
    if isinstance(node, Constant) and isinstance(expected, Type):
        node = as_value(node, expected, scope)
    elif isinstance(node, Constant) and expected in CODED:
        node = as_value(node, Type(expected), scope)
    if expected is not None and not fits(node.type, expected):
        wanted = expected if isinstance(expected, Type) else Type(expected)
        raise ExpressionError(
            "wrong-type",
            node.start,
            node.end,
            found=type_words(node.type),
            wanted=type_words(wanted),
        )
    if isinstance(expected, Type) and _is_only_like(node, expected):
        meant = _narrower(source, node, expected)
        raise ExpressionError(
            "wrong-type",
            node.start,
            node.end,
            suggestion=meant,
            found=type_words(node.type),
            wanted=type_words(expected),
        )
    if isinstance(expected, Type) and not _of_unit(node, expected):
        raise ExpressionError(
            "wrong-unit",
            node.start,
            node.end,
            suggestion=meant_multiple(node, expected.unit),
            found=unit_words(node.type),
            wanted=unit_words(expected),
        )
    return finished(source, node)


def _unquoted(
    syntax: Syntax, expected: TypeName | Type | None, scope: Scope
) -> ExpressionError | None:
    """A bare word where the code of an org, an indicator … is wanted: it lacks its quotation
    marks."""
    wanted = expected if isinstance(expected, Type) else Type(expected) if expected else None
    if wanted is None or wanted.name not in CODED or not isinstance(syntax, Word):
        return None
    known = scope.types.known(wanted.name) or ()
    titled = next((code for code in scope.types.titled(syntax.name) if code in known), None)
    meant = syntax.name if syntax.name in known else titled or nearest(syntax.name, known)
    if meant is None or syntax.name in scope.names():
        return None
    return ExpressionError(
        "code-unquoted",
        syntax.start,
        syntax.end,
        name=syntax.name,
        kind=kind_words(wanted),
        suggestion=f'"{meant}"',
    )


def _of_unit(node: Node, field: Type) -> bool:
    if units_agree(node.type, field):
        return True
    return field.unit is not None and is_converted(node, field.unit)


def _is_only_like(node: Node, field: Type) -> bool:
    """Whether a value compares with those of the field, and cannot be kept as one."""
    pairs = (("date", "datetime"), ("datetime", "date"), ("text", "person"))
    return (field.name, node.type.name) in pairs


def _narrower(source: str, node: Node, field: Type) -> str | None:
    """What fills the field where a value that is only like it cannot: its day, its name."""
    written = source[node.start : node.end]
    if field.name == "date" and node.type.name == "datetime":
        return "today" if written == "now" else f"date({written})"
    if field.name == "datetime":
        return "now" if written == "today" else None  # a day does not say at what time
    if field.name == "text" and node.type.name == "person":
        path = written.replace(".", "").replace("_", "").isalnum()
        return f"{written}.name" if path else f"concat({written})"
    return None


class Checker:
    """Checks one tree in one scope. Inside an aggregate, `row_path` is how its rows were named
    (`targets` there is the row) and `around` the scope outside it."""

    def __init__(
        self, scope: Scope, row_path: tuple[str, ...] = (), around: Scope | None = None
    ) -> None:
        self.scope = scope
        self.row_path = row_path
        self.around = around

    def inside(self, scope: Scope, row_path: tuple[str, ...]) -> Checker:
        """The checker of what stands inside an aggregate over rows."""
        return Checker(scope, row_path, self.scope)

    def node(self, syntax: Syntax) -> Node:
        return _CHECKS[type(syntax)](self, syntax)

    def wants(self, syntax: Syntax, *names: TypeName) -> Node:
        """The node of `syntax`, which must be of one of the types."""
        return self.proven(self.node(syntax), *names)

    def proven(self, node: Node, *names: TypeName) -> Node:
        if any(fits(node.type, name) for name in names):
            return node
        raise ExpressionError(
            "wrong-type",
            node.start,
            node.end,
            found=type_words(node.type),
            wanted=type_words(Type(names[0])),
        )


# -- literals, names, paths


def _value(checker: Checker, syntax: Value) -> Node:
    if syntax.kind == "text" and syntax.value == "":
        return Constant(syntax.start, syntax.end, NULL, None)
    return Constant(syntax.start, syntax.end, _LITERAL_TYPES[syntax.kind], syntax.value)


def _items(checker: Checker, syntax: Items) -> Node:
    nodes = [checker.node(item) for item in syntax.items]
    element = ANY
    for node in nodes:
        common = either(element, node.type)
        if common is None:
            raise ExpressionError(
                "types-differ",
                node.start,
                node.end,
                left=type_words(element),
                right=type_words(node.type),
            )
        element = common
    return ListOf(syntax.start, syntax.end, Type("list", of=element), tuple(nodes))


def _word(checker: Checker, syntax: Word) -> Node:
    if checker.row_path == (syntax.name,):
        return row_itself(checker.scope, syntax)
    symbol = checker.scope.name(syntax.name)
    if symbol is None:
        raise unknown_name(syntax.name, syntax.start, syntax.end, checker)
    return symbol_node(symbol, syntax.start, syntax.end)


def _dot(checker: Checker, syntax: Dot) -> Node:
    path = path_of(syntax)
    if checker.row_path and path == checker.row_path:
        return row_itself(checker.scope, syntax)
    if checker.row_path and path is not None and path[:-1] == checker.row_path:
        if syntax.name == "display" and "display" not in checker.scope.names():
            return member_node(checker, checker.node(syntax.of), syntax)
        return column_of_row(checker.scope, syntax)
    if isinstance(syntax.of, Lookup):
        return looked_up(checker, syntax.of, syntax)
    namespace = _namespace(checker, syntax.of)
    if namespace is not None and namespace.members is not None:
        symbol = namespace.members.get(syntax.name)
        if symbol is not None:
            return symbol_node(symbol, syntax.start, syntax.end)
        if not namespace.is_value:
            raise unknown_member(
                syntax, namespace.members, namespace.type, namespace.name or _prefix_words(syntax)
            )
    return member_node(checker, checker.node(syntax.of), syntax)


def _prefix_words(syntax: Dot) -> str:
    return ".".join((path_of(syntax) or ("",))[:-1])


def _namespace(checker: Checker, syntax: Syntax) -> Symbol | None:
    """What `parent`, `flow`, `receipts.issued` … stand for before a dot."""
    if isinstance(syntax, Word):
        return checker.scope.name(syntax.name)
    if isinstance(syntax, Dot):
        outer = _namespace(checker, syntax.of)
        if outer is not None and outer.members is not None:
            return outer.members.get(syntax.name)
    return None


def _lookup(checker: Checker, syntax: Lookup) -> Node:
    return looked_up(checker, syntax, None)


def _apply(checker: Checker, syntax: Apply) -> Node:
    return check_call(checker, syntax)


# -- operators


def _prefix(checker: Checker, syntax: Prefix) -> Node:
    if syntax.op == "not":
        operand = checker.wants(syntax.operand, "boolean")
        return Unary(syntax.start, syntax.end, BOOLEAN, "not", operand)
    operand = checker.wants(syntax.operand, "number", "duration")
    if isinstance(operand, Constant):
        return replace(operand, start=syntax.start, value=_negated(operand.value))
    return Unary(syntax.start, syntax.end, operand.type, "-", operand)


def _negated(value: Any) -> Any:
    if isinstance(value, Duration):
        return Duration(-value.amount, value.unit)
    return None if value is None else -value


def _chain(checker: Checker, syntax: Chain) -> Node:
    operators = {op for op, _ in syntax.rest}
    nodes = [checker.node(syntax.first), *(checker.node(operand) for _, operand in syntax.rest)]
    if operators <= {"and", "or"}:
        op = syntax.rest[0][0]
        return _balanced([checker.proven(n, "boolean") for n in nodes], op, lambda _a, _b: BOOLEAN)
    _check_arithmetic(syntax, nodes)
    numeric = all(node.type.name in NUMERIC for node in nodes)
    if operators in ({"+"}, {"*"}) and numeric and len(nodes) > _LONGEST_UNBALANCED:
        op = syntax.rest[0][0]
        return _balanced(nodes, op, summed if op == "+" else product)
    result = nodes[0]
    for (op, _), right in zip(syntax.rest, nodes[1:], strict=True):
        result = arithmetic(op, result, right)
    return result


def _check_arithmetic(syntax: Chain, nodes: Sequence[Node]) -> None:
    """Units and types along the whole chain, before it is balanced."""
    result = nodes[0]
    for (op, _), right in zip(syntax.rest, nodes[1:], strict=True):
        result = arithmetic(op, result, right)


def _balanced(nodes: Sequence[Node], op: str, type_of: Callable[[Type, Type], Type]) -> Node:
    """`a op b op c op d` as `(a op b) op (c op d)`: the same value, and a tree of little height."""
    if len(nodes) == 1:
        return nodes[0]
    middle = len(nodes) // 2
    left = _balanced(nodes[:middle], op, type_of)
    right = _balanced(nodes[middle:], op, type_of)
    return Binary(left.start, right.end, type_of(left.type, right.type), cast(Any, op), left, right)


def _compare(checker: Checker, syntax: Compare) -> Node:
    left = beside(checker, syntax.left, syntax.right)
    right = beside(checker, syntax.right, syntax.left)
    if syntax.op in ("in", "not in"):
        inside = _inside(checker, left, right, syntax)
        return _not(inside) if syntax.op == "not in" else inside
    return compared(checker.scope, syntax.op, left, right)


def _not(node: Node) -> Node:
    return Unary(node.start, node.end, BOOLEAN, "not", node)


def _inside(checker: Checker, left: Node, right: Node, syntax: Compare) -> Node:
    if right.type.name == "any":
        return Binary(syntax.start, syntax.end, BOOLEAN, "in", left, right)
    if right.type.name != "list":
        text = right.value if isinstance(right, Constant) and right.type.name == "text" else None
        raise ExpressionError(
            "wrong-type",
            right.start,
            right.end,
            suggestion=f'["{text}"]' if text is not None else None,
            found=type_words(right.type),
            wanted=type_words(Type("list")),
        )
    if isinstance(right, ListOf):
        left = as_value(left, right.type.of or ANY, checker.scope)
        items = tuple(as_value(item, left.type, checker.scope) for item in right.items)
        right = replace(right, items=items)
        left = as_value(left, items[0].type if items else ANY, checker.scope)
        for item in items:
            compared(checker.scope, "==", left, item)
        return Binary(syntax.start, syntax.end, BOOLEAN, "in", left, right)
    element = right.type.of or ANY
    left = as_type(left, element, checker.scope)
    if not comparable(left.type, element):
        raise ExpressionError(
            "types-differ",
            left.start,
            right.end,
            left=type_words(left.type),
            right=type_words(element),
        )
    return Binary(syntax.start, syntax.end, BOOLEAN, "in", left, right)


def _between(checker: Checker, syntax: Between) -> Node:
    operand = checker.node(syntax.operand)
    low = compared(checker.scope, ">=", operand, checker.node(syntax.low))
    high = compared(checker.scope, "<=", low.left, checker.node(syntax.high))
    if high.left.type != low.left.type:  # a null became what its upper limit is
        low = compared(checker.scope, ">=", high.left, low.right)
    node = tree.Between(syntax.start, syntax.end, BOOLEAN, high.left, low.right, high.right)
    return _not(node) if syntax.negated else node


def _empty(checker: Checker, syntax: Empty) -> Node:
    there = relation_there(checker.scope, syntax.operand)
    if there is not None:
        return there if syntax.negated else _not(there)
    operand = checker.node(syntax.operand)
    node = IsEmpty(syntax.start, syntax.end, BOOLEAN, operand)
    return _not(node) if syntax.negated else node


def _choose(checker: Checker, syntax: Choose) -> Node:
    condition = checker.wants(syntax.condition, "boolean")
    then, otherwise = checker.node(syntax.then), checker.node(syntax.otherwise)
    both_written = isinstance(then, Constant) and isinstance(otherwise, Constant)
    fit = as_type if both_written else as_value
    then = fit(then, otherwise.type, checker.scope)
    otherwise = fit(otherwise, then.type, checker.scope)
    type_ = either(then.type, otherwise.type)
    if type_ is None:
        raise ExpressionError(
            "types-differ",
            otherwise.start,
            otherwise.end,
            left=type_words(then.type),
            right=type_words(otherwise.type),
        )
    then, otherwise = of_one_unit("else", then, otherwise)
    type_ = either(then.type, otherwise.type) or type_
    return If(syntax.start, syntax.end, type_, condition, then, otherwise)


_CHECKS: dict[type[Syntax], Callable[[Checker, Any], Node]] = {
    Value: _value,
    Items: _items,
    Word: _word,
    Dot: _dot,
    Lookup: _lookup,
    Apply: _apply,
    Prefix: _prefix,
    Chain: _chain,
    Compare: _compare,
    Between: _between,
    Empty: _empty,
    Choose: _choose,
}
