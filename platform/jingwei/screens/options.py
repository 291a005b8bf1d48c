"""`/f/FORM/options/PATH`: what a picker offers, searched and filtered by the unsaved record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.form import Field, Form
from jingwei.language.region_names import search_regions
from jingwei.language.regions import above, divisions, full_name
from jingwei.language.text import Text
from jingwei.problems import Position
from jingwei.refusals import Malformed, NotFound
from jingwei.screens.cells import Cells, form_or_404
from jingwei.screens.markdown import html
from jingwei.screens.session import check_csrf, reading
from jingwei.screens.widgets import NAMED, Option, engine_values, named_options, told_apart
from jingwei.services.candidates import candidate_of
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.drafts import with_open_links
from jingwei.services.listing import (
    ListWish,
    form_of,
    listing,
    may_open,
    raise_unless_reached,
)
from jingwei.services.record_views import readable
from jingwei.services.world import environment
from jingwei.storage import people
from jingwei.web import locale

MOST = 30
FEWEST = 8  # of each form, where records of several are offered
# whoever made, owns or changed a record is looked for like the people of a field
PEOPLE = {
    name: Field(name=name, type="person", title=Text.plain(name), at=Position(""))
    for name in ("owner", "created_by", "updated_by")
}
MOST_TEXT = 100_000  # letters of a preview
MOST_LOOKED_AT = 5_000  # records or people, for those that a filter lets through


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody types into a picker. `form`: of which records, where a link leads to several;
    `inside`: the region that was chosen, which is divided further."""

    words: str
    form: str = ""
    inside: str = ""


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/options/<path>", "options", options, methods=["POST"])
    blueprint.add_url_rule(
        "/f/<form>/<int:id>/options/<path>", "options_of", options, methods=["POST"]
    )
    blueprint.add_url_rule("/markdown", "markdown", formatted, methods=["POST"])


def formatted() -> Response:
    """`{text}` → `{html}`: how a formatted text will be shown."""
    check_csrf()
    body = _asked()
    with reading():
        return jsonify({"html": html(str(body.get("text") or "")[:MOST_TEXT])})


def options(form: str, path: str, id: int | None = None) -> Response:
    """`{q, values, row}` → `[{value, text, hint}]`; `{held: [value]}`: what these are called. `id`:
    the record that is filled in; a task may open it to who has nothing else of its form."""
    check_csrf()
    body = _asked()
    with reading() as view:
        definition, visible = _reached(view, form, id)
        field = _field(definition, path) or PEOPLE.get(path)
        if field is None or path not in visible:
            raise NotFound("not-found")
        cells = Cells(view)
        if isinstance(body.get("held"), list):
            return jsonify([_named(cells, field, str(v)) for v in body["held"][:MOST]])
        values = engine_values(view, definition, _mapping(body.get("values")))
        values = with_open_links(view, definition.fields, values)
        outer = definition.fields[field.table].fields if field.table else {}
        row = with_open_links(view, outer, _mapping(body.get("row")))
        words, form_, inside = (
            str(body.get(n) or "").strip()[:100] for n in ("q", "form", "inside")
        )
        wanted = Wanted(words, form_, inside)
        found = _offered(view, cells, definition, field, values, row, wanted)
        return jsonify([{"value": o.value, "text": o.text, "hint": o.hint} for o in found])


def _asked() -> Mapping[str, Any]:
    """The JSON object that the page sent; nothing is an empty one. Raises Malformed."""
    body: Any = request.get_json(silent=True)
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Malformed("json-object-needed")
    return body


def _reached(view: Reading, form: str, id: int | None) -> tuple[Form, frozenset[str]]:
    """The form, and the fields of it that this person sees. Raises NotFound."""
    if id is None:
        known = form_or_404(view, form)
        makes = view.rights.create_fields(view, form)
        return known, view.rights.fields(view, form).visible | makes.visible
    definition = form_of(view, form)
    raise_unless_reached(view, definition, id)
    return definition, readable(view, form, id).rights.visible


def _named(cells: Cells, field: Field, value: str) -> dict[str, str]:
    """What a value that is held is called, for those who may know."""
    form, _, identity = value.rpartition("/")
    if field.type != "link":
        return {"value": value, "text": cells.one(field, value).text}
    form = form or (field.to[0].partition(".")[0] if field.to else "")
    known = form in cells.view.catalogue.forms and identity.isdigit()
    return {"value": value, "text": cells.record_title(form, int(identity)) if known else value}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _field(form: Form, path: str) -> Field | None:
    first, _, rest = path.partition(".")
    outer = form.fields.get(first)
    return outer.fields.get(rest) if outer is not None and rest else outer


