"""The same 100,000 records in both applications, each in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import floor, subject
from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.services.clock import SystemClock
from jingwei.services.commands import Commands
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords, Sessions
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.runtime import ActiveInstallation
from jingwei.storage.upgrade import upgrade

BATCH = 2_000
AT = datetime(2026, 3, 1, tzinfo=UTC)


def batches(count: int) -> Iterator[list[dict[str, Any]]]:
    found = subject.records(count)
    while batch := list(islice(found, BATCH)):
        yield batch


def prepare_ours(application: Path, database_url: str, count: int) -> str:
    """Publish, fill, and sign the person in; its token."""
    subject.write_definitions(application)
    database = Database(database_url)
    upgrade(database)
    clock = SystemClock()
    catalogue = compile_catalogue(application)
    apply(database, catalogue, Publication(author="bench", now=clock.now(), today=clock.today()))
    commands = Commands(ActiveInstallation(database, compile_texts), clock)
    person = {"login": subject.LOGIN, "name": "Bench", "org": "S1", "roles": f"{subject.ROLE}@S1"}
    person["password"] = subject.PASSWORD
    commands.run(lambda work: import_people(work, [person], Passwords(cheap=True)), SYSTEM)
    installation = commands.active.current
    for batch in batches(count):
        with database.writing() as connection:
            ids = installation.store.next_ids(connection, len(batch))
            system = {
                "revision": 1,
                "number": None,
                "owner": subject.LOGIN,
                "status": None,
                "state": None,
                "created_at": AT,
                "created_by": subject.LOGIN,
                "updated_at": AT,
                "updated_by": subject.LOGIN,
                "deleted_at": None,
            }
            rows = [{**system, **r, "id": i} for i, r in zip(ids, batch, strict=True)]
            installation.store.insert(connection, subject.FORM, rows)
    token = Sessions(commands.active, clock, commands.people).create_token("bench", subject.LOGIN)
    _analyse(database_url)
    database.close()
    return token


def prepare_floor(database_url: str, count: int) -> str:
    """The same for the floor."""
    engine = floor.open_engine(database_url).execution_options(writes=True)
    floor.metadata.create_all(engine)
    keys = {code: n for n, (code, _, _) in enumerate(subject.orgs(), 1)}
    secret = "bench-token"
    with engine.begin() as connection:
        connection.execute(
            sa.insert(floor.org),
            [
                {"id": keys[code], "code": code, "parent": keys.get(parent or "")}
                for code, _, parent in subject.orgs()
            ],
        )
        who = {"id": 1, "login": subject.LOGIN, "org": keys["S1"], "active": True}
        connection.execute(sa.insert(floor.person), who)
        connection.execute(sa.insert(floor.token), {"hash": floor.hashed(secret), "person": 1})
    for batch in batches(count):
        system = {"revision": 1, "owner": 1, "created_at": AT, "created_by": 1}
        system |= {"updated_at": AT, "updated_by": 1}
        rows = [{**system, **r, "org": keys[r["org"]]} for r in batch]
        with engine.begin() as connection:
            connection.execute(sa.insert(floor.contract), rows)
    engine.dispose()
    _analyse(database_url)
    return secret


def _analyse(database_url: str) -> None:
    """Statistics, and on PostgreSQL which pages everybody sees: what autovacuum leaves a minute
    after the rows came. Without it an exact count reads the rows instead of the index."""
    text = "ANALYZE" if database_url.startswith("sqlite") else "VACUUM (ANALYZE)"
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(text)
    engine.dispose()
