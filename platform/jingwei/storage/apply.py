"""A catalogue made the active release: in one step or not at all, and only by adding.

What takes long (values of many rows, indexes over them) is done before, where nobody sees it
(`jingwei.storage.preparing`); the step itself takes the lock for a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import jingwei
from jingwei.catalogue.catalogue import Catalogue
from jingwei.refusals import Conflict
from jingwei.storage.books import NameBook
from jingwei.storage.changes import ChangeRow, write_changes
from jingwei.storage.columns import SECRET
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.failpoints import failpoint
from jingwei.storage.fill_list import Filling, is_long
from jingwei.storage.fills import BATCH, Fill
from jingwei.storage.foreseen import looking
from jingwei.storage.full_text import forget_fields, searched_anywhere
from jingwei.storage.indexes import Index, superseded_index
from jingwei.storage.late_words import read_late
from jingwei.storage.ledger import is_prepared, mark_active, prepared_names, write_names
from jingwei.storage.names import Allotment, Hidden, PhysicalNames
from jingwei.storage.orgs import allot_keys, write_orgs
from jingwei.storage.people import refresh_book
from jingwei.storage.plan import Plan, plan_on, stale_uniques, table_statements
from jingwei.storage.plan_step import Step
from jingwei.storage.preparing import (
    Preparation,
    alone,
    begin_preparation,
    build_index,
    built_indexes,
    changed_since,
    drop_preparation,
    drop_superseded,
    end_preparation,
    find_preparation,
    long_indexes,
    run_fill,
)
from jingwei.storage.publication import Publication, announce, with_publish_lock
from jingwei.storage.purging import empty_at_once, purge
from jingwei.storage.releases import (
    Release,
    active_release,
    read_files,
    read_names,
    store_release,
)

__all__ = ["Publication", "apply", "check_base"]


def apply(database: Database, catalogue: Catalogue, publication: Publication) -> Release:
    """Publish `catalogue`; when it runs already, the active release is the answer.

    Raises Conflict: `base-moved` when something else was published since the author's base
    (`base-unknown`: it cannot be told),
    `plan-blocked` when the data stand in the way, `publish-busy` when writers kept the lock for
    too long, `apply-running` when a long publication is under way. The release that runs, and all
    that people see, is the same then; run it again.
    """
    return _Publishing(database, catalogue, publication).run()


def check_base(database: Database, catalogue: Catalogue, publication: Publication) -> None:
    """Raises Conflict `base-moved` or `plan-outdated`, as `apply` would."""
    with database.reading() as connection:
        _check_base(connection, active_release(connection), catalogue, publication)


def _check_base(
    connection: Connection,
    active: Release | None,
    catalogue: Catalogue,
    publication: Publication,
) -> None:
    if publication.fingerprint not in (None, catalogue.fingerprint):
        raise Conflict("plan-outdated")
    if active is None or publication.base == active.id:
        return
    if publication.base is None and not publication.strict and active.source != "studio":
        return
    if publication.base is None and publication.strict:
        if catalogue.fingerprint == active.fingerprint:
            return
        raise Conflict(
            "base-unknown",
            detail={"active": active.id},
            active=active.id,
            author=active.author,
        )
    changed = changed_files(connection, publication.base, active)
    raise Conflict(
        "base-moved",
        detail={"active": active.id, "changed": changed},
        active=active.id,
        author=active.author,
        files=", ".join(changed),
    )


def changed_files(connection: Connection, base: int | None, active: Release) -> list[str]:
    """Paths that differ between the author's base and what runs; without a base, its parent."""
    start = base if base is not None else active.parent
    was = read_files(connection, start) if start is not None else {}
    now = read_files(connection, active.id)
    return sorted(p for p in set(was) | set(now) if was.get(p) != now.get(p))


def refuse_steps(steps: Sequence[Step], locale: str) -> None:
    """Raises Conflict `plan-blocked` where there are any."""
    if steps:
        found = [step.without_values().to_json(locale) for step in steps]
        words = "; ".join(step.message(locale) for step in steps)
        raise Conflict("plan-blocked", detail={"steps": found}, steps=words)


