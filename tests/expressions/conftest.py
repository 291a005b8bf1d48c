"""A database that holds the records of the kit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import expression_kit as kit
import pytest
import sqlalchemy as sa

from jingwei.storage.sqlite_functions import register_functions


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(database_url)

    def opened(connection: Any, _record: object) -> None:
        register_functions(connection)

    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", opened)
    with engine.connect() as connection:
        kit.fill(connection, kit.records())
        connection.commit()
        yield connection
    engine.dispose()
