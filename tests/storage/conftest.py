"""A published installation of a small catalogue, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from storage_small import NOW, a_catalogue, a_contract, a_form, publish

from jingwei.storage.database import Database
from jingwei.storage.people import insert_people
from jingwei.storage.runtime import Installation
from jingwei.storage.upgrade import upgrade


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An upgraded database in which nothing was published."""
    database = Database(database_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def installation(database: Database) -> Installation:
    """Contracts, six orgs and two people."""
    installation = publish(database, a_catalogue(a_contract(), a_form("other")))
    with database.writing() as connection:
        people = [
            {"id": i, "login": login, "name": login, "org": "A", "created_at": NOW}
            for i, login in zip(database.ids.take(connection, 2), ("li.na", "wang"), strict=True)
        ]
        insert_people(connection, database.people, people)
    return installation
