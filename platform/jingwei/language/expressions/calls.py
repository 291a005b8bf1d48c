"""Calls: the function exists, has the right number of arguments, each of the right type."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS, Function
from jingwei.language.expressions.names import Checking, symbol_node, unknown_name
from jingwei.language.expressions.operators import as_type, of_one_unit
from jingwei.language.expressions.relative import is_relative
from jingwei.language.expressions.rows import aggregate, path_of
from jingwei.language.expressions.syntax import Apply, Syntax, Value, Word
from jingwei.language.expressions.tree import (
    AggregateName,
    Call,
    Constant,
    Node,
    Type,
    TypeName,
)
from jingwei.language.expressions.types import (
    ANY,
    NUMERIC,
    TEXT,
    either,
    fits,
    unit_of,
)
from jingwei.language.expressions.words import type_words
from jingwei.language.periods import GRAINS
from jingwei.problems import nearest
from jingwei.texts import Words

_SMALLEST_COUNT, _LARGEST_COUNT = 0, 10
_BARE = ("post", "role", "indicator")  # kinds whose names may stand bare as an argument
# of whose first two numbers the one is a share of the other
_SET_AGAINST = frozenset({"percent_change", "attainment"})
# what the figures of other indicators know of the world around them
IN_FORMULAS = frozenset({"is_below", "shift", "at_start"})
# which argument is the code of what
_CODES = {
    "members": (0, "indicator_set"),
    "score": (0, "scoring"),
    "worst": (0, "indicator_set"),
    "benchmark": (0, "tier"),
    "below": (1, "org_type"),
}
_WORDS = {"view": ("actual", "target", "budget", "forecast")}


def check_call(checker: Checking, syntax: Apply) -> Node:
    """The typed call. Raises unknown-function, wrong-argument-count, wrong-type …"""
    if syntax.name in AGGREGATES:
        node = _aggregate(checker, syntax)
        if node is not None and _in_a_formula(checker):
            raise not_in_a_formula(syntax)
        if node is not None:
            return node
    function = FUNCTIONS.get(syntax.name)
    if function is None and syntax.name in checker.scope.symbols:
        raise ExpressionError("not-a-function", syntax.start, syntax.name_end, name=syntax.name)
    if function is None:
        raise _unknown_function(checker, syntax)
    _refuse_where(syntax)
    if "series" in function.parameters and not _in_a_formula(checker):
        raise ExpressionError("outside-a-formula", syntax.start, syntax.name_end, name=syntax.name)
    if function.outside and function.name not in IN_FORMULAS and _in_a_formula(checker):
        raise not_in_a_formula(syntax)
    arguments = _arguments(checker, function, syntax)
    if function.name in _SET_AGAINST:
        arguments = (*of_one_unit(function.name, arguments[0], arguments[1]), *arguments[2:])
    if function.name in _CODES:
        _code_exists(checker, *_CODES[function.name], arguments)
    type_ = _of_indicator(checker, function, arguments) or _result(function, arguments)
    if function.name == "is_below":
        arguments = (_subject(checker, syntax), *arguments)
    return Call(syntax.start, syntax.end, type_, function.name, arguments)


def not_in_a_formula(syntax: Apply) -> ExpressionError:
    """Rows, people, ranks and calendars in the formula of an indicator; a figure by `fact(…)` is
    there by the name of its indicator alone."""
    named = syntax.arguments[0] if syntax.name == "fact" and syntax.arguments else None
    name = named.name if isinstance(named, Word) else getattr(named, "value", None)
    when = syntax.arguments[2] if len(syntax.arguments) > 2 else None
    back = {"previous": "-1", "same_period_last_year": "-1y"}
    moved = back.get(when.name) if isinstance(when, Apply) else None
    return ExpressionError(
        "not-in-a-formula",
        syntax.start,
        syntax.name_end,
        suggestion=f"shift({name}, {moved})" if name and moved else name,
        name=syntax.name,
    )


def _in_a_formula(checker: Checking) -> bool:
    """Whether indicators stand here by their names: in the formula of one that is derived."""
    known = checker.scope.types.known("indicator") or ()
    scope = checker.scope
    named = (scope.symbols[name] for name in known if name in scope.symbols)
    return not scope.guessed.isdisjoint(known) or any(one.root == "variable" for one in named)


def _of_indicator(
    checker: Checking, function: Function, arguments: tuple[Node, ...]
) -> Type | None:
    """The type of an indicator's values where the call reads those of one that is written out."""
    if function.name not in ("fact", "shift", "at_start"):
        return None
    named = arguments[0]
    if not isinstance(named, Constant) or named.type.name != "indicator":
        return None
    return checker.scope.types.of_indicator(named.value)


