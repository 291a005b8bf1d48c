"""A release before it is published: its keys, its tables, and queries over the rows of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import inspect, select

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.tree import Expression
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.names import PhysicalNames
from jingwei.storage.orgs import kept_keys
from jingwei.storage.people import refresh_book
from jingwei.storage.plan import Plan, plan_on
from jingwei.storage.query import Query, RowScope, ScopeTerm
from jingwei.storage.records import RecordStore
from jingwei.storage.releases import active_release, read_names
from jingwei.storage.runtime import read_parents
from jingwei.storage.tables_releases import sys_name


@contextmanager
def looking(database: Database) -> Iterator[Connection]:
    """One snapshot for a long look; whatever is made in it (temporary views) is undone."""
    engine = database.engine
    if not database.is_sqlite:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            if not database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                # many short counts: compiling each takes longer than running it
                connection.exec_driver_sql("SET LOCAL jit = off")
            yield connection
        finally:
            transaction.rollback()


def foreseen_names(connection: Connection, catalogue: Catalogue, plan: Plan) -> PhysicalNames:
    """The names the release would have. New orgs, roles … get keys that no row has; an earlier
    release has its own."""
    if plan.back_to is not None:
        return plan.names
    base = active_release(connection)
    was = read_names(connection, base.id).keys if base else {}
    known = {(row.kind, row.name): row.key for row in connection.execute(select(sys_name))}
    keys, fresh = kept_keys(catalogue, was, known)
    following = max(known.values(), default=0) + 1
    for number, (kind, name) in enumerate(fresh):
        keys[kind][name] = following + number
    return replace(plan.names, keys=keys)


def foreseen_store(
    database: Database,
    connection: Connection,
    catalogue: Catalogue,
    zone: str,
    plan: Plan | None = None,
) -> RecordStore:
    """A store of the release as it would be. Where columns are missing yet, call `shadow`."""
    plan = plan or plan_on(connection, catalogue, values=False)
    names = foreseen_names(connection, catalogue, plan)
    rows = {row.key: (row.kind, row.name) for row in connection.execute(select(sys_name))}
    for kind, keys in names.keys.items():
        rows |= {key: (kind, name) for name, key in keys.items()}
    book = NameBook((key, kind, name) for key, (kind, name) in rows.items())
    refresh_book(connection, database.people)
    return RecordStore(database, catalogue, names, book, read_parents(connection), zone)


def shadow(connection: Connection, plan: Plan, store: RecordStore) -> None:
    """Temporary views and tables in front of the real ones: with every column that would be
    added, empty, or as it was under another formula; one that a publication which was killed left
    there is as it stands."""
    schema = "main" if connection.dialect.name == "sqlite" else _schema(connection)
    ddl = Ddl(connection.dialect, store.names)
    tables = {t.name: t for t in plan.names.tables.values()}
    for form, part in ddl.new_tables(set(plan.allotment.new_tables)):
        physical = store.names.table(form, part)
        columns = ", ".join(
            f'NULL AS "{c}"'
            if connection.dialect.name == "sqlite"
            else f'CAST(NULL AS {_type(connection, physical.types[k])}) AS "{c}"'
            for k, c in physical.columns.items()
        )
        connection.exec_driver_sql(
            f'CREATE TEMPORARY VIEW "{physical.name}" AS SELECT {columns} WHERE 1 = 0'
        )
    # what will be worked out anew shows what it is now, where the type is the same
    as_it_was = {
        (r.table, r.new_column): f't."{r.old_column}"'
        for r in plan.allotment.recomputed
        if r.old_type == r.new_type
    }
    added: dict[str, list[str]] = {}
    for table, key in plan.allotment.new_columns:
        added.setdefault(table, []).append(key)
    for table, keys in added.items():
        physical = tables[table]
        there = {column["name"] for column in inspect(connection).get_columns(table)}
        more = "".join(
            f", CAST({as_it_was.get((table, physical.columns[key]), 'NULL')} "
            f'AS {_type(connection, physical.types[key])}) AS "{physical.columns[key]}"'
            for key in keys
            if physical.columns[key] not in there
        )
        connection.exec_driver_sql(
            f'CREATE TEMPORARY VIEW "{table}" AS SELECT t.*{more} FROM "{schema}"."{table}" AS t'
        )


def _schema(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())


def _type(connection: Connection, word: str) -> str:
    type_ = sql_type(word, NameBook(()), PersonBook())
    words: str = type_.compile(dialect=connection.dialect)
    return words.partition(" COLLATE")[0]


# --- who sees which rows -------------------------------------------------------------------------


def count_moved(
    connection: Connection,
    before: tuple[RecordStore, str, RowScope],
    after: tuple[RecordStore, str, RowScope],
    variables: dict[str, Any],
) -> tuple[int, int]:
    """Living records that only `after` gives, and that only `before` gives (store, form, scope):
    two sets of ids laid side by side."""
    old, new = _ids(*before, variables), _ids(*after, variables)
    if old is None or new is None:
        gained = _count(connection, new) if new is not None else 0
        return gained, _count(connection, old) if old is not None else 0
    found = connection.exec_driver_sql(
        "SELECT count(*) FILTER (WHERE o.c0 IS NULL), count(*) FILTER (WHERE n.c0 IS NULL) "
        f"FROM ({old[0]}) AS o FULL JOIN ({new[0]}) AS n ON n.c0 = o.c0",
        (*old[1], *new[1]),
    ).one()
    return found[0], found[1]


Patterns = Mapping[tuple[int | None, tuple[bool, ...]], int]
# a store, its name of the form, and the conditions that it asks
Asked = tuple[RecordStore, str, Sequence[Expression]]


def count_patterns(connection: Connection, asked: Sequence[Asked], variables: Any) -> Patterns:
    """Living records of a form by org (its key) and by which conditions hold: one pass over the
    table for each store answers for everybody whose rights depend on these alone. At least one
    must be asked; where there are several, the first has every record that counts."""
    texts, columns = [], ["a0.c1"]
    values: list[Any] = []
    for number, (store, form, conditions) in enumerate(asked):
        scope = RowScope(tuple(ScopeTerm(where=condition) for condition in conditions))
        query = Query(form, (), scope, page=None, variables=variables)
        found = store.text_of(query, holding=True)
        columns += [f"a{number}.c{2 + i}" for i in range(len(conditions))]
        beside = f" ON a{number}.c0 = a0.c0" if number else ""
        texts.append(f"({found[0]}) AS a{number}{beside}")
        values += found[1]
    groups = ", ".join(str(i + 1) for i in range(len(columns)))
    rows = connection.exec_driver_sql(
        f"SELECT {', '.join(columns)}, count(*) FROM {' LEFT JOIN '.join(texts)} GROUP BY {groups}",
        tuple(values),
    )
    patterns: Counter[tuple[int | None, tuple[bool, ...]]] = Counter()
    for row in rows:  # what is unknown does not hold
        patterns[row[0], tuple(bool(x) for x in row[1:-1])] += row[-1]
    return patterns


def _count(connection: Connection, found: tuple[str, tuple[Any, ...]]) -> int:
    counted: int = connection.exec_driver_sql(
        f"SELECT count(*) FROM ({found[0]}) AS x", found[1]
    ).scalar_one()
    return counted


def _ids(
    store: RecordStore, form: str, scope: RowScope, variables: dict[str, Any]
) -> tuple[str, tuple[Any, ...]] | None:
    if not scope.terms:
        return None
    return store.text_of(Query(form, ("id",), scope, page=None, variables=variables))