@dataclass(slots=True)
class _Long:
    """What is done before the publishing transaction."""

    fills: list[Fill] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.fills or self.indexes)


@dataclass(slots=True)
class _Publishing:
    """One publication on its way."""

    database: Database
    catalogue: Catalogue
    publication: Publication

    def run(self) -> Release:
        published = self._run()
        self._tidy()
        return published

    def _tidy(self) -> None:
        """Indexes of an earlier engine that others took the place of, and words that it did not
        read."""
        with self.database.reading() as connection:
            active = active_release(connection)
            names = None if active is None else read_names(connection, active.id)
        if names is not None:
            forms = [f for f in self.catalogue.forms.values() if (f.name, "") in names.tables]
            drop_superseded(self.database, [superseded_index(form, names) for form in forms])
            read_late(self.database, self.catalogue, names)

    def _run(self) -> Release:
        with looking(self.database) as connection:
            active = active_release(connection)
            if active is None:
                return self._publish(None)
            _check_base(connection, active, self.catalogue, self.publication)
            plan = self._look(connection, values=True)
            self._refuse(plan.blocked_by)
            if plan.is_empty:
                return active
            long = self._long(connection, plan)
        if long:
            with alone(self.database):
                return self._publish(self._prepare())
        if plan.files or plan.statements:
            active = self._publish(None)
        return self._purged(plan, active)

    def _look(self, connection: Connection, *, values: bool) -> Plan:
        computes = self.publication.computer is not None
        wish = self.publication.wish
        return plan_on(connection, self.catalogue, wish, values=values, computes=computes)

    def _refuse(self, steps: Sequence[Step]) -> None:
        refuse_steps(steps, self.publication.locale)

    def _plan(self, connection: Connection, *, values: bool) -> tuple[Release | None, Plan]:
        active = active_release(connection)
        _check_base(connection, active, self.catalogue, self.publication)
        plan = self._look(connection, values=values)
        self._refuse(plan.blocked_by)
        return active, plan

    # --- the long part --------------------------------------------------------------------------

    def _long(self, connection: Connection, plan: Plan) -> _Long:
        base = read_names(connection, plan.base).keys if plan.base is not None else {}
        fresh = plan.allotment.new_tables
        begun = find_preparation(connection) if self._is_ours(connection) else None
        fills = self._filling(connection, plan.names, plan.allotment, base).fills(
            connection, begun.progress if begun else ()
        )
        return _Long(
            [f for f in fills if f.table not in fresh and is_long(connection, f.table)],
            long_indexes(connection, plan.indexes, is_long, fresh),
        )

    def _is_ours(self, connection: Connection) -> bool:
        return is_prepared(connection, self.catalogue.fingerprint)

    def _filling(
        self, connection: Connection, names: PhysicalNames, allotment: Allotment, keys: object
    ) -> Filling:
        refresh_book(connection, self.database.people)
        return Filling(
            self.catalogue,
            names,
            allotment,
            keys,  # type: ignore[arg-type]  # by kind and name
            self.database.people,
            self.publication.computer,
            self.database.keys,
        )

    def _prepare(self) -> Preparation:
        preparation = with_publish_lock(self.database, self._begin)
        failpoint("prepare.committed")
        with self.database.reading() as connection:
            _, plan = self._plan(connection, values=False)
            long = self._long(connection, plan)
            ddl = Ddl(connection.dialect, plan.allotment.names)
        for fill in long.fills:
            run_fill(self.database, preparation, fill, self.publication.tell)
            self._judge([fill])
        failpoint("fill.done")
        for number, index in enumerate(long.indexes):
            build_index(self.database, ddl, index)
            if self.publication.tell is not None:
                self.publication.tell(index.name, number + 1, len(long.indexes))
        return preparation

    def _begin(self, connection: Connection) -> Preparation:
        """Tables and columns, under the lock for a moment: from here on every write is in the log
        behind the mark."""
        failpoint("prepare.begin")
        active, plan = self._plan(connection, values=False)
        base = active.id if active else None
        found = find_preparation(connection)
        if found is not None and self._is_ours(connection) and found.base == base:
            return found
        preparation = begin_preparation(
            connection,
            base,
            self.catalogue.fingerprint,
            self.publication.author,
            self.publication.now,
        )
        allotment = plan.allotment
        write_names(
            connection,
            plan.names,
            set(allotment.new_tables),
            set(allotment.new_columns),
            (base or 0) + 1,
            "prepared",
        )
        failpoint("prepare.ledger")
        # what locks tables comes last: readers wait from here to the commit
        for statement in table_statements(Ddl(connection.dialect, plan.names), allotment):
            connection.exec_driver_sql(statement)
            failpoint("prepare.statement")
        return preparation

    def _judge(self, fills: Sequence[Fill]) -> None:
        """Raises Conflict `plan-blocked` for values that came meanwhile and do not convert."""
        steps = []
        for fill in fills:
            judge = fill.judge
            if judge is None or fill.path in self.publication.wish.destroy:
                continue
            found = [f"#{example.record}" for example in (*judge.failures, *judge.roundings)]
            if found:
                holes = {"path": fill.path, "records": ", ".join(dict.fromkeys(found))}
                rows = judge.failed + judge.rounded
                steps.append(Step("needs_data", "came_meanwhile", holes, rows, True))
        self._refuse(steps)

    # --- the step -------------------------------------------------------------------------------

    def _publish(self, preparation: Preparation | None) -> Release:
        plans: list[Plan] = []

        def step(connection: Connection) -> Release:
            failpoint("publish.begin")
            active, plan = self._plan(connection, values=preparation is None)
            plans[:] = [plan]
            if active is not None and plan.is_empty:
                return active
            return self._step(connection, plan, active, preparation)

        release = with_publish_lock(self.database, step)
        failpoint("publish.committed")
        return self._purged(plans[0], release)

    def _step(
        self,
        connection: Connection,
        plan: Plan,
        active: Release | None,
        preparation: Preparation | None,
    ) -> Release:
        release = self._release(active)
        base = read_names(connection, active.id).keys if active else {}
        keys = allot_keys(connection, self.catalogue, base)
        names = replace(plan.names, keys=keys)
        allotment, begun = self._left(connection, plan, preparation)
        fills = self._filling(connection, names, plan.allotment, keys).fills(connection, begun)
        planned = self.publication.plan or plan.to_json(self.publication.locale)
        store_release(connection, release, self.catalogue.files, names, planned)
        failpoint("publish.release")
        write_orgs(connection, self.catalogue, keys["org"], self.publication.today)
        failpoint("publish.orgs")
        if self.publication.logged:
            self._log(connection, release, keys)
        announce(connection, release)
        write_names(
            connection,
            names,
            set(allotment.new_tables),
            set(allotment.new_columns),
            release.id,
            "active",
        )
        mark_active(connection, names)
        failpoint("publish.ledger")
        # what locks tables comes last: readers wait from here to the commit
        there = built_indexes(connection, plan.indexes) if preparation is not None else set()
        left = [index for index in plan.indexes if index.name not in there]
        self._statements(connection, plan, left, allotment)
        self._fill(connection, fills, preparation, keys)
        for retype in plan.allotment.retypes:
            if retype.new_type == SECRET:
                empty_at_once(connection, Hidden(retype.path, retype.table, retype.old_column))
        if preparation is not None:
            end_preparation(connection)
        else:
            drop_preparation(connection)
        if self.publication.also is not None:
            self.publication.also(connection, release)
        return release

    def _release(self, active: Release | None) -> Release:
        return Release(
            id=active.id + 1 if active else 1,
            parent=active.id if active else None,
            fingerprint=self.catalogue.fingerprint,
            engine=jingwei.__version__,
            language=self.catalogue.manifest.language,
            author=self.publication.author,
            comment=self.publication.comment,
            at=self.publication.now,
            source=self.publication.source,
        )

    def _left(
        self, connection: Connection, plan: Plan, preparation: Preparation | None
    ) -> tuple[Allotment, Sequence[str]]:
        """What of the allotment is still to be made, and the fills that were begun."""
        if preparation is None:
            return plan.allotment, ()
        if not self._is_ours(connection):
            raise Conflict("apply-overtaken")
        tables, columns = prepared_names(connection)
        physical = {t.name: t.columns for t in plan.names.tables.values()}
        left = replace(
            plan.allotment,
            new_tables=[t for t in plan.allotment.new_tables if t not in tables],
            new_columns=[
                (t, k) for t, k in plan.allotment.new_columns if (t, physical[t][k]) not in columns
            ],
        )
        return left, list(preparation.progress)

    def _statements(
        self, connection: Connection, plan: Plan, indexes: Sequence[Index], allotment: Allotment
    ) -> None:
        ddl = Ddl(connection.dialect, plan.allotment.names)
        statements = [
            *table_statements(ddl, allotment),
            *(ddl.create_index(index) for index in indexes),
            *(f'DROP INDEX IF EXISTS "{name}"' for name in stale_uniques(connection, plan)),
        ]
        for statement in statements:
            connection.exec_driver_sql(statement)
            failpoint("publish.statement")

    def _fill(
        self,
        connection: Connection,
        fills: Sequence[Fill],
        preparation: Preparation | None,
        keys: dict[str, dict[str, int]],
    ) -> None:
        forms = self.catalogue.forms.values()
        searched = {keys["form"][f.name]: searched_anywhere(self.catalogue, f) for f in forms}
        forget_fields(connection, searched)
        done = preparation.progress if preparation is not None else {}
        for fill in fills:
            if fill.name in done:
                assert preparation is not None
                key = keys["form"][fill.form]
                fill.again(connection, changed_since(connection, preparation.mark, key))
                continue
            last: int | None = -1
            while last is not None:
                last, _ = fill.batch(connection, last, BATCH)
        if preparation is not None:
            failpoint("publish.caught_up")
        self._judge(fills)
        failpoint("publish.filled")

    def _log(
        self, connection: Connection, release: Release, keys: dict[str, dict[str, int]]
    ) -> None:
        wish = self.publication.wish
        body = {
            "release": [release.parent, release.id],
            "author": [None, release.author],
            "comment": [None, release.comment],
        }
        if wish.destroy or wish.restore:
            body["destroy"] = [None, ", ".join(sorted(wish.destroy)) or None]
            body["restore"] = [None, ", ".join(sorted(wish.restore)) or None]
            body["reason"] = [None, wish.reason]
        log_release(connection, self.database, keys, release, "release.published", body)

    def _purged(self, plan: Plan, release: Release) -> Release:
        """Destroy what was wished to be, once nothing that runs can see it."""
        if plan.purges:
            purge(self.database, plan.purges, partial(self._destroyed, release))
        return release

    def _destroyed(
        self, release: Release, connection: Connection, found: Hidden, rows: int
    ) -> None:
        """What goes for good is in the audit trail, whoever asked for it and however."""
        publication = self.publication
        refresh_book(connection, self.database.people)
        known = publication.author in self.database.people.ids
        row = ChangeRow(
            at=publication.now,
            actor=publication.author if known else None,
            action="retired.destroyed",
            kind="definition",
            body={
                "path": [None, found.path],
                "rows": [None, rows],
                "reason": [None, publication.wish.reason],
                "author": [None, publication.author],
            },
            release=release.id,
            request=publication.request,
        )
        write_changes(connection, NameBook(()), self.database.people, [row])


def log_release(
    connection: Connection,
    database: Database,
    keys: dict[str, dict[str, int]],
    release: Release,
    action: str,
    body: dict[str, object],
) -> None:
    """A publication is in the audit trail like every other change. The author is a person of the
    installation, or whoever the machine says runs the command (in the body then)."""
    refresh_book(connection, database.people)
    known = release.author in database.people.ids
    book = NameBook((k, kind, name) for kind, names in keys.items() for name, k in names.items())
    row = ChangeRow(
        at=release.at,
        actor=release.author if known else None,
        action=action,
        kind="definition",
        object=release.id,
        body=body,
        release=release.id,
    )
    write_changes(connection, book, database.people, [row])