def _code_exists(checker: Checking, place: int, kind: str, arguments: tuple[Node, ...]) -> None:
    """A set of indicators, a scoring scheme … that is written out as a text."""
    node = arguments[place] if place < len(arguments) else None
    known = checker.scope.types.known(kind)
    if not isinstance(node, Constant) or not isinstance(node.value, str) or known is None:
        return
    if node.value not in known:
        titled = next(
            (code for code in checker.scope.types.titled(node.value) if code in known), None
        )
        raise ExpressionError(
            "unknown-code",
            node.start,
            node.end,
            suggestion=titled or nearest(node.value, known),
            value=node.value,
            kind=Words(f"expressions.kinds.{kind}"),
            known=", ".join(sorted(known)[:12]),
        )


def _aggregate(checker: Checking, syntax: Apply) -> Node | None:
    """An aggregate over rows; None for `min(a, b)`, `count(tags)` and the like."""
    scalar = syntax.name in ("min", "max")
    if syntax.name == "percentile" and len(syntax.arguments) != 2:
        raise _wrong_count(syntax, signature("percentile"), "2")
    if len(syntax.arguments) > 1 and not scalar and syntax.name != "percentile":
        raise _wrong_count(syntax, f"{syntax.name}(rows.field where … by …)", "1")
    if len(syntax.arguments) <= 1 or syntax.name == "percentile":
        node = aggregate(checker, syntax, cast(AggregateName, syntax.name))
        if node is not None:
            return node
        return _of_list(checker, syntax)
    return None


def _of_list(checker: Checking, syntax: Apply) -> Node:
    """`count(tags)`: the elements of a value that is a list itself."""
    if not syntax.arguments:
        raise ExpressionError("aggregate-of-rows", syntax.start, syntax.end, function=syntax.name)
    first = syntax.arguments[0]
    path = path_of(first)
    if path is not None and checker.scope.name(path[0]) is None:
        raise unknown_name(path[0], first.start, first.start + len(path[0]), checker, rows=True)
    _refuse_where(syntax)
    node = checker.node(first)
    if syntax.name == "count" and node.type.name == "list":
        return Call(syntax.start, syntax.end, Type("number"), "len", (node,))
    raise ExpressionError("aggregate-of-rows", node.start, node.end, function=syntax.name)


# functions of spreadsheets and databases, and what is written here
_ELSEWHERE = {
    "if": "a if condition else b",
    "iif": "a if condition else b",
    "case": "a if condition else b",
    "and": "a and b",
    "or": "a or b",
    "sumif": "sum(table.column where condition)",
    "sumifs": "sum(table.column where condition)",
    "countif": "count(table where condition)",
    "countifs": "count(table where condition)",
    "counta": "count(table.column)",
    "averageif": "avg(table.column where condition)",
    "average": "avg(table.column)",
    "mean": "avg(table.column)",
    "total": "sum(table.column)",
    "isblank": "a is empty",
    "isnull": "a is empty",
    "isempty": "a is empty",
    "ifnull": "coalesce(a, b)",
    "iferror": "coalesce(a, b)",
    "nvl": "coalesce(a, b)",
    "concatenate": "concat(a, b)",
    "length": "len(text)",
    "datedif": "days_between(start, end)",
    "datediff": "days_between(start, end)",
    "networkdays": "working_days(start, end)",
    "workday": "add_workdays(start, days)",
    "edate": "add_months(start, months)",
    "eomonth": "end(period(date, month))",
    "roundup": "ceil(number)",
    "ceiling": "ceil(number)",
    "rounddown": "floor(number)",
    "int": "floor(number)",
    "vlookup": "table[code].column",
    "lookup": "table[code].column",
}


def _unknown_function(checker: Checking, syntax: Apply) -> ExpressionError:
    known = sorted({*FUNCTIONS, *AGGREGATES})
    name = syntax.name.lower()
    guess = nearest(name, known)
    instead = signature(guess) if guess is not None and len(name) > 2 else None
    if name in _ELSEWHERE:
        instead = _ELSEWHERE[name]
    elif guess is None and len(name) > 4:
        other = nearest(name, _ELSEWHERE)
        instead = _ELSEWHERE[other] if other is not None else None
    return ExpressionError(
        "unknown-function",
        syntax.start,
        syntax.name_end,
        suggestion=instead,
        name=syntax.name,
    )


