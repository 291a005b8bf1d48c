"""Which record a row of a sheet is about, and what of it differs: what a reader may see and did not
change is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.language.form import STATUSES, Form
from jingwei.refusals import FieldRefusal, Invalid, Refused
from jingwei.services.commands import Reading, Work
from jingwei.services.export_cells import cells_of
from jingwei.services.form_paths import all_fields
from jingwei.services.found import Found
from jingwei.services.owners import look_ahead
from jingwei.services.parsing import Names, parse
from jingwei.services.plans import FormPlan, form_plan
from jingwei.services.presenting import MASK, instant
from jingwei.services.rights import FieldRights
from jingwei.services.sheet_lines import Line, Wanted, shown_of
from jingwei.services.sheet_long import Cut, cuts_in
from jingwei.services.sheet_rows import Unread
from jingwei.services.wanted import Change
from jingwei.storage.keys import ids_by
from jingwei.storage.people import find_people
from jingwei.storage.types import canonical_json
from jingwei.texts import text

LOCALES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Matched:
    """A row with the record it is about; none: it makes a new one."""

    line: Line
    record: Mapping[str, Any] | None


class Matcher:
    """Finds the records that the rows of one sheet are about."""

    def __init__(self, form: Form, wanted: Wanted) -> None:
        self._form = form
        self._wanted = wanted
        self._rows: dict[int, int] = {}  # row of the sheet by record: no record stands twice

    def match(
        self, work: Work, lines: Sequence[Line]
    ) -> tuple[list[Matched], list[tuple[Line, Refused]]]:
        """Rows with their records, and those that cannot be matched, with why."""
        if not self._wanted.may_update:
            return [Matched(line, None) for line in lines], []
        keys, refused = self._keys(work, lines)
        found = self._ids(work, keys)
        ids = list(dict.fromkeys(i for some in found for i in some))
        there = work.store.load(work.connection, self._form.name, ids)
        look_ahead(work, self._form.name, there.values())
        matched: list[Matched] = []
        for (line, key), some in zip(keys, found, strict=True):
            try:
                record = self._one(work, line, key, [there[i] for i in some if i in there])
            except Refused as error:
                refused.append((line, error))
            else:
                matched.append(Matched(line, record))
        return matched, refused

    def _keys(
        self, work: Work, lines: Sequence[Line]
    ) -> tuple[list[tuple[Line, Any]], list[tuple[Line, Refused]]]:
        """The engine value by which each row is matched; None where it is empty."""
        name = self._wanted.key
        plan = form_plan(work.store, work.catalogue, self._form.name)
        names = Names(work)
        keys: list[tuple[Line, Any]] = []
        refused: list[tuple[Line, Refused]] = []
        for line in lines:
            given = line.system.get(name) if name in ("id", "number") else line.values.get(name)
            try:
                if isinstance(given, Unread):
                    raise Invalid("invalid", fields=[given.refusal(name)])
                keys.append((line, self._key(plan, names, given)))
            except ValueRefused as error:
                refused.append((line, Invalid("invalid", fields=[error.refusal(name)])))
            except Refused as error:
                refused.append((line, error))
        return keys, refused

    def _key(self, plan: FormPlan, names: Names, given: Any) -> Any:
        name = self._wanted.key
        if given in (None, ""):
            if not self._wanted.may_create:
                raise Invalid("invalid", fields=[FieldRefusal(name, "required")])
            return None
        if name == "number":
            return given
        if name == "id":
            if not (given.isascii() and given.isdigit() and len(given) < 17):
                raise ValueRefused("not-a-record-id")
            return int(given)
        return plan.parsers[name](given, names)

    def _ids(self, work: Work, keys: Sequence[tuple[Line, Any]]) -> list[list[int]]:
        if self._wanted.key == "id":
            return [[] if key is None else [key] for _, key in keys]
        values = [key for _, key in keys]
        return ids_by(work.store, work.connection, self._form.name, self._wanted.key, values)

    def _one(
        self, work: Work, line: Line, key: Any, there: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        name = self._wanted.key
        living = [r for r in there if r["deleted_at"] is None]
        seen = [r for r in living if self._is_shown(work, r)]
        if len(seen) > 1:
            holes = {"key": _said(key), "count": len(seen)}
            raise Invalid("invalid", fields=[FieldRefusal(name, "sheet-key-several", holes)])
        if not seen:
            if not self._wanted.may_create:
                refusal = FieldRefusal(name, "sheet-no-such-record", {"key": _said(key)})
                raise Invalid("invalid", fields=[refusal])
            if name in ("id", "number") and key is not None:  # which nobody gives to a new one
                refusal = FieldRefusal(name, "sheet-no-such-number", {"key": _said(key)})
                raise Invalid("invalid", fields=[refusal])
            return self._new(line)
        record = seen[0]
        before = self._rows.setdefault(record["id"], line.number)
        if before != line.number:
            refusal = FieldRefusal(name, "sheet-record-twice", {"row": before})
            raise Invalid("invalid", fields=[refusal])
        return record

    @staticmethod
    def _new(line: Line) -> None:
        """Raises Invalid for a row of a new record that says what the system fills in: it may be
        about another one that its key does not lead to."""
        refused = [
            FieldRefusal(name, "sheet-system-new", {"word": word[:60]})
            for name, word in line.system.items()
            if word
        ]
        if refused:
            raise Invalid("invalid", fields=refused)

    def _is_shown(self, work: Work, record: Mapping[str, Any]) -> bool:
        """Whether the actor sees the record and what it is matched by: else it is not there."""
        name, form = self._wanted.key, self._form.name
        if not work.rights.may_read(work, form, record).allowed:
            return False
        return name == "id" or name in shown_of(work.rights.fields(work, form, record))


def _said(key: Any) -> str:
    return str(key)[:60]


# --- what differs --------------------------------------------------------------------------------


def change_of(work: Work, plan: FormPlan, one: Matched) -> Change | None:
    """What has to be changed so that the record is as the row says; None: nothing.

    Raises Refused for a record that was changed since the sheet was made; a system field that the
    row has otherwise is refused with whatever else is wrong.
    """
    record, line = one.record, one.line
    assert record is not None
    known = _known(work, plan, record)
    values = {
        name: given
        for name, given in _without_cuts(work, plan, known, record, line).items()
        if not _is_same(work, plan, known, record, name, given)
    }
    for table in plan.tables.keys() & values.keys():
        values[table] = _without_computed(work, plan, table, values[table], record[table])
    refused = [
        FieldRefusal(name, "sheet-system-field", {"word": word[:60]})
        for name, word in line.system.items()
        if name not in ("id", "revision")
        and (known is None or name in shown_of(known))
        and not _is_system_same(work, plan, record, name, word)
    ]
    if line.system.get("revision") == "" and (values or refused):
        refused.append(FieldRefusal("revision", "sheet-no-revision"))
        return Change("update", record["id"], values, None, refused=tuple(refused))
    revision = _revision(line)
    if revision is not None and revision != record["revision"] and (values or refused):
        raise Invalid("invalid", fields=[_stale(work, record, revision)])
    if not values and not refused:
        return None
    return Change("update", record["id"], values, revision, refused=tuple(refused))


def _known(work: Reading, plan: FormPlan, record: Mapping[str, Any]) -> FieldRights | None:
    """What the actor sees of this record; None: everything."""
    if not work.rights.hides_anything(work, plan.form.name, record):
        return None
    return work.rights.fields(work, plan.form.name, record)


def _is_same(
    work: Work,
    plan: FormPlan,
    known: FieldRights | None,
    record: Mapping[str, Any],
    name: str,
    given: Any,
) -> bool:
    if known is not None:
        if name not in known.visible:
            return given is None  # it is not in an export, and nobody is told whether it is right
        if name in known.masked:
            return given is None or given in (MASK, [MASK])
    before = record.get(name)
    if isinstance(given, Unread):
        return isinstance(given, Cut) and _is_all_there(work, plan.form, name, before, given)
    if given is None:
        return before is None or _is_live(plan, name)
    if name in plan.tables:
        return _are_rows_same(work, plan, name, given, before or ())
    if _is_live(plan, name):
        return True  # it is computed when it is read
    found = Found()
    values = parse(work, plan, {name: given}, found)
    return not found.refusals and _alike(values.get(name), before)


def _is_all_there(work: Work, form: Form, path: str, value: Any, cut: Cut) -> bool:
    """Whether a record has all of the text of which a cell could hold a part."""
    if isinstance(value, str) and cut.is_of(value):
        return True
    return value is not None and any(map(cut.is_of, cells_of(work, form, path, value)))


def _without_cuts(
    work: Work,
    plan: FormPlan,
    known: FieldRights | None,
    record: Mapping[str, Any],
    line: Line,
) -> Mapping[str, Any]:
    """The values of a row; rows of tables without the cells that hold a part of what stays."""
    cut = [t for t in line.rows if any(any(cuts_in(row)) for row in line.values.get(t) or ())]
    if not cut:
        return line.values
    values = dict(line.values)
    shown = all_fields(plan.form) if known is None else shown_of(known)
    for table in cut:
        was = {row["id"]: row for row in record.get(table) or ()}
        rows = [dict(row) for row in values[table]]
        for row in rows:
            before = was.get(row.get("id"), {})
            for name, given in list(cuts_in(row)):
                path = f"{table}.{name}"
                if path in shown and _is_all_there(work, plan.form, path, before.get(name), given):
                    del row[name]
        values[table] = rows
    return values


def _alike(one: Any, other: Any) -> bool:
    """Whether two engine values are the same; numbers inside JSON may be of two kinds."""
    if isinstance(one, dict | list) and isinstance(other, dict | list):
        return canonical_json(one) == canonical_json(other)
    return bool(one == other)


def _is_live(plan: FormPlan, name: str) -> bool:
    return any(one.table is None and one.name == name for one in plan.live)


def _are_rows_same(
    work: Work, plan: FormPlan, table: str, given: Any, before: Sequence[Mapping[str, Any]]
) -> bool:
    if len(given) != len(before):
        return False
    found = Found()
    rows = parse(work, plan, {table: given}, found).get(table)
    if found.refusals or rows is None:
        return not given and not before
    for row, was in zip(rows, before, strict=True):
        if "id" in row and row["id"] is not None and row["id"] != was["id"]:
            return False
        if any(not _alike(value, was.get(n)) for n, value in row.items() if n != "id"):
            return False
    return True


def _without_computed(
    work: Work,
    plan: FormPlan,
    table: str,
    given: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The rows without what is computed in them, or read-only, and stands as it was."""
    columns = plan.form.fields[table].fields
    closed = [n for n, c in columns.items() if c.readonly or c.compute is not None]
    known = {row["id"]: row for row in before}
    kept: list[dict[str, Any]] = []
    for row in given:
        was = known.get(row.get("id"), {})
        same = {n for n in closed if n in row and _is_cell_same(work, plan, table, row, n, was)}
        kept.append({n: value for n, value in row.items() if n not in same})
    return kept


