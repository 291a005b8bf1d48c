"""What publishing a catalogue would do: to the tables, and to the rows that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import formula_marks, stored_test
from jingwei.catalogue.extensions import extensions
from jingwei.language.form import Field
from jingwei.problems import nearest
from jingwei.refusals import Invalid
from jingwei.storage.columns import BESIDE, SECRET
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.indexes import Index, extension_indexes, form_indexes
from jingwei.storage.ledger import is_prepared, prepared_names, read_ledger
from jingwei.storage.names import (
    Allotment,
    Hidden,
    Ledger,
    PhysicalNames,
    PhysicalTable,
    Retype,
    Wanted,
    allot,
    wanted_tables,
)
from jingwei.storage.plan_rows import Counts, twice, twice_examples, unconverted
from jingwei.storage.plan_step import Example, Group, Step
from jingwei.storage.releases import Release, active_release, read_files, read_names


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the application that differs from what runs."""

    path: str
    change: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the author says beside the definitions, by path (`plan`, `plan.note`): `destroy` may be
    lost, because of `reason`; `restore` takes up what was retired."""

    destroy: frozenset[str] = frozenset()
    restore: frozenset[str] = frozenset()
    reason: str | None = None


NO_WISH = Wish()
MOST_PATHS = 20  # that are named when one was mistyped


@dataclass(frozen=True, slots=True)
class Plan:
    """Against one base release. `statements` is the DDL, in order; empty files: nothing to do."""

    base: int | None
    fingerprint: str
    files: tuple[FileChange, ...]
    steps: tuple[Step, ...]
    statements: tuple[str, ...]
    names: PhysicalNames
    allotment: Allotment
    counts: Counts = field(compare=False)  # as long as the connection of the plan is open
    indexes: tuple[Index, ...] = ()  # that are not there yet
    purges: tuple[Hidden, ...] = ()
    wish: Wish = NO_WISH
    back_to: int | None = None  # the earlier release that would be published again
    is_moved: bool = False  # other columns of the same definitions

    @property
    def is_empty(self) -> bool:
        return not (self.files or self.statements or self.purges or self.is_moved)

    @property
    def blocked_by(self) -> tuple[Step, ...]:
        """What must be mended or accepted first."""
        return tuple(step for step in self.steps if step.blocks)

    @property
    def is_destructive(self) -> bool:
        return any(step.group == "destructive" for step in self.steps)

    def to_json(self, locale: str) -> dict[str, Any]:
        """For the release that it becomes, where nobody made the whole plan."""
        return {
            "base": self.base,
            "fingerprint": self.fingerprint,
            "files": [{"path": f.path, "change": f.change} for f in self.files],
            "steps": [step.without_values().to_json(locale) for step in self.steps],
            "statements": list(self.statements),
        }


def plan(database: Database, catalogue: Catalogue, wish: Wish = NO_WISH) -> Plan:
    """What publishing `catalogue` would do to this database. Changes nothing."""
    with database.reading() as connection:
        return plan_on(connection, catalogue, wish)


def plan_on(
    connection: Connection,
    catalogue: Catalogue,
    wish: Wish = NO_WISH,
    *,
    values: bool = True,
    before: Catalogue | None = None,
    computes: bool = True,
) -> Plan:
    """The same inside a transaction: `apply` plans again under the lock. `values`: look at every
    value that changes its type. `before`: what runs; what it calls sensitive is no example.
    `computes`: what has another formula can be worked out anew."""
    base = active_release(connection)
    was = read_names(connection, base.id) if base else PhysicalNames()
    ledger = read_ledger(connection, catalogue.fingerprint, wish.restore)
    allotment = allot(was, wanted_of(catalogue), ledger, computes=computes)
    indexes = _indexes(catalogue, allotment.names)
    names = _with_indexes(allotment.names, indexes)
    there = {name for table in allotment.names.tables.values() for name in table.indexes}
    fresh = tuple(index for index in indexes if index.name not in there)
    closed = closed_columns(catalogue, allotment.names)
    if before is not None:
        closed |= closed_columns(before, was)
    counts = Counts(connection, counted(allotment))
    ours = is_prepared(connection, catalogue.fingerprint)
    prepared = prepared_names(connection) if ours else (set(), set())
    look = Look(connection, allotment, was, wish, values, closed, counts, prepared)
    purges = tuple(look.purges(ledger))
    _check_paths(wish, look.destroyable(ledger), allotment)
    return Plan(
        base.id if base else None,
        catalogue.fingerprint,
        tuple(file_changes(connection, base, catalogue.files)),
        (*look.steps(), *look.purge_steps(purges), *look.unique_steps(fresh)),
        tuple(_statements(connection, allotment, fresh)),
        names,
        allotment,
        counts,
        fresh,
        purges,
        wish,
    )


def _check_paths(wish: Wish, destroyable: set[str], allotment: Allotment) -> None:
    """Raises Invalid `no-such-path` for what can be neither destroyed nor restored, all at once: a
    path that does nothing was mistyped, and who gave it believes otherwise."""
    restored = {found.path for found in allotment.restored}
    restored |= {path.split(".")[0] for path in restored}
    restorable = restored | {found.path for found in allotment.were_there}
    wrong = [
        *((path, destroyable) for path in sorted(wish.destroy - destroyable)),
        *((path, restorable) for path in sorted(wish.restore - restored)),
    ]
    if not wrong:
        return
    guesses = [(path, _meant(path, known)) for path, known in wrong]
    raise Invalid(
        "no-such-path",
        paths=", ".join(f"{path} (→ {meant}?)" if meant else path for path, meant in guesses),
        destroy=", ".join(sorted(destroyable)[:MOST_PATHS]) or "–",
        restore=", ".join(sorted(restorable)[:MOST_PATHS]) or "–",
    )


def _meant(path: str, known: Set[str]) -> str | None:
    last = path.rpartition(".")[2]
    alike = (one for one in sorted(known) if one.rpartition(".")[2] == last)
    return nearest(path, known) or next(alike, None)


def counted(allotment: Allotment) -> Iterator[tuple[str, str | None]]:
    """(table, column) of what a plan tells the number of."""
    moved = (*allotment.retypes, *allotment.recomputed)
    yield from ((retype.table, retype.old_column) for retype in moved)
    yield from ((f.table, f.column) for f in (*allotment.restored, *allotment.were_there))
    yield from allotment.retired_columns


def wanted_of(catalogue: Catalogue) -> list[Wanted]:
    """Every table that the forms, and what layers add to them, need."""
    orgs_were = {code: org.renamed_from for code, org in catalogue.orgs.items()}
    stored = stored_test(catalogue)
    forms, added = catalogue.forms.values(), extensions(catalogue)
    return wanted_tables(forms, stored, added, orgs_were, formula_marks(catalogue))


def _indexes(catalogue: Catalogue, names: PhysicalNames) -> list[Index]:
    own = (index for form in catalogue.forms.values() for index in form_indexes(form, names))
    return list(dict.fromkeys((*own, *extension_indexes(extensions(catalogue), names))))


def _with_indexes(names: PhysicalNames, indexes: list[Index]) -> PhysicalNames:
    by_table: dict[str, dict[str, str]] = {}
    for index in indexes:
        by_table.setdefault(index.table, {})[index.name] = index.definition("postgresql")
    return PhysicalNames(
        {key: replace(t, indexes=by_table.get(t.name, {})) for key, t in names.tables.items()}
    )


def file_changes(
    connection: Connection, base: Release | None, files: Mapping[str, bytes]
) -> Iterator[FileChange]:
    """What differs between a release and these files, by path."""
    was = read_files(connection, base.id) if base else {}
    for path in sorted(set(was) | set(files)):
        if path not in was:
            yield FileChange(path, "added")
        elif path not in files:
            yield FileChange(path, "removed")
        elif was[path] != files[path]:
            yield FileChange(path, "changed")


def _statements(
    connection: Connection, allotment: Allotment, indexes: Sequence[Index]
) -> Iterator[str]:
    ddl = Ddl(connection.dialect, allotment.names)
    yield from table_statements(ddl, allotment)
    for index in indexes:
        yield ddl.create_index(index)


def table_statements(ddl: Ddl, allotment: Allotment) -> Iterator[str]:
    """Tables and columns, without indexes."""
    tables: Mapping[str, PhysicalTable] = {t.name: t for t in allotment.names.tables.values()}
    for form, part in ddl.new_tables(set(allotment.new_tables)):
        yield ddl.create_table(form, part)
    for table, key in allotment.new_columns:
        yield ddl.add_column(tables[table], key)
    yield from ddl.late_references(set(allotment.new_tables))


@dataclass(slots=True)
class Look:
    """What the rows that are there have to say about an allotment."""

    connection: Connection
    allotment: Allotment
    was: PhysicalNames
    wish: Wish
    values: bool
    closed: set[tuple[str, str]]  # columns whose values are never shown
    counts: Counts
    # tables and columns that a killed publication of the same definitions has left
    prepared: tuple[set[str], set[tuple[str, str]]] = field(default_factory=lambda: (set(), set()))

    def steps(self) -> Iterator[Step]:
        allotment = self.allotment
        columns = {table.name: table.columns for table in allotment.names.tables.values()}
        for table in allotment.new_tables:
            yield Step("safe", "new_table", {"table": table}, is_there=table in self.prepared[0])
        for table, key in allotment.new_columns:
            moved = (*allotment.retypes, *allotment.recomputed)
            if not any(r.table == table and r.path.endswith(f".{key}") for r in moved):
                column = columns[table][key]
                is_there = (table, column) in self.prepared[1]
                holes = {"table": table, "column": column}
                yield Step("safe", "new_column", holes, is_there=is_there)
        for rename in allotment.renames:
            holes = {"old": rename.old, "new": rename.new}
            yield Step("safe", "rename", holes, path=rename.new)
        for retype in allotment.retypes:
            yield from self._retype(retype)
        yield from self.recomputed()
        for found in allotment.restored:
            rows = self.counts.of(found.table, found.column)
            yield Step("safe", "restores", {"path": found.path}, rows, path=found.path)
        for found in allotment.were_there:
            rows = self.counts.of(found.table, found.column)
            if rows:
                yield Step("safe", "was_there", {"path": found.path}, rows, path=found.path)
        yield from self.retired()

    def _retype(self, retype: Retype) -> Iterator[Step]:
        rows = self.counts.of(retype.table, retype.old_column)
        holes = {"path": retype.path, "old": retype.old_type, "new": retype.new_type}
        if rows and retype.new_type == SECRET:
            yield Step("destructive", "seals", holes, rows, topic="data", path=retype.path)

        def carried(lost: int = 0) -> Step:
            kept = rows - lost
            return Step("safe", "retype", holes, kept, topic="data", path=retype.path)

        if not rows or not self.values:
            yield carried()
            return
        accepted = retype.path in self.wish.destroy
        group: Group = "destructive" if accepted else "needs_data"

        def loss(code: str, lost: int, examples: Sequence[Example] = ()) -> Step:
            shown = self._shown(examples, retype.table, retype.old_column, retype.new_column)
            return Step(group, code, holes, lost, not accepted, "data", retype.path, shown, True)

        found = unconverted(self.connection, retype, self.was.keys)
        yield carried(rows if found.convert is None else found.failed)
        if found.convert is None:
            yield loss("not_converted_at_all", rows)
        if found.failed:
            yield loss("unconverted", found.failed, found.failures)
        if found.rounded:
            yield loss("rounded", found.rounded, found.roundings)

    def _shown(self, examples: Sequence[Example], table: str, *columns: str) -> tuple[Example, ...]:
        if any((table, column) in self.closed for column in columns):
            return tuple(example.masked() for example in examples)
        return tuple(examples)

    def recomputed(self) -> Iterator[Step]:
        """What is worked out anew, because its formula is another one."""
        for moved in self.allotment.recomputed:
            rows = self.counts.of(moved.table, moved.old_column)
            yield Step("safe", "another_formula", {"path": moved.path}, rows, path=moved.path)

    def retired(self) -> Iterator[Step]:
        """What is hidden, with the number of rows or values."""
        allotment, paths = self.allotment, paths_of(self.was)
        for table in allotment.retired_tables:
            path = paths[table, ""]
            if not self._is_purged(path):
                rows = self.counts.of(table)
                yield Step("destructive", "retire_table", {"table": table}, rows, path=path)
        for table, column in allotment.retired_columns:
            moved = (*allotment.retypes, *allotment.recomputed)
            if any(r.table == table and r.old_column == column for r in moved):
                continue
            path = paths[table, column]
            if not self._is_purged(path):
                rows = self.counts.of(table, column)
                holes = {"table": table, "column": column}
                yield Step("destructive", "retire_column", holes, rows, path=path)

    def _is_purged(self, path: str) -> bool:
        return path in self.wish.destroy

    def purges(self, ledger: Ledger) -> Iterator[Hidden]:
        """What is hidden, by now or by this publication, and may be destroyed."""
        if not self.wish.destroy:
            return
        for found in self._hidden(ledger):
            whole = found.path in self.wish.destroy
            part = found.column is None and found.path.split(".")[0] in self.wish.destroy
            if whole or part:
                yield found

    def destroyable(self, ledger: Ledger) -> set[str]:
        """Paths that may be given to be destroyed: what is hidden, and what changes its type."""
        if not self.wish.destroy:
            return set()
        hidden = self._hidden(ledger)
        found = {p for h in hidden for p in (h.path, *([h.path.split(".")[0]] * (not h.column)))}
        return found | {retype.path for retype in self.allotment.retypes}

    def _hidden(self, ledger: Ledger) -> list[Hidden]:
        paths = paths_of(self.was)
        gone = [Hidden(paths[t, ""], t) for t in self.allotment.retired_tables]
        gone += [Hidden(paths[t, c], t, c) for t, c in self.allotment.retired_columns]
        moved = (*self.allotment.retypes, *self.allotment.recomputed)
        retyped = {(r.table, r.old_column) for r in moved}
        hidden = {t.name: f"{f}.{p}".rstrip(".") for (f, p), t in ledger.hidden.items()}
        gone += [Hidden(path, table) for table, path in hidden.items()]
        for (table, key), (column, _) in ledger.hidden_columns.items():
            owner = paths.get((table, ""))
            if owner is not None:
                gone.append(Hidden(f"{owner}.{key}", table, column))
        kept = {f.table for f in self.allotment.restored}
        return [
            found
            for found in dict.fromkeys(gone)
            if (found.table, found.column) not in retyped and found.table not in kept
        ]

    def purge_steps(self, purges: Sequence[Hidden]) -> Iterator[Step]:
        for found in purges:
            code = "purge_column" if found.column else "purge_table"
            rows = self.counts.of(found.table, found.column)
            holes = {"path": found.path}
            yield Step("destructive", code, holes, rows, topic="data", path=found.path, counts=True)

    def unique_steps(self, indexes: Sequence[Index]) -> Iterator[Step]:
        """New unique keys over rows that are there: values that occur twice stand in the way."""
        fresh = set(self.allotment.new_columns)
        for index in indexes:
            columns = [column for column, _ in index.columns]
            is_new = index.table in self.allotment.new_tables or any(
                (index.table, column) in fresh for column in columns
            )
            if not index.unique or is_new:
                continue
            rows = twice(self.connection, index.table, columns)
            if rows:
                holes = {"table": index.table, "columns": ", ".join(columns)}
                found = twice_examples(self.connection, index.table, columns)
                examples = self._shown(found, index.table, *columns)
                yield Step(
                    "needs_data", "not_unique", holes, rows, True, "data", None, examples, True
                )


def stale_uniques(connection: Connection, plan: Plan) -> list[str]:
    """Unique indexes of the base that the new definitions no longer ask for: kept, they would go
    on refusing what is allowed now."""
    if plan.base is None:
        return []
    was = read_names(connection, plan.base)
    wanted = {name for table in plan.names.tables.values() for name in table.indexes}
    return sorted(
        name
        for table in was.tables.values()
        for name in table.indexes
        if name.startswith("ux_") and name not in wanted
    )


def closed_columns(catalogue: Catalogue, names: PhysicalNames) -> set[tuple[str, str]]:
    """The columns, (table, column), in which sensitive values and secrets are kept."""
    return columns_of(catalogue, names, lambda f: f.sensitive or f.type == "secret")


def columns_of(
    catalogue: Catalogue, names: PhysicalNames, is_meant: Callable[[Field], bool]
) -> set[tuple[str, str]]:
    """The columns, (table, column), of such fields, those that layers add among them."""
    added = extensions(catalogue)
    held = [(form.name, field) for form in catalogue.forms.values() for field in _all(form.fields)]
    held += [(one.form, field) for one in added.fields for field in one.fields]
    held += [(one.form, field) for one in added.tables for field in one.fields]
    paths = {f"{form}.{field.path}" for form, field in held if is_meant(field)}
    return {key for key, path in paths_of(names).items() if path in paths}


def _all(fields: Mapping[str, Field]) -> Iterator[Field]:
    for one in fields.values():
        yield one
        yield from one.fields.values()


def paths_of(names: PhysicalNames) -> dict[tuple[str, str], str]:
    """The path (`plan`, `plan.lines`, `plan.lines.n`) of each table, and of each column."""
    found: dict[tuple[str, str], str] = {}
    for (form, part), table in names.tables.items():
        extended, beside, for_ = part.partition(BESIDE)
        own = f"{form}.{extended}" if extended else form
        found[table.name, ""] = f"{own}{beside}{for_}"
        for key, column in table.columns.items():
            found[table.name, column] = f"{own}.{key}"
    return found
