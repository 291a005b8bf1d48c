"""The change log is insert-only, and its chain shows any tampering."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from storage_small import NOW

from jingwei.storage.changes import ChangeRow, history, private_values, seal, verify, write_changes
from jingwei.storage.database import Connection
from jingwei.storage.runtime import Installation


def change(number: int, **keys: object) -> ChangeRow:
    return ChangeRow(
        at=NOW,
        actor="li.na",
        action="update",
        org="A",
        form="contract",
        object=number,
        body={"amount": [None, Decimal("1.50")]},
        release=1,
        **keys,  # type: ignore[arg-type]
    )


def write(installation: Installation, connection: Connection, *rows: ChangeRow) -> None:
    write_changes(connection, installation.book, installation.database.people, rows)


def sealed(installation: Installation) -> None:
    with installation.database.writing() as connection:
        write(installation, connection, *(change(n) for n in range(5)))
        assert seal(connection) == 5
        assert seal(connection) == 0


def test_history_tells_who_changed_what(installation: Installation) -> None:
    sealed(installation)

    with installation.database.reading() as connection:
        (entry,) = history(connection, installation.book, installation.database.people, 3)
    assert entry.change == ChangeRow(
        at=NOW,
        actor="li.na",
        action="update",
        org="A",
        form="contract",
        object=3,
        body={"amount": [None, 1.5]},
        release=1,
    )


def test_the_chain_holds_over_several_sealings(installation: Installation) -> None:
    sealed(installation)
    with installation.database.writing() as connection:
        write(installation, connection, change(9))
        assert seal(connection) == 1

    with installation.database.reading() as connection:
        result = verify(connection)
    assert (result.entries, result.bad) == (6, None)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sys_change WHERE object = 3",
        "UPDATE sys_change SET body = '{}' WHERE object = 3",
        "UPDATE sys_change SET seq = 99 WHERE object = 3",
        "UPDATE sys_change SET actor = NULL WHERE object = 3",
    ],
)
def test_nobody_rewrites_history(installation: Installation, statement: str) -> None:
    sealed(installation)

    with (
        pytest.raises(DBAPIError, match="insert-only"),
        installation.database.writing() as connection,
    ):
        connection.execute(text(statement))


def test_the_sealer_may_not_change_what_it_seals(installation: Installation) -> None:
    with (
        pytest.raises(DBAPIError, match="insert-only"),
        installation.database.writing() as connection,
    ):
        write(installation, connection, change(1))
        connection.execute(text("UPDATE sys_change SET seq = 1, body = '{}'"))


def test_tampering_is_found_at_the_first_bad_entry(installation: Installation) -> None:
    sealed(installation)
    drop = {
        "sqlite": "DROP TRIGGER sys_change_no_update",
        "postgresql": "DROP TRIGGER sys_change_guard ON sys_change",
    }
    with installation.database.writing() as connection:
        connection.execute(text(drop[installation.database.dialect]))
        connection.execute(text("UPDATE sys_change SET body = '{}' WHERE seq = 3"))

    with installation.database.reading() as connection:
        result = verify(connection)
    assert (result.entries, result.bad) == (2, 3)


def test_a_sensitive_value_stays_out_of_the_chained_body(installation: Installation) -> None:
    with installation.database.writing() as connection:
        write(installation, connection, change(7, private={"id_card": [None, "4201"]}))

    with installation.database.reading() as connection:
        (entry,) = history(connection, installation.book, installation.database.people, 7)
        values = private_values(connection, [entry.id])
    assert "4201" not in str(entry.change.body)
    assert values == {(entry.id, "id_card"): [None, "4201"]}
