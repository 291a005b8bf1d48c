"""A small form and its rows, for tests of expressions: the same records in every target."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from jingwei.catalogue.scopes import record_scope
from jingwei.language.definition import Origin
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment, NoWorld
from jingwei.language.expressions.links import held
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Expression, Node, Root, Source, Type
from jingwei.language.form import Choice, Field, Form, Related
from jingwei.language.organisation import OrgType, OrgTypes
from jingwei.language.periods import Period
from jingwei.language.text import Text
from jingwei.language.values import Literal_
from jingwei.problems import Position
from jingwei.storage import sql_links
from jingwei.storage.sql_names import SqlRows
from jingwei.storage.types import (
    CODE_POINT_TEXT,
    Day,
    Instant,
    JsonText,
    PeriodKey,
    ScaledDecimal,
    Several,
    TimeOfDay,
)

HERE = Position("forms/order.yaml")
ORIGIN = Origin("forms/order.yaml", {}, {})
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 15)


def field_of(name: str, type_: str, table: str | None = None, **more: Any) -> Field:
    return Field(name=name, type=type_, title=Text.plain(name), at=HERE, table=table, **more)


def form_of(name: str, fields: Iterable[Field], **more: Any) -> Form:
    return Form(
        kind="form",
        name=name,
        title=Text.plain(name),
        origin=ORIGIN,
        fields={f.name: f for f in fields},
        **more,
    )


COLOURS = tuple(Choice(code=c, title=Text.plain(c)) for c in ("red", "green", "blue"))
CNY = Literal_("CNY", HERE)
LINE_FIELDS = (
    field_of("x", "money", "lines"),
    field_of("y", "number", "lines"),
    field_of("s", "text", "lines"),
    field_of("day", "date", "lines"),
    field_of("ok", "boolean", "lines"),
)
ORDER = form_of(
    "order",
    (
        field_of("a", "money"),
        field_of("b", "money"),
        field_of("r", "percent"),
        field_of("n", "number"),
        field_of("k", "integer"),
        field_of("t", "text"),
        field_of("u", "text"),
        field_of("c", "choice", choices=COLOURS),
        field_of("many", "choice", choices=COLOURS, many=True),
        field_of("d", "date"),
        field_of("e", "date"),
        field_of("i", "datetime"),
        field_of("at", "time"),
        field_of("took", "duration"),
        field_of("p", "period", grain="month"),
        field_of("q", "period"),
        field_of("flag", "boolean"),
        field_of("yuan", "money", unit=CNY),
        field_of("link", "link", to=("task",)),
        field_of("jobs", "link", to=("task",), many=True),
        field_of("about", "link", to=("order", "task")),
        field_of("abouts", "link", to=("order", "task"), many=True),
        field_of("lines", "table", fields={f.name: f for f in LINE_FIELDS}, unique_rows=("s",)),
    ),
    related={
        "tasks": Related(name="tasks", form="task", by="order", title=Text.plain("tasks")),
    },
)
TASK = form_of(
    "task",
    (
        field_of("order", "link", to=("order",)),
        field_of("title", "text"),
        field_of("due", "date"),
        field_of("cost", "money"),
        field_of("done", "boolean"),
        field_of("x", "money"),
        field_of("y", "number"),
        field_of("s", "text"),
        field_of("day", "date"),
        field_of("ok", "boolean"),
    ),
)


def _titled(*names: str) -> dict[str, Any]:
    return {name: SimpleNamespace(title=Text.plain(f"title of {name}")) for name in names}


def catalogue() -> Any:
    """The definitions that scopes look at, without compiling anything."""
    types = OrgTypes(
        kind="org_types",
        name="org_types",
        title=Text.plain("types"),
        origin=ORIGIN,
        types={
            "group": OrgType(name="group", title=Text.plain("group")),
            "sector": OrgType(name="sector", title=Text.plain("sector"), above=("group",)),
        },
    )
    return SimpleNamespace(
        forms={"order": ORDER, "task": TASK},
        org_types=types,
        orgs=_titled("G", "S1", "HY01"),
        indicators={},
        indicator_sets={},
        profiles=_titled("engineering", "parks"),
        roles=_titled("auditor"),
        posts=_titled("planner"),
        code_lists={},
        _titled={},
    )


def order_scope() -> Scope:
    return record_scope(catalogue(), ORDER)


# -- records

TEXTS = (None, "a", "B", "ab", "红旗", "é", "😀x", " a ", "Z", "10", "9", "ä b")


def some(choose: random.Random, values: Iterable[Any]) -> Any:
    return choose.choice(list(values))


def money(choose: random.Random) -> Decimal | None:
    return some(
        choose,
        (
            None,
            Decimal("0.00"),
            Decimal(choose.randint(-(10**6), 10**6)).scaleb(-2),
            Decimal(choose.randint(-300, 300)),
            Decimal(choose.randint(-(10**13), 10**13)).scaleb(-2),
        ),
    )


def day(choose: random.Random) -> date | None:
    return some(choose, (None, TODAY, TODAY + timedelta(days=choose.randint(-500, 500))))


def period(choose: random.Random, grain: str | None = None) -> Period | None:
    chosen = grain or some(choose, ("year", "half", "quarter", "month"))
    held = Period.containing(TODAY + timedelta(days=choose.randint(-800, 800)), chosen)
    return some(choose, (None, held, held))


def line(choose: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "x": money(choose),
        "y": some(choose, (None, Decimal(choose.randint(-(10**6), 10**6)).scaleb(-4))),
        "s": some(choose, TEXTS),
        "day": day(choose),
        "ok": some(choose, (None, True, False)),
    }


def tasks(seed: int = 3) -> dict[int, dict[str, Any]]:
    """What `jobs` holds, by id; some were deleted, and of some nothing is left."""
    choose = random.Random(seed)
    found = {number: line(choose, number) for number in range(1, 9)}
    for number, task in found.items():
        task["deleted_at"] = datetime(2026, 1, 1, tzinfo=UTC) if number == 3 else None
    return found


TASKS_HELD = tasks()


class Linked(NoWorld):
    """The world that links of many lead into."""

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> list[tuple[Mapping[str, Any], None]]:
        if source.form is None:
            pairs = [{"form": f, "id": i} for f, i in held(source, environment)]
            return [({"id": pair, "form": pair["form"]}, None) for pair in pairs]
        ids = [i for _, i in held(source, environment) if i in TASKS_HELD]
        return [(TASKS_HELD[i], None) for i in ids if TASKS_HELD[i]["deleted_at"] is None]


def some_ids(choose: random.Random) -> list[int] | None:
    return choose.sample(range(1, 11), choose.randint(0, 4)) or None


def of_some_form(choose: random.Random) -> dict[str, Any]:
    return {"form": some(choose, ("order", "task")), "id": choose.randint(1, 9)}


def unlike(choose: random.Random) -> list[dict[str, Any]]:
    ids = choose.sample(range(1, 10), choose.randint(1, 3))
    return [{"form": some(choose, ("order", "task")), "id": one} for one in ids]


def records(count: int = 40, seed: int = 7) -> list[dict[str, Any]]:
    choose = random.Random(seed)
    return [record(choose, number) for number in range(1, count + 1)]


def record(choose: random.Random, number: int) -> dict[str, Any]:
    instant = datetime(2026, 3, 15, 15, 59, tzinfo=UTC) + timedelta(minutes=choose.randint(-4, 4))
    lines = [line(choose, number * 100 + i) for i in range(choose.randint(0, 4))]
    return {
        "id": number,
        "a": money(choose),
        "b": money(choose),
        "r": some(choose, (None, Decimal(choose.randint(-(10**6), 10**6)).scaleb(-6))),
        "n": some(choose, (None, Decimal(choose.randint(-(10**8), 10**8)).scaleb(-4))),
        "k": some(choose, (None, 0, choose.randint(-9, 9), choose.randint(-(10**6), 10**6))),
        "t": some(choose, TEXTS),
        "u": some(choose, TEXTS),
        "c": some(choose, (None, "red", "green", "blue")),
        "many": some(choose, (None, ["red"], ["green", "blue"])),
        "d": day(choose),
        "e": day(choose),
        "i": some(choose, (None, instant)),
        "at": some(choose, (None, time(8, 30), time(8, 30, 1), time(17), time(0))),
        "took": some(choose, (None, 0, 5_400, 28_800, 259_200, 1_209_600)),
        "p": period(choose, "month"),
        "q": period(choose),
        "flag": some(choose, (None, True, False)),
        "yuan": money(choose),
        "link": None,
        "lines": lines,
        "jobs": some_ids(choose),
        "about": some(choose, (None, of_some_form(choose), of_some_form(choose))),
        "abouts": some(choose, (None, [*unlike(choose)])),
    }


VARIABLES: Mapping[str, Any] = {
    "today": TODAY,
    "now": datetime(2026, 3, 15, 8, 0, tzinfo=UTC),
    "me": "li.na",
}


def environment(values: Mapping[str, Any], world: Any = None) -> Environment:
    return Environment(
        values, variables=VARIABLES, world=world if world is not None else Linked(), zone=ZONE
    )


def value(source: str, world: Any = None, **values: Any) -> Any:
    """What the expression yields on an order with these values."""
    return closure(check(source, order_scope()))(environment(values, world))


# -- the same records in a database

METADATA = sa.MetaData()
ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.BigInteger(), primary_key=True),
    *(sa.Column(n, ScaledDecimal(2)) for n in ("a", "b", "yuan")),
    sa.Column("r", ScaledDecimal(6)),
    sa.Column("n", ScaledDecimal(4)),
    sa.Column("k", sa.BigInteger()),
    *(sa.Column(n, CODE_POINT_TEXT) for n in ("t", "u", "c")),
    sa.Column("many", Several(sa.Text())),
    *(sa.Column(n, Day()) for n in ("d", "e")),
    sa.Column("i", Instant()),
    sa.Column("at", TimeOfDay()),
    sa.Column("took", sa.BigInteger()),
    *(sa.Column(n, PeriodKey()) for n in ("p", "q")),
    sa.Column("flag", sa.Boolean()),
    sa.Column("link", sa.BigInteger()),
    sa.Column("jobs", Several(sa.BigInteger())),
    sa.Column("about", sa.BigInteger()),
    sa.Column("about.form", CODE_POINT_TEXT),
    sa.Column("abouts", JsonText()),
)
TASKS = sa.Table(
    "tasks",
    METADATA,
    sa.Column("id", sa.BigInteger(), primary_key=True),
    sa.Column("deleted_at", Instant()),
    sa.Column("x", ScaledDecimal(2)),
    sa.Column("y", ScaledDecimal(4)),
    sa.Column("s", CODE_POINT_TEXT),
    sa.Column("day", Day()),
    sa.Column("ok", sa.Boolean()),
)
LINES = sa.Table(
    "lines",
    METADATA,
    sa.Column("id", sa.BigInteger(), primary_key=True),
    sa.Column("record_id", sa.BigInteger()),
    sa.Column("position", sa.Integer()),
    sa.Column("x", ScaledDecimal(2)),
    sa.Column("y", ScaledDecimal(4)),
    sa.Column("s", CODE_POINT_TEXT),
    sa.Column("day", Day()),
    sa.Column("ok", sa.Boolean()),
)


def fill(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    METADATA.create_all(connection)
    connection.execute(TASKS.insert(), list(TASKS_HELD.values()))
    for row in rows:
        own = {name: row.get(name) for name in ORDERS.c.keys()}  # noqa: SIM118  # columns, not a dict
        about = row.get("about") or {}
        own |= {"about": about.get("id"), "about.form": about.get("form")}
        connection.execute(ORDERS.insert(), own)
        for place, line_ in enumerate(row["lines"]):
            values = {**line_, "record_id": row["id"], "position": place}
            connection.execute(LINES.insert(), values)


@dataclass(frozen=True)
class Names:
    """The names of an order, or of one of its lines, in a statement."""

    dialect: Any
    tables: Mapping[str, sa.FromClause] = field(default_factory=lambda: {"record": ORDERS})
    zone: str = "Asia/Shanghai"

    def column(self, root: Root, name: str) -> sa.ColumnElement[Any]:
        table = self.tables.get(root) if root != "this" else ORDERS
        assert table is not None, root
        return table.c[name]

    def variable(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        return sa.bindparam(f"v_{name}", VARIABLES[name], type_=type_)

    def type(self, type_: Type) -> Any:
        return None

    def member(self, kind: str, owner: Any, name: str) -> Any:
        return None

    def text(self, kind: str, owner: Any) -> Any:
        return owner

    def linked(self, form: str, key: Any) -> SqlRows:
        raise AssertionError(form)

    def reachable(self, form: str, link: Any) -> Any:
        raise AssertionError(form)

    def rows(self, source: Source, around: Any = None) -> SqlRows:
        assert around is None, "conditions over lists only go behind links"
        if source.origin == "link":
            return self._held(source)
        lines = LINES.alias()
        owner = self.tables[source.root]
        names = Names(self.dialect, {"record": lines, "parent": owner})
        return SqlRows(
            names,
            lines,
            (lines,),
            (lines.c.record_id == owner.c.id,),
            (lines.c.position, lines.c.id),
        )

    def _held(self, source: Source) -> SqlRows:
        held_ = sql_links.held(self.column(source.root, source.name), self.dialect)
        if source.form is None:
            of_held = {"id": held_.id, "form": held_.form}
            pair: Any = SimpleNamespace(c=of_held)
            names = Names(self.dialect, {"record": pair})
            return SqlRows(names, held_.rows, (held_.rows,), (), (held_.place,))
        held_first, tasks_ = sql_links.records(held_, TASKS.alias(), "id", self.dialect)
        names = Names(self.dialect, {"record": tasks_})
        living = tasks_.c.deleted_at.is_(None)
        return SqlRows(names, held_first, (held_.rows, tasks_), (living,), (held_.place,))

    def is_below(self, org: Any, of: Any) -> Any:
        raise AssertionError


def checked(source: str) -> Expression:
    return check(source, order_scope())
