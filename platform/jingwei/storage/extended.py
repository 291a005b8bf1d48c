"""What layers add to records and to rows of tables: kept beside them, one table for each layer.

Only orgs that stand under a layer have its fields, so a record is read and written with what is
added for its own org, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.engine import Dialect

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.extensions import extensions
from jingwei.storage.books import NameBook
from jingwei.storage.columns import BESIDE, fixed_columns
from jingwei.storage.database import Connection
from jingwei.storage.rows import TableStatements
from jingwei.storage.tables import StoredForm, StoredTable

_MOST_VALUES = 500  # of one IN list on SQLite


class Store(Protocol):
    """What is asked of a store."""

    def stored(self, form: str) -> StoredForm: ...
    def statements(self, form: str, part: str = "") -> TableStatements: ...
    def read(self, connection: Connection, convert: Any, rows: Any) -> Any: ...
    def driver_row(
        self, connection: Connection, write: Any, values: Mapping[str, Any]
    ) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class _Writing:
    """The statements of one extension for one set of columns."""

    text: str
    write: Any


class Standings:
    """Under which layers the orgs stand today. `parents`: the org above each, by key."""

    def __init__(
        self, catalogue: Catalogue, book: NameBook, parents: Mapping[int, int | None]
    ) -> None:
        self._catalogue = catalogue
        self._book = book
        self._parents = parents
        self._targets = {layer.for_ for layer in catalogue.layers.values()}
        self._known: dict[str | None, tuple[str, ...]] = {}

    def of(self, org: str | None) -> tuple[str, ...]:
        """The types and orgs whose layers are an org's, in order."""
        found = self._known.get(org)
        if found is None:
            found = self._known[org] = self._of(org) if org is not None and self._targets else ()
        return found

    def _of(self, org: str) -> tuple[str, ...]:
        above: int | None = self._book.key("org", org)
        chain: list[int] = []
        while above is not None and above not in chain:
            chain.append(above)
            above = self._parents.get(above)
        codes = [self._book.names[key] for key in reversed(chain)]
        known = [code for code in codes if code in self._catalogue.orgs]
        ways = ((self._catalogue.orgs[code].type, code) for code in known)
        return tuple(dict.fromkeys(t for pair in ways for t in pair if t in self._targets))


