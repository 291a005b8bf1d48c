"""The one validator: raw values to engine values, then every rule of the form, all at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jingwei.catalogue.patterns import compiled
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.numbers import rounded
from jingwei.language.field_types.base import Kept, ValueRefused
from jingwei.language.field_types.numbers import in_range
from jingwei.language.field_types.table import FIELD_TYPES, parse_value
from jingwei.language.form import Field
from jingwei.language.template import Template
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.display import rendered
from jingwei.services.overrides import Overrides
from jingwei.services.plans import Compute, FieldPlan, FormPlan
from jingwei.services.world import environment
from jingwei.storage import people
from jingwei.storage.query import ALL_ROWS, Query

Values = dict[str, Any]
NUMBERS = ("integer", "number", "money", "percent")


class Names:
    """Which names exist, for field types to ask."""

    def __init__(self, view: Reading) -> None:
        self._view = view

    def knows(self, kind: str, name: str) -> bool:
        catalogue: Any = self._view.catalogue
        if kind == "person":
            if name in self._view.store.people.ids:
                return True
            return people.find_person(self._view.connection, name) is not None
        return name in getattr(catalogue, f"{kind}s")

    def codes(self, field: Field) -> Collection[str] | None:
        if isinstance(field.choices, str):
            return self._view.catalogue.code_lists[field.choices].items.keys()
        if field.choices is None:
            return None
        return [choice.code for choice in field.choices]


@dataclass(slots=True)
class Found:
    """What is wrong, by field; `warnings` do not stop a save."""

    refusals: list[FieldRefusal] = field(default_factory=list)
    warnings: list[FieldRefusal] = field(default_factory=list)

    def add(self, path: str, code: str, **holes: object) -> None:
        self.refusals.append(FieldRefusal(path, code, holes))


# --- parsing -------------------------------------------------------------------------------------


def parse(view: Reading, plan: FormPlan, raw: Mapping[str, Any], found: Found) -> Values:
    """Engine values of what was sent; values that cannot be read are in `found`."""
    names = Names(view)
    values: Values = {}
    parsers = plan.parsers
    for name, given in raw.items():
        parse_ = parsers.get(name)
        if parse_ is not None:
            try:
                values[name] = parse_(given, names)
            except ValueRefused as refused:
                found.refusals.append(refused.refusal(name))
        elif name in plan.tables:
            rows = _rows(plan, name, given, names, found)
            if rows is not None:
                values[name] = rows
        elif name == "org":
            values[name] = _org(view, given, found)
    return values


_UNREAD = object()


def _parsed(definition: Field, given: Any, names: Names, path: str, found: Found) -> Any:
    try:
        return parse_value(definition, given, names)
    except ValueRefused as refused:
        found.refusals.append(refused.refusal(path))
        return _UNREAD


def _org(view: Reading, given: Any, found: Found) -> Any:
    if isinstance(given, str) and given in view.catalogue.orgs:
        return given
    if given in (None, ""):
        found.add("org", "required")
    else:
        found.add("org", "unknown-org", name=str(given))
    return None


def _rows(
    plan: FormPlan, table: str, given: Any, names: Names, found: Found
) -> list[Values] | None:
    try:
        raw_rows = parse_value(plan.form.fields[table], given, names) or []
    except ValueRefused as refused:
        found.refusals.append(refused.refusal(table))
        return None
    rows: list[Values] = []
    columns = plan.form.fields[table].fields
    for index, raw in enumerate(raw_rows):
        row: Values = {}
        for name, value in raw.items():
            path = f"{table}.{index}.{name}"
            if name == "id":
                if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                    found.add(path, "not-a-record-id")
                else:
                    row["id"] = value
            elif name in columns:
                parsed = _parsed(columns[name], value, names, path, found)
                if parsed is not _UNREAD:
                    row[name] = parsed
        rows.append(row)
    return rows


# --- defaults and computes -----------------------------------------------------------------------


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
                continue
            if overrides is not None and one.field.mode == "override_with_reason":
                record[one.name] = _settled(view, one, record, env, overrides, found)
            elif _may_compute(one.field, record.get(one.name)):
                record[one.name] = _computed(one.closure, env, one.name, one.field, found)
            continue
        for index, row in enumerate(record.get(one.table) or ()):
            if _may_compute(one.field, row.get(one.name)):
                path = f"{one.table}.{index}.{one.name}"
                inside = env.inside(record)
                inside.record = row
                value = _computed(one.closure, inside, path, one.field, found)
                if value is not None or one.field.mode == "always":
                    row[one.name] = value


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


def _may_compute(field: Field, value: Any) -> bool:
    return field.mode in ("always", "lock_if_found") or value is None


def _computed(closure: Any, env: Environment, path: str, definition: Field, found: Found) -> Any:
    try:
        value = closure(env)
    except ArithmeticError:
        found.add(path, "number-too-large")
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


# --- the rules -----------------------------------------------------------------------------------


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
) -> Found:
    """Everything wrong with a whole record of engine values."""
    found = Found()
    env = _NOTHING
    if plan.conditional or plan.linked or plan.tables:
        env = environment(view, record, old=old, is_new=old is None)
    owed = occasion.submitting or not occasion.drafts
    hidden = _clear_hidden(plan, record, env)
    for name in plan.fields if occasion.require else plan.judged:
        if name in hidden:
            continue
        field_plan = plan.fields[name]
        path, value = name, record.get(name)
        _judge_field(plan, field_plan, path, value, env, found, owed, occasion, old)
        if field_plan.field.type == "table":
            _judge_table(view, plan, name, record, env, found, owed, occasion, hidden)
    _judge_links(view, plan, record, env, found, changed)
    for rule in plan.rules:
        _judge_rule(view, plan, rule, record, env, found, occasion)
    return found


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
        if required and definition.compute is None and (owed or definition.name == "org"):
            found.add(path, "required")
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
    env: Environment,
    found: Found,
    changed: Collection[str] | None,
) -> None:
    """Links point to records the actor may read; filtered names and links obey their filter."""
    for name in plan.linked:
        field_plan = plan.fields[name]
        if changed is None or name in changed:
            _judge_link(view, field_plan, name, record.get(name), env, found)
            for index, row in enumerate(record.get(name) or () if name in plan.tables else ()):
                for column, column_plan in plan.tables[name].items():
                    inside = env.inside(record)
                    inside.record = row
                    inside.row = row
                    path = f"{name}.{index}.{column}"
                    _judge_link(view, column_plan, path, row.get(column), inside, found)


def _judge_link(
    view: Reading, plan: FieldPlan, path: str, value: Any, env: Environment, found: Found
) -> None:
    if value is None or (plan.field.type != "link" and plan.filter is None):
        return
    for one in value if plan.field.many else [value]:
        if plan.field.type == "link":
            form, identity = _target(plan.field, one)
            candidate = _readable(view, form, identity)
            if candidate is None:
                found.add(path, "unknown-record")
                continue
        else:
            candidate = {"code": one, "org": one, "login": one, "name": one}
        if plan.filter is not None:
            inside = environment(view, candidate, this=env.this, row=env.row)
            if not plan.filter(inside):
                found.add(path, "not-offered", value=str(one))


def _target(definition: Field, value: Any) -> tuple[str, int]:
    if isinstance(value, dict):
        return str(value["form"]), int(value["id"])
    return definition.to[0].partition(".")[0], int(value)


def _readable(view: Reading, form: str, identity: int) -> Mapping[str, Any] | None:
    record = view.store.load(view.connection, form, [identity]).get(identity)
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
            _judge_unique(view, plan, rule.unique, rule.field_at, rule.message, record, found)
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
                at = f"{rule.each}.{index}" + (f".{rule.field_at}" if rule.field_at else "")
                into.append(by_author(view, rule.name, at, rule.message, row))
        return
    if _breaks(rule_plan, env):
        at = rule.field_at or ""
        into.append(by_author(view, rule.name, at, rule.message, record))


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
    _judge_links(view, plan, answers, env, found, None)
    return found


def judge_action(
    view: Reading, plan: FormPlan, record: Mapping[str, Any], action: str
) -> list[FieldRefusal]:
    """What of the rules `on` this button does not hold."""
    found = Found()
    env = environment(view, record)
    occasion = Occasion(action=action, drafts=True)
    for rule in plan.rules:
        if rule.rule.on == action:
            _judge_rule(view, plan, rule, dict(record), env, found, occasion)
    return found.refusals


def by_author(
    view: Reading, name: str, at: str, message: Template | None, record: Mapping[str, Any]
) -> FieldRefusal:
    """A refusal in the author's own words, where there are any."""
    if message is None:
        return FieldRefusal(at, "rule", {"rule": name})
    words = {locale: rendered(view, message, record, locale) for locale in ("zh", "en")}
    return FieldRefusal(at, name, {}, words)


