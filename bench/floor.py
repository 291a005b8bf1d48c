"""The floor: what a careful person writes by hand with Flask and SQLAlchemy Core.

It does what the product promises for the same requests: the token is looked up in the database,
the same scope predicate, the same validation, the same columns and JSON, the total; a write also
leaves one change row and one outbox row in its transaction. It can do nothing else.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, request
from sqlalchemy import event

from bench.subject import CATEGORIES

metadata = sa.MetaData()


class Cents(sa.types.TypeDecorator[Decimal]):
    """NUMERIC where there is one; SQLite has no decimals, so whole hundredths there."""

    impl = sa.Numeric(28, 2)
    cache_ok = True

    def __init__(self, places: int = 2) -> None:
        super().__init__()
        self.places = places

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(28, self.places))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(Decimal(value).scaleb(self.places))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return Decimal(value).scaleb(-self.places)


org = sa.Table(
    "org",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("parent", sa.Integer),
)
person = sa.Table(
    "person",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("org", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
token = sa.Table(
    "token",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("person", sa.Integer, nullable=False),
)
contract = sa.Table(
    "contract",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("number", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("org", sa.Integer, nullable=False),
    sa.Column("owner", sa.Integer),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Integer),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Integer),
    sa.Column("deleted_at", sa.DateTime(timezone=True)),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("partner", sa.Text),
    sa.Column("amount", Cents(), nullable=False),
    sa.Column("paid", Cents()),
    sa.Column("rest", Cents()),
    sa.Column("rate", Cents(6)),
    sa.Column("signed_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date),
    sa.Column("urgent", sa.Boolean),
    sa.Column("note", sa.Text),
    sa.Index("ix_contract_org", "org", "id"),
    sa.Index("ix_contract_owner", "owner"),
    sa.Index("ix_contract_status", "status"),
    sa.Index("ix_contract_category", "category"),
)
# The order of the list, behind its filter and alone, with what else is asked inside the index; and
# what a count within a scope needs.
living: dict[str, Any] = {
    f"{dialect}_where": contract.c.deleted_at.is_(None) for dialect in ("sqlite", "postgresql")
}
in_order = (contract.c.signed_on.desc(), contract.c.id, contract.c.org, contract.c.amount)
sa.Index("ix_contract_list", contract.c.category, *in_order, **living)
sa.Index("ix_contract_signed", *in_order, contract.c.category, **living)
sa.Index("ix_contract_count", contract.c.org, contract.c.category, contract.c.amount, **living)
change = sa.Table(
    "change",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("actor", sa.Integer),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("object", sa.BigInteger, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)

FIELDS = (
    "code", "name", "category", "partner", "amount", "paid", "rate", "signed_on", "ends_on",
    "urgent", "note",
)  # fmt: skip
SYSTEM = (
    "id", "revision", "number", "status", "state", "org", "owner", "created_at", "created_by",
    "updated_at", "updated_by",
)  # fmt: skip
SHOWN = (*SYSTEM, *FIELDS, "rest")


def open_engine(url: str) -> sa.Engine:
    """The same settings of the database as ours."""
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_size=10, connect_args={"options": "-c timezone=UTC"})
    engine = sa.create_engine(
        url, connect_args={"check_same_thread": False, "isolation_level": None}, pool_size=10
    )

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=15000")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-16000")

    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begun)
    return engine


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Fault(Exception):
    def __init__(self, status: int, code: str, fields: list[dict[str, str]] | None = None) -> None:
        self.status, self.code, self.fields = status, code, fields or []


class House:
    """The hand-written application."""

    def __init__(self, url: str) -> None:
        engine = open_engine(url)
        self.writer = engine.execution_options(writes=True)
        sqlite = url.startswith("sqlite")
        self.reader = engine if sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            rows = connection.execute(sa.select(org)).all()
            self.codes = {row.id: row.code for row in rows}
            self.keys = {row.code: row.id for row in rows}
            self.children: dict[int, list[int]] = {}
            for row in rows:
                self.children.setdefault(row.parent, []).append(row.id)
            self.logins = {row.id: row.login for row in connection.execute(sa.select(person)).all()}
        self.scopes: dict[int, list[int]] = {}
        visible = contract.c.org.in_(sa.bindparam("orgs", expanding=True))
        living = contract.c.deleted_at.is_(None)
        self.who = (
            sa.select(person.c.id, person.c.login, person.c.org, person.c.active)
            .join(token, token.c.person == person.c.id)
            .where(token.c.hash == sa.bindparam("hash"))
        )
        columns = [contract.c[name] for name in SHOWN]
        asked = sa.and_(
            living,
            contract.c.category == sa.bindparam("category"),
            contract.c.amount > sa.bindparam("least"),
        )
        wanted = sa.and_(asked, visible)
        # with the sign SQLite walks the order and does not sort all that is in scope
        unsigned = sa.type_coerce(contract.c.org, sa.Integer())
        signed = unsigned.op("+")(sa.literal_column("0")) if sqlite else unsigned
        first = sa.and_(asked, signed.in_(sa.bindparam("orgs", expanding=True)))
        self.listed = (
            sa.select(*columns)
            .where(first)
            .order_by(contract.c.signed_on.desc(), contract.c.id)
            .limit(sa.bindparam("size"))
            .offset(sa.bindparam("skip"))
        )
        self.counted = sa.select(sa.func.count()).select_from(contract).where(wanted)
        some = sa.select(contract.c.id).where(wanted).limit(10_001).subquery()
        self.capped = sa.select(sa.func.count()).select_from(some)
        self.one = sa.select(*columns).where(contract.c.id == sa.bindparam("id"), living, visible)
        locked = self.one if sqlite else self.one.with_for_update()
        self.locked = locked

    def person(self, connection: sa.Connection) -> sa.Row[*tuple[Any, ...]]:
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
        row = connection.execute(self.who, {"hash": hashed(secret)}).first()
        if row is None or not row.active:
            raise Fault(401, "not-signed-in")
        return row

    def orgs(self, who: sa.Row[*tuple[Any, ...]]) -> list[int]:
        found = self.scopes.get(who.id)
        if found is None:
            found, todo = [], [who.org]
            while todo:
                found.append(todo.pop())
                todo += self.children.get(found[-1], [])
            self.scopes[who.id] = found
        return found

    def shown(self, row: Any) -> dict[str, Any]:
        record = dict(zip(SHOWN, row, strict=True))
        record["org"] = self.codes[record["org"]]
        for name in ("owner", "created_by", "updated_by"):
            if record[name] is not None:
                record[name] = self.logins[record[name]]
        return record


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(type(value))


def answer(body: Any, status: int = 200, etag: str | None = None) -> Response:
    content = orjson.dumps(body, default=plain, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)
    response = Response(content, status, mimetype="application/json")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    if etag is not None:
        response.headers["ETag"] = etag
    return response


def number(value: Any, path: str, faults: list[dict[str, str]], places: int) -> Decimal | None:
    if value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        faults.append({"path": path, "code": "not-a-number"})
        return None
    if -found.as_tuple().exponent > places:  # type: ignore[operator]  # never NaN from JSON
        faults.append({"path": path, "code": "number-too-precise"})
    return found


def day(value: Any, path: str, faults: list[dict[str, str]]) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        faults.append({"path": path, "code": "not-a-date"})
        return None


def parsed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The writable values of a request. Raises Fault naming every field that is wrong."""
    faults = [{"path": k, "code": "unknown-field"} for k in body if k not in (*FIELDS, "org")]
    if faults:
        raise Fault(400, "not-writable-fields", faults)
    values: dict[str, Any] = {}
    for name in ("code", "name", "category", "partner", "note"):
        if name in body:
            value = body[name]
            if value is not None and not isinstance(value, str):
                faults.append({"path": name, "code": "not-text"})
            values[name] = value or None
    for name, places in (("amount", 2), ("paid", 2), ("rate", 6)):
        if name in body:
            values[name] = number(body[name], name, faults, places)
    for name in ("signed_on", "ends_on"):
        if name in body:
            values[name] = day(body[name], name, faults)
    if "urgent" in body:
        if not isinstance(body["urgent"], bool | None):
            faults.append({"path": "urgent", "code": "not-a-boolean"})
        values["urgent"] = body["urgent"]
    if faults:
        raise Fault(422, "invalid", faults)
    return values


