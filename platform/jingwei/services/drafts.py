"""An unsaved record, judged by the server's own validator: what a browser cannot know by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.language.form import Field, Form
from jingwei.refusals import FieldRefusal, Malformed, NotAllowed, NotFound
from jingwei.services import (
    computing,
    filling,
    generating,
    parsing,
    record_views,
    retired,
    scorecards,
    validation,
)
from jingwei.services.commands import Reading
from jingwei.services.found import Found, told
from jingwei.services.listing import form_of, raise_unless_known
from jingwei.services.overrides import Overrides
from jingwei.services.plans import FormPlan, form_plan
from jingwei.services.record_views import shown_record
from jingwei.services.rights import FieldRights
from jingwei.services.validation import Occasion
from jingwei.services.world import environment


@dataclass(slots=True)
class Draft:
    """`values`: JSON values with computes done. `visible`, `required`: by field name;
    `readonly` also by cell (`lines.0.rate`), where something is found."""

    values: dict[str, Any]
    visible: dict[str, bool]
    required: dict[str, bool]
    readonly: dict[str, bool]
    computed: dict[str, Any]  # what the fields would be that a person may override
    problems: list[FieldRefusal] = field(default_factory=list)
    warnings: list[FieldRefusal] = field(default_factory=list)


def compute(
    view: Reading,
    form: str,
    values: Mapping[str, Any],
    *,
    id: int | None = None,
    submitting: bool = False,
) -> Draft:
    """What the record would be if it were saved now; nothing is written."""
    form_of(view, form)
    before = None
    if id is not None:
        before = view.store.load(view.connection, form, [id]).get(id)
        if before is None or not view.rights.may_read(view, form, before).allowed:
            raise NotFound("no-such-record")
    found = Found()
    asked_org = values.get("org")
    if _is_out_of_reach(view, form, asked_org, before):
        found.add("org", "org-out-of-reach")
        values = {name: value for name, value in values.items() if name != "org"}
    org = values.get("org") or (before or {"org": view.actor.org})["org"]
    view = view.of(org if isinstance(org, str) else None)
    definition = form_of(view, form)
    plan = form_plan(view.store, view.catalogue, form)
    if before is not None:
        rights = view.rights.fields(view, form, before)
    else:
        if not view.rights.decide(view, form, "create").allowed:
            raise_unless_known(view, definition)
            raise NotAllowed("not-allowed", action="create")
        rights = view.rights.create_fields(view, form)
    unknown = [n for n in values if n not in definition.fields and n != "org"]
    unknown += [n for n in values if n in definition.fields and n not in rights.visible]
    unknown += _unknown_columns(definition, values, rights.visible)
    if unknown:
        refused = [
            FieldRefusal(n, "unknown-field", {"name": n.rpartition(".")[2]}) for n in unknown
        ]
        raise Malformed("not-writable-fields", fields=refused)
    record: dict[str, Any] = dict(before) if before else dict.fromkeys(definition.fields)
    if before is None:
        record.update(status=None, state=definition.initial_state, org=None, owner=None)
    parsed = parsing.parse(view, plan, values, found)
    scorecards.know_rows(plan, parsed, before or {})
    _drop_unreadable(view, plan, parsed, before or {}, found)
    record.update(parsed)
    for table in plan.tables:
        known = {row["id"]: row for row in (before or {}).get(table) or ()}
        record[table] = [{**known.get(r.get("id"), {}), **r} for r in record.get(table) or ()]
        for row in record[table]:
            for column in plan.tables[table]:
                row.setdefault(column, None)
    if before is None:
        computing.fill_defaults(view, plan, record, values.keys())
        if record.get("org") is None:
            record["org"] = view.actor.org
    filling.fill(view, plan, record, before, values.keys())
    if before is None:
        generating.begin(view, plan, record, values.keys(), found)
    overrides = Overrides(definition, before, values.keys())
    if plan.scorecards:
        computing.compute(view, plan, record, Found(), Overrides(definition, before, ()))
        scorecards.fill(view, plan, record, overrides, found, by_hand=True, saves=False)
    computing.compute(view, plan, record, found, overrides)
    occasion = Occasion(submitting=submitting, drafts=_may_be_unfinished(definition, before))
    judged = validation.judge(view, plan, record, before, occasion, ())
    retired.judge(view, plan, record, before, judged)
    found.judged(judged)
    env = environment(view, record, old=before, is_new=before is None)
    shown = shown_record(view, definition, {"id": id, **record}, rights)
    computed = computing.suggestions(view, plan, record)
    suggested = shown_record(view, definition, {"id": id, **record, **computed}, rights)
    if asked_org is not None and any(refusal.path == "org" for refusal in found.refusals):
        shown.json["org"] = asked_org  # as it was typed, beside what is wrong with it
    return Draft(
        {n: v for n, v in shown.json.items() if n in definition.fields or n == "org"},
        {n: f.visible_if is None or bool(f.visible_if(env)) for n, f in plan.fields.items()},
        {
            n: f.field.required or (f.required_if is not None and bool(f.required_if(env)))
            for n, f in plan.fields.items()
        },
        {
            **{
                n: f.field.readonly or (f.readonly_if is not None and bool(f.readonly_if(env)))
                for n, f in plan.fields.items()
            },
            **dict.fromkeys(computing.found_values(view, plan, record), True),
        },
        {n: v for n, v in suggested.json.items() if n in computed},
        told(view, definition, before, found.refusals),
        told(view, definition, before, found.warnings),
    )


def _may_be_unfinished(form: Form, before: Mapping[str, Any] | None) -> bool:
    """Whether only a submit asks for what is owed."""
    if before is not None:
        return before.get("status") in ("draft", "returned", "recalled")
    return bool(form.workflow or form.workflows or form.submit is not None)


def _unknown_columns(
    form: Form, values: Mapping[str, Any], visible: frozenset[str]
) -> Iterator[str]:
    """Paths of columns that the reader does not know."""
    for table, definition in form.tables.items():
        rows = values.get(table)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            for name in row if isinstance(row, Mapping) else ():
                known = name in definition.fields and f"{table}.{name}" in visible
                if name != "id" and not known:
                    yield f"{table}.{index}.{name}"


def _is_out_of_reach(view: Reading, form: str, org: Any, before: Mapping[str, Any] | None) -> bool:
    """Whether the reader could not save the record for this org: what is worked out for an org is
    for those who may write there."""
    if not isinstance(org, str) or org == (before or {}).get("org"):
        return False
    allowed = view.rights.create_orgs(view, form)
    return allowed is not None and org in view.catalogue.orgs and org not in allowed


@dataclass(frozen=True, slots=True)
class _Link:
    """A link in what was sent. `was`: its value before."""

    path: str
    field: Field
    holder: dict[str, Any]
    was: Any

    @property
    def fresh(self) -> list[Any]:
        there = _listed(self.was)
        return [one for one in _listed(self.holder.get(self.field.name)) if one not in there]


def _drop_unreadable(
    view: Reading,
    plan: FormPlan,
    values: dict[str, Any],
    before: Mapping[str, Any],
    found: Found,
) -> None:
    """Links to records that the reader may not open lead nowhere: what would be filled in and
    computed from them is not for him."""
    links = [link for link in _links(plan, values, before) if link.fresh]
    wanted: dict[str, set[int]] = {}
    for link in links:
        for one in link.fresh:
            form, identity = validation.target_of(link.field, one)
            wanted.setdefault(form, set()).add(identity)
    there: dict[str, Mapping[int, Any]] = dict.fromkeys(wanted, {})  # also of forms that are not
    for form in wanted.keys() & view.catalogue.forms:
        there[form] = view.store.load(view.connection, form, list(wanted[form]))
    for link in links:
        closed = [one for one in link.fresh if not _is_open(view, there, link.field, one)]
        if closed:
            found.add(link.path, "unknown-record")
            kept = [one for one in _listed(link.holder[link.field.name]) if one not in closed]
            link.holder[link.field.name] = kept if link.field.many else None


def with_open_links(
    view: Reading, fields: Mapping[str, Field], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Values of a page, its links as expressions take them, without those to what the reader may
    not open: a condition that looks along them would tell of it."""
    found = dict(values)
    for name, definition in fields.items():
        if definition.type == "link" and found.get(name) is not None:
            links = [_open_link(view, definition, one) for one in _listed(found[name])]
            open_ = [one for one in links if one is not None]
            found[name] = open_ if definition.many else next(iter(open_), None)
    return found