def judge_unique_rules(view: Reading, plan: FormPlan, record: Values, found: Found) -> None:
    """Rules that say what only one record may have."""
    for one in plan.rules:
        rule = one.rule
        if rule.unique:
            _judge_unique(view, plan, rule.unique, rule.field_at, rule.message, record, found)


def judge_unique_fields(
    view: Reading, plan: FormPlan, record: Values, found: Found, changed: Collection[str] | None
) -> None:
    """Fields that are unique by themselves."""
    for name in plan.unique:
        if changed is None or name in changed:
            _judge_unique(view, plan, (name,), name, None, record, found)


def _judge_unique(
    view: Reading,
    plan: FormPlan,
    fields: Sequence[str],
    at: str | None,
    message: Template | None,
    record: Values,
    found: Found,
) -> None:
    values = [record.get(name) for name in fields]
    taken = view.store.exists_unique(
        view.connection, plan.form.name, fields, values, record.get("id")
    )
    if taken is not None:
        found.refusals.append(_taken(view, at or fields[0], message, record))


def taken_among(
    view: Reading, plan: FormPlan, records: Sequence[Values]
) -> dict[int, list[FieldRefusal]]:
    """What new records that are written together would take from others, or from each other: by
    the place in the batch."""
    wanted: list[tuple[Sequence[str], str | None, Template | None]] = [
        (rule.rule.unique, rule.rule.field_at, rule.rule.message)
        for rule in plan.rules
        if rule.rule.unique
    ]
    wanted += [((name,), name, None) for name in plan.unique]
    taken: dict[int, list[FieldRefusal]] = {}
    for fields, at, message in wanted:
        keys = [[record.get(name) for name in fields] for record in records]
        for place in view.store.taken(view.connection, plan.form.name, fields, keys):
            refusal = _taken(view, at or fields[0], message, records[place])
            taken.setdefault(place, []).append(refusal)
    return taken


def _taken(
    view: Reading, path: str, message: Template | None, record: Mapping[str, Any]
) -> FieldRefusal:
    if message is not None:
        return by_author(view, "taken", path, message, record)
    return FieldRefusal(path, "taken")


def select_ids(view: Reading, form: str) -> list[int]:
    """Every id of a form, as the system sees it."""
    query = Query(form, ("id",), ALL_ROWS, page=None)
    return [row["id"] for row in view.store.select(view.connection, query).items]
