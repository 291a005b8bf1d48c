"""Every function of the language: what it takes, what it yields, where it can be computed.

One literal table. A parameter is the type names it accepts, joined by `|`; `'grain'`, `'count'`
and `'view'` want a constant, `'series'` the bare name of an indicator. A result of `first` is the
type of the first argument, `either` the common type of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from jingwei.language.expressions.tree import AggregateName, TypeName

Target = Literal["python", "sql", "javascript"]

EVERYWHERE: frozenset[Target] = frozenset(("python", "sql", "javascript"))
SERVER: frozenset[Target] = frozenset(("python", "sql"))
PYTHON: frozenset[Target] = frozenset(("python",))

NUM: Literal["number"] = "number"
DAY = "date|datetime"
ORDERED = "number|date|datetime|period"
INDICATOR = "indicator|text"


@dataclass(frozen=True, slots=True)
class Function:
    """`optional` of the parameters may be left out; `many` repeats the last one."""

    name: str
    parameters: tuple[str, ...]
    result: TypeName | Literal["first", "either"]
    targets: frozenset[Target] = EVERYWHERE
    optional: int = 0
    many: bool = False
    outside: bool = False  # reads what is not inside the record
    of: TypeName | None = None  # element of a list result

    @property
    def fewest(self) -> int:
        return len(self.parameters) - self.optional

    @property
    def most(self) -> int | None:
        return None if self.many else len(self.parameters)

    @property
    def signature(self) -> str:
        """`round(number, [count])`"""
        words = [p.partition("|")[0] for p in self.parameters]
        for place in range(self.fewest, len(words)):
            words[place] = f"[{words[place]}]"
        if self.many:
            words.append("…")
        return f"{self.name}({', '.join(words)})"


_ALL = (
    # text
    Function("len", ("text|choice|list",), "number"),
    Function("lower", ("text|choice",), "text"),
    Function("upper", ("text|choice",), "text"),
    Function("trim", ("text|choice",), "text"),
    Function("contains", ("text|choice", "text|choice"), "boolean"),
    Function("starts_with", ("text|choice|org", "text|choice"), "boolean"),
    Function("ends_with", ("text|choice|org", "text|choice"), "boolean"),
    Function("concat", ("text|choice|number|date|period|org|person|indicator",), "text", many=True),
    # numbers
    Function("round", (NUM, "count"), "first", optional=1),
    Function("floor", (NUM,), "first"),
    Function("ceil", (NUM,), "first"),
    Function("abs", (NUM,), "first"),
    Function("min", (ORDERED, ORDERED), "either", many=True),
    Function("max", (ORDERED, ORDERED), "either", many=True),
    Function("coalesce", ("any", "any"), "either", many=True),
    Function("percent_change", (NUM, NUM), "percent"),
    # time
    Function("date", (DAY,), "date"),
    Function("year", ("date|datetime|period",), "number"),
    Function("month", ("date|datetime|period",), "number"),
    Function("quarter", ("date|datetime|period",), "number"),
    Function("day", (DAY,), "number"),
    Function("days_between", (DAY, DAY), "number"),
    Function("add_days", (DAY, NUM), "date"),
    Function("add_months", (DAY, NUM), "date"),
    Function("add_workdays", (DAY, NUM, "org"), "date", PYTHON, optional=1, outside=True),
    Function("working_days", (DAY, DAY, "org"), "number", PYTHON, optional=1, outside=True),
    Function("period", (DAY, "grain"), "period"),
    Function("previous", ("period",), "first"),
    Function("same_period_last_year", ("period",), "first"),
    Function("this_year", (), "period", outside=True),
    Function("this_quarter", (), "period", outside=True),
    Function("this_month", (), "period", outside=True),
    Function("last_closed_period", ("grain",), "period", outside=True),
    Function("start", ("period",), "date"),
    Function("end", ("period",), "date"),
    Function("in_period", (DAY, "text|period"), "boolean"),
    # organisation and people
    Function("children", ("org",), "list", PYTHON, outside=True, of="org"),
    Function("below", ("org", "text"), "list", PYTHON, optional=1, outside=True, of="org"),
    Function("is_below", ("org",), "boolean", SERVER, outside=True),
    Function("head", ("org",), "person", PYTHON, outside=True),
    Function("holders", ("post|text", "org"), "list", PYTHON, outside=True, of="person"),
    Function("superior", ("person",), "person", PYTHON, outside=True),
    Function("has_role", ("role|text", "org"), "boolean", PYTHON, optional=1, outside=True),
    Function("has_post", ("post|text", "org"), "boolean", PYTHON, optional=1, outside=True),
    # measures
    Function("fact", (INDICATOR, "org", "period", "view"), NUM, PYTHON, optional=1, outside=True),
    Function("members", ("text", "period"), "list", PYTHON, outside=True, of="indicator"),
    Function("benchmark", ("text", INDICATOR, "org", "period"), NUM, PYTHON, 3, outside=True),
    Function("attainment", (NUM, NUM, "text"), "percent", PYTHON, optional=1, outside=True),
    Function("time_progress", ("period",), "percent", PYTHON, outside=True),
    Function("score", ("text", "org", "period", "text"), NUM, PYTHON, optional=1, outside=True),
    Function("rank", (INDICATOR, "org", "period", "view"), NUM, PYTHON, optional=1, outside=True),
    Function("worst", ("text", "org", "period"), "text", PYTHON, outside=True),
    Function("shift", ("series", "number|duration"), "number", PYTHON, outside=True),
    Function("at_start", ("series", "grain"), "number", PYTHON, outside=True),
)  # fmt: skip

FUNCTIONS = {function.name: function for function in _ALL}

# These take rows: `sum(targets.amount where … by …)`.
AGGREGATES: tuple[AggregateName, ...] = get_args(AggregateName)
