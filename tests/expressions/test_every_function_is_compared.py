"""A function or an operator that nobody compares between the targets cannot be added."""

from __future__ import annotations

import re
from pathlib import Path

from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS, PYTHON

HERE = Path(__file__).parent
TESTS = HERE.parent
SOURCES = (HERE / "expression_sources.py").read_text(encoding="utf-8")
# folded over rows and joined by `any(…)`, `all(…)`: written with the conditions
OPERATORS = ("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "not", "in")
WORDS = ("between", "is empty", "if", "else", "where", "by")


def written(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text) is not None


def test_every_function_of_several_targets_is_compared_between_them() -> None:
    """Those that ask for the organisation have tests of their own in `tests/`."""
    compared = {name: f for name, f in FUNCTIONS.items() if f.targets != PYTHON}
    others = [name for name in compared if not written(name, SOURCES)]
    assert others == ["is_below"]


def test_every_aggregate_is_compared_between_the_targets() -> None:
    assert [name for name in AGGREGATES if not written(name, SOURCES)] == []


def test_every_operator_is_compared_between_the_targets() -> None:
    missing = [sign for sign in OPERATORS if f'"{sign}"' not in SOURCES and sign not in SOURCES]
    assert missing + [word for word in WORDS if not written(word, SOURCES)] == []


def test_every_other_function_is_used_by_a_test() -> None:
    texts = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(TESTS.rglob("*"))
        if path.suffix in (".py", ".yaml") and path != Path(__file__)
    )
    alone = [name for name, function in FUNCTIONS.items() if function.targets == PYTHON]
    assert [name for name in alone if not re.search(rf"\b{name}\(", texts)] == []