class Extended:
    """Reads and writes what layers add, for one store."""

    def __init__(self, store: Store, catalogue: Catalogue, standings: Standings) -> None:
        self._store = store
        self.standings = standings
        self._texts: dict[tuple[Any, ...], Any] = {}
        added = extensions(catalogue)
        self._tables: dict[str, dict[str, str]] = {}
        for one in added.tables:
            self._tables.setdefault(one.form, {})[one.table.name] = one.for_
        self._forms = {one.form for one in added.fields} | set(self._tables)

    def has(self, form: str) -> bool:
        """Whether any layer adds something to this form that is kept."""
        return form in self._forms

    def added_tables(self, form: str) -> Mapping[str, str]:
        """The tables that layers add to a form, and for whom."""
        return self._tables.get(form, {})

    def by_standing(
        self, records: Mapping[int, dict[str, Any]]
    ) -> dict[tuple[str, ...], dict[int, dict[str, Any]]]:
        """Loaded records, by how the org of each stands."""
        found: dict[tuple[str, ...], dict[int, dict[str, Any]]] = {}
        for identity, record in records.items():
            found.setdefault(self.standings.of(record.get("org")), {})[identity] = record
        return found

    # --- reading --------------------------------------------------------------------------------

    def attach(
        self,
        connection: Connection,
        form: str,
        part: str,
        rows: Mapping[int, dict[str, Any]],
        under: Iterable[str],
    ) -> None:
        """Give rows, by id, the fields that these layers add to them; None where there is none."""
        stored = self._stored(form, part)
        for for_ in under:
            extension = stored.extensions.get(for_)
            if extension is None or not rows:
                continue
            statements = self._store.statements(form, extension.part)
            fields = _fields_of(extension)
            for row in rows.values():
                row.update(dict.fromkeys(fields))
            for found in self._fetch(connection, statements, list(rows)):
                row = rows[found["id"]]
                for name in fields:
                    row[name] = found.get(name)

    def _fetch(
        self, connection: Connection, statements: TableStatements, ids: Sequence[int]
    ) -> Iterable[Mapping[str, Any]]:
        for start in range(0, len(ids), _MOST_VALUES):
            chosen = ids[start : start + _MOST_VALUES]
            among = statements.among("id", len(chosen))
            columns = ", ".join(statements.quoted.values())
            text = f"SELECT {columns} FROM {statements.name} WHERE {among}"
            values = tuple(statements.among_values(chosen))
            rows = connection.exec_driver_sql(text, values).fetchall()
            yield from self._store.read(connection, statements.reader.read, rows)

    # --- writing --------------------------------------------------------------------------------

    def write(
        self,
        connection: Connection,
        form: str,
        part: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        fresh: bool,
    ) -> None:
        """Keep what rows (with their ids) say of added fields. `fresh`: they were not there before,
        and what is empty needs no row."""
        for extension in self._stored(form, part).extensions.values():
            fields = _fields_of(extension)
            for names, alike in _alike(fields, rows, fresh).items():
                self._upsert(connection, form, extension, names, alike)

    def _upsert(
        self,
        connection: Connection,
        form: str,
        extension: StoredTable,
        names: tuple[str, ...],
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        key = (form, extension.part, names)
        kept: _Writing | None = self._texts.get(key)
        if kept is None:
            kept = self._texts[key] = self._writing(form, extension, names)
        for row in rows:
            values = self._store.driver_row(connection, kept.write, row)
            connection.exec_driver_sql(kept.text, tuple(values))

    def _writing(self, form: str, extension: StoredTable, names: tuple[str, ...]) -> _Writing:
        statements = self._store.statements(form, extension.part)
        columns = statements.columns_of(names)
        keys = (*fixed_columns(extension.part), *columns)
        quoted = statements.quoted
        changed = ", ".join(f"{quoted[k]} = excluded.{quoted[k]}" for k in columns)
        text = (
            f"INSERT INTO {statements.name} ({', '.join(quoted[k] for k in keys)}) "
            f"VALUES ({', '.join([statements.mark] * len(keys))}) "
            f"ON CONFLICT (id) DO UPDATE SET {changed}"
        )
        return _Writing(text, statements.writer(keys))

    def forget_rows(
        self, connection: Connection, form: str, part: str, record: int, kept: Sequence[int]
    ) -> None:
        """Before rows of a table go: what is added to them goes with them."""
        for extension in self._stored(form, part).extensions.values():
            statements = self._store.statements(form, extension.part)
            text = f"DELETE FROM {statements.name} WHERE record_id = {statements.mark}"
            values: list[Any] = [record]
            if kept:
                text += f" AND NOT ({statements.among('id', len(kept))})"
                values += statements.among_values(kept)
            connection.exec_driver_sql(text, tuple(values))

    def _stored(self, form: str, part: str) -> StoredTable:
        stored = self._store.stored(form)
        return stored.parts[part] if part else stored.own


def _fields_of(extension: StoredTable) -> tuple[str, ...]:
    """The names of the fields that are kept here: a polymorphic link has two columns."""
    fixed = fixed_columns(extension.part)
    own = (key.partition(".")[0] for key in extension.columns if key not in fixed)
    return tuple(dict.fromkeys(own))


def _alike(
    fields: Sequence[str], rows: Sequence[Mapping[str, Any]], fresh: bool
) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """Rows by the fields they say something about."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        names = tuple(name for name in fields if name in row)
        if names and not (fresh and all(row[name] is None for name in names)):
            found.setdefault(names, []).append(row)
    return found


def extension_of(stored: StoredForm, part: str) -> StoredTable:
    """The table of a part, whether it is a table of the form or extends one."""
    own, beside, for_ = part.partition(BESIDE)
    table = stored.parts[own] if own else stored.own
    return table.extensions[for_] if beside else table


def joined_statements(
    stored: StoredTable, added: Sequence[StoredTable], dialect: Dialect
) -> TableStatements:
    """The statements of a table together with some of what layers add to it: to ask, not to
    write."""
    columns, types = dict(stored.columns), dict(stored.types)
    quote = dialect.identifier_preparer.quote
    chosen, joins = ["r.*"], [f"{quote(stored.table.name)} AS r"]
    for number, extension in enumerate(added):
        own = [key for key in extension.columns if key not in fixed_columns(extension.part)]
        columns |= {key: extension.columns[key] for key in own}
        types |= {key: extension.types[key] for key in own}
        chosen += [f"e{number}.{quote(extension.columns[key].name)}" for key in own]
        table = quote(extension.table.name)
        joins.append(f"LEFT JOIN {table} AS e{number} ON e{number}.id = r.id")
    whole = StoredTable(stored.form, stored.part, stored.table, columns, types)
    statements = TableStatements(whole, dialect)
    statements.is_joined = True
    statements.name = f"(SELECT {', '.join(chosen)} FROM {' '.join(joins)}) AS whole"
    return statements
