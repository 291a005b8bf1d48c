"""Records and forms as the API sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.catalogue.compile import form_fingerprint
from jingwei.language.field_types.table import operators_of, present_value
from jingwei.language.form import Action, Field, Form, Section
from jingwei.language.values import Literal_
from jingwei.refusals import FieldRefusal
from jingwei.services import flows
from jingwei.services.commands import Reading, Work
from jingwei.services.form_paths import sensitive_fields
from jingwei.services.record_views import RecordView, shown_record
from jingwei.services.records import Written
from jingwei.services.rights import FieldRights
from jingwei.services.titles import Titles, choices
from jingwei.services.writable import made_of
from jingwei.web import locale

# --- records -------------------------------------------------------------------------------------


def record_json(view: Reading, shown: RecordView, *, titles: bool = False) -> dict[str, Any]:
    """One flat record; with its latest flow when its form has one."""
    body = dict(shown.json)
    form = shown.form
    if form.workflow or form.workflows:
        body["flow"] = flows.latest_flow(view, form.name, body["id"])
    if titles:
        body["_titles"] = Titles(view, form, locale()).of([shown.json])[0]
    return body


class SensitiveRecord(dict[str, Any]):
    """A record of a form with sensitive fields, as JSON: its answer is kept nowhere."""

    def __init__(self, form: str, body: Mapping[str, Any]) -> None:
        super().__init__(body)
        self.form = form


def written_json(work: Work, form: str, written: Written) -> dict[str, Any]:
    """What was written, as its writer may see it; what is out of sight now is only its id."""
    body = raw_json(work, form, written.record)
    if written.warnings:
        body["_warnings"] = [refusal_json(w) for w in written.warnings]
    return body


def raw_json(work: Work, form: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A record of the write path as its command leaves it, effects included, as the actor may see
    it: read again at the end, so that what is answered is what is read next."""
    raw = work.store.load(work.connection, form, [raw["id"]]).get(raw["id"], raw)
    work = work.of(raw["org"])
    definition = work.catalogue.forms[form]
    if not work.rights.may_read(work, form, raw).allowed:
        return {"id": raw["id"], "revision": raw["revision"]}
    rights = work.rights.fields(work, form, raw)
    body = record_json(work, shown_record(work, definition, raw, rights, saved=True))
    return SensitiveRecord(form, body) if sensitive_fields(definition) else body


def refusal_json(refusal: FieldRefusal) -> dict[str, str]:
    message = refusal.message(locale())
    return {"path": refusal.path, "code": refusal.code, "message": message}


# --- forms ---------------------------------------------------------------------------------------


def form_line(view: Reading, form: Form, can: Sequence[str]) -> dict[str, Any]:
    """A form in the list of forms."""
    return {"name": form.name, "title": form.title(locale()), "can": list(can)}


def form_json(
    view: Reading, form: Form, can: Sequence[str], reads: FieldRights, makes: FieldRights
) -> dict[str, Any]:
    """A form as its reader may see it: what is hidden is not named anywhere.

    `reads`: rights on its list; `makes`: rights on a new record.
    """
    words = locale()
    visible = reads.visible | makes.visible
    writable = reads.writable | makes.writable
    rights = FieldRights(visible, writable, reads.masked)
    return {
        **form_line(view, form, can),
        "fingerprint": form_fingerprint(view.catalogue, form.name),
        "description": form.description(words) if form.description else None,
        "workflow": bool(form.workflow or form.workflows),
        "submit": form.submit is not None,
        "fields": [field_json(view, f, rights) for f in form.fields.values() if f.path in visible],
        "states": [
            {
                "name": s.name,
                "title": s.title(words),
                "initial": s.initial,
                "final": s.final,
                "locked": s.locked,
            }
            for s in form.states.values()
        ],
        "actions": [_action(view, a) for a in form.actions.values()],
        "related": [
            {"name": r.name, "title": r.title(words), "form": r.form}
            for r in form.related.values()
            if view.rights.decide(view, r.form, "read").allowed
        ],
        "receipts": [{"name": r.name, "title": r.title(words)} for r in form.receipts.values()],
        "list": {
            "columns": [c for c in form.list.columns if c in visible],
            "filters": [c for c in form.list.filters if c in visible],
            "sort": [c for c in form.list.sort if c.removeprefix("-") in visible],
        },
        "layout": [_section(section, visible) for section in form.layout],
    }


def field_json(view: Reading, field: Field, rights: FieldRights) -> dict[str, Any]:
    """A field or column; keys without a value are left out."""
    words = locale()
    computed = field.compute is not None and field.mode == "always"
    writable = field.path in rights.writable and not computed and not field.readonly
    found: dict[str, Any] = {
        "name": field.name,
        "type": field.type,
        "title": field.title(words),
        "help": field.help(words) if field.help else None,
        "placeholder": field.placeholder(words) if field.placeholder else None,
        "required": field.required,
        "writable": writable,
        "masked": field.path in rights.masked or None,
        "computed": field.compute is not None or None,
        "many": field.many or None,
        "unit": field.unit.value if isinstance(field.unit, Literal_) else None,
        "min": _literal(field, field.min),
        "max": _literal(field, field.max),
        "precision": field.precision,
        "pattern": field.pattern,
        "grain": field.grain,
        "to": list(field.to) or None,
        "operators": list(operators_of(field)),
    }
    if field.type == "choice":
        found["choices"] = [
            {"code": c.code, "title": c.title(words), "parent": c.parent}
            for c in choices(view, field)
        ]
    if field.type == "table":
        columns = [c for c in field.fields.values() if c.path in rights.visible]
        found["fields"] = [field_json(view, column, rights) for column in columns]
        for column in found["fields"]:
            column["writable"] = column["writable"] and column["name"] not in made_of(field)
        found["min_rows"], found["max_rows"] = field.min_rows, field.max_rows
    return {name: value for name, value in found.items() if value is not None}


def _literal(field: Field, value: Any) -> Any:
    if not isinstance(value, Literal_):
        return None
    return present_value(field, value.value) if not field.many else value.value


def _action(view: Reading, action: Action) -> dict[str, Any]:
    everything = FieldRights(
        frozenset(f.path for f in action.ask.values()),
        frozenset(f.path for f in action.ask.values()),
    )
    return {
        "name": action.name,
        "title": action.title(locale()),
        "place": action.place,
        "ask": [field_json(view, field, everything) for field in action.ask.values()],
    }


def _section(section: Section, visible: frozenset[str]) -> dict[str, Any]:
    rows = [[name for name in row if name in visible] for row in section.rows]
    return {
        "title": section.title(locale()),
        "columns": section.columns,
        "rows": [row for row in rows if row],
        "related": section.related,
    }
