"""Defaults of what was not sent, and computed fields that are kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.numbers import rounded
from jingwei.language.field_types.base import Kept, ValueRefused
from jingwei.language.field_types.numbers import in_range
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.found import Found, Values
from jingwei.services.overrides import Overrides
from jingwei.services.plans import Compute, FormPlan
from jingwei.services.world import environment


def fill_defaults(view: Reading, plan: FormPlan, record: Values, given: Collection[str]) -> None:
    """Defaults of fields that were not sent, for a record that is new."""
    if plan.defaults:
        env = environment(view, record, is_new=True)
        for name, default in plan.defaults:
            if name not in given:
                record[name] = default(env)
    for table in plan.tables:
        for row in record.get(table) or ():
            fill_row_defaults(view, plan, table, row, record)


def fill_row_defaults(
    view: Reading, plan: FormPlan, table: str, row: Values, record: Values
) -> None:
    """Defaults of columns that were not sent, for a row that is new."""
    if row.get("id") is not None:
        return
    env = environment(view, row, parent=record)
    for name, column in plan.tables[table].items():
        if column.default is not None and name not in row:
            row[name] = column.default(env)


def compute(
    view: Reading,
    plan: FormPlan,
    record: Values,
    found: Found,
    overrides: Overrides | None = None,
) -> None:
    """Set every stored computed field of the record and of its rows."""
    if not plan.computes:
        return
    env = environment(view, record)
    for one in plan.computes:
        if one.table is None:
            if overrides is not None and one.field.freeze and overrides.is_frozen(one.field):
                if one.field.mode == "lock_if_found":
                    _keep_frozen(one, record, overrides, found)
                continue
            if one.field.mode == "lock_if_found":
                was = None if overrides is None else overrides.before
                restores = overrides is not None and overrides.restores
                record[one.name] = _found_or_typed(
                    view, one, one.name, env, record, was, was, found, restores
                )
            elif overrides is not None and one.field.mode == "override_with_reason":
                record[one.name] = _settled(view, one, record, env, overrides, found)
            elif _may_compute(one.field, record.get(one.name)) or _is_untouched(
                view, one, record, overrides
            ):
                record[one.name] = _computed(one.closure, env, one.name, one.field, found)
            continue
        for index, row in enumerate(record.get(one.table) or ()):
            path = f"{one.table}.{index}.{one.name}"
            if one.field.mode == "lock_if_found":
                inside, was = _of_row(view, record, row), None
                then = None if overrides is None else overrides.row_before(one.table, row.get("id"))
                if overrides is not None and then is not None:
                    was = overrides.before
                restores = overrides is not None and overrides.restores
                row[one.name] = _found_or_typed(
                    view, one, path, inside, row, then, was, found, restores
                )
            elif overrides is not None and one.field.mode == "override_with_reason":
                row[one.name] = _settled_row(view, one, path, record, row, overrides, found)
            elif _may_compute(one.field, row.get(one.name)) or _is_untouched(
                view, one, row, overrides
            ):
                inside = env.inside(record)
                inside.record = row
                value = _computed(one.closure, inside, path, one.field, found)
                if value is not None or one.field.mode == "always":
                    row[one.name] = value


def _keep_frozen(one: Compute, record: Values, overrides: Overrides, found: Found) -> None:
    """Refuse another value than stands, and where a version gives it, keep what stands."""
    value, stands = record.get(one.name), (overrides.before or {}).get(one.name)
    if overrides.restores:
        record[one.name] = stands
    if value is None or value == stands:
        return
    if overrides.restores:
        _tell_it_stays(one, one.name, found)
    else:
        found.add(one.name, "not-writable", name=one.name)


def _tell_it_stays(one: Compute, path: str, found: Found) -> None:
    holes: dict[str, object] = {"field": one.field.title}
    found.warnings.append(FieldRefusal(path, "not-brought-back", holes))


def _found_or_typed(
    view: Reading,
    one: Compute,
    path: str,
    env: Environment,
    holder: Mapping[str, Any],
    then: Mapping[str, Any] | None,
    before: Mapping[str, Any] | None,
    found: Found,
    restores: bool,
) -> Any:
    """The value of a field that is locked while something is found, and typed while nothing is.
    `then`: the record, or the row, as it was; `before`: the record. What was found and is found no
    more goes; where a version `restores` a value, what is found stays."""
    value, was = holder.get(one.name), (then or {}).get(one.name)
    computed = _computed(one.closure, env, path, one.field, found)
    typed = value != was
    if computed is not None:
        if typed and value is not None and value != computed:
            if restores:
                _tell_it_stays(one, path, found)
            else:
                found.add(path, "found-locked")
        return computed
    if typed or was is None or before is None or then is None:
        return value
    at_that_time = environment(view, before) if one.table is None else _of_row(view, before, then)
    gone = was == _computed(one.closure, at_that_time, path, one.field, Found())
    return None if gone else value


def found_values(view: Reading, plan: FormPlan, record: Values) -> set[str]:
    """The paths of fields, and of cells (`lines.0.rate`), that are locked because something is
    found."""
    env, locked = environment(view, record), set()
    for one in plan.computes:
        if one.field.mode != "lock_if_found":
            continue
        if one.table is None:
            if _computed(one.closure, env, one.name, one.field, Found()) is not None:
                locked.add(one.name)
            continue
        for index, row in enumerate(record.get(one.table) or ()):
            path = f"{one.table}.{index}.{one.name}"
            inside = _of_row(view, record, row)
            if _computed(one.closure, inside, path, one.field, Found()) is not None:
                locked.add(path)
    return locked


def suggestions(view: Reading, plan: FormPlan, record: Values) -> Values:
    """What the fields of the record that a person may override are computed as, by name."""
    env = environment(view, record)
    return {
        one.name: _computed(one.closure, env, one.name, one.field, Found())
        for one in plan.computes
        if one.table is None and one.field.mode != "always"
    }


def _settled(
    view: Reading,
    one: Compute,
    record: Values,
    env: Environment,
    overrides: Overrides,
    found: Found,
) -> Any:
    computed = _computed(one.closure, env, one.name, one.field, found)
    before = overrides.before
    was = None
    if before is not None:
        was = _computed(one.closure, environment(view, before), one.name, one.field, Found())
    return overrides.settle(one.field, record.get(one.name), computed, was)


def _settled_row(
    view: Reading,
    one: Compute,
    path: str,
    record: Values,
    row: Values,
    overrides: Overrides,
    found: Found,
) -> Any:
    """The same of one row, which is known by its id."""
    computed = _computed(one.closure, _of_row(view, record, row), path, one.field, found)
    then, was = overrides.row_before(one.table or "", row.get("id")), None
    if then is not None and overrides.before is not None:
        before = _of_row(view, overrides.before, then)
        was = _computed(one.closure, before, path, one.field, Found())
    return overrides.settle_row(one.field, path, row.get(one.name), computed, then, was)


def _of_row(view: Reading, record: Mapping[str, Any], row: Mapping[str, Any]) -> Environment:
    inside = environment(view, record).inside(record)
    inside.record = row
    return inside


def _may_compute(field: Field, value: Any) -> bool:
    return field.mode == "always" or value is None


def _is_untouched(
    view: Reading,
    one: Compute,
    holder: Mapping[str, Any],
    overrides: Overrides | None,
) -> bool:
    """Whether a default is still what was computed, so that nobody typed another value."""
    if one.field.mode != "default" or overrides is None or overrides.before is None:
        return False
    before = overrides.before
    then = before if one.table is None else overrides.row_before(one.table, holder.get("id"))
    was = None if then is None else then.get(one.name)
    if then is None or was is None or holder.get(one.name) != was:
        return False
    at_that_time = environment(view, before) if one.table is None else _of_row(view, before, then)
    return bool(was == _computed(one.closure, at_that_time, one.name, one.field, Found()))


def _computed(closure: Any, env: Environment, path: str, definition: Field, found: Found) -> Any:
    try:
        value = closure(env)
    except ArithmeticError:
        is_day = definition.type in ("date", "datetime")
        found.add(path, "out-of-range" if is_day else "number-too-large")
        return None
    return as_kept(definition, value, path, found)


def as_kept(definition: Field, value: Any, path: str, found: Found) -> Any:
    """A computed number as its column keeps it, so that what is answered is what is read back."""
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        return value
    stored = FIELD_TYPES[definition.type].stored_as(definition)
    if stored.kept is Kept.INTEGER:
        return int(rounded(value, 0))
    if stored.kept is not Kept.DECIMAL:
        return value
    try:
        return in_range(rounded(value, stored.scale), stored.scale)
    except ValueRefused:
        found.add(path, "number-too-large")
        return None
