"""Words of fields that this engine searches and an earlier one did not: read once, from the newest
record down, while people work. The oldest record is the last, so that it tells whether all are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import reader
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection, Database
from jingwei.storage.fill_list import table_of
from jingwei.storage.fills import WordsFill
from jingwei.storage.full_text import searched_anywhere, text_of, write_texts
from jingwei.storage.names import PhysicalNames
from jingwei.storage.preparing import insistent
from jingwei.storage.tables_lists import sys_words

AT_ONCE = 500
_LOOKED_AT = 20  # of the oldest: those without a word say nothing
_NEWEST = 2**63 - 1


def read_late(database: Database, catalogue: Catalogue, names: PhysicalNames) -> list[str]:
    """Read what is missing; the paths of the fields that were."""
    with database.reading() as connection:
        late = [fill for fill in _fills(catalogue, names) if _is_late(connection, fill)]
    for fill in late:
        last: int | None = _NEWEST
        while last is not None:
            last = insistent(partial(_batch, database, fill, last))
    return [fill.path for fill in late]


def _fills(catalogue: Catalogue, names: PhysicalNames) -> Iterator[WordsFill]:
    for form in catalogue.forms.values():
        key = names.keys.get("form", {}).get(form.name)
        for name in searched_anywhere(catalogue, form):
            physical = table_of(names, form.name, name)
            if key is not None and physical is not None:
                yield WordsFill(f"{form.name}.{name}", form.name, physical, name, key)


def _is_late(connection: Connection, fill: WordsFill) -> bool:
    """Whether one of the oldest records that have words for it was not read: the oldest are read
    last, and one of them may have been written by somebody meanwhile."""
    rows = _rows(connection, fill, "", f"ORDER BY id LIMIT {_LOOKED_AT}")
    oldest = [identity for identity, text in _texts(connection, fill, rows) if text]
    known = sa.select(sys_words.c.record).where(
        sys_words.c.record.in_(oldest), sys_words.c.field == fill.key
    )
    return bool(oldest) and len(connection.execute(known).all()) < len(oldest)


def _batch(database: Database, fill: WordsFill, last: int) -> int | None:
    """Read some records below an id; the id to go on below, None at the end."""
    lock = "" if database.is_sqlite else " FOR SHARE"  # nobody changes what is being read
    with database.writing() as connection:
        rows = _rows(
            connection, fill, f"AND id < {last}", f"ORDER BY id DESC LIMIT {AT_ONCE}{lock}"
        )
        texts = {(one, fill.key): text for one, text in _texts(connection, fill, rows) if text}
        write_texts(connection, fill.form_key, texts, late=True)
    return int(rows[-1][0]) if len(rows) == AT_ONCE else None


def _rows(
    connection: Connection, fill: WordsFill, where: str, order: str
) -> Sequence[Sequence[Any]]:
    column = f'"{fill.physical.columns[fill.key]}"'
    return connection.exec_driver_sql(
        f'SELECT id, {column} FROM "{fill.table}" WHERE {column} IS NOT NULL {where} {order}'
    ).fetchall()


def _texts(
    connection: Connection, fill: WordsFill, rows: Sequence[Sequence[Any]]
) -> Iterator[tuple[int, str | None]]:
    type_ = sql_type(fill.physical.types[fill.key], NameBook(()), PersonBook())
    read = reader(type_, connection.dialect)
    for identity, value in rows:
        yield identity, text_of(read(value) if read else value)
