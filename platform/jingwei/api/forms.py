"""Forms as the person who asks may see them, and the server's own view of an unsaved record."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import Answer, choice, flag, idempotency_key, parameters, write
from jingwei.api.auth import person, reading
from jingwei.api.files import uploaded
from jingwei.api.json import answer, body_object
from jingwei.api.records import LIST_PARAMETERS, list_wish
from jingwei.api.session import may
from jingwei.api.shapes import form_json, form_line, refusal_json
from jingwei.gateways.sheets import MOST_BYTES, read_rows
from jingwei.gateways.workbook import MIMETYPE, write_sheet
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import drafts, exchange
from jingwei.services.commands import Work
from jingwei.services.exchange import Imported
from jingwei.services.listing import form_of, may_open, raise_unless_known
from jingwei.web import current, locale

blueprint = Blueprint("forms", __name__, url_prefix="/api/v1/forms")


@blueprint.get("")
def list_forms() -> Response:
    """Forms with which this person has anything to do."""
    parameters()
    with reading() as view:
        known = [f for f in view.catalogue.forms.values() if may_open(view, f.name)]
        items = [form_line(view, form, may(view, form.name)) for form in known]
    return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})


@blueprint.get("/<form>")
def one_form(form: str) -> Response:
    parameters()
    with reading() as view:
        definition = form_of(view, form)
        raise_unless_known(view, definition)
        reads, makes = view.rights.fields(view, form), view.rights.create_fields(view, form)
        return answer(form_json(view, definition, may(view, form), reads, makes))


@blueprint.post("/<form>/compute")
def compute(form: str) -> Response:
    """What a record would be if it were saved now. The body is the record; `id` of one that is
    there. `?submitting=1`: as it would be judged at submit. Nothing is written."""
    given = parameters("submitting")
    values = body_object()
    identity = values.pop("id", None)
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, int)):
        raise Invalid("invalid", fields=[FieldRefusal("id", "not-a-record-id")])
    with reading() as view:
        raise_unless_known(view, form_of(view, form))
        submitting = flag(given, "submitting")
        draft = drafts.compute(view, form, values, id=identity, submitting=submitting)
        shown = draft.values.keys()
        return answer(
            {
                "values": draft.values,
                "visible": {n: v for n, v in draft.visible.items() if n in shown},
                "required": {n: v for n, v in draft.required.items() if n in shown},
                "readonly": {n: v for n, v in draft.readonly.items() if n in shown},
                "problems": [refusal_json(p) for p in draft.problems],
                "warnings": [refusal_json(p) for p in draft.warnings],
            }
        )


# --- sheets --------------------------------------------------------------------------------------


@blueprint.post("/<form>/import")
def import_records(form: str) -> Response:
    """Records from the part `file`, CSV or XLSX. `mode=atomic`: all or none, and a refusal names
    each cell by its row (`3.amount`); `mode=rows`: the good ones, with what is wrong of others."""
    given = parameters("mode")
    mode = choice(given, "mode", ("atomic", "rows")) or "atomic"
    actor = person()
    name, part = uploaded()
    content = part.stream.read(MOST_BYTES + 1)
    sheet = list(read_rows(content, name))
    if mode == "rows":
        key = idempotency_key()
        own = None if key is None else f"{key}:{hashlib.sha256(content).hexdigest()[:16]}"
        found = exchange.import_good(current().commands, actor, form, sheet, own)
        return answer(_imported(found))

    def handler(work: Work) -> Answer:
        return 200, _imported(Imported(exchange.import_all(work, form, sheet)))

    try:
        return write(handler, content=content)
    except Invalid:
        found = exchange.every_problem(current().commands, actor, form, sheet)
    refused = [
        FieldRefusal(f"{row}.{one.path}", one.code, one.holes, one.words)
        for row, one in found.refused
    ]
    raise Invalid("import-refused", fields=refused, bad=found.bad)


def _imported(found: Imported) -> dict[str, Any]:
    refused = [{"row": row, **refusal_json(one)} for row, one in found.refused]
    return {"good": found.good, "bad": found.bad, "refused": refused}


@blueprint.get("/<form>/export.xlsx")
def export_records(form: str) -> Response:
    """What the list with these parameters has, as a workbook; every page of it."""
    given = parameters(*(n for n in LIST_PARAMETERS if n not in ("page", "size", "after", "count")))
    wish = list_wish(given)
    with reading() as view:
        found = exchange.export_sheet(view, form, wish, locale())
    body = write_sheet(found.titles, found.rows)
    response = Response(body, mimetype=MIMETYPE)
    response.headers.set("Content-Disposition", "attachment", filename=f"{form}.xlsx")
    return response
