"""An earlier release published again, over the columns it had: what that would do, and doing it.

Business data stay as they are. What was entered since into columns that the earlier release does
not know is hidden and kept; what that release kept and a later one retired is there again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import jingwei
from jingwei.catalogue.catalogue import Catalogue
from jingwei.refusals import Conflict, NotFound
from jingwei.storage.apply import changed_files, log_release, refuse_steps
from jingwei.storage.columns import fixed_columns
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.failpoints import failpoint
from jingwei.storage.fill_list import Filling, is_long
from jingwei.storage.fills import BATCH, ComputedFill, Fill, WordsFill
from jingwei.storage.full_text import forget_fields, searched_anywhere
from jingwei.storage.indexes import Index, form_indexes
from jingwei.storage.ledger import mark_active
from jingwei.storage.names import (
    Allotment,
    Hidden,
    PhysicalNames,
    PhysicalTable,
    Rename,
    Retype,
)
from jingwei.storage.orgs import restore_keys, write_orgs
from jingwei.storage.plan import (
    NO_WISH,
    Look,
    Plan,
    closed_columns,
    counted,
    file_changes,
    paths_of,
    stale_uniques,
)
from jingwei.storage.plan_rows import Counts
from jingwei.storage.plan_step import Group, Step
from jingwei.storage.preparing import alone, changed_since, insistent, newest_change
from jingwei.storage.publication import Publication, announce, with_publish_lock
from jingwei.storage.releases import (
    Release,
    active_release,
    find_release,
    read_files,
    read_names,
    store_release,
)


def plan_back(
    connection: Connection,
    catalogue: Catalogue,
    release: int,
    *,
    before: Catalogue | None = None,
) -> Plan:
    """What publishing an earlier release again would do. `catalogue` is that release, compiled;
    `before`: what runs; what it calls sensitive is no example.

    Raises NotFound for an unknown number.
    """
    active = active_release(connection)
    if active is None or find_release(connection, release) is None:
        raise NotFound("no-such-release", release=release)
    was, names = read_names(connection, active.id), read_names(connection, release)
    allotment = _allotment(was, names)
    fresh = tuple(_uniques(catalogue, was, names))
    closed = closed_columns(catalogue, names)
    if before is not None:
        closed |= closed_columns(before, was)
    counts = Counts(connection, counted(allotment))
    look = Look(connection, allotment, was, NO_WISH, True, closed, counts)
    ddl = Ddl(connection.dialect, names)
    return Plan(
        active.id,
        catalogue.fingerprint,
        tuple(file_changes(connection, active, catalogue.files)),
        (
            *_steps(allotment, counts),
            *look.recomputed(),
            *look.retired(),
            *look.unique_steps(fresh),
        ),
        tuple(ddl.create_index(index) for index in fresh),
        names,
        allotment,
        counts,
        fresh,
        back_to=release,
        is_moved=dict(names.tables) != dict(was.tables),
    )


def _allotment(was: PhysicalNames, names: PhysicalNames) -> Allotment:
    """The way from one map to an earlier one: nothing is made, only shown and hidden."""
    found = Allotment(names)
    paths, earlier = paths_of(was), paths_of(names)
    found.retired_tables = [t for t, c in paths if not c and (t, "") not in earlier]
    found.restored = [
        Hidden(p, t) for (t, c), p in earlier.items() if not c and (t, c) not in paths
    ]
    here = {table.name: table for table in was.tables.values()}
    for (_, part), table in names.tables.items():
        now = here.get(table.name)
        if now is None:
            continue
        old, new = paths[table.name, ""], earlier[table.name, ""]
        if old != new:
            found.renames.append(Rename(old, new))
        fixed = set(fixed_columns(part))
        for key in (key for key in table.columns if key not in fixed):
            _column(found, now, table, key, f"{new}.{key}")
        gone = [c for c in now.columns.values() if (table.name, c) not in earlier]
        found.retired_columns += [(table.name, column) for column in gone]
    return found


def _column(
    found: Allotment, now: PhysicalTable, table: PhysicalTable, key: str, path: str
) -> None:
    """What becomes of one column of the earlier release."""
    column = table.columns[key]
    keys = {c: k for k, c in now.columns.items()}
    if column in keys:
        if keys[column] != key:
            found.renames.append(Rename(path.removesuffix(key) + keys[column], path))
        return
    old = now.columns.get(key)
    if old is None:
        found.restored.append(Hidden(path, table.name, column))
        return
    types = now.types[key], table.types[key]
    moved = Retype(table.name, path, old, types[0], column, types[1])
    if key in (table.formulas or {}):
        found.recomputed.append(moved)
    elif types[0] != types[1]:
        found.retypes.append(moved)
    else:  # it was taken away and written again in between
        found.restored.append(Hidden(path, table.name, column))


def _uniques(catalogue: Catalogue, was: PhysicalNames, names: PhysicalNames) -> Iterator[Index]:
    """Unique keys that the earlier release asks for and the one that runs does not."""
    there = {name for table in was.tables.values() for name in table.indexes}
    for form in catalogue.forms.values():
        for index in form_indexes(form, names):
            if index.unique and index.name not in there:
                yield index


def _steps(allotment: Allotment, counts: Counts) -> Iterator[Step]:
    for rename in allotment.renames:
        yield Step("safe", "rename", {"old": rename.old, "new": rename.new}, path=rename.new)
    for found in allotment.restored:
        rows = counts.of(found.table, found.column)
        yield Step("safe", "restores", {"path": found.path}, rows, path=found.path)
    for retype in allotment.retypes:
        kept = counts.of(retype.table, retype.old_column)
        rows = counts.of(retype.table, retype.new_column)
        holes = {"path": retype.path, "old": retype.old_type, "new": retype.new_type, "kept": kept}
        group: Group = "destructive" if kept else "safe"
        yield Step(group, "type_before", holes, rows, topic="data", path=retype.path)


def rollback(
    database: Database, catalogue: Catalogue, release: int, publication: Publication
) -> Release:
    """Publish an earlier release again; when it runs already, the active one is the answer.

    `catalogue` is that release, compiled (`read_files`). Raises NotFound for an unknown number,
    Conflict `plan-blocked` when values that it wants unique are not any more, `base-moved` when
    something else was published since the author looked, `publish-busy`, `apply-running`.
    """
    return _Back(database, catalogue, release, publication).run()


class _Back:
    """One rollback on its way."""

    def __init__(
        self, database: Database, catalogue: Catalogue, release: int, publication: Publication
    ) -> None:
        self.database, self.catalogue = database, catalogue
        self.release, self.publication = release, publication

    def run(self) -> Release:
        with self.database.reading() as connection:
            plan = self._plan(connection)
            if plan.is_empty:
                assert plan.base is not None
                found = find_release(connection, plan.base)
                assert found is not None
                return found
            long = [f for f in self._fills(connection, plan) if is_long(connection, f.table)]
        if not long:
            return self._publish(set(), 0)
        with alone(self.database):
            mark = with_publish_lock(self.database, newest_change)
            for fill in long:
                self._fill_beside(fill)
            return self._publish({fill.name for fill in long}, mark)

    def _plan(self, connection: Connection) -> Plan:
        plan = plan_back(connection, self.catalogue, self.release)
        if self.publication.base not in (None, plan.base):
            active = active_release(connection)
            assert active is not None
            files = ", ".join(changed_files(connection, self.publication.base, active))
            raise Conflict("base-moved", active=active.id, author=active.author, files=files)
        refuse_steps(plan.blocked_by, self.publication.locale)
        return plan

    def _fill_beside(self, fill: Fill) -> None:
        """Worked out while everybody goes on working: nobody sees these columns yet."""

        def batch() -> int | None:
            with self.database.writing() as connection:
                if not self.database.is_sqlite:
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                following, _ = fill.batch(connection, last, BATCH)
            return following

        last = -1
        while (following := insistent(batch)) is not None:
            failpoint("rollback.batch")
            last = following
        failpoint("rollback.batch")

    def _publish(self, done: set[str], mark: int) -> Release:
        def step(connection: Connection) -> Release:
            failpoint("rollback.begin")
            return self._step(connection, self._plan(connection), done, mark)

        release = with_publish_lock(self.database, step)
        failpoint("rollback.committed")
        return release

    def _step(self, connection: Connection, plan: Plan, done: set[str], mark: int) -> Release:
        active, wanted = active_release(connection), find_release(connection, self.release)
        assert active is not None and wanted is not None
        names, today = plan.names, self.publication.today
        again = replace(
            wanted,
            id=active.id + 1,
            parent=active.id,
            engine=jingwei.__version__,
            author=self.publication.author,
            comment=self.publication.comment,
            at=self.publication.now,
            source="rollback",
            rollback_of=self.release,
        )
        planned = self.publication.plan or plan.to_json(self.publication.locale)
        restore_keys(connection, names.keys)
        mark_active(connection, names)
        files = read_files(connection, self.release)
        store_release(connection, again, files, names, planned)
        failpoint("rollback.release")
        write_orgs(connection, self.catalogue, names.keys["org"], today)
        self._log(connection, active, again, names)
        announce(connection, again)
        stale = (f'DROP INDEX IF EXISTS "{name}"' for name in stale_uniques(connection, plan))
        for statement in (*plan.statements, *stale):
            connection.exec_driver_sql(statement)
        self._fill(connection, plan, done, mark)
        failpoint("rollback.filled")
        if self.publication.also is not None:
            self.publication.also(connection, again)
        return again

    def _fills(self, connection: Connection, plan: Plan) -> list[Fill]:
        """Words that are searched again, and computed values: records that were changed since
        would show them as they were."""
        shown = {(found.table, found.column) for found in plan.allotment.restored}
        shown |= {(found.table, found.new_column) for found in plan.allotment.recomputed}
        columns = [
            (table.name, key)
            for table in plan.names.tables.values()
            for key, column in table.columns.items()
            if (table.name, column) in shown
        ]
        filling = Filling(
            self.catalogue,
            plan.names,
            Allotment(plan.names, new_columns=columns),
            plan.names.keys,
            self.database.people,
            self.publication.computer,
        )
        kinds = (ComputedFill, WordsFill)  # a default would be business data
        return [fill for fill in filling.fills(connection) if isinstance(fill, kinds)]

    def _fill(self, connection: Connection, plan: Plan, done: set[str], mark: int) -> None:
        keys = plan.names.keys["form"]
        forms = self.catalogue.forms.values()
        searched = {keys[form.name]: searched_anywhere(self.catalogue, form) for form in forms}
        forget_fields(connection, searched)
        for fill in self._fills(connection, plan):
            if fill.name in done:
                fill.again(connection, changed_since(connection, mark, keys[fill.form]))
                continue
            last: int | None = -1
            while last is not None:
                last, _ = fill.batch(connection, last, BATCH)

    def _log(
        self, connection: Connection, active: Release, again: Release, names: PhysicalNames
    ) -> None:
        if not self.publication.logged:
            return
        body: dict[str, object] = {
            "release": [active.id, again.id],
            "rollback_of": [None, self.release],
            "author": [None, again.author],
            "comment": [None, again.comment],
        }
        keys = {kind: dict(found) for kind, found in names.keys.items()}
        log_release(connection, self.database, keys, again, "release.rolled_back", body)