def signature(name: str) -> str:
    """How a function or an aggregate is called: `round(number, [count])`."""
    function = FUNCTIONS.get(name)
    if name == "percentile":
        return f"{name}(table.column, 90%)"
    if name in ("min", "max") or function is None:
        return f"{name}(table.column)"
    return function.signature


def _refuse_where(syntax: Apply) -> None:
    wrong = syntax.where or syntax.by
    if wrong is not None:
        raise ExpressionError(
            "where-outside-aggregate", wrong.start, wrong.end, function=syntax.name
        )


def _wrong_count(syntax: Apply, signature: str, wanted: str) -> ExpressionError:
    return ExpressionError(
        "wrong-argument-count",
        syntax.start,
        syntax.end,
        name=syntax.name,
        count=len(syntax.arguments),
        wanted=wanted,
        signature=signature,
    )


def _arguments(checker: Checking, function: Function, syntax: Apply) -> tuple[Node, ...]:
    count = len(syntax.arguments)
    if count < function.fewest or (function.most is not None and count > function.most):
        wanted = str(function.fewest)
        if function.most != function.fewest:
            wanted = f"{wanted}–{function.most}" if function.most else f"≥ {wanted}"
        raise _wrong_count(syntax, function.signature, wanted)
    if function.name == "contains":
        _refuse_list(checker, syntax)
    kinds = [*function.parameters]
    kinds += [kinds[-1]] * (count - len(kinds)) if kinds else []
    nodes = [
        _argument(checker, argument, kind)
        for argument, kind in zip(syntax.arguments, kinds, strict=False)
    ]
    if function.name == "in_period":
        nodes[1] = _relative_or_period(checker, nodes[1])
    if function.result == "either":
        common = _either(tuple(nodes))
        nodes = [as_type(node, common, checker.scope) for node in nodes]
    return tuple(nodes)


def _refuse_list(checker: Checking, syntax: Apply) -> None:
    """`contains` looks for a text in a text; of a list, such as tags, `in` asks."""
    of, what = syntax.arguments
    node = checker.node(of)
    if node.type.name != "list":
        return
    tags = of.name if isinstance(of, Word) else "tags"
    sought = f'"{what.value}"' if isinstance(what, Value) else getattr(what, "name", '"x"')
    raise ExpressionError(
        "wrong-type",
        node.start,
        node.end,
        suggestion=f"{sought} in {tags}",
        found=type_words(node.type),
        wanted=type_words(Type("text")),
    )


def _argument(checker: Checking, syntax: Syntax, kind: str) -> Node:
    if kind == "grain":
        return _grain(syntax)
    if kind == "series":
        return _series(checker, syntax)
    if kind == "count":
        return _count(checker, syntax)
    if kind in _WORDS:
        return _one_word(checker, syntax, _WORDS[kind])
    names = kind.split("|")
    node = _code_or_node(checker, syntax, names)
    for name in names:
        converted = as_type(node, Type(cast(TypeName, name)), checker.scope)
        if fits(converted.type, cast(TypeName, name)):
            return converted
    raise ExpressionError(
        "wrong-type",
        node.start,
        node.end,
        found=type_words(node.type),
        wanted=type_words(Type(cast(TypeName, names[0]))),
    )


def _code_or_node(checker: Checking, syntax: Syntax, names: Sequence[str]) -> Node:
    """`holders(planner, org)`: a bare word may name a post, a role or an indicator."""
    if isinstance(syntax, Word) and checker.scope.name(syntax.name) is None:
        for name in names:
            known = checker.scope.types.known(name)
            if name in _BARE and known and syntax.name in known:
                type_ = Type(cast(TypeName, name))
                return Constant(syntax.start, syntax.end, type_, syntax.name)
        if names == ["text"]:
            # `members(yili, period)`, `benchmark(good)`: bare names of sets, schemes and tiers
            for kind in ("indicator_set", "scoring", "tier"):
                if syntax.name in (checker.scope.types.known(kind) or ()):
                    return Constant(syntax.start, syntax.end, TEXT, syntax.name)
        codes = [c for n in names if n in _BARE for c in checker.scope.types.known(n) or ()]
        if (
            codes
            and nearest(syntax.name, codes)
            and not nearest(syntax.name, checker.scope.names())
        ):
            raise unknown_name(syntax.name, syntax.start, syntax.end, checker, also=codes)
    return checker.node(syntax)


