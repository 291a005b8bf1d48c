"""Effects that write records: `set enter create update append`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jingwei.language.effects import Effect
from jingwei.language.expressions.environment import Environment
from jingwei.language.field_types.table import parse_value, present_value
from jingwei.language.form import Form
from jingwei.language.values import Formula, Value
from jingwei.refusals import Conflict, Refused
from jingwei.services import flows, records
from jingwei.services.effects.scene import WIDEST, Scene
from jingwei.services.parsing import Names
from jingwei.services.record_ids import find_ids, settled
from jingwei.services.wanted import Change
from jingwei.services.world import MOST_ROWS, environment
from jingwei.storage import effects as done
from jingwei.storage.sql_calls import NotInSql
from jingwei.storage.types import canonical_json

SYSTEM_NAMES = ("owner", "state")  # written beside the form's own fields
BATCH = 1_000


def set_fields(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`set`: values of the record itself; of several elements the last one stands."""
    form, id_ = scene.the_form()
    for env in envs:
        write(scene, form, id_, scene.values(form.fields, effect.values, env))


def enter(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`enter`: the record's business state."""
    form, id_ = scene.the_form()
    if envs:
        records.set_system(scene.work, form.name, id_, state=effect.args["state"])
        scene.forget()


def write(scene: Scene, form: Form, id_: int, given: Mapping[str, Any]) -> None:
    """Write what differs from what is there; nothing at all when nothing does."""
    record = records.locked(scene.work, form.name, id_)
    values = {n: v for n, v in given.items() if n in form.fields or n == "org"}
    fresh = {n: v for n, v in values.items() if _shown(form, n, record.get(n)) != v}
    if fresh:
        records.update(scene.work, form.name, id_, fresh, source="action")
    system = {n: v for n, v in given.items() if n in SYSTEM_NAMES and n not in form.fields}
    if system:
        records.set_system(scene.work, form.name, id_, **system)
    scene.forget()


def _shown(form: Form, name: str, value: Any) -> Any:
    definition = form.fields.get(name)
    return value if definition is None else present_value(definition, value)


# --- update --------------------------------------------------------------------------------------


def update(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`update`: the records a link names, or those of a form for which `where` holds."""
    for env in envs:
        for form, id_ in _updated(scene, effect, env):
            write(scene, form, id_, scene.values(form.fields, effect.values, env))


def _updated(scene: Scene, effect: Effect, env: Environment) -> list[tuple[Form, int]]:
    forms = scene.work.catalogue.forms
    record: Formula | None = effect.args.get("record")
    if record is None:
        target = forms[effect.args["form"]]
        found = [(target, id_) for id_ in _matching(scene, target, effect.where, env)]
    else:
        linked = scene.work.catalogue.closure(record)(env)
        named = effect.args.get("form") or scene.work.catalogue.expression(record).type.form
        many = linked if isinstance(linked, list | tuple) else [linked]
        found = [_target(forms, named, one) for one in many if one is not None]
    scene.count(len(found))
    return found


def _target(forms: Mapping[str, Form], named: str | None, value: Any) -> tuple[Form, int]:
    if isinstance(value, Mapping):
        return forms[value["form"]], int(value["id"])
    return forms[named or ""], int(value)


def _matching(scene: Scene, target: Form, where: Formula | None, env: Environment) -> list[int]:
    """Living records of the form for which the condition holds; in it `this` is the record that
    the effect is written on."""
    work = scene.work
    try:
        condition = None if where is None else settled(work.catalogue.expression(where), _this(env))
        return find_ids(work, target.name, condition, WIDEST + 1)
    except NotInSql:
        assert where is not None
    ids = find_ids(work, target.name, None, MOST_ROWS + 1)
    if len(ids) > MOST_ROWS:
        raise Refused("too-many-to-fold", form=target.title, most=MOST_ROWS)
    holds = work.catalogue.closure(where)
    kept: list[int] = []
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        found = scene.work.store.load(scene.work.connection, target.name, part)
        for id_ in part:
            if id_ in found:
                inside = environment(scene.work, found[id_], this=env.record, row=env.row)
                inside.variables = env.variables
                if holds(inside):
                    kept.append(id_)
    return kept


def _this(env: Environment) -> Environment:
    """Where a condition on other records stands: there `this` is the record of the effect."""
    return replace(env, record={}, parent=None, this=env.record, old=None)


# --- create --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Wanted:
    env: Environment
    values: dict[str, Any]
    key: str | None = None
    id: int | None = None


def create(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`create`: a record for each element; with `once_per` one for each of these values."""
    target = scene.work.catalogue.forms[effect.args["form"]]
    once: tuple[str, ...] = tuple(effect.args.get("once_per", ()))
    wanted = [_wanted(scene, target, effect.values, once, env) for env in envs]
    fresh: list[_Wanted] = []
    first: dict[str, _Wanted] = {}
    for one in wanted:
        if one.key is not None and one.key in first:
            continue  # the same values twice in one list
        if one.key is not None:
            first[one.key] = one
            one.id = _existing(scene, target, once, one)
        if one.id is None:
            fresh.append(one)
        else:
            _meet(scene, effect, target, once, one)
    _write_new(scene, target, fresh)
    for one in wanted:
        if one.key is not None:
            one.id = first[one.key].id
    if effect.args.get("write_back"):
        _write_back(scene, effect, wanted)
    for one in fresh:
        assert one.id is not None
        scene.outcome.created.append((target.name, one.id))
        if effect.args.get("start"):
            flows.submit(scene.work, target.name, one.id)
    if effect.args.get("open") and wanted and wanted[-1].id is not None:
        scene.outcome.open = (target.name, wanted[-1].id)
    scene.forget()


def _wanted(
    scene: Scene,
    target: Form,
    given: Mapping[str, Value],
    once: Sequence[str],
    env: Environment,
) -> _Wanted:
    values = scene.values(target.fields, given, env)
    if "org" not in values and scene.org is not None:
        values["org"] = scene.org
    key = None
    if once:
        said = {name: values.get(name) for name in once}
        digest = hashlib.sha256(canonical_json(said)).hexdigest()
        key = f"{target.name}:{digest}"
    return _Wanted(env, values, key)


def _existing(scene: Scene, target: Form, once: Sequence[str], one: _Wanted) -> int | None:
    """The living record with these values, made by this effect before or by hand.

    The row of the key is held first, so that two who look at once do not both find none.
    """
    assert one.key is not None
    connection, store = scene.work.connection, scene.work.store
    made = done.hold(connection, one.key)
    wanted = {name: one.values.get(name) for name in once}
    if made is not None:
        record = store.load(connection, target.name, [made]).get(made)
        alive = record is not None and record["deleted_at"] is None
        if record is not None and alive and _values(target, once, record) == wanted:
            return made
    values = [_engine(scene, target, name, wanted[name]) for name in once]
    return store.unique.holder(connection, target.name, once, values, None)


def _values(target: Form, names: Sequence[str], record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(target, name, record[name]) for name in names}


def _engine(scene: Scene, target: Form, name: str, value: Any) -> Any:
    definition = target.fields.get(name)
    if definition is None or value is None:
        return value
    return parse_value(definition, value, Names(scene.work))


def _meet(scene: Scene, effect: Effect, target: Form, once: Sequence[str], one: _Wanted) -> None:
    match effect.args.get("if_exists", "skip"):
        case "refuse":
            named = ", ".join(f"{name} = {one.values.get(name)}" for name in once)
            raise Conflict("effect-exists", form=target.title, values=named)
        case "update":
            assert one.id is not None
            rest = {name: v for name, v in one.values.items() if name not in once}
            write(scene, target, one.id, rest)


def _write_new(scene: Scene, target: Form, fresh: Sequence[_Wanted]) -> None:
    names = {*target.fields, "org"}
    changes = [
        Change("create", values={n: v for n, v in one.values.items() if n in names})
        for one in fresh
    ]
    made = records.write_many(scene.work, target.name, changes, source="action")
    for one, written in zip(fresh, made, strict=True):
        one.id = written.id
        if one.key is not None:
            done.remember(scene.work.connection, one.key, written.id)
        system = {n: v for n, v in one.values.items() if n in SYSTEM_NAMES and n not in names}
        if system:
            records.set_system(scene.work, target.name, written.id, **system)


def _write_back(scene: Scene, effect: Effect, wanted: Sequence[_Wanted]) -> None:
    """The record that was made, into a column of the row it was made for, or into a field."""
    form, id_ = scene.the_form()
    column: str = effect.args["write_back"]
    if effect.each is None:
        made = wanted[-1].id if wanted else None
        if made is not None:
            write(scene, form, id_, {column: made})
        return
    table = scene.work.catalogue.expression(effect.each).type.table
    record = records.locked(scene.work, form.name, id_)
    if table is None:
        return
    ids = {one.env.row["id"]: one.id for one in wanted if one.env.row is not None}
    rows = [{"id": row["id"], column: ids.get(row["id"], row.get(column))} for row in record[table]]
    if any(row.get(column) != now[column] for row, now in zip(record[table], rows, strict=True)):
        records.update(scene.work, form.name, id_, {table: rows}, source="action")


# --- append --------------------------------------------------------------------------------------


def append(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`append`: rows of a table. A row that is there already, by `once_per` or else by all that
    is set, is not added again."""
    form, id_ = scene.the_form()
    table = form.fields[effect.args["to"]]
    source: Formula | None = effect.args.get("from")
    inner = envs
    if source is not None:
        inner = [scene.environment(row) for env in envs for row in scene.listed(source, env)]
        scene.count(len(inner))
    keys: Sequence[str] = effect.args.get("once_per") or list(effect.values)
    record = records.locked(scene.work, form.name, id_)
    there = {
        _key([present_value(table.fields[k], row.get(k)) for k in keys])
        for row in record[table.name]
    }
    added = []
    for env in inner:
        row = scene.values(table.fields, effect.values, env)
        key = _key([row.get(k) for k in keys])
        if key not in there:
            there.add(key)
            added.append(row)
    if added:
        kept = [{"id": row["id"]} for row in record[table.name]]
        records.update(scene.work, form.name, id_, {table.name: [*kept, *added]}, source="action")
        scene.forget()


def _key(values: Sequence[Any]) -> bytes:
    return canonical_json(list(values))