def judge(record: Mapping[str, Any]) -> None:
    faults: list[dict[str, str]] = []
    for name in ("code", "name", "category", "amount", "signed_on"):
        if record.get(name) is None:
            faults.append({"path": name, "code": "required"})
    if record.get("category") not in (None, *CATEGORIES):
        faults.append({"path": "category", "code": "not-a-choice"})
    for name in ("amount", "paid", "rate"):
        if record.get(name) is not None and record[name] < 0:
            faults.append({"path": name, "code": "too-small"})
    if record.get("rate") is not None and record["rate"] > 1:
        faults.append({"path": "rate", "code": "too-large"})
    if not faults:
        if record.get("ends_on") is not None and record["ends_on"] < record["signed_on"]:
            faults.append({"path": "ends_on", "code": "dates"})
        if record.get("paid") is not None and record["paid"] > record["amount"]:
            faults.append({"path": "paid", "code": "paid"})
    if faults:
        raise Fault(422, "invalid", faults)


def follow(
    connection: sa.Connection, who: Any, now: datetime, action: str, id_: int, body: Any
) -> None:
    """History and what must follow, in the same transaction."""
    text = orjson.dumps(body, default=plain, option=orjson.OPT_SORT_KEYS).decode()
    connection.execute(
        sa.insert(change),
        {"at": now, "actor": who.id, "action": action, "object": id_, "body": text},
    )
    payload = orjson.dumps({"form": "contract", "id": id_}).decode()
    connection.execute(
        sa.insert(outbox),
        {"topic": f"record.{action}", "payload": payload, "created_at": now, "state": "ready"},
    )


