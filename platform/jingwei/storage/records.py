"""Records of all forms: load, insert, update, and every read through the query compiler."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import Standing, catalogue_under
from jingwei.language.expressions.tree import Expression
from jingwei.storage.books import NameBook
from jingwei.storage.branches import Branches
from jingwei.storage.codecs import UnknownPerson
from jingwei.storage.compiler import CAPPED, Compiler, Statement
from jingwei.storage.database import Connection, Database
from jingwei.storage.direct import changed, fetch
from jingwei.storage.extended import Extended, Standings, extension_of, joined_statements
from jingwei.storage.full_text import searched, searched_anywhere, text_of, write_texts
from jingwei.storage.inserting import driver_row, insert_rows, run_each
from jingwei.storage.keyset import known_place, position
from jingwei.storage.lru import Lru
from jingwei.storage.names import PhysicalNames
from jingwei.storage.people import refresh_book
from jingwei.storage.prepared import Prepared
from jingwei.storage.query import Query, Rows
from jingwei.storage.rows import TableStatements, divide
from jingwei.storage.shaper import Shape, Shaper, order_of
from jingwei.storage.tables import StoredForm, stored_form
from jingwei.storage.unique_keys import UniqueKeys
from jingwei.storage.updating import MOST_VALUES, update_alike

MOST_STATEMENTS = 1_000
MOST_TEXT = 40_000  # of one that is kept: few are longer, and come again

# Whoever links to a record and whoever changes it do not wait for each other; whoever removes it
# waits for both.
Lock = Literal["remove", "link"]
_LOCKS: Mapping[bool | Lock, str] = {
    True: " FOR NO KEY UPDATE",
    "remove": " FOR UPDATE",
    "link": " FOR KEY SHARE",
}


@dataclass(frozen=True, slots=True)
class RowChange:
    """A change of one record. `tables`: the full wanted rows of each table that changes, each with
    its id. `expected_revision` None: whatever it is, because the row is locked already."""

    id: int
    expected_revision: int | None
    values: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class RecordStore:
    """Bound to one release and one database; every statement is made once and kept."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        names: PhysicalNames,
        book: NameBook,
        org_parents: Mapping[int, int | None],
        zone: str,
    ) -> None:
        self.catalogue = catalogue
        self.forms = catalogue.forms
        self.org_types = catalogue.org_types.types
        self.names = names
        self.book = book
        self.people = database.people
        self.ids = database.ids
        self.dialect = database.engine.dialect
        self.dialect_name = database.dialect
        self.zone = zone
        self._stored: dict[str, StoredForm] = {}
        self._tables: dict[tuple[str, str], TableStatements] = {}
        self._texts: dict[tuple[Any, ...], Any] = {}
        self._searched: dict[str, tuple[str, ...]] = {}
        self.unique = UniqueKeys(self)
        self.branches = Branches(org_parents)
        self._words: dict[str, tuple[str, ...]] = {}
        self.standing: Standing = ()  # whose form a query reads: the group's
        self._under: dict[Standing, RecordStore] = {(): self}
        self.extended = Extended(self, catalogue, Standings(catalogue, book, org_parents))
        self._shaper = Shaper(self)
        self._compiler = Compiler(self)
        self._compiled: Lru[Statement] = Lru(MOST_STATEMENTS)

    def under(self, standing: Standing) -> RecordStore:
        """The same records, as those who stand under these layers ask for them. What is read and
        written of one record is always what its own org has."""
        found = self._under.get(standing)
        if found is None:
            found = copy.copy(self)  # tables, statements and their texts are common to all
            found.standing = standing
            found.catalogue = catalogue_under(self.catalogue.base or self.catalogue, standing)
            found.forms = found.catalogue.forms
            found._searched = {}
            found._shaper = Shaper(found)
            found._compiler = Compiler(found)
            self._under[standing] = found
        return found

    # --- tables ---------------------------------------------------------------------------------

    def stored(self, form: str) -> StoredForm:
        """The tables of a form."""
        found = self._stored.get(form)
        if found is None:
            base = self.catalogue.base or self.catalogue
            found = stored_form(base.forms[form], self.names, self.book, self.people)
            self._stored[form] = found
        return found

    def statements(self, form: str, part: str = "") -> TableStatements:
        """The prepared statements of a form's own table, or of one of its sub-tables."""
        found = self._tables.get((form, part))
        if found is None:
            found = TableStatements(extension_of(self.stored(form), part), self.dialect)
            self._tables[form, part] = found
        return found

    def statements_of(self, form: str, fields: Sequence[str]) -> TableStatements:
        """Those of a form's own table, and of what layers add where one of the fields is added."""
        stored = self.stored(form).own
        added = {
            stored.extended[f].part: stored.extended[f] for f in fields if f in stored.extended
        }
        if not added:
            return self.statements(form)
        key = (form, " ".join(("joined", *added)))
        found = self._tables.get(key)
        if found is None:
            found = joined_statements(stored, tuple(added.values()), self.dialect)
            self._tables[key] = found
        return found

    def live(self, form: str, name: str) -> Expression | None:
        """The expression of a computed field that is kept in no column."""
        field_ = self.forms[form].fields.get(name)
        if field_ is None or field_.compute is None or self.stored(form).own.keeps(name):
            return None
        return self.catalogue.expression(field_.compute)

    def searched(self, form: str) -> tuple[str, ...]:
        """The fields of a form that are found by words; none: it is searched as written."""
        found = self._searched.get(form)
        if found is None:
            found = self._searched[form] = searched(self.forms[form])
        return found

    def roots_of(self, orgs: Sequence[int]) -> Sequence[int] | None:
        """The tops of whole branches that these orgs are; None when they are no whole branches."""
        return self.branches.roots_of(orgs)

    # --- ids ------------------------------------------------------------------------------------

    def next_ids(self, connection: Connection, count: int) -> Sequence[int]:
        """Fresh ids, for records and rows of tables alike."""
        return self.ids.take(connection, count)

    # --- read: every query ----------------------------------------------------------------------

    def select(self, connection: Connection, query: Query) -> Rows:
        """The rows of a query, as services filled it.

        Raises Malformed for a path or position that leads nowhere.
        """
        if not query.scope.terms and not query.scope.also:
            return Rows([], 0 if query.count else None)
        own, tables = self._split(query)
        statement, shape = self.prepared(own)
        with known_place(own.page is not None and own.page.after is not None):
            rows = self._execute(connection, statement.rows, shape)
        result = Rows(self.read(connection, statement.reader.read, rows))
        for name in statement.averages:
            divide(result.items, name)
        if tables:
            self._attach(connection, query.form, tables, result.items, rows)
        self._page(connection, own, statement, shape, rows, result)
        return result

    def prepared(self, query: Query) -> tuple[Statement, Shape]:
        """The statement of a query of a record's own columns, and what it runs with."""
        shape = self._shaper.shape(query)
        key = (self.standing, shape.key)
        statement = self._compiled.get(key)
        if statement is None:
            statement = self._compiler.compile(query, shape)
            if len(statement.rows.text) <= MOST_TEXT:
                self._compiled.put(key, statement)
        return statement, shape

    def text_of(self, query: Query, *, holding: bool = False) -> tuple[str, tuple[Any, ...]]:
        """The statement of a query, and its values: for counts that put two of them together.
        `holding`: see the compiler."""
        shape, made = self._shaper.shape(query), self._compiler
        found = made.holding(query, shape) if holding else made.compile(query, shape).rows
        return found.text, found.bind(shape.values)

    def _split(self, query: Query) -> tuple[Query, dict[str, tuple[str, ...]]]:
        """The query of the record's own columns, and the wanted columns of each table."""
        parts = self.forms[query.form].tables
        tables: dict[str, tuple[str, ...]] = {}
        if query.table is not None or not parts:
            return query, tables
        own: list[str] = []
        for path in query.fields:
            part, _, column = path.partition(".")
            if part not in parts:
                own.append(path)
            elif column:
                tables[part] = (*tables.get(part, ()), column)
            else:
                tables[part] = ()
        return (replace(query, fields=tuple(own)), tables) if tables else (query, tables)

    def _attach(
        self,
        connection: Connection,
        form: str,
        tables: Mapping[str, tuple[str, ...]],
        items: Sequence[dict[str, Any]],
        rows: Sequence[Sequence[Any]],
    ) -> None:
        """Rows of tables, to the records of a page. A driver's row ends with the record's id."""
        records = {row[-1]: item for row, item in zip(rows, items, strict=True)}
        for part, columns in tables.items():
            self.add_rows(connection, form, part, records)
            if columns:
                kept = {"id", *columns}
                for item in items:
                    item[part] = [{k: v for k, v in row.items() if k in kept} for row in item[part]]

    def _execute(
        self, connection: Connection, prepared: Prepared, shape: Shape
    ) -> Sequence[Sequence[Any]]:
        values = self.bound(connection, prepared, shape)
        return connection.exec_driver_sql(prepared.text, values).fetchall()

    def bound(self, connection: Connection, prepared: Prepared, shape: Shape) -> tuple[Any, ...]:
        """The driver's values of one execution."""
        try:
            return prepared.bind(shape.values)
        except UnknownPerson:
            refresh_book(connection, self.people)
            return prepared.bind(shape.values)

    def _page(
        self,
        connection: Connection,
        query: Query,
        statement: Statement,
        shape: Shape,
        rows: Sequence[Sequence[Any]],
        result: Rows,
    ) -> None:
        """The total, and where the next page begins."""
        page = query.page
        full = page is not None and len(rows) >= page.limit
        grouped = bool(query.group or query.aggregates)
        if full and rows and not grouped:
            *sorts, identity = rows[-1][-1 - statement.sorts :]
            result.next_after = position(order_of(query), sorts, identity)
        if statement.count is None:
            return
        first = page is None or (page.after is None and page.offset == 0)
        if first and not full:
            result.total = len(rows)
            return
        result.total = int(self._execute(connection, statement.count, shape)[0][0])
        if query.count == "capped" and result.total > CAPPED:
            result.total, result.capped = CAPPED + 1, True

    # --- load -----------------------------------------------------------------------------------

    def load(
        self, connection: Connection, form: str, ids: Sequence[int], *, lock: bool | Lock = False
    ) -> dict[int, dict[str, Any]]:
        """Whole records by id, tables as lists; those that are not there are missing.

        `lock`: nobody else changes them until this transaction ends (True), nor links to them
        (`remove`); nobody removes them (`link`).
        """
        records: dict[int, dict[str, Any]] = {}
        for start in range(0, len(ids), MOST_VALUES):
            records |= self._load(connection, form, ids[start : start + MOST_VALUES], lock)
        return records

    def _load(
        self, connection: Connection, form: str, ids: Sequence[int], lock: bool | Lock
    ) -> dict[int, dict[str, Any]]:
        own = self.statements(form)
        rows = self._fetch(connection, own, "id", ids, "id", lock)
        records = {row["id"]: row for row in self.read(connection, own.reader.read, rows)}
        if not self.extended.has(form):
            for part in self.stored(form).form.tables:
                self.add_rows(connection, form, part, records)
            return records
        for standing, alike in self.extended.by_standing(records).items():
            self.extended.attach(connection, form, "", alike, standing)
            added = self.extended.added_tables(form)
            own_parts = (part for part, for_ in added.items() if for_ in standing)
            for part in (*self.stored(form).form.tables, *own_parts):
                self.add_rows(connection, form, part, alike, standing)
        return records

    def add_rows(
        self,
        connection: Connection,
        form: str,
        part: str,
        records: Mapping[int, dict[str, Any]],
        standing: Iterable[str] | None = None,
    ) -> None:
        """Give each record the rows of one of its tables, in order, with what these layers add to
        them; without `standing`, the layers of those who ask."""
        for record in records.values():
            record[part] = []
        statements = self.statements(form, part)
        found = self._fetch(
            connection, statements, "record_id", list(records), "record_id, position", False
        )
        for row in self.read(connection, statements.reader.read, found):
            record = records[row.pop("record_id")]
            del row["position"]
            record[part].append(row)
        if self.extended.has(form):
            rows = {row["id"]: row for record in records.values() for row in record[part]}
            under = self.standing if standing is None else standing
            self.extended.attach(connection, form, part, rows, under)

    def _fetch(
        self,
        connection: Connection,
        statements: TableStatements,
        column: str,
        values: Sequence[int],
        order: str,
        lock: bool | Lock,
    ) -> Sequence[Sequence[Any]]:
        size = len(values) if statements.dialect.name == "sqlite" else len(values) == 1
        key = ("fetch", statements.name, column, size, lock)
        text = self._texts.get(key)
        if text is None:
            columns = ", ".join(statements.quoted.values())
            text = (
                f"SELECT {columns} FROM {statements.name} "
                f"WHERE {statements.among(column, len(values))} ORDER BY {order}"
            )
            if lock and statements.dialect.name != "sqlite":
                text += _LOCKS[lock]
            self._texts[key] = text
        return fetch(connection, text, tuple(statements.among_values(values)))

    def read(self, connection: Connection, convert: Any, rows: Any) -> Any:
        """`convert(rows)`; once more when a person came after the book was read."""
        try:
            return convert(rows)
        except KeyError:
            refresh_book(connection, self.people)
            return convert(rows)

    # --- write ----------------------------------------------------------------------------------

    def insert(
        self, connection: Connection, form: str, records: Sequence[Mapping[str, Any]]
    ) -> None:
        """New records, whole: ids, system fields and rows of tables are already there."""
        insert_rows(connection, self.people, self.statements(form), records)
        extended = self.extended.has(form)
        if extended:
            self.extended.write(connection, form, "", records, fresh=True)
        for part in self.stored(form).parts:
            statements = self.statements(form, part)
            numbered = [
                row for record in records for row in _numbered(record["id"], record.get(part) or ())
            ]
            insert_rows(connection, self.people, statements, numbered)
            if extended:
                self.extended.write(connection, form, part, numbered, fresh=True)
        self._write_texts(connection, form, {r["id"]: r for r in records})

    def update(self, connection: Connection, form: str, changes: Sequence[RowChange]) -> set[int]:
        """Change records; each gets its next revision. The ids of those whose revision had moved:
        nothing of them was written."""
        stale: set[int] = set()
        for (keys, checked), alike in self._alike(form, changes).items():
            stale |= self._update(connection, form, keys, checked, alike)
        if self.extended.has(form):
            moved = [{**c.values, "id": c.id} for c in changes if c.id not in stale]
            self.extended.write(connection, form, "", moved, fresh=False)
        for change in changes:
            if change.id not in stale:
                for part, rows in change.tables.items():
                    self._replace_rows(connection, form, part, change.id, rows)
        self._write_texts(connection, form, {c.id: c.values for c in changes if c.id not in stale})
        return stale

    def _write_texts(
        self, connection: Connection, form: str, written: Mapping[int, Mapping[str, Any]]
    ) -> None:
        """Words to find of the searched fields that were written."""
        fields = self._words.get(form)
        if fields is None:
            base = self.catalogue.base or self.catalogue
            fields = self._words[form] = searched_anywhere(base, base.forms[form])
        if not fields:
            return
        texts = {
            (identity, name): text_of(values[name])
            for identity, values in written.items()
            for name in fields
            if name in values
        }
        write_texts(connection, self.book.key("form", form), texts)

    def _alike(
        self, form: str, changes: Sequence[RowChange]
    ) -> dict[tuple[tuple[str, ...], bool], list[RowChange]]:
        """Changes grouped by the columns they touch, and whether their revision is checked."""
        own = self.statements(form)
        groups: dict[tuple[tuple[str, ...], bool], list[RowChange]] = {}
        for change in changes:
            keys = own.columns_of(sorted(set(change.values) - {"id", "revision"}))
            checked = change.expected_revision is not None
            groups.setdefault((keys, checked), []).append(change)
        return groups

    def _update(
        self,
        connection: Connection,
        form: str,
        keys: tuple[str, ...],
        checked: bool,
        changes: Sequence[RowChange],
    ) -> set[int]:
        own = self.statements(form)
        cached = self._texts.get(("update", form, keys, checked))
        if cached is None:
            sets = ", ".join(f"{own.quoted[k]} = {own.mark}" for k in keys)
            text = f"UPDATE {own.name} SET {sets}{', ' if sets else ''}revision = revision + 1 "
            text += f"WHERE id = {own.mark}" + (f" AND revision = {own.mark}" if checked else "")
            cached = text, own.writer(keys)
            self._texts["update", form, keys, checked] = cached
        text, write = cached
        rows = [self.driver_row(connection, write, change.values) for change in changes]
        if len(changes) > 1 and not checked and rows.count(rows[0]) == len(rows):
            return update_alike(connection, own, text, rows[0], [c.id for c in changes])
        stale: set[int] = set()
        for change, row in zip(changes, rows, strict=True):
            row.append(change.id)
            if checked:
                row.append(change.expected_revision)
            if changed(connection, text, row) != 1:
                stale.add(change.id)
        return stale

    def _replace_rows(
        self,
        connection: Connection,
        form: str,
        part: str,
        record: int,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        statements = self.statements(form, part)
        kept = [row["id"] for row in rows]
        marks = statements.mark
        text = f"DELETE FROM {statements.name} WHERE record_id = {marks}"
        values: list[Any] = [record]
        if kept:
            text += f" AND NOT ({statements.among('id', len(kept))})"
            values += statements.among_values(kept)
        extended = self.extended.has(form)
        if extended:
            self.extended.forget_rows(connection, form, part, record, kept)
        connection.exec_driver_sql(text, tuple(values))
        numbered = _numbered(record, rows)
        values_ = [self.driver_row(connection, statements.row, row) for row in numbered]
        run_each(connection, statements.upsert(), values_)
        if extended:
            self.extended.write(connection, form, part, numbered, fresh=False)

    def driver_row(
        self, connection: Connection, write: Any, values: Mapping[str, Any]
    ) -> list[Any]:
        """The values as the driver takes them, in the order of a prepared writer."""
        return driver_row(connection, self.people, write, values)


def _numbered(record: int, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of a table with their record and their place."""
    return [{**row, "record_id": record, "position": i} for i, row in enumerate(rows)]
