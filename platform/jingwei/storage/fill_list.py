"""Which values a publication has to fill in, and which of them take long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field
from jingwei.language.values import Literal_
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import BESIDE
from jingwei.storage.database import Connection
from jingwei.storage.fills import ComputedFill, DefaultFill, Fill, RetypeFill, WordsFill
from jingwei.storage.full_text import fields_kept, searched_anywhere
from jingwei.storage.layer_fills import LayerFill, added_fields
from jingwei.storage.names import Allotment, PhysicalNames, PhysicalTable
from jingwei.storage.sealing import Keyring

INLINE_ROWS = 5_000  # what takes longer is done before the publishing transaction
Keys = Mapping[str, Mapping[str, int]]
# (connection, form, part, field, record ids) → value by id of the record, or of the part's row
Computer = Callable[[Connection, str, str, str, Sequence[int]], Mapping[int, Any]]
_PLAIN = {"text", "integer", "decimal", "date", "boolean", "period", "time"}


@dataclass(frozen=True, slots=True)
class Filling:
    """What is needed to tell which values are to be filled in. `computer`: see `Computer`; None:
    computed fields stay empty until their records are saved."""

    catalogue: Catalogue
    names: PhysicalNames
    allotment: Allotment
    keys: Keys
    people: PersonBook
    computer: Computer | None = None
    keyring: Keyring = field(default_factory=Keyring)

    def fills(self, connection: Connection, begun: Collection[str] = ()) -> list[Fill]:
        """Every fill, in order. `begun`: names of those that were begun already."""
        found: list[Fill] = [*self._retypes(), *self._new_values(), *self._of_layers()]
        found += self._words(connection, begun)
        return found

    def _book(self) -> NameBook:
        return NameBook((k, kind, name) for kind, ks in self.keys.items() for name, k in ks.items())

    def _owners(self) -> dict[str, tuple[str, str, PhysicalTable]]:
        return {t.name: (form, part, t) for (form, part), t in self.names.tables.items()}

    def _retypes(self) -> Iterator[Fill]:
        owners, book = self._owners(), self._book()
        for retype in self.allotment.retypes:
            form, part, _ = owners[retype.table]
            yield RetypeFill(retype, form, _is_part(part), book, self.people, self.keyring)

    def _new_values(self) -> Iterator[Fill]:
        owners, book = self._owners(), self._book()
        retyped = {(r.table, r.new_column) for r in self.allotment.retypes}
        for table, key in self.allotment.new_columns:
            form, part, physical = owners[table]
            definition = self._field(form, part, key)
            if definition is None or (table, physical.columns[key]) in retyped:
                continue
            path = f"{form}.{part}.{key}" if part else f"{form}.{key}"
            if definition.compute is not None:
                if self.computer is not None and definition.mode == "always" and self._own(part):
                    yield ComputedFill(
                        path,
                        form,
                        self.names.table(form).name,
                        physical,
                        key,
                        self._compute(form, part, key),
                        book,
                        self.people,
                    )
                continue
            value = default_of(definition)
            if value is not None and physical.types[key].partition(":")[0] in _PLAIN:
                yield DefaultFill(
                    path, form, physical, key, value, _is_part(part), book, self.people
                )

    def _own(self, part: str) -> bool:
        return BESIDE not in part

    def _of_layers(self) -> Iterator[Fill]:
        """What layers add, for the records of their orgs: computed, or a constant default."""
        if self.computer is None or not self.catalogue.layers:
            return
        book, new_columns = self._book(), set(self.allotment.new_columns)
        new_tables, tables = set(self.allotment.new_tables), self.names.tables

        def is_new(table: PhysicalTable, key: str) -> bool:
            return table.name in new_tables or (table.name, key) in new_columns

        for added in added_fields(self.catalogue, tables, is_new):
            form, table = added.one.form, added.one.table
            computed = added.field.compute is not None and added.field.mode == "always"
            there = tables[form, ""].name not in new_tables  # else nobody has a record yet
            if not there or not (computed or default_of(added.field) is not None):
                continue
            yield LayerFill(
                added.path,
                form,
                tables[form, ""].name,
                tables[form, table].name if table else None,
                added.physical,
                added.field.name,
                self._compute(form, added.part, added.field.name),
                book,
                self.people,
            )

    def _compute(
        self, form: str, part: str, key: str
    ) -> Callable[[Connection, Sequence[int]], Mapping[int, Any]]:
        computer = self.computer
        assert computer is not None
        return lambda connection, ids: computer(connection, form, part, key, ids)

    def _field(self, form: str, part: str, key: str) -> Field | None:
        fields = self.catalogue.forms[form].fields
        if part:
            table = fields.get(part)
            fields = table.fields if table is not None else {}
        return fields.get(key)

    def _words(self, connection: Connection, begun: Collection[str]) -> Iterator[Fill]:
        for form in self.catalogue.forms.values():
            key = self.keys["form"].get(form.name)
            wanted = searched_anywhere(self.catalogue, form)
            if key is None or not wanted:
                continue
            known = fields_kept(connection, key)
            for name in wanted:
                physical = table_of(self.names, form.name, name)
                if physical is None:
                    continue
                fill = WordsFill(f"{form.name}.{name}", form.name, physical, name, key)
                is_missing = name not in known and self._may_hold(connection, physical, name)
                if is_missing or fill.name in begun:
                    yield fill

    def _may_hold(self, connection: Connection, table: PhysicalTable, key: str) -> bool:
        """Whether a field may have values: what comes only now, or has one already."""
        allotment, column = self.allotment, table.columns[key]
        if table.name in allotment.new_tables or (table.name, key) in allotment.new_columns:
            return True
        moved = (*allotment.retypes, *allotment.recomputed)
        if any(one.table == table.name and one.new_column == column for one in moved):
            return True
        asked = f'SELECT 1 FROM "{table.name}" WHERE "{column}" IS NOT NULL LIMIT 1'
        return connection.exec_driver_sql(asked).first() is not None


def default_of(definition: Field) -> Any:
    """What rows that are there get of a new field: a constant default of one that is required."""
    if not definition.required or not isinstance(definition.default, Literal_):
        return None
    return definition.default.value


def is_long(connection: Connection, table: str) -> bool:
    """Whether a table has so many rows that nobody may wait for all of them."""
    found = connection.exec_driver_sql(
        f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {INLINE_ROWS + 1}) AS first'
    ).scalar_one()
    return bool(found > INLINE_ROWS)


def table_of(names: PhysicalNames, form: str, field: str) -> PhysicalTable | None:
    """Where a field of a form is kept: in its own table, or in what a layer adds to it."""
    for (of, part), table in names.tables.items():
        if of == form and not _is_part(part) and field in table.columns:
            return table
    return None


def _is_part(part: str) -> bool:
    return bool(part.partition(BESIDE)[0])