def create_app() -> Flask:
    app = Flask("floor")
    house = House(os.environ["FLOOR_DATABASE_URL"])

    @app.errorhandler(Fault)
    def refused(fault: Fault) -> Response:
        return answer({"error": {"code": fault.code, "fields": fault.fields}}, fault.status)

    @app.get("/readyz")
    def ready() -> Response:
        return answer({"status": "ready"})

    @app.get("/contracts")
    def contracts() -> Response:
        size = min(int(request.args.get("size", 20)), 200)
        page = max(int(request.args.get("page", 1)), 1)
        with house.reader.connect() as connection:
            who = house.person(connection)
            values = {
                "orgs": house.orgs(who),
                "category": request.args["category"],
                "least": Decimal(request.args["least"]),
            }
            rows = connection.execute(
                house.listed, {**values, "size": size, "skip": (page - 1) * size}
            )
            items = [house.shown(row) for row in rows]
            body: dict[str, Any] = {"items": items, "page": page, "size": size}
            counted = house.capped if request.args.get("count") == "capped" else house.counted
            body["total"] = connection.execute(counted, values).scalar()
        return answer(body)

    @app.get("/contracts/<int:id_>")
    def read(id_: int) -> Response:
        with house.reader.connect() as connection:
            who = house.person(connection)
            row = connection.execute(house.one, {"id": id_, "orgs": house.orgs(who)}).first()
        if row is None:
            raise Fault(404, "no-such-record")
        return answer(house.shown(row), etag=f'"{row.revision}"')

    @app.post("/contracts")
    def create() -> Response:
        with house.reader.connect() as connection:
            who = house.person(connection)
        body = orjson.loads(request.get_data())
        values = parsed(body)
        values.setdefault("paid", Decimal(0))
        judge(values)
        key = house.keys.get(body.get("org"))
        if key is None or key not in house.orgs(who):
            raise Fault(422, "org-out-of-reach")
        if values.get("paid") is not None:
            values["rest"] = values["amount"] - values["paid"]
        now = datetime.now(UTC)
        row = {
            **dict.fromkeys(FIELDS),
            **values,
            "revision": 1,
            "org": key,
            "owner": who.id,
            "created_at": now,
            "created_by": who.id,
            "updated_at": now,
            "updated_by": who.id,
        }
        try:
            with house.writer.begin() as connection:
                taken = sa.select(contract.c.id).where(contract.c.code == row["code"])
                if connection.execute(taken).first() is not None:
                    raise Fault(422, "invalid", [{"path": "code", "code": "taken"}])
                made = connection.execute(sa.insert(contract).returning(contract.c.id), row)
                id_ = made.scalar_one()
                told = {name: [None, _told(values.get(name))] for name in values}
                follow(connection, who, now, "created", id_, told)
        except sa.exc.IntegrityError:
            raise Fault(422, "invalid", [{"path": "code", "code": "taken"}]) from None
        shown = {name: row.get(name) for name in SHOWN}
        shown |= {"id": id_, "org": body["org"], "owner": who.login}
        shown |= {"created_by": who.login, "updated_by": who.login}
        return answer(shown, 201, '"1"')

    @app.patch("/contracts/<int:id_>")
    def update(id_: int) -> Response:
        expected = request.headers.get("If-Match")
        if expected is None:
            raise Fault(428, "if-match-missing")
        with house.reader.connect() as connection:
            who = house.person(connection)
        values = parsed(orjson.loads(request.get_data()))
        now = datetime.now(UTC)
        with house.writer.begin() as connection:
            found = connection.execute(house.locked, {"id": id_, "orgs": house.orgs(who)}).first()
            if found is None:
                raise Fault(404, "no-such-record")
            before = dict(zip(SHOWN, found, strict=True))
            if expected.strip('"') != str(before["revision"]):
                raise Fault(412, "stale")
            after = {**before, **values}
            judge(after)
            after["rest"] = None if after["paid"] is None else after["amount"] - after["paid"]
            touched = {k: after[k] for k in (*FIELDS, "rest") if before[k] != after[k]}
            touched |= {"updated_at": now, "updated_by": who.id}
            connection.execute(
                sa.update(contract)
                .where(contract.c.id == id_, contract.c.revision == before["revision"])
                .values(revision=contract.c.revision + 1, **touched)
            )
            told = {k: [_told(before[k]), _told(after[k])] for k in touched if k in FIELDS}
            follow(connection, who, now, "updated", id_, told)
        after |= {"revision": before["revision"] + 1, "updated_at": now, "updated_by": who.id}
        after["org"] = house.codes[after["org"]]
        for name in ("owner", "created_by", "updated_by"):
            after[name] = None if after[name] is None else house.logins[after[name]]
        return answer(after, etag=f'"{after["revision"]}"')

    return app


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
