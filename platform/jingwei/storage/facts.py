"""Facts, adjustments and computed blocks as rows: names in, names out; codes inside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from jingwei.language.data_versions import VIEW_CODES, VIEWS, View, version_code, version_name
from jingwei.language.periods import Period
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.database import Connection
from jingwei.storage.tables_facts import (
    sys_adjustment,
    sys_cube_block,
    sys_fact,
    sys_fact_batch,
    sys_fact_state,
)

AT_ONCE = 400  # rows of a lookup by key: databases limit the values of one statement
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_KEY = ("indicator", "view", "scenario", "period", "org", "version")


@dataclass(frozen=True, slots=True)
class Batch:
    """Where facts come from. `person`: a login, None for the system."""

    id: int
    source: str
    at: datetime
    source_url: str | None = None
    note: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact. `form`, `record`: the record it was taken from."""

    indicator: str
    org: str
    period: Period
    value: float
    view: View = "actual"
    version: str = "as_reported"
    batch: int = 0
    form: str | None = None
    record: int | None = None
    scenario: int = 0

    @property
    def key(self) -> FactKey:
        return (self.indicator, self.view, self.scenario, self.period, self.org, self.version)


FactKey = tuple[str, str, int, Period, str, str]


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """An entry between the sum of the orgs below and the figure of an org."""

    indicator: str
    org: str
    period: Period
    value: float
    kind: str
    reason: str
    view: View = "actual"
    version: str = "as_reported"
    counterpart: str | None = None
    batch: int = 0
    scenario: int = 0
    id: int = 0

    @property
    def key(self) -> tuple[Any, ...]:
        return (
            self.indicator, self.view, self.scenario, self.period, self.org, self.version,
            self.kind, self.counterpart or "", self.reason,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlockKey:
    """`version` 0: the most trusted."""

    indicator: str
    view: View
    year: int
    version: int = 0
    scenario: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    key: BlockKey
    revision: int
    release: int
    content: bytes


# --- writing ----------------------------------------------------------------------------------


def enter_facts(connection: Connection) -> int:
    """Have facts and blocks to oneself until the transaction ends; the new revision."""
    statement = _INSERT[connection.dialect.name](sys_fact_state).values(one=1, revision=1)
    raised = statement.on_conflict_do_update(
        index_elements=["one"], set_={"revision": sys_fact_state.c.revision + 1}
    )
    revision: int = connection.execute(raised.returning(sys_fact_state.c.revision)).scalar_one()
    return revision


def insert_batches(connection: Connection, people: PersonBook, batches: Sequence[Batch]) -> None:
    rows = [
        {
            "id": b.id,
            "source": b.source,
            "source_url": b.source_url,
            "note": b.note,
            "person": people.ids.get(b.person) if b.person else None,
            "at": b.at,
        }
        for b in batches
    ]
    if rows:
        connection.execute(insert(sys_fact_batch), rows)


def put_facts(connection: Connection, book: NameBook, facts: Sequence[FactRow]) -> None:
    """Insert facts, or overwrite those of the same key."""
    if not facts:
        return
    statement = _INSERT[connection.dialect.name](sys_fact)
    changed = {name: statement.excluded[name] for name in ("value", "batch", "form", "record")}
    statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed)
    connection.execute(statement, [_fact_values(book, fact) for fact in facts])


def delete_facts(connection: Connection, book: NameBook, facts: Sequence[FactRow]) -> None:
    """Withdraw facts by their keys."""
    if not facts:
        return
    where = [sys_fact.c[name] == bindparam(f"{name}_") for name in _KEY]
    rows = [_fact_values(book, fact) for fact in facts]
    connection.execute(
        delete(sys_fact).where(*where), [{f"{n}_": row[n] for n in _KEY} for row in rows]
    )


def put_adjustments(
    connection: Connection, book: NameBook, entries: Sequence[AdjustmentRow]
) -> None:
    """Insert entries, or overwrite the value of those with the same key."""
    if not entries:
        return
    statement = _INSERT[connection.dialect.name](sys_adjustment)
    names = (*_KEY, "kind", "counterpart", "reason")
    changed = {name: statement.excluded[name] for name in ("value", "batch")}
    statement = statement.on_conflict_do_update(index_elements=list(names), set_=changed)
    rows = [
        {
            "id": e.id,
            "indicator": book.key("indicator", e.indicator),
            "org": book.key("org", e.org),
            "period": e.period.key,
            "view": VIEW_CODES[e.view],
            "version": version_code(e.version),
            "scenario": e.scenario,
            "kind": e.kind,
            "counterpart": e.counterpart or "",
            "reason": e.reason,
            "value": e.value,
            "batch": e.batch,
        }
        for e in entries
    ]
    connection.execute(statement, rows)


