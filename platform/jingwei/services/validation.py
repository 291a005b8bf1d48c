"""Every rule of a form about a record of engine values, all at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jingwei.catalogue.patterns import compiled
from jingwei.language.clock_words import duration_text
from jingwei.language.expressions.environment import Environment
from jingwei.language.form import Field
from jingwei.refusals import FieldRefusal
from jingwei.services.candidates import candidate_of
from jingwei.services.commands import Reading, Work
from jingwei.services.found import Found, Values, by_author, told
from jingwei.services.plans import FieldPlan, FormPlan
from jingwei.services.uniqueness import judge_unique
from jingwei.services.world import environment
from jingwei.storage.records import Lock

NUMBERS = ("integer", "number", "money", "percent")

_NOTHING = Environment()  # where no condition looks at anything


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a record is judged. `submitting` also asks what is only owed at submit: a draft may be
    unfinished."""

    submitting: bool = False
    action: str | None = None
    require: frozenset[str] = frozenset()  # a flow step asks for these
    drafts: bool = False  # the form has a flow: only a submit asks for what is required
    unique_later: bool = False  # `taken_among` looks at the whole batch


def judge(
    view: Reading,
    plan: FormPlan,
    record: Values,
    old: Mapping[str, Any] | None,
    occasion: Occasion,
    changed: Collection[str] | None = None,
    names: Sequence[str] | None = None,
) -> Found:
    """Everything wrong with a whole record of engine values. `names`: fields that are left to be
    judged (`left_to_judge`)."""
    found = Found()
    env = _NOTHING
    if plan.conditional or plan.linked or plan.tables:
        env = environment(view, record, old=old, is_new=old is None)
    owed = occasion.submitting or not occasion.drafts
    hidden = _clear_hidden(plan, record, env)
    if occasion.require or names is None:
        names = tuple(plan.fields) if occasion.require else plan.judged
    for name in names:
        if name in hidden:
            continue
        field_plan = plan.fields[name]
        value = record.get(name)
        if value is not None and field_plan.holds is not None and field_plan.holds(value):
            continue
        _judge_field(plan, field_plan, name, value, env, found, owed, occasion, old)
        if field_plan.field.type == "table":
            _judge_table(view, plan, name, record, env, found, owed, occasion, hidden)
    _judge_links(view, plan, record, old or {}, env, found, changed)
    for rule in plan.rules:
        _judge_rule(view, plan, rule, record, env, found, occasion)
    return found


def left_to_judge(plan: FormPlan, columns: Mapping[str, Sequence[Any]]) -> Sequence[str]:
    """The fields of new records that are judged one by one: of the others, no value in these whole
    columns is wrong by itself, and none is missing."""
    if plan.fills:
        return plan.judged
    computed = {one.name for one in plan.computes if one.table is None}
    return tuple(
        name
        for name in plan.judged
        if name in computed or not _all_hold(plan.fields[name], columns.get(name, _MISSING))
    )


_MISSING = (None,)


def _all_hold(field_plan: FieldPlan, column: Sequence[Any]) -> bool:
    if field_plan.all_hold is None:
        return False
    there = [value for value in column if value is not None]
    is_owed = field_plan.field.required or field_plan.required_if is not None
    if len(there) < len(column) and (is_owed or field_plan.default is not None):
        return False
    return not there or field_plan.all_hold(there)


def _clear_hidden(plan: FormPlan, record: Values, env: Environment) -> set[str]:
    hidden: set[str] = set()
    for name in plan.hideable:
        field_plan = plan.fields[name]
        if field_plan.visible_if is not None and not field_plan.visible_if(env):
            hidden.add(name)
            if field_plan.field.when_hidden == "clear":
                record[name] = [] if field_plan.field.type == "table" else None
    return hidden


def _judge_field(
    plan: FormPlan,
    field_plan: FieldPlan,
    path: str,
    value: Any,
    env: Environment,
    found: Found,
    owed: bool,
    occasion: Occasion,
    old: Mapping[str, Any] | None,
) -> None:
    definition = field_plan.field
    if not field_plan.is_value and definition.type != "table":
        return
    empty = value is None or value == []
    if empty:
        required = definition.required or definition.path in occasion.require
        if not required and field_plan.required_if is not None:
            required = bool(field_plan.required_if(env))
        typed = definition.compute is None or definition.mode == "lock_if_found"
        if required and typed and (owed or definition.name == "org"):
            found.add(path, "required")
        if definition.set_once and old is not None and old.get(definition.name) not in (None, []):
            found.add(path, "set-once")
        return
    if definition.type == "table":
        return
    _judge_value(definition, field_plan, path, value, env, found)
    if definition.set_once and old is not None:
        before = old.get(definition.name)
        if before is not None and before != value:
            found.add(path, "set-once")