def _one_word(checker: Checking, syntax: Syntax, words: Sequence[str]) -> Node:
    """A text that is one of some words, when it is written out."""
    if isinstance(syntax, Word) and checker.scope.name(syntax.name) is None:
        node: Node = Constant(syntax.start, syntax.end, TEXT, syntax.name)
    else:
        node = checker.wants(syntax, "text")
    if isinstance(node, Constant) and node.value is not None and node.value not in words:
        raise ExpressionError(
            "unknown-value",
            node.start,
            node.end,
            suggestion=nearest(str(node.value), words),
            value=node.value,
            known=", ".join(words),
        )
    return node


def _grain(syntax: Syntax) -> Node:
    word = syntax.name if isinstance(syntax, Word) else getattr(syntax, "value", None)
    if isinstance(syntax, Word | Value) and word in GRAINS:
        return Constant(syntax.start, syntax.end, TEXT, word)
    raise ExpressionError(
        "not-a-grain",
        syntax.start,
        syntax.end,
        known=", ".join(GRAINS),
        suggestion=nearest(word, GRAINS) if isinstance(word, str) else None,
    )


def _series(checker: Checking, syntax: Syntax) -> Node:
    """The bare name of an indicator, kept as a name: its value is read elsewhere in time."""
    known = checker.scope.types.known("indicator") or ()
    if isinstance(syntax, Word) and syntax.name in known:
        return Constant(syntax.start, syntax.end, Type("indicator"), syntax.name)
    if isinstance(syntax, Word):
        raise unknown_name(syntax.name, syntax.start, syntax.end, checker)
    node = checker.node(syntax)
    raise ExpressionError(
        "wrong-type",
        node.start,
        node.end,
        found=type_words(node.type),
        wanted=type_words(Type("indicator")),
    )


def _count(checker: Checking, syntax: Syntax) -> Node:
    node = checker.node(syntax)
    if isinstance(node, Constant) and isinstance(node.value, Decimal):
        value = node.value
        if value == value.to_integral_value() and _SMALLEST_COUNT <= value <= _LARGEST_COUNT:
            return node
    raise ExpressionError(
        "not-a-count", node.start, node.end, low=_SMALLEST_COUNT, high=_LARGEST_COUNT
    )


def _relative_or_period(checker: Checking, node: Node) -> Node:
    """`"this month"` stays words; `"2026Q1"` is a period."""
    if isinstance(node, Constant) and node.type.name == "text" and not is_relative(node.value):
        return as_type(node, Type("period"), checker.scope)
    return node


def _subject(checker: Checking, syntax: Apply) -> Node:
    """The org that `is_below` asks about: the candidate's in a filter, else the record's."""
    subject = checker.scope.subject
    if subject is None:
        raise ExpressionError("no-org-here", syntax.start, syntax.name_end, name=syntax.name)
    return symbol_node(subject, syntax.start, syntax.name_end)


def _result(function: Function, arguments: tuple[Node, ...]) -> Type:
    if function.result == "first":
        return arguments[0].type
    if function.result == "either":
        return _either(arguments)
    if function.result == "list":
        return Type("list", of=Type(function.of or "any"))
    if function.result == "period":
        return Type("period", grain=_grain_of(function, arguments))
    return Type(function.result)


def _grain_of(function: Function, arguments: tuple[Node, ...]) -> str | None:
    if function.name.startswith("this_"):
        return function.name.removeprefix("this_")
    last = arguments[-1]
    return last.value if isinstance(last, Constant) else None


def _either(arguments: tuple[Node, ...]) -> Type:
    common = ANY
    amount: Node | None = None  # the first that has a unit
    for node in arguments:
        if node.type.name in NUMERIC and amount is not None:
            amount, node = of_one_unit(",", amount, node)
            common = either(amount.type, common) or common  # the unit that both are now of
        elif node.type.name in NUMERIC and unit_of(node.type):
            amount = node
        found = either(common, node.type)
        if found is None:
            raise ExpressionError(
                "types-differ",
                node.start,
                node.end,
                left=type_words(common),
                right=type_words(node.type),
            )
        common = found
    return common