def _offered(
    view: Reading,
    cells: Cells,
    form: Form,
    field: Field,
    values: Mapping[str, Any],
    row: Mapping[str, Any],
    wanted: Wanted,
) -> list[Option]:
    if field.type == "person":
        return _people(view, cells, field, values, row, wanted.words)
    if field.type == "link":
        return _records(view, cells, field, values, row, wanted)
    if field.type == "region":
        return [Option(code, name, hint=code) for code, name in _regions(wanted)]
    if field.type in NAMED:
        found = named_options(view, cells, field, form, values, row)
        return [o for o in found if _matches(wanted.words, o.value, o.text)]
    return []


def _regions(wanted: Wanted) -> list[tuple[str, str]]:
    """What is looked for, larger ones first. Where nothing is: what lies in the chosen one and what
    that lies in; all provinces to begin with."""
    if wanted.words:
        return list(islice(search_regions(wanted.words), MOST))
    around = dict.fromkeys((*above(wanted.inside), *divisions(wanted.inside), *divisions("")))
    return [(code, full_name(code)) for code in around]


def _people(
    view: Reading,
    cells: Cells,
    field: Field,
    values: Mapping[str, Any],
    row: Mapping[str, Any],
    wanted: str,
) -> list[Option]:
    found: list[Option] = []
    keep = view.catalogue.closure(field.filter) if field.filter is not None else None
    for person in _searched(view, wanted, MOST if keep is None else 200):
        candidate = candidate_of(view, "person", person.login)
        if keep is not None and not keep(environment(view, candidate, this=values, row=row)):
            continue
        hint = cells.title("org", person.org)
        found.append(Option(person.login, person.name, hint=hint))
        if len(found) >= MOST:
            break
    return told_apart(found)


def _searched(view: Reading, wanted: str, size: int) -> Iterator[people.PersonRow]:
    """Those who are active, page by page as far as they are looked at."""
    after = ""
    for _ in range(MOST_LOOKED_AT // size):
        page = people.search_people(view.connection, wanted, limit=size, after=after)
        yield from page
        if len(page) < size:
            return
        after = page[-1].login


def _records(
    view: Reading,
    cells: Cells,
    field: Field,
    values: Mapping[str, Any],
    row: Mapping[str, Any],
    wanted: Wanted,
) -> list[Option]:
    found: list[Option] = []
    keep = view.catalogue.closure(field.filter) if field.filter is not None else None
    named = dict.fromkeys(one.partition(".")[0] for one in _forms_of(field, values, row, wanted))
    forms = [one for one in named if one in view.catalogue.forms and may_open(view, one)]
    most = max(FEWEST, MOST // len(forms)) if forms else 0
    for form in forms:
        title = cells.title("form", form) if is_polymorphic(field) else ""
        offered = 0
        for raw in _candidates(view, form, wanted.words, most if keep is None else 200):
            if keep is not None and not keep(environment(view, raw, this=values, row=row)):
                continue
            value = f"{form}/{raw['id']}" if is_polymorphic(field) else str(raw["id"])
            hint = " ".join(part for part in (title, raw.get("number")) if part)
            found.append(Option(value, display(view, form, raw, locale()), hint=hint))
            offered += 1
            if offered >= most:
                break
    return found


def _forms_of(
    field: Field, values: Mapping[str, Any], row: Mapping[str, Any], wanted: Wanted
) -> Sequence[str]:
    """The forms whose records may be linked: the one that is asked for, or that another field names
    now; where it may be any, none before one is asked for."""
    if wanted.form and (not field.to or wanted.form in field.to):
        return (wanted.form,)
    if field.form_from is None:
        return field.to
    name = field.form_from.removeprefix("parent.")
    inner = field.table is not None and name == field.form_from
    named = (row if inner else values).get(name)
    return (named,) if isinstance(named, str) else ()


def _candidates(view: Reading, form: str, wanted: str, size: int) -> Iterator[Mapping[str, Any]]:
    """The records that the reader may pick from, page by page as far as they are looked at."""
    after: str | None = None
    for _ in range(MOST_LOOKED_AT // size):
        wish = ListWish(fields=("id",), q=wanted or None, size=size, count=None, after=after)
        page = listing(view, form, wish)
        ids = [item["id"] for item in page.items]
        raws = view.store.load(view.connection, form, ids)
        yield from (raws[identity] for identity in ids)
        after = page.next_after
        if after is None:
            return


def _matches(wanted: str, *texts: str) -> bool:
    return not wanted or any(wanted.lower() in one.lower() for one in texts)