def _judge_value(
    definition: Field,
    field_plan: FieldPlan,
    path: str,
    value: Any,
    env: Environment,
    found: Found,
) -> None:
    least = field_plan.least(env) if field_plan.least else None
    most = field_plan.most(env) if field_plan.most else None
    if isinstance(value, str):  # of a text, `max` counts characters
        if isinstance(most, Decimal | int) and len(value) > most:
            found.add(path, "text-too-long", most=most, length=len(value))
    else:
        _judge_limits(definition, path, value, least, most, found)
    if definition.pattern is not None and not compiled(definition.pattern).fullmatch(str(value)):
        found.add(path, "pattern", pattern=definition.pattern)


def _judge_limits(
    definition: Field, path: str, value: Any, least: Any, most: Any, found: Found
) -> None:
    if least is not None and _orderable(value) < _orderable(least):
        found.add(path, "below-least", least=_shown(definition, least))
    if most is not None and _orderable(value) > _orderable(most):
        found.add(path, "above-most", most=_shown(definition, most))


def _orderable(value: Any) -> Any:
    return getattr(value, "key", value)


def _shown(definition: Field, value: Any) -> str:
    if definition.type == "duration":
        return duration_text(int(value))
    if definition.type == "percent":
        return f"{(Decimal(value) * 100).normalize():f}%"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _judge_table(
    view: Reading,
    plan: FormPlan,
    table: str,
    record: Values,
    env: Environment,
    found: Found,
    owed: bool,
    occasion: Occasion,
    hidden: Collection[str],
) -> None:
    definition = plan.form.fields[table]
    rows = record.get(table) or []
    if definition.min_rows is not None and len(rows) < definition.min_rows and owed:
        found.add(table, "too-few-rows", least=definition.min_rows)
    if definition.max_rows is not None and len(rows) > definition.max_rows:
        found.add(table, "too-many-rows", most=definition.max_rows)
    for index, row in enumerate(rows):
        inside = env.inside(record)
        inside.record = row
        for name, column in plan.tables[table].items():
            if column.visible_if is not None and not column.visible_if(inside):
                if column.field.when_hidden == "clear":
                    row[name] = None
                continue
            path = f"{table}.{index}.{name}"
            _judge_field(plan, column, path, row.get(name), inside, found, owed, occasion, None)
    if definition.unique_rows:
        _judge_unique_rows(definition, rows, found)


def _judge_unique_rows(table: Field, rows: Sequence[Values], found: Found) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for index, row in enumerate(rows):
        key = tuple(row.get(name) for name in table.unique_rows)
        if None in key:
            continue
        if key in seen:
            found.add(
                f"{table.name}.{index}.{table.unique_rows[0]}", "row-twice", row=seen[key] + 1
            )
        else:
            seen[key] = index


def _judge_links(
    view: Reading,
    plan: FormPlan,
    record: Values,
    old: Mapping[str, Any],
    env: Environment,
    found: Found,
    changed: Collection[str] | None,
) -> None:
    """Links point to records the actor may read; filtered names and links obey their filter. What
    was there and is kept is not asked anew: others may have put it there."""
    for name in plan.linked:
        field_plan = plan.fields[name]
        if changed is None or name in changed:
            _judge_link(view, field_plan, name, record.get(name), old.get(name), env, found)
            known = {row["id"]: row for row in old.get(name) or ()} if name in plan.tables else {}
            for index, row in enumerate(record.get(name) or () if name in plan.tables else ()):
                for column, column_plan in plan.tables[name].items():
                    inside = env.inside(record)
                    inside.record = row
                    inside.row = row
                    path = f"{name}.{index}.{column}"
                    was = known.get(row.get("id"), {}).get(column)
                    _judge_link(view, column_plan, path, row.get(column), was, inside, found)


def _judge_link(
    view: Reading, plan: FieldPlan, path: str, value: Any, was: Any, env: Environment, found: Found
) -> None:
    if value is None or (plan.field.type != "link" and plan.filter is None):
        return
    many = plan.field.many
    held = (was or ()) if many else () if was is None else (was,)
    for index, one in enumerate(value if many else [value]):
        if many and one in held:
            continue
        at = f"{path}.{index}" if many else path
        candidate: Mapping[str, Any] | None
        if plan.field.type == "link":
            form, identity = target_of(plan.field, one)
            wanted = _form_wanted(plan.field, env, form)
            if form != wanted:
                named = view.catalogue.forms.get(wanted or "")
                if named is None:
                    found.add(at, "link-no-form")
                else:
                    found.add(at, "link-other-form", form=named.title)
                continue
            candidate = _readable(view, form, identity)
            if candidate is None:
                if one not in held:
                    found.add(at, "unknown-record")
                continue
        else:
            candidate = candidate_of(view, plan.field.type, str(one))
        if plan.filter is not None:
            inside = environment(view, candidate, this=env.this, row=env.row)
            if not plan.filter(inside):
                found.add(at, "not-offered", value=str(one))


