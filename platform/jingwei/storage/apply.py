"""A catalogue made the active release: in one step or not at all, and only by adding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import insert, text, update

import jingwei
from jingwei.catalogue.catalogue import Catalogue
from jingwei.refusals import Conflict, NotFound
from jingwei.storage.convert import fill_retyped
from jingwei.storage.database import Connection, Database
from jingwei.storage.full_text_fill import fill_texts
from jingwei.storage.locks import PUBLISH_LOCK, lock_exclusively
from jingwei.storage.names import PhysicalNames
from jingwei.storage.orgs import allot_keys, restore_keys, write_orgs
from jingwei.storage.plan import Plan, plan_on
from jingwei.storage.releases import (
    Release,
    active_release,
    find_release,
    read_files,
    read_names,
    store_release,
)
from jingwei.storage.tables_releases import sys_column, sys_table

LOCK_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes, when and why. `base`: the release the author worked from; None: unknown,
    which is enough unless the studio published what runs. `locale`: of the plan's words."""

    author: str
    now: datetime
    today: date
    comment: str | None = None
    base: int | None = None
    source: Literal["folder", "studio"] = "folder"
    fingerprint: str | None = None  # of the saved plan that is applied
    locale: str = "zh"


def apply(database: Database, catalogue: Catalogue, publication: Publication) -> Release:
    """Publish `catalogue`; when it runs already, the active release is the answer.

    Raises Conflict: `base-moved` when something else was published since the author's base,
    `plan-blocked` when the data stand in the way; TryAgain when writers kept the lock for too long.
    Nothing has changed then.
    """
    with database.writing() as connection:
        _take_over(connection)
        active = active_release(connection)
        _check_base(connection, active, catalogue, publication)
        plan = plan_on(connection, catalogue)
        if active is not None and plan.is_empty:
            return active
        if plan.blocked_by:
            words = [step.message(publication.locale) for step in plan.blocked_by]
            raise Conflict("plan-blocked", steps="; ".join(words))
        return _publish(connection, database, catalogue, plan, active, publication)


def check_base(database: Database, catalogue: Catalogue, publication: Publication) -> None:
    """Raises Conflict `base-moved` or `plan-outdated`, as `apply` would."""
    with database.reading() as connection:
        _check_base(connection, active_release(connection), catalogue, publication)


def _take_over(connection: Connection) -> None:
    lock_exclusively(connection, PUBLISH_LOCK, timeout_seconds=LOCK_TIMEOUT_SECONDS)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def _check_base(
    connection: Connection,
    active: Release | None,
    catalogue: Catalogue,
    publication: Publication,
) -> None:
    if publication.fingerprint not in (None, catalogue.fingerprint):
        raise Conflict("plan-outdated")
    if active is None or publication.base == active.id:
        return
    if publication.base is None and active.source != "studio":
        return
    changed = _changed_since(connection, publication.base, active)
    raise Conflict(
        "base-moved",
        detail={"active": active.id, "changed": changed},
        active=active.id,
        author=active.author,
        files=", ".join(changed),
    )


def _changed_since(connection: Connection, base: int | None, active: Release) -> list[str]:
    """Paths that differ between the author's base and what runs."""
    start = base if base is not None else active.parent
    was = read_files(connection, start) if start is not None else {}
    now = read_files(connection, active.id)
    return sorted(p for p in set(was) | set(now) if was.get(p) != now.get(p))


def _publish(
    connection: Connection,
    database: Database,
    catalogue: Catalogue,
    plan: Plan,
    active: Release | None,
    publication: Publication,
) -> Release:
    release = Release(
        id=active.id + 1 if active else 1,
        parent=active.id if active else None,
        fingerprint=catalogue.fingerprint,
        engine=jingwei.__version__,
        language=catalogue.manifest.language,
        author=publication.author,
        comment=publication.comment,
        at=publication.now,
        source=publication.source,
    )
    base = read_names(connection, active.id).keys if active else {}
    keys = allot_keys(connection, catalogue, base)
    for statement in plan.statements:
        connection.exec_driver_sql(statement)
    write_ledger(connection, plan, release.id)
    fill_retyped(connection, plan.allotment.retypes, database.people, keys)
    names = replace(plan.names, keys=keys)
    fill_texts(connection, catalogue, names, keys)
    store_release(connection, release, catalogue.files, names, plan.to_json(publication.locale))
    write_orgs(connection, catalogue, keys["org"], publication.today)
    return release


def write_ledger(connection: Connection, plan: Plan, release: int) -> None:
    """Write down what was allotted, and what is now called otherwise or hidden."""
    for (form, part), table in plan.names.tables.items():
        if table.name in plan.allotment.new_tables:
            connection.execute(
                insert(sys_table).values(
                    name=table.name, form=form, part=part, since=release, state="active"
                )
            )
    _add_columns(connection, plan, release)
    mark_ledger(connection, plan.names)


def _add_columns(connection: Connection, plan: Plan, release: int) -> None:
    new = set(plan.allotment.new_columns)
    rows = [
        {
            "table": table.name,
            "column": column,
            "field": key,
            "type": table.types[key],
            "since": release,
            "state": "active",
        }
        for table in plan.names.tables.values()
        for key, column in table.columns.items()
        if table.name in plan.allotment.new_tables or (table.name, key) in new
    ]
    if rows:
        connection.execute(insert(sys_column), rows)


def mark_ledger(connection: Connection, names: PhysicalNames) -> None:
    """Make the ledger say what the active release calls each table and column."""
    connection.execute(update(sys_table).values(state="retired"))
    connection.execute(update(sys_column).values(state="retired"))
    for (form, part), table in names.tables.items():
        connection.execute(
            update(sys_table)
            .where(sys_table.c.name == table.name)
            .values(form=form, part=part, state="active")
        )
        for key, column in table.columns.items():
            connection.execute(
                update(sys_column)
                .where(sys_column.c.table == table.name, sys_column.c.column == column)
                .values(field=key, type=table.types[key], state="active")
            )


def rollback(
    database: Database, catalogue: Catalogue, release: int, publication: Publication
) -> Release:
    """Publish an earlier release again, over the columns it had; business data stays as it is.

    `catalogue` is that release, compiled (`read_files`). Raises NotFound for an unknown number.
    """
    with database.writing() as connection:
        _take_over(connection)
        wanted = find_release(connection, release)
        active = active_release(connection)
        if wanted is None or active is None:
            raise NotFound("no-such-release", release=release)
        names = read_names(connection, release)
        again = replace(
            wanted,
            id=active.id + 1,
            parent=active.id,
            engine=jingwei.__version__,
            author=publication.author,
            comment=publication.comment,
            at=publication.now,
            source="rollback",
            rollback_of=release,
        )
        restore_keys(connection, names.keys)
        mark_ledger(connection, names)
        fill_texts(connection, catalogue, names, names.keys)
        store_release(connection, again, read_files(connection, release), names, None)
        write_orgs(connection, catalogue, names.keys["org"], publication.today)
        return again
