"""What changed definitions say of records that are there: required, choices, states, fills."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field, Form
from jingwei.storage import plan_rows
from jingwei.storage.database import Connection
from jingwei.storage.fill_list import default_of, is_long
from jingwei.storage.names import PhysicalNames, PhysicalTable
from jingwei.storage.plan import Plan
from jingwei.storage.plan_step import Step
from jingwei.texts import Words

LOCK_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Both:
    """The release that runs and the one that would."""

    connection: Connection
    before: Catalogue
    after: Catalogue
    was: PhysicalNames
    plan: Plan

    @property
    def retyped(self) -> set[str]:
        """The physical columns, `table.column`, that are left for another one."""
        return {f"{r.table}.{r.old_column}" for r in self.plan.allotment.retypes}


def judged_steps(both: Both) -> Iterator[Step]:
    """Steps about data, form by form; only forms whose text, or a code list of theirs, changed."""
    lists = {
        name
        for name, found in both.after.code_lists.items()
        if name in both.before.code_lists
        and both.before.code_lists[name].fingerprint != found.fingerprint
    }
    for form in both.after.forms.values():
        old = _before(both, form)
        if old is None:
            continue
        pairs = list(_pairs(both, form, old))
        reads_list = any(isinstance(f.choices, str) and f.choices in lists for _, f, _ in pairs)
        if old == form and not reads_list:
            continue
        for part, field, earlier in pairs:
            yield from _required(both, form, part, field, earlier)
            yield from _choices(both, form, part, field, earlier)
        yield from _states(both, form, old)


def _before(both: Both, form: Form) -> Form | None:
    """The form whose records are in the same table: what it is called does not matter."""
    own = both.plan.names.tables.get((form.name, ""))
    owner = next((f for (f, _), t in both.was.tables.items() if own and t.name == own.name), "")
    return both.before.forms.get(owner)


def _pairs(both: Both, form: Form, old: Form) -> Iterator[tuple[str, Field, Field | None]]:
    """(part, field, what it was) of every field and column."""
    names = {rename.new: rename.old.rpartition(".")[2] for rename in both.plan.allotment.renames}
    for field in form.fields.values():
        earlier = _earlier(field, f"{form.name}.{field.name}", old.fields, names)
        if field.type != "table":
            yield "", field, earlier
            continue
        known = earlier.fields if earlier is not None else {}
        for column in field.fields.values():
            path = f"{form.name}.{field.name}.{column.name}"
            yield field.name, column, _earlier(column, path, known, names)


def _earlier(
    field: Field, path: str, known: Mapping[str, Field], names: Mapping[str, str]
) -> Field | None:
    return known.get(names.get(path, field.name)) or known.get(field.renamed_from or "")


def _required(
    both: Both, form: Form, part: str, field: Field, earlier: Field | None
) -> Iterator[Step]:
    if not field.required or (earlier is not None and earlier.required):
        return
    if field.compute is not None and field.mode == "always":
        return
    physical = both.plan.names.tables.get((form.name, part))
    if physical is None or physical.name in both.plan.allotment.new_tables:
        return
    path = f"{form.name}.{field.path}"
    is_new = (physical.name, field.name) in both.plan.allotment.new_columns
    column = None if is_new else physical.columns.get(field.name)
    if not is_new and column is None:
        return
    rows, examples = plan_rows.missing(both.connection, physical, column, bool(part))
    if not rows:
        return
    value = default_of(field) if is_new else None
    if value is not None:
        holes = {"path": path, "value": str(value)}
        yield Step("safe", "fill_default", holes, rows, topic="build", path=path)
        return
    yield Step(
        "needs_data",
        "required_empty",
        {"path": path},
        rows,
        topic="data",
        path=path,
        examples=examples,
        counts=True,
    )


def _codes(catalogue: Catalogue, field: Field) -> set[str] | None:
    if isinstance(field.choices, str):
        found = catalogue.code_lists.get(field.choices)
        return set(found.items) if found is not None and found.source is None else None
    if field.choices is None:
        return None
    return {choice.code for choice in field.choices}


def _choices(
    both: Both, form: Form, part: str, field: Field, earlier: Field | None
) -> Iterator[Step]:
    if earlier is None:
        return
    old, new = _codes(both.before, earlier), _codes(both.after, field)
    if old is None or new is None or not old - new:
        return
    physical = both.plan.names.tables.get((form.name, part))
    column = physical.columns.get(field.name) if physical is not None else None
    if physical is None or column is None or not _is_kept(both, physical, column):
        return
    used = plan_rows.values_in_use(
        both.connection, physical.name, column, sorted(old - new), earlier.many
    )
    if used:
        path = f"{form.name}.{field.path}"
        yield _in_use("choices_in_use", path, used, {"path": path, "choices": _counted(used)})


def _is_kept(both: Both, physical: PhysicalTable, column: str) -> bool:
    known = {t.name: set(t.columns.values()) for t in both.was.tables.values()}
    return column in known.get(physical.name, ())


def _states(both: Both, form: Form, old: Form) -> Iterator[Step]:
    gone = set(old.states) - set(form.states)
    physical = both.plan.names.tables.get((form.name, ""))
    if not gone or physical is None or physical.name in both.plan.allotment.new_tables:
        return
    used = plan_rows.values_in_use(
        both.connection, physical.name, physical.columns["state"], sorted(gone), False
    )
    if used:
        holes = {"form": form.name, "states": _counted(used)}
        yield _in_use("states_in_use", f"{form.name}.states", used, holes)


def _in_use(code: str, path: str, used: Mapping[str, int], holes: Mapping[str, object]) -> Step:
    rows = sum(used.values())
    return Step("needs_data", code, holes, rows, topic="data", path=path, counts=True)


def _counted(used: Mapping[str, int]) -> str:
    return ", ".join(f"{value} ({times})" for value, times in sorted(used.items()))


def build_steps(both: Both) -> Iterator[Step]:
    """What takes time or a lock: indexes over rows that are there, columns, computed values."""
    connection, allotment = both.connection, both.plan.allotment
    concurrent = connection.dialect.name == "postgresql"
    for index in both.plan.indexes:
        if index.table in allotment.new_tables:
            continue
        rows = both.plan.counts.of(index.table)
        if not rows:
            continue
        waits = "waits_nobody" if concurrent and not index.unique else "waits_writers"
        holes = {"index": index.name, "table": index.table, "waits": Words(f"plan.{waits}")}
        yield Step("safe", "build_index", holes, rows, topic="build")
    widened: dict[str, int] = {}
    for table, _ in allotment.new_columns:
        widened[table] = widened.get(table, 0) + 1
    for table, columns in widened.items():
        if concurrent and is_long(connection, table):
            holes = {"table": table, "columns": columns, "seconds": LOCK_SECONDS}
            yield Step("safe", "add_columns", holes, topic="build")
    names = {t.name: key for key, t in both.plan.names.tables.items()}
    for table, key in allotment.new_columns:
        form, part = names[table]
        fields = both.after.forms[form].fields
        field = (fields[part].fields if part in fields else {}) if part else fields
        found = field.get(key)
        again = any(r.table == table and r.path.endswith(f".{key}") for r in allotment.recomputed)
        if found is not None and found.compute is not None and found.mode == "always" and not again:
            path = f"{form}.{found.path}"
            rows = both.plan.counts.of(table)
            if rows:
                yield Step("safe", "fill_computed", {"path": path}, rows, topic="build", path=path)
