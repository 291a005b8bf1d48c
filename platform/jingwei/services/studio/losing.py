"""What was retired: shown with its rows, and destroyed for good when somebody who may publish
everything names it, says why, and has looked at what goes.

Taking it up again is part of a publication (`Wish.restore`): the definitions must have it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.compile import compile_texts
from jingwei.language.form import Field
from jingwei.problems import DefinitionErrors
from jingwei.refusals import Conflict, Invalid, NotFound
from jingwei.services.commands import Reading
from jingwei.services.people import Person
from jingwei.services.platform import Platform
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan
from jingwei.services.studio.reach import PUBLISHER, require_whole
from jingwei.storage.apply import Publication
from jingwei.storage.apply import apply as publish
from jingwei.storage.database import Connection
from jingwei.storage.hidden import Held, LastSeen, all_hidden, last_seen, some_records
from jingwei.storage.plan import Wish
from jingwei.storage.plan_step import MASKED
from jingwei.storage.runtime import Installation, load

MOST_SHOWN = 20
MOST_REASON = 500
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Going:
    """One record that loses something: its number, and the value in question."""

    record: int
    number: str | None
    value: str | None

    def to_json(self) -> dict[str, Any]:
        return {"record": self.record, "number": self.number, "value": self.value}


@dataclass(frozen=True, slots=True)
class Loss:
    """What destroying one path would do: the plan, the first `rows` of `total`, and the last
    release that had it (None: none that is known)."""

    path: str
    plan: ReleasePlan
    total: int
    rows: tuple[Going, ...]
    release: int | None

    def to_json(self, locale: str) -> dict[str, Any]:
        return {
            "path": self.path,
            "base": self.plan.base,
            "hash": self.plan.hash,
            "total": self.total,
            "rows": [row.to_json() for row in self.rows],
            "release": self.release,
            "steps": [step.to_json(locale) for step in self.plan.steps],
        }


def retired(view: Reading) -> list[Held]:
    """Everything that is hidden and kept, by path."""
    require_whole(view, PUBLISHER)
    return all_hidden(view.connection)


def loss(platform: Platform, view: Reading, path: str) -> Loss:
    """What would go for good. Changes nothing. Raises NotFound for what is not retired."""
    require_whole(view, PUBLISHER)
    held = [one for one in all_hidden(view.connection) if one.hidden.path == path]
    if not held:
        raise NotFound("studio-not-retired", path=path[:120])
    plan = _plan(platform, view, path)
    seen = last_seen(view.connection, held[0].hidden)
    rows = _going(platform, view.connection, held[0], seen) if seen is not None else ()
    total = sum(one.rows for one in held)
    return Loss(path, plan, total, rows, seen.release if seen is not None else None)


def _plan(platform: Platform, view: Reading, path: str) -> ReleasePlan:
    moment = Moment(view.now, view.today, platform.settings.timezone)
    running = platform.active.current
    wish = Wish(frozenset((path,)))
    return make_plan(platform.database, running.catalogue, moment, wish=wish, running=running)


# --- the rows ------------------------------------------------------------------------------------


def _going(
    platform: Platform, connection: Connection, held: Held, seen: LastSeen
) -> tuple[Going, ...]:
    """The first records, read by the last release that had the field; what is or was sensitive
    is not shown, nor what this engine cannot read any more."""
    found = some_records(connection, held.hidden, seen.part, MOST_SHOWN)
    was = _installation(platform, seen.release)
    if was is None or seen.form not in was.catalogue.forms:
        return tuple(Going(record, None, None) for record, _ in found)
    records = was.store.load(connection, seen.form, sorted({record for record, _ in found}))
    fields = was.catalogue.forms[seen.form].fields
    return tuple(
        Going(
            record,
            records.get(record, {}).get("number"),
            _value(fields, records.get(record, {}), seen, row),
        )
        for record, row in found
    )


def _installation(platform: Platform, release: int) -> Installation | None:
    running = platform.active.current
    if running.release.id == release:
        return running
    try:
        return load(platform.database, release, compile_texts, platform.settings.timezone)
    except DefinitionErrors:
        return None


def _value(fields: Any, record: Any, seen: LastSeen, row: int) -> str | None:
    """The value as text; of a whole table None."""
    if seen.key is None:
        return None
    name = seen.key.split(".")[0]
    if seen.part:
        table: Field | None = fields.get(seen.part)
        field = table.fields.get(name) if table is not None else None
        rows = record.get(seen.part) or ()
        value = next((one.get(name) for one in rows if one.get("id") == row), None)
    else:
        field, value = fields.get(name), record.get(name)
    if field is None or field.sensitive:
        return MASKED
    return None if value is None else str(value)[:_LONGEST]


# --- destroying ----------------------------------------------------------------------------------


def destroy(
    platform: Platform,
    actor: Person,
    path: str,
    *,
    typed: str,
    reason: str,
    plan_hash: str,
    request_id: str | None = None,
) -> int:
    """Empty what is retired at a path, for good; the number of rows (or values) that went.

    `typed`: the path once more, by hand; `plan_hash`: of what was looked at. It is written into the
    audit log with the first row that goes; killed in between, the same call goes on with it.
    Raises Invalid and Conflict `plan-moved`.
    """
    platform.active.poll()
    reason = reason.strip()
    with platform.commands.read(actor) as view:
        require_whole(view, PUBLISHER)
        if not 0 < len(reason) <= MOST_REASON:
            raise Invalid("studio-reason", most=MOST_REASON)
        if typed.strip() != path:
            raise Invalid("studio-typed", path=path)
        found = loss(platform, view, path)
    if found.plan.hash != plan_hash:
        raise Conflict("studio-loss-moved", rows=found.total)
    wanted = Publication(
        author=actor.login,
        now=platform.clock.now(),
        today=platform.clock.today(),
        base=found.plan.base,
        source="studio",
        wish=Wish(frozenset((path,)), reason=reason),
        request=request_id,
    )
    publish(platform.database, platform.active.current.catalogue, wanted)
    return found.total