def _form_wanted(definition: Field, env: Environment, form: str) -> str | None:
    """The form that another field says a link leads to; `form` itself where none does."""
    if definition.form_from is None:
        return form
    name = definition.form_from.removeprefix("parent.")
    outer = name != definition.form_from and env.parent is not None
    values = env.parent if outer and env.parent is not None else env.record
    found: str | None = values.get(name)
    return found


def target_of(definition: Field, value: Any) -> tuple[str, int]:
    """The form and the id of the record that a link names."""
    if isinstance(value, dict):
        return str(value["form"]), int(value["id"])
    return definition.to[0].partition(".")[0], int(value)


def _readable(view: Reading, form: str, identity: int) -> Mapping[str, Any] | None:
    if form not in view.catalogue.forms:
        return None
    # Until the link is kept, nobody removes what it leads to.
    lock: Lock | bool = "link" if isinstance(view, Work) else False
    record = view.store.load(view.connection, form, [identity], lock=lock).get(identity)
    if record is None or record.get("deleted_at") is not None:
        return None
    if not view.actor.is_system and not view.rights.may_read(view, form, record).allowed:
        return None
    return record


def _judge_rule(
    view: Reading,
    plan: FormPlan,
    rule_plan: Any,
    record: Values,
    env: Environment,
    found: Found,
    occasion: Occasion,
) -> None:
    rule = rule_plan.rule
    if rule.unique:
        if not occasion.unique_later:
            judge_unique(view, plan, rule.unique, rule.field_at, rule.message, record, found)
        return
    if rule.on == "submit" and not occasion.submitting and occasion.drafts:
        return
    if rule.on not in ("save", "submit", occasion.action):
        return
    into = found.warnings if rule.level == "warn" else found.refusals
    if rule.each is not None:
        for index, row in enumerate(record.get(rule.each) or ()):
            inside = env.inside(record)
            inside.record = row
            if _breaks(rule_plan, inside):
                at = _place_of(plan, rule.each, index, rule.field_at)
                said = by_author(
                    view, plan.form, rule.name, at, rule.message, row, env.old, rule.each
                )
                into.append(said)
        return
    if _breaks(rule_plan, env):
        at = rule.field_at or ""
        into.append(by_author(view, plan.form, rule.name, at, rule.message, record, env.old))


def _place_of(plan: FormPlan, table: str, index: int, field_at: str | None) -> str:
    """Where a rule about each row is shown: at a column of the row (`org`, `lines.org`), at the
    row, or at a field of the record."""
    column = (field_at or "").removeprefix(f"{table}.")
    if field_at is not None and column not in plan.form.fields[table].fields:
        return field_at
    return f"{table}.{index}.{column}" if column else f"{table}.{index}"


def _breaks(rule_plan: Any, env: Environment) -> bool:
    if rule_plan.when is not None and not rule_plan.when(env):
        return False
    return not rule_plan.check(env)


def judge_asked(view: Reading, plan: FormPlan, answers: Values, env: Environment) -> Found:
    """What is wrong with the answers of a dialog, whose expressions look at `env`: the record that
    the button belongs to. What is hidden is not answered."""
    found = Found()
    occasion = Occasion(submitting=True)
    for name, field_plan in plan.fields.items():
        if field_plan.visible_if is not None and not field_plan.visible_if(env):
            answers[name] = None
            continue
        value = answers.get(name)
        _judge_field(plan, field_plan, name, value, env, found, True, occasion, None)
        if field_plan.field.type == "table":
            _judge_table(view, plan, name, answers, env, found, True, occasion, ())
    _judge_links(view, plan, answers, {}, env, found, None)
    return found


def judge_action(
    view: Reading, plan: FormPlan, record: Mapping[str, Any], action: str
) -> list[FieldRefusal]:
    """What of the rules `on` this button does not hold."""
    found = Found()
    env = environment(view, record, old=record)
    occasion = Occasion(action=action, drafts=True)
    for rule in plan.rules:
        if rule.rule.on == action:
            _judge_rule(view, plan, rule, dict(record), env, found, occasion)
    return told(view, plan.form, record, found.refusals)
