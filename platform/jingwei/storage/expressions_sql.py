"""The SQL target of expressions, for SQLite and PostgreSQL. No text of anybody's becomes SQL.

Two-valued logic meets three-valued SQL in two ways. Where null and false come to the same (a
WHERE, joined by `and` and `or`) a comparison is left bare, so that indexes serve it; everywhere
else it is made two-valued.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from jingwei.language.expressions.reads import names_its_form, parts
from jingwei.language.expressions.tree import (
    Aggregate,
    Between,
    Binary,
    Call,
    Constant,
    Expression,
    If,
    IsEmpty,
    ListOf,
    Member,
    Name,
    Node,
    Reachable,
    Source,
    Type,
    Unary,
)
from jingwei.language.expressions.types import NUMERIC, TEMPORAL
from jingwei.language.values import Duration
from jingwei.storage import sql_aggregates, sql_calls, sql_links, sql_numbers
from jingwei.storage.sql_calls import NotInSql
from jingwei.storage.sql_names import Column, SqlNames, Truth
from jingwei.storage.sql_numbers import Number
from jingwei.storage.types import (
    CODE_POINT_TEXT,
    SEPARATOR,
    Day,
    Instant,
    JsonText,
    PeriodKey,
    Several,
    TimeOfDay,
)

_MOST_WEIGHT = 20_000
_REPEATED = frozenset(("percent_change", "previous", "start", "end", "quarter", "period"))


def sql(expression: Expression, names: SqlNames) -> Column:
    """The expression's value. Numbers: exact, and of a type that gives Decimals back.

    Raises NotInSql.
    """
    _check_weight(expression.root)
    target = Target(names)
    if expression.type.name == "boolean":
        return target.truth(expression.root)
    if expression.type.name in NUMERIC:
        return sql_numbers.result(target.number(expression.root), names.dialect)
    return target.column(expression.root)


def condition(expression: Expression, names: SqlNames) -> Truth:
    """A condition for WHERE: null and false come to the same. Raises NotInSql."""
    _check_weight(expression.root)
    return Target(names).condition(expression.root)


def scaled(expression: Expression, names: SqlNames, scale: int) -> Column:
    """A number as a column of that scale keeps it, rounded half-up. Raises NotInSql."""
    _check_weight(expression.root)
    return sql_numbers.scaled(Target(names).number(expression.root), scale, names.dialect)


def _check_weight(root: Node) -> None:
    """Some functions write an argument twice; nested, they would double the text each time."""
    if _weight(root) > _MOST_WEIGHT:
        raise NotInSql("the statement would be too long")


def _weight(node: Node) -> int:
    repeats = 4 if isinstance(node, Call) and node.function in _REPEATED else 1
    return 1 + repeats * sum(_weight(part) for part in parts(node))


class Target:
    """Translates the nodes of one expression under one set of names."""

    def __init__(self, names: SqlNames) -> None:
        self.names = names
        self.dialect = names.dialect

    def inside(self, names: SqlNames) -> Target:
        """The translation of what stands inside an aggregate, where names are of its rows."""
        return Target(names)

    # -- booleans

    def condition(self, node: Node) -> Truth:
        """True where the node is true; null or false where it is false."""
        match node:
            case Binary(op="and", left=left, right=right):
                return sa.and_(self.condition(left), self.condition(right))
            case Binary(op="or", left=left, right=right):
                return sa.or_(self.condition(left), self.condition(right))
            case Binary(op="==" | "<" | "<=" | ">" | ">="):
                return self._comparison(node, bare=True)
            case Binary(op="in"):
                return self._inside(node, bare=True)
            case Between():
                return self._between(node)
            case Name() if node.type.name == "boolean":
                found: Truth = self.column(node).is_(sa.true())
                return found
            case _:
                return self.truth(node)

    def truth(self, node: Node) -> Truth:
        """Exactly true or false, never null."""
        match node:
            case Constant(value=value):
                return sa.true() if value else sa.false()
            case Binary(op="and", left=left, right=right):
                return sa.and_(self.truth(left), self.truth(right))
            case Binary(op="or", left=left, right=right):
                return sa.or_(self.truth(left), self.truth(right))
            case Binary(op="in"):
                return self._inside(node, bare=False)
            case Binary():
                return self._comparison(node, bare=False)
            case Between():
                return _two_valued(self._between(node))
            case Unary(operand=operand):
                return sa.not_(self.truth(operand))
            case IsEmpty(operand=operand):
                return self._empty(operand)
            case If(condition=test, then=then, otherwise=otherwise):
                chosen = sa.case(
                    (self.condition(test), self.truth(then)), else_=self.truth(otherwise)
                )
                return sa.type_coerce(chosen, sa.Boolean())
            case Reachable(link=link):
                return self.names.reachable(link.type.form or "", self.column(link))
            case Aggregate():
                if node.function in ("first", "last"):
                    return _two_valued(sql_aggregates.value(self, node))
                return sql_aggregates.truth(self, node)
            case _:
                return _two_valued(self.column(node))

    def _comparison(self, node: Binary, *, bare: bool) -> Truth:
        left, right = node.left, node.right
        if "boolean" in (left.type.name, right.type.name):
            # Booleans are never null, so the plain signs will do.
            one, other = self.truth(left), self.truth(right)
            return one == other if node.op == "==" else one != other
        if left.type.name in NUMERIC or right.type.name in NUMERIC:
            return sql_numbers.compared(
                node.op, self.number(left), self.number(right), self.dialect, bare=bare
            )
        one, other = self._pair(left, right)
        if node.op in ("==", "!="):
            return self._equal(node.op, one, other, bare=bare and _never_null(left, right))
        found: Truth = _ORDER[node.op](one, other)
        return found if bare else _two_valued(found)

    def _equal(self, op: str, one: Column, other: Column, *, bare: bool) -> Truth:
        if bare and op == "==":
            return one == other
        return one.is_not_distinct_from(other) if op == "==" else one.is_distinct_from(other)

    def _pair(self, left: Node, right: Node) -> tuple[Column, Column]:
        """Both sides as the database compares them: constants take the type of the other side."""
        one = self._beside(left, right)
        other = self._beside(right, left)
        names = (left.type.name, right.type.name)
        if set(names) == TEMPORAL:
            return self.day(left, one), self.day(right, other)
        if names[0] != names[1] and not _fixed(left) and not _fixed(right):
            return self.text(left, one), self.text(right, other)
        return one, other

    def _beside(self, node: Node, other: Node) -> Column:
        if not _fixed(node):
            return self._kept(node) if _fixed(other) else self.column(node)
        around = None if _fixed(other) else self._kept(other).type
        if node.type.name in TEMPORAL and other.type.name in TEMPORAL:
            around = None
        return self._fixed(node, around)

    def _kept(self, node: Node) -> Column:
        """What is compared with a constant: as its column keeps it."""
        form = self._form_key(node) if isinstance(node, Member) else None
        return self.column(node) if form is None else form

    def _form_key(self, node: Member) -> Column | None:
        """`about.form` by its key; None for every other member. Raises NotInSql."""
        if not names_its_form(node):
            return None
        match node.of:
            case Name(root=root, name=name) if root != "variable":
                return self.names.column(root, f"{name}.{node.name}")
            case Member(of=of, name=name) if of.type.name == "record" and of.type.form:
                return self._behind(of, f"{name}.{node.name}")
            case _:
                raise NotInSql("a field behind a link to several forms")

    def around(self, source: Source) -> Column:
        """What rows behind a link are found by: its record, or what that one's link of many
        holds."""
        if source.behind is None:
            raise NotInSql("rows that are behind no link")
        if source.origin == "link":
            return self._behind(source.behind, source.name)
        return self.column(source.behind)

    def _behind(self, of: Node, name: str) -> Column:
        """A column of the record that a link leads to."""
        rows = self.names.linked(of.type.form or "", self.column(of))
        found = rows.names.column("record", name)
        inner = sa.select(found).select_from(rows.from_).where(*rows.where)
        return sql_aggregates.single(inner, rows, found.type)

    def _inside(self, node: Binary, *, bare: bool) -> Truth:
        if not isinstance(node.right, ListOf):
            return self._among_several(node)
        items = node.right.items
        if not items:
            return sa.false()
        written = tuple(i for i in items if _never_null(i))
        if len(written) < len(items):
            found = [self.truth(_equals(node.left, i)) for i in items if not _never_null(i)]
            if written:
                listed = replace(node.right, items=written)
                found.append(self._inside(replace(node, right=listed), bare=False))
            return sa.or_(*found)
        if node.left.type.name in NUMERIC:
            left, others = self.number(node.left), [self.number(i) for i in items]
            return sql_numbers.among(left, others, self.dialect, bare=bare)
        pairs = [self._pair(node.left, item) for item in items]
        among: Truth = pairs[0][0].in_([other for _, other in pairs])
        return among if bare else _two_valued(among)

    def _among_several(self, node: Binary) -> Truth:
        """`"a" in tags`: a column that holds several."""
        holder = self.column(node.right)
        if isinstance(holder.type, JsonText):
            held = sql_links.held(holder, self.dialect)
            one = self.column(node.left)
            found = sa.select(sa.literal(1)).select_from(held.rows).where(held.id == one)
            return sa.exists(found.correlate_except(held.rows))
        if not isinstance(holder.type, Several):
            raise NotInSql("a list that is no column")
        of = holder.type.of
        one = self._fixed(node.left, of) if _fixed(node.left) else self.column(node.left)
        bar = sa.literal(SEPARATOR, sa.Text())
        piece = bar + sa.cast(one, sa.Text()) + bar
        place = sql_calls.position(self.dialect, sa.type_coerce(holder, sa.Text()), piece)
        return _two_valued(place > 0)

    def _between(self, node: Between) -> Truth:
        if node.operand.type.name in NUMERIC:
            operand = self.number(node.operand)
            low, high = self.number(node.low), self.number(node.high)
            least = sql_numbers.compared(">=", operand, low, self.dialect, bare=True)
            return sa.and_(
                least, sql_numbers.compared("<=", operand, high, self.dialect, bare=True)
            )
        one, low_column = self._pair(node.operand, node.low)
        other, high_column = self._pair(node.operand, node.high)
        return sa.and_(one >= low_column, other <= high_column)

    def _empty(self, operand: Node) -> Truth:
        if operand.type.name == "rows":
            rows = sql_aggregates.rows_of(self.names, operand)
            inner = sa.select(sa.literal(1)).select_from(rows.from_).where(*rows.where)
            return sa.not_(sa.exists(inner.correlate_except(*rows.tables)))
        if operand.type.name == "boolean":
            return sa.false()
        if operand.type.name in NUMERIC:
            return self.number(operand).element.is_(None)
        return self.column(operand).is_(None)

    # -- numbers

    def number(self, node: Node) -> Number:
        """The node as a number of this dialect."""
        match node:
            case Constant(value=value):
                return sql_numbers.constant(value, self.dialect)
            case Name(root="variable", name=name):
                return sql_numbers.variable(lambda t: self.names.variable(name, t), self.dialect)
            case Unary(operand=operand):
                return sql_numbers.negative(self.number(operand), self.dialect)
            case Binary(left=left, right=right) if left.type.name == "date":
                return sql_numbers.plain_integer(
                    sql_calls.days_between(self.dialect, self.column(right), self.column(left))
                )
            case Binary(op=op, left=left, right=right):
                return sql_numbers.arithmetic(
                    op, self.number(left), self.number(right), self.dialect
                )
            case If(condition=test, then=then, otherwise=otherwise):
                return sql_numbers.chosen(
                    self.condition(test), self.number(then), self.number(otherwise), self.dialect
                )
            case Call():
                return sql_calls.number(self, node)
            case Aggregate():
                return sql_aggregates.number(self, node)
            case _:
                return sql_numbers.of_column(self.column(node), self.dialect)

    # -- other values

    def column(self, node: Node) -> Column:
        """The node as a plain value."""
        if node.type.name in NUMERIC and not isinstance(node, Name | Member):
            return sql_numbers.result(self.number(node), self.dialect)
        match node:
            case Constant() | Name(root="variable"):
                return self._fixed(node, None)
            case Name(root=root, name=name):
                return self.names.column(root, name)
            case Member():
                return self._member(node)
            case If(condition=test, then=then, otherwise=otherwise):
                one, other = self._pair(then, otherwise)
                chosen = sa.case((self.condition(test), one), else_=other)
                return sa.type_coerce(chosen, _typed(one, other))
            case Binary():
                return self._moved(node)
            case Call():
                return sql_calls.value(self, node)
            case Aggregate():
                return sql_aggregates.value(self, node)
            case _:
                return self.truth(node)

    def _fixed(self, node: Node, type_: TypeEngine[Any] | None) -> Column:
        wanted = type_ if type_ is not None else self._type(node.type)
        if isinstance(node, Name):
            return self.names.variable(node.name, wanted)
        value = node.value if isinstance(node, Constant) else None
        if value is None:
            # A bare NULL has no type, and PostgreSQL would not know which function is meant.
            return sa.cast(sa.null(), wanted)
        return sa.bindparam(None, value, type_=wanted, unique=True)

    def _type(self, type_: Type) -> TypeEngine[Any]:
        known = _TYPES.get(type_.name)
        if known is None:
            known = self.names.type(type_)
        return known if known is not None else CODE_POINT_TEXT

    def _member(self, node: Member) -> Column:
        of, form = node.of, self._form_key(node)
        if form is not None:
            return self.names.text("form", form)
        if of.type.name == "record":
            if of.type.form is None:
                raise NotInSql("a field behind a link to several forms")
            return self._behind(of, node.name)
        if of.type.name == "period":
            return sql_calls.period_part(self.dialect, node.name, self.column(of))
        member = self.names.member(of.type.name, self.column(of), node.name)
        if member is None:
            raise NotInSql(f"{of.type.name}.{node.name}")
        return member

    def _moved(self, node: Binary) -> Column:
        """A day moved by a duration that is written out."""
        by = node.right
        if not isinstance(by, Constant) or not isinstance(by.value, Duration):
            raise NotInSql("a duration that is not written out")
        amount = -by.value.amount if node.op == "-" else by.value.amount
        if node.left.type.name != "date" or by.value.unit in ("wd", "min", "h"):
            raise NotInSql("instants and working days")
        return sql_calls.moved(self.dialect, self.column(node.left), amount, by.value.unit)

    def day(self, node: Node, column: Column) -> Column:
        """The calendar day of an instant, in the installation's zone."""
        if node.type.name != "datetime":
            return column
        return sql_calls.day(self.dialect, column, self.names.zone)

    def text(self, node: Node, column: Column) -> Column:
        """A value as the text of its code."""
        if node.type.name in ("text", "choice", "null", "any"):
            return column
        return self.names.text(node.type.name, column)


_ORDER: dict[str, Callable[[Column, Column], Any]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_TYPES: dict[str, TypeEngine[Any]] = {
    "text": CODE_POINT_TEXT,
    "choice": CODE_POINT_TEXT,
    "date": Day(),
    "datetime": Instant(),
    "time": TimeOfDay(),
    "period": PeriodKey(),
    "duration": sa.BigInteger(),
    "boolean": sa.Boolean(),
    "record": sa.BigInteger(),
}


def _fixed(node: Node) -> bool:
    return isinstance(node, Constant) or (isinstance(node, Name) and node.root == "variable")


def _never_null(*nodes: Node) -> bool:
    """Whether one of them is a value that is there: then null on the other side is just false."""
    return any(
        (isinstance(node, Constant) and node.value is not None)
        or (isinstance(node, Name) and node.root == "variable")
        for node in nodes
    )


def _equals(left: Node, right: Node) -> Binary:
    return Binary(left.start, right.end, Type("boolean"), "==", left, right)


def _two_valued(found: Column) -> Truth:
    return sa.func.coalesce(found, sa.false(), type_=sa.Boolean())


def _typed(one: Column, other: Column) -> TypeEngine[Any]:
    return other.type if isinstance(one.type, sa.types.NullType) else one.type
