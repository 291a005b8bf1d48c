"""Forms as the person who asks may see them, and the server's own view of an unsaved record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import flag, parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.api.session import may
from jingwei.api.shapes import form_json, form_line, refusal_json
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import drafts
from jingwei.services.listing import form_of, may_open, raise_unless_known, raise_unless_reached

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
    if identity is not None and not (type(identity) is int and 0 <= identity < 2**63):
        raise Invalid("invalid", fields=[FieldRefusal("id", "not-a-record-id")])
    with reading() as view:
        if identity is None:
            raise_unless_known(view, form_of(view, form))
        else:
            raise_unless_reached(view, form_of(view, form), identity)
        submitting = flag(given, "submitting")
        draft = drafts.compute(view, form, values, id=identity, submitting=submitting)
        shown = draft.values.keys()
        return answer(
            {
                "values": draft.values,
                "visible": {n: v for n, v in draft.visible.items() if n in shown},
                "required": {n: v for n, v in draft.required.items() if n in shown},
                "readonly": _of_shown(draft.readonly, draft.values),
                "computed": draft.computed,
                "problems": [refusal_json(p) for p in draft.problems],
                "warnings": [refusal_json(p) for p in draft.warnings],
            }
        )


def _of_shown(readonly: Mapping[str, bool], values: Mapping[str, Any]) -> dict[str, bool]:
    """Of fields and cells that the reader sees."""
    found: dict[str, bool] = {}
    for path, is_readonly in readonly.items():
        name, dot, rest = path.partition(".")
        place, _, column = rest.partition(".")
        if name in values and (not dot or column in values[name][int(place)]):
            found[path] = is_readonly
    return found
