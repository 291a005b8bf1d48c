"""The browser's side: translated expressions run by an embedded JavaScript engine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import expression_kit as kit
import quickjs

from jingwei.language.clock_words import time_text
from jingwei.language.expressions.javascript import javascript
from jingwei.language.expressions.tree import Expression
from jingwei.language.expressions.types import NUMERIC

RUN_TIME = Path(__file__).parents[2] / "platform" / "frontend" / "src" / "expressions.js"


def as_api(value: Any) -> Any:
    """A value as the API writes it; decimals as text, so that no digit is lost."""
    if isinstance(value, bool | None | int | str):
        return value
    if isinstance(value, list):
        return [as_api(part) for part in value]
    if isinstance(value, Mapping):
        return {name: as_api(part) for name, part in value.items()}
    if isinstance(value, time):
        return time_text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


class Browser:
    """Runs expressions against records, as a page would."""

    def __init__(self) -> None:
        source = RUN_TIME.read_text(encoding="utf-8")
        names = re.findall(r"^export (?:const|function) (\w+)", source, re.MULTILINE)
        body = re.sub(r"^export ", "", source, flags=re.MULTILINE)
        self.context = quickjs.Context()
        self.context.eval(
            f"globalThis.x = (() => {{ {body}; return {{ {', '.join(names)} }}; }})()"
        )
        self.context.eval(f"globalThis.variables = {json.dumps(as_api(kit.VARIABLES))}")
        self.context.eval("globalThis.records = []")

    def keep(self, records: list[Mapping[str, Any]]) -> None:
        self.context.eval(f"globalThis.records = {json.dumps(as_api(records))}")

    def values(self, expression: Expression) -> list[Any] | None:
        """The value for each kept record, ArithmeticError where it cannot be computed."""
        text = javascript(expression)
        if text is None:
            return None
        found = self.context.eval(
            f"(() => {{ const f = {text}; return JSON.stringify(records.map((record) => {{"
            "try { return [f(x, {record, variables, offset: 480})]; }"
            "catch (error) { if (error instanceof RangeError) return null; throw error; } })); })()"
        )
        return [
            ArithmeticError if one is None else engine_value(one[0], expression)
            for one in json.loads(found)
        ]


def engine_value(value: Any, expression: Expression) -> Any:
    """What came from the browser, to compare with Python."""
    if value is not None and expression.type.name in NUMERIC:
        return Decimal(value)
    return value