def _fact_values(book: NameBook, fact: FactRow) -> dict[str, Any]:
    return {
        "indicator": book.key("indicator", fact.indicator),
        "view": VIEW_CODES[fact.view],
        "scenario": fact.scenario,
        "period": fact.period.key,
        "org": book.key("org", fact.org),
        "version": version_code(fact.version),
        "value": fact.value,
        "batch": fact.batch,
        "form": None if fact.form is None else book.key("form", fact.form),
        "record": fact.record,
    }


# --- reading ----------------------------------------------------------------------------------


def _fact(book: NameBook, row: Any) -> FactRow:
    return FactRow(
        book.names[row.indicator],
        book.names[row.org],
        Period.from_key(row.period),
        row.value,
        VIEWS[row.view],
        version_name(row.version),
        row.batch,
        None if row.form is None else book.names[row.form],
        row.record,
        row.scenario,
    )


def facts_by_key(
    connection: Connection, book: NameBook, facts: Iterable[FactRow]
) -> dict[FactKey, FactRow]:
    """Those of these facts that are there, by key."""
    rows = [_fact_values(book, fact) for fact in facts]
    keys = [tuple(row[name] for name in _KEY) for row in rows]
    columns = tuple_(*(sys_fact.c[name] for name in _KEY))
    found: dict[FactKey, FactRow] = {}
    for start in range(0, len(keys), AT_ONCE):
        statement = select(sys_fact).where(columns.in_(keys[start : start + AT_ONCE]))
        for row in connection.execute(statement):
            fact = _fact(book, row)
            found[fact.key] = fact
    return found


