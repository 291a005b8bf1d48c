"""The whole plan: definitions against the release that runs and the data of this moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.problems import DefinitionErrors
from jingwei.services.releases.judged import Both, build_steps, judged_steps
from jingwei.services.releases.plan import FlowTouch, FormSight, ReleasePlan
from jingwei.services.releases.readers import reader_steps
from jingwei.services.releases.sight import Sight
from jingwei.services.releases.touched import touched_flows
from jingwei.storage.database import Connection, Database
from jingwei.storage.flow_kinds import Books
from jingwei.storage.foreseen import foreseen_store, looking, shadow
from jingwei.storage.plan import NO_WISH, Plan, Wish, plan_on
from jingwei.storage.plan_step import TOPICS, Step
from jingwei.storage.releases import read_names
from jingwei.storage.rollback import plan_back
from jingwei.storage.runtime import DEFAULT_ZONE, Installation, load


@dataclass(frozen=True, slots=True)
class Moment:
    """When, and in which zone, a plan is made."""

    now: datetime
    today: date
    zone: str = DEFAULT_ZONE


def make_plan(
    database: Database,
    catalogue: Catalogue,
    moment: Moment,
    *,
    wish: Wish = NO_WISH,
    running: Installation | None = None,
) -> ReleasePlan:
    """What publishing `catalogue` would do. Changes nothing, and holds nobody up.

    `running`: the active release, for who has it compiled already.
    """
    with looking(database) as connection:
        was: Any = running.catalogue if running is not None else None
        tables = plan_on(connection, catalogue, wish, before=was)
        if tables.base is None or not tables.files:
            return ReleasePlan(tables, _ordered(tables.steps))
        before = _running(database, tables.base, moment, running)
        if before is None:
            return ReleasePlan(tables, _ordered(tables.steps))
        return _whole(database, connection, catalogue, tables, before, moment)


def make_plan_back(
    database: Database,
    catalogue: Catalogue,
    number: int,
    moment: Moment,
    *,
    running: Installation | None = None,
) -> ReleasePlan:
    """What publishing release `number` again would do. `catalogue` is that release, compiled.

    Changes nothing. Raises NotFound for an unknown number.
    """
    with looking(database) as connection:
        was: Any = running.catalogue if running is not None else None
        tables = plan_back(connection, catalogue, number, before=was)
        if tables.is_empty:
            return ReleasePlan(tables, ())
        assert tables.base is not None
        before = _running(database, tables.base, moment, running)
        if before is None:
            return ReleasePlan(tables, _ordered(tables.steps))
        return _whole(database, connection, catalogue, tables, before, moment)


def _running(
    database: Database, base: int, moment: Moment, running: Installation | None
) -> Installation | None:
    """The release that runs; None when this engine cannot read it any more."""
    if running is not None and running.release.id == base:
        return running
    try:
        return load(database, base, compile_texts, moment.zone)
    except DefinitionErrors:
        return None


def _whole(
    database: Database,
    connection: Connection,
    catalogue: Catalogue,
    tables: Plan,
    before: Installation,
    moment: Moment,
) -> ReleasePlan:
    was: Any = before.catalogue
    assert tables.base is not None
    both = Both(connection, was, catalogue, read_names(connection, tables.base), tables)
    flows, flow_steps = touched_flows(
        connection, Books(before.book, database.people), was, catalogue
    )
    steps = [
        *tables.steps,
        *judged_steps(both),
        *flow_steps,
        *reader_steps(both),
        *build_steps(both),
    ]
    total = sum(step.rows or 0 for step in flow_steps)
    sight = _sight(database, connection, catalogue, tables, before, moment)
    return ReleasePlan(
        tables,
        _ordered(_with_numbers(connection, before, steps)),
        _numbered(connection, before, flows),
        total,
        tuple(sight),
    )


def _ordered(steps: Any) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: TOPICS.index(step.topic)))


def _with_numbers(
    connection: Connection, before: Installation, steps: Sequence[Step]
) -> Iterator[Step]:
    """The examples with the numbers of their records, by which people know them."""
    for step in steps:
        form = (step.path or "").split(".")[0]
        if not step.examples or form not in before.catalogue.forms:
            yield step
            continue
        found = before.store.load(connection, form, [one.record for one in step.examples])
        numbers = {record: values.get("number") for record, values in found.items()}
        named = (replace(one, number=numbers.get(one.record)) for one in step.examples)
        yield replace(step, examples=tuple(named))


def _numbered(
    connection: Connection, before: Installation, flows: list[FlowTouch]
) -> tuple[FlowTouch, ...]:
    """The flows with the numbers of their records."""
    by_form: dict[str, list[int]] = {}
    for flow in flows:
        by_form.setdefault(flow.form, []).append(flow.record)
    numbers: dict[tuple[str, int], str | None] = {}
    for form, ids in by_form.items():
        if form in before.catalogue.forms:
            found = before.store.load(connection, form, ids)
            numbers |= {(form, i): record.get("number") for i, record in found.items()}
    return tuple(replace(f, number=numbers.get((f.form, f.record))) for f in flows)


def _sight(
    database: Database,
    connection: Connection,
    catalogue: Catalogue,
    tables: Plan,
    before: Installation,
    moment: Moment,
) -> list[FormSight]:
    store = foreseen_store(database, connection, catalogue, moment.zone, tables)
    shadow(connection, tables, store)
    release = replace(before.release, id=-1)
    after = Installation(database, release, catalogue, store.names, store.book, store)
    return Sight(connection, before, after, moment.today, moment.now).forms()
