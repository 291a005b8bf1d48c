"""A published installation of a small catalogue, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from own_postgres import own_postgres
from own_sqlite import own_sqlite
from storage_small import with_people

from jingwei.storage.database import Database
from jingwei.storage.runtime import Installation
from jingwei.storage.upgrade import upgrade


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An upgraded database in which nothing was published."""
    database = Database(database_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The same for a whole module, whose tests then only read."""
    if request.param == "sqlite":
        database = Database(own_sqlite(tmp_path_factory.mktemp("shared") / "shared.db"))
        yield database
        database.close()
        return
    with own_postgres() as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def installation(database: Database) -> Installation:
    """Contracts, six orgs and two people."""
    return with_people(database)