def facts_of_record(connection: Connection, book: NameBook, record: int) -> list[FactRow]:
    rows = connection.execute(select(sys_fact).where(sys_fact.c.record == record))
    return [_fact(book, row) for row in rows]


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact with its provenance."""

    fact: FactRow
    batch: Batch


def fact_lines(
    connection: Connection,
    book: NameBook,
    people: PersonBook,
    indicator: str,
    org: str,
    view: View,
    years: tuple[int, int],
) -> list[FactLine]:
    """The facts of one org in these years (both included), by period and version."""
    first, last = years
    statement = (
        select(sys_fact, *(sys_fact_batch.c[n].label(f"batch_{n}") for n in _BATCH))
        .join(sys_fact_batch, sys_fact_batch.c.id == sys_fact.c.batch)
        .where(
            sys_fact.c.indicator == book.key("indicator", indicator),
            sys_fact.c.org == book.key("org", org),
            sys_fact.c.view == VIEW_CODES[view],
            sys_fact.c.scenario == 0,
            sys_fact.c.period.between(first * 1000, last * 1000 + 999),
        )
        .order_by(sys_fact.c.period, sys_fact.c.version)
    )
    return [
        FactLine(_fact(book, row), _batch(people, row)) for row in connection.execute(statement)
    ]


_BATCH = ("source", "source_url", "note", "person", "at")


def _batch(people: PersonBook, row: Any) -> Batch:
    return Batch(
        row.batch,
        row.batch_source,
        row.batch_at,
        row.batch_source_url,
        row.batch_note,
        people.logins.get(row.batch_person),
    )


# What the cube reads: org → key of the period → (version, value, when it came).
Series = dict[str, dict[int, list[tuple[int, float, datetime]]]]
SeriesKey = tuple[str, str, int]  # indicator, view, year


def load_series(
    connection: Connection, book: NameBook, keys: Collection[SeriesKey], *, adjustments: bool
) -> dict[SeriesKey, Series]:
    """Facts (or adjustments, summed) of whole years at once, for every org."""
    table = sys_adjustment if adjustments else sys_fact
    found: dict[SeriesKey, Series] = {key: {} for key in keys}
    wanted = {(i, v) for i, v, _ in keys if ("indicator", i) in book.keys}
    if not wanted:
        return found
    years = [year for _, _, year in keys]
    rows = connection.execute(_series_statement(table, book, wanted, min(years), max(years)))
    for indicator, view, period, org, version, value, at in rows:
        series = found.get((book.names[indicator], VIEWS[view], period // 1000))
        if series is None:
            continue
        versions = series.setdefault(book.names[org], {}).setdefault(period, [])
        if adjustments:
            _add_entry(versions, version, value, at)
        else:
            versions.append((version, value, at))
    return found


def _series_statement(
    table: Table, book: NameBook, wanted: Iterable[tuple[str, str]], first: int, last: int
) -> Any:
    pairs = [(book.key("indicator", i), VIEW_CODES[cast(View, v)]) for i, v in wanted]
    c = table.c
    return (
        select(c.indicator, c.view, c.period, c.org, c.version, c.value, sys_fact_batch.c.at)
        .join(sys_fact_batch, sys_fact_batch.c.id == c.batch)
        .where(
            tuple_(c.indicator, c.view).in_(pairs),
            c.scenario == 0,
            c.period.between(first * 1000, last * 1000 + 999),
        )
    )


def _add_entry(
    versions: list[tuple[int, float, datetime]], version: int, value: float, at: datetime
) -> None:
    for place, (code, total, when) in enumerate(versions):
        if code == version:
            versions[place] = (code, total + value, max(when, at))
            return
    versions.append((version, value, at))


def adjustments_of(
    connection: Connection, book: NameBook, indicator: str, org: str, view: View, year: int
) -> list[AdjustmentRow]:
    """The entries at one org in a year, by period and kind."""
    c = sys_adjustment.c
    statement = (
        select(sys_adjustment)
        .where(
            c.indicator == book.key("indicator", indicator),
            c.org == book.key("org", org),
            c.view == VIEW_CODES[view],
            c.scenario == 0,
            c.period.between(year * 1000, year * 1000 + 999),
        )
        .order_by(c.period, c.kind, c.id)
    )
    return [_adjustment(book, row) for row in connection.execute(statement)]


def adjustments_by_key(
    connection: Connection, book: NameBook, entries: Iterable[AdjustmentRow]
) -> dict[tuple[Any, ...], AdjustmentRow]:
    """Those of these entries that are there, by key."""
    found = {}
    for indicator, org, view, year in {
        (e.indicator, e.org, e.view, e.period.year) for e in entries
    }:
        for there in adjustments_of(connection, book, indicator, org, view, year):
            found[there.key] = there
    return found


def _adjustment(book: NameBook, row: Any) -> AdjustmentRow:
    return AdjustmentRow(
        book.names[row.indicator],
        book.names[row.org],
        Period.from_key(row.period),
        row.value,
        row.kind,
        row.reason,
        VIEWS[row.view],
        version_name(row.version),
        row.counterpart or None,
        row.batch,
        row.scenario,
        row.id,
    )


# --- blocks -----------------------------------------------------------------------------------


def block_revisions(
    connection: Connection, book: NameBook, keys: Iterable[BlockKey], release: int
) -> dict[BlockKey, int]:
    """Which of these blocks are there for this release, and how old they are."""
    c = sys_cube_block.c
    statement = select(c.indicator, c.view, c.version, c.scenario, c.year, c.revision)
    rows = connection.execute(_of_keys(statement, book, keys, release))
    return {_block_key(book, row): row.revision for row in rows}


def load_blocks(
    connection: Connection, book: NameBook, keys: Iterable[BlockKey], release: int
) -> list[Block]:
    rows = connection.execute(_of_keys(select(sys_cube_block), book, keys, release))
    return [Block(_block_key(book, row), row.revision, row.release, row.content) for row in rows]


def _of_keys(statement: Any, book: NameBook, keys: Iterable[BlockKey], release: int) -> Any:
    c = sys_cube_block.c
    wanted = [
        (book.key("indicator", k.indicator), VIEW_CODES[k.view], k.version, k.scenario, k.year)
        for k in keys
    ]
    columns = tuple_(c.indicator, c.view, c.version, c.scenario, c.year)
    return statement.where(columns.in_(wanted), c.release == release)


def _block_key(book: NameBook, row: Any) -> BlockKey:
    return BlockKey(book.names[row.indicator], VIEWS[row.view], row.year, row.version, row.scenario)


def put_block(connection: Connection, book: NameBook, block: Block) -> None:
    """Insert or replace one block."""
    statement = _INSERT[connection.dialect.name](sys_cube_block).values(
        indicator=book.key("indicator", block.key.indicator),
        view=VIEW_CODES[block.key.view],
        version=block.key.version,
        scenario=block.key.scenario,
        year=block.key.year,
        revision=block.revision,
        release=block.release,
        content=block.content,
    )
    changed = {name: statement.excluded[name] for name in ("revision", "release", "content")}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["indicator", "view", "version", "scenario", "year"], set_=changed
        )
    )


def drop_blocks(
    connection: Connection, book: NameBook, indicators: Iterable[str], views: Iterable[View]
) -> None:
    """Forget the blocks of these indicators: what they say is no longer so."""
    c = sys_cube_block.c
    connection.execute(
        delete(sys_cube_block).where(
            c.indicator.in_([book.key("indicator", name) for name in indicators]),
            c.view.in_([VIEW_CODES[view] for view in views]),
        )
    )


def years_with_facts(
    connection: Connection, book: NameBook, indicators: Iterable[str]
) -> list[int]:
    """The years in which these indicators have facts, ascending."""
    keys = [book.key("indicator", name) for name in indicators]
    statement = select(sys_fact.c.period).where(sys_fact.c.indicator.in_(keys)).distinct()
    return sorted({period // 1000 for period in connection.execute(statement).scalars()})
