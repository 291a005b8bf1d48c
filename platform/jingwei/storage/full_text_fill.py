"""Words of fields that are searched from now on, read out of the records that are there already."""

from __future__ import annotations

from collections.abc import Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import reader
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection
from jingwei.storage.full_text import fields_kept, forget_fields, searched, text_of, write_texts
from jingwei.storage.names import PhysicalNames

BATCH = 1_000


def fill_texts(
    connection: Connection,
    catalogue: Catalogue,
    names: PhysicalNames,
    keys: Mapping[str, Mapping[str, int]],
) -> None:
    """Bring the words of every form to what its definition says, in the publishing transaction."""
    for form in catalogue.forms.values():
        key, wanted = keys["form"][form.name], searched(form)
        known = fields_kept(connection, key)
        if known - set(wanted):
            forget_fields(connection, key, wanted)
        for field in wanted:
            if field not in known:
                _fill(connection, key, form.name, field, names)


def _fill(connection: Connection, key: int, form: str, field: str, names: PhysicalNames) -> None:
    table = names.table(form)
    column = table.columns.get(field)
    if column is None:
        return
    dialect = connection.dialect
    read = reader(sql_type(table.types[field], NameBook(()), PersonBook()), dialect)
    mark = "?" if dialect.name == "sqlite" else "%s"
    select = (
        f'SELECT id, "{column}" FROM "{table.name}" '
        f'WHERE "{column}" IS NOT NULL AND id > {mark} ORDER BY id LIMIT {BATCH}'
    )
    last = -1
    while rows := connection.exec_driver_sql(select, (last,)).fetchall():
        last = rows[-1][0]
        texts = {(i, field): text_of(read(value) if read else value) for i, value in rows}
        write_texts(connection, key, texts)