def _open_link(view: Reading, definition: Field, value: Any) -> Any:
    """`value`: as a page sends it (`12`, `contract/12`) or as JSON has it. None: not open."""
    if isinstance(value, str) and "/" in value:
        form, _, identity = value.partition("/")
        value = {"form": form, "id": identity}
    try:
        target, id_ = validation.target_of(definition, value)
    except (LookupError, TypeError, ValueError):
        return None
    if target not in view.catalogue.forms or not 0 < id_ < 2**63:
        return None
    there = {target: view.store.load(view.connection, target, [id_])}
    link = {"form": target, "id": id_}
    if not _is_open(view, there, definition, link):
        return None
    return id_ if len(definition.to) == 1 else link


def _links(plan: FormPlan, values: dict[str, Any], before: Mapping[str, Any]) -> Iterator[_Link]:
    for name in plan.linked:
        if name in plan.tables:
            known = {row["id"]: row for row in before.get(name) or ()}
            for index, row in enumerate(values.get(name) or ()):
                for column, one in plan.tables[name].items():
                    if one.field.type == "link":
                        was = known.get(row.get("id"), {}).get(column)
                        yield _Link(f"{name}.{index}.{column}", one.field, row, was)
        elif plan.fields[name].field.type == "link":
            yield _Link(name, plan.fields[name].field, values, before.get(name))