def _is_cell_same(
    work: Work,
    plan: FormPlan,
    table: str,
    row: Mapping[str, Any],
    name: str,
    was: Mapping[str, Any],
) -> bool:
    found = Found()
    rows = parse(work, plan, {table: [{name: row[name]}]}, found).get(table)
    if not rows or found.refusals:
        return False
    return _alike(rows[0].get(name), was.get(name))


def _revision(line: Line) -> int | None:
    word = line.system.get("revision", "")
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise Invalid("invalid", fields=[FieldRefusal("revision", "not-an-integer")])
    return int(word)


def _stale(work: Reading, record: Mapping[str, Any], revision: int) -> FieldRefusal:
    by = record.get("updated_by")
    person = find_people(work.connection, [by]).get(by) if by else None
    at = record["updated_at"].astimezone(work.clock.zone).strftime("%Y-%m-%d %H:%M")
    who = person.name if person is not None else text("exchange.system", "zh")
    holes = {"was": revision, "now": record["revision"], "at": at, "by": who}
    return FieldRefusal("revision", "sheet-stale", holes)


def _is_system_same(
    work: Reading, plan: FormPlan, record: Mapping[str, Any], name: str, word: str
) -> bool:
    """Whether a cell says of a system field what an export says of it."""
    value = record.get(name)
    if value is None or not word:
        return not word
    said = {str(value)}
    if isinstance(value, datetime):
        said |= {instant(value)}
    elif name == "status" and value in STATUSES:
        said |= {text(f"statuses.{value}", locale) for locale in LOCALES}
    elif name == "state" and value in plan.form.states:
        said |= {plan.form.states[value].title(locale) for locale in LOCALES}
    elif name in ("owner", "created_by", "updated_by"):
        person = find_people(work.connection, [value]).get(value)
        said |= {person.name} if person is not None else set()
    return word in said