def _is_open(
    view: Reading, there: Mapping[str, Mapping[int, Any]], field: Field, value: Any
) -> bool:
    form, identity = validation.target_of(field, value)
    record = there[form].get(identity)
    if record is None or record["deleted_at"] is not None:
        return False
    return view.rights.may_read(view, form, record).allowed


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def blank(view: Reading, form: str) -> dict[str, Any]:
    """A new record's defaults, as JSON values."""
    return compute(view, form, {}).values


def copied(view: Reading, form: str, id: int) -> dict[str, Any]:
    """The values of a new record like this one, as JSON: what its reader sees and may write, but
    for what is not copied (`no_copy`), what only one record may have, files, and what is computed
    anew. Raises NotFound."""
    shown = record_views.readable(view, form, id)
    definition = form_of(view, form)
    if not view.rights.decide(view, form, "create").allowed:
        raise NotFound("no-such-form")
    rights = view.rights.create_fields(view, form)
    seen = shown.rights.visible - shown.rights.masked
    values: dict[str, Any] = {}
    for name, field_ in definition.fields.items():
        if name not in seen or not _is_copied(field_, rights) or shown.json.get(name) is None:
            continue
        values[name] = shown.json[name]
        if field_.type == "table":
            columns = [
                c.name for c in field_.fields.values() if c.path in seen and _is_copied(c, rights)
            ]
            values[name] = [{n: row.get(n) for n in columns} for row in shown.json[name]]
    return compute(view, form, values).values


def _is_copied(definition: Field, rights: FieldRights) -> bool:
    computed = definition.compute is not None and definition.mode in ("always", "lock_if_found")
    path = definition.path
    writable = path in rights.writable or (definition.table or path) in rights.writable
    alone = definition.no_copy or definition.unique or definition.readonly or computed
    return writable and not alone and definition.type not in ("file", "image", "signature")


__all__ = ["Draft", "blank", "compute", "copied", "present_value", "with_open_links"]
