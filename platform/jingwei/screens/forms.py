"""`/f/FORM/new` and `/f/FORM/ID/edit`: the form, made from its layout."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from jingwei.catalogue.compile import form_fingerprint
from jingwei.language.form import Form, Section
from jingwei.language.sections import in_lines, in_tabs, left_out
from jingwei.language.small import whole_number
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.refusals import NotAllowed
from jingwei.screens.buttons import submit_title
from jingwei.screens.cells import FILES, Cells, form_or_404
from jingwei.screens.choosing import asks_for_people
from jingwei.screens.frame import guide_address, page, service
from jingwei.screens.live import Live, every_field, fills_of, live, row_defaults
from jingwei.screens.session import reading
from jingwei.screens.tabs import in_groups
from jingwei.screens.widgets import Widget, Widgets, as_model, engine_values
from jingwei.services import drafts, files, unsaved
from jingwei.services.commands import Reading
from jingwei.services.listing import form_of, raise_unless_reached
from jingwei.services.record_views import at_record, readable, record
from jingwei.services.rights import FieldRights
from jingwei.services.wanted import EDITABLE
from jingwei.services.world import environment
from jingwei.services.writable import left_open
from jingwei.texts import text
from jingwei.web import current, locale

# what the page sees to be wrong before the server does, in the same words
REFUSED: Mapping[str, str] = {
    "not_number": "not-a-number",
    "not_duration": "not-a-duration",
    "not_color": "not-a-color",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One section of the page. `tab`: the place of the tab it stands in."""

    index: int
    title: str
    columns: int
    widgets: tuple[Widget, ...]
    collapsed: bool = False
    help: str = ""
    tab: int | None = None
    rows: tuple[tuple[Widget, ...], ...] = ()

    @property
    def lines(self) -> list[tuple[int, list[Widget]]]:
        """The grids of the section, and what stands in each."""
        return in_lines(self.columns, self.rows)


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/new", "new", new)
    blueprint.add_url_rule("/f/<form>/<int:id>/edit", "edit", edit)
    blueprint.add_url_rule("/f/<form>/live.js", "live_new", live_new)
    blueprint.add_url_rule("/f/<form>/<int:id>/live.js", "live_edit", live_edit)


def new(form: str) -> Any:
    with reading() as view:
        definition = form_or_404(view, form)
        if not view.rights.decide(view, form, "create").allowed:
            raise NotAllowed("not-allowed")
        rights = view.rights.create_fields(view, form)
        source = whole_number(request.args.get("copy", ""), 16)
        values = drafts.blank(view, form) if source is None else drafts.copied(view, form, source)
        return _page(view, definition, rights, values, {})


def edit(form: str, id: int) -> Any:
    with reading() as view:
        view = at_record(view, form, id)
        definition = form_of(view, form)
        raise_unless_reached(view, definition, id)
        shown = record(view, form, id)
        rights, why_not = edit_rights(view, definition, shown.raw)
        if rights is None:
            raise NotAllowed(why_not)
        values = {n: v for n, v in shown.json.items() if n in definition.fields or n == "org"}
        return _page(view, definition, rights, values, shown.json)


def edit_rights(
    view: Reading, form: Form, raw: Mapping[str, Any]
) -> tuple[FieldRights | None, str]:
    """What this person may change of the record now, or the refusal that says why nothing. What a
    step lets its people write of a record in approval is written with their decision."""
    rights = view.rights.fields(view, form.name, raw)
    if not view.rights.decide(view, form.name, "update", raw).allowed:
        return None, "not-allowed"
    state = form.states.get(raw["state"] or "")
    locked = state is not None and state.locked
    if raw["status"] in EDITABLE and not locked:
        return step_rights(view, form, raw) or rights, ""
    still_open = rights.writable & _with_columns(form, tuple(left_open(form, raw["status"])))
    if still_open and not locked:
        return FieldRights(rights.visible, still_open, rights.masked), ""
    return None, "record-locked-by-status"


def step_rights(view: Reading, form: Form, raw: Mapping[str, Any]) -> FieldRights | None:
    """What the person's open task lets be written of the record, if that is anything."""
    step = open_step(view, form.name, raw["id"])
    if step is None or not step.write:
        return None
    rights = view.rights.fields(view, form.name, raw)
    hidden, writable = _with_columns(form, step.hide), _with_columns(form, step.write)
    seen = rights.visible - hidden
    return FieldRights(seen, writable & seen, rights.masked)


def _with_columns(form: Form, names: Sequence[str]) -> frozenset[str]:
    columns = (f"{n}.{c}" for n in names if n in form.fields for c in form.fields[n].fields)
    return frozenset((*names, *columns))


def open_step(view: Reading, form: str, id: int) -> Any:
    """Fields of this person's open task on the record, if there is one."""
    flows = service("flows")
    fields = getattr(flows, "step_fields", None)
    return fields(view, form, id) if fields is not None else None


def _page(
    view: Reading,
    form: Form,
    rights: FieldRights,
    values: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> Any:
    cells = Cells(view)
    blocks = blocks_of(Widgets(view, form, rights, cells, values), form)
    found = live(view, form, rights)
    identity = kept.get("id")
    name = cells.record_title(form.name, identity) if identity else ""
    return page(
        view,
        "form.html",
        form=form,
        title=form.title(locale()),
        name=name,
        groups=in_groups(form, blocks, cells.words),
        required=" ".join(w.name for b in blocks for w in b.widgets if w.required),
        record=kept,
        status=cells.status(kept["status"]) if kept.get("status") else None,
        may_submit=_may_submit(view, form, kept),
        signs=any(f.type == "signature" for f in every_field(form)),
        submit_title=submit_title(view, form, kept),
        model=page_model(
            view, form, rights, values, kept, [w for b in blocks for w in b.widgets], found
        ),
        back=f"/f/{form.name}/{identity}" if identity else f"/f/{form.name}",
    )


def _may_submit(view: Reading, form: Form, kept: Mapping[str, Any]) -> bool:
    if not (form.workflow or form.workflows or form.submit is not None):
        return False
    fresh = kept.get("status") in (None, "draft", "returned", "recalled")
    if not fresh:
        return False
    if kept:
        return view.rights.decide(view, form.name, "submit", kept).allowed
    grants = view.rights.grants(view, form.name).grants
    return any({"create", "submit"} <= set(grant.permission.can) for grant in grants)


def page_model(
    view: Reading,
    form: Form,
    rights: FieldRights,
    values: Mapping[str, Any],
    kept: Mapping[str, Any],
    widgets: Sequence[Widget],
    found: Live,
    own: Mapping[str, Any] | None = None,
    about: Mapping[str, Any] | None = None,
) -> str:
    """What the script is told, as JSON text. `own`: of widgets that are no fields of the form, the
    columns of one `row`, what they hold; `about`: `{table, id}` of that row."""
    identity = kept.get("id")
    address = f"/f/{form.name}/{identity}" if identity else f"/f/{form.name}"
    words = (
        *("row", "unsaved", "kept_at", "restore_at", "restore_changed"),
        *("conflict", "file_kept", "nothing_found", "computed_is", "reason_owed"),
        *("number_long", "not_json", "not_date", "not_moment", "not_place", "not_read"),
        *("not_image", "not_sent", "remove_file"),
        *("nothing_drawn", "warned", "warned_go", "reload"),
    )
    return json.dumps(
        {
            "form": form.name,
            "id": identity,
            "revision": kept.get("revision"),
            "about": {name: about[name] for name in ("table", "id")} if about else None,
            "values": as_model(
                {n: values.get(n) for n in (*form.fields, "org") if n in values} | dict(own or {})
            ),
            "fields": {w.name: w.model() for w in widgets},
            "order": [w.name for w in widgets],
            "elsewhere": _elsewhere(form, rights, {w.name for w in widgets}),
            "warns": any(rule.level == "warn" for rule in form.rules.values()),
            "row_defaults": row_defaults(form, rights),
            "asks": sorted(found.asks),
            "fills": fills_of(form, rights),
            "files": known_files(view, form, kept),
            "preview": "/markdown",
            "live": f"{address}/live.js?v={found.mark()}",
            "options": f"{address}/options",
            "me": view.actor.login,
            "today": view.today.isoformat(),
            "now": view.now.isoformat(),
            "zone": current().settings.timezone,
            "release": view.installation.release.id,
            "fingerprint": form_fingerprint(view.catalogue, form.name),
            "unsaved": unsaved.unsaved(view, form.name, identity),
            "chooses": asks_for_people(view, form, kept),
            "words": {
                **{name: text(f"screens.form.{name}", locale()) for name in words},
                **{n: text(f"refusals.{code}", locale()) for n, code in REFUSED.items()},
                **{n: text(f"flow_screens.{n}", locale()) for n in ("choose_people", "not_begun")},
            },
        },
        ensure_ascii=False,
        default=str,
    )


def _elsewhere(form: Form, rights: FieldRights, here: Collection[str]) -> dict[str, str]:
    """What fields are called that stand on no section: a refusal may name them."""
    left = (f for f in form.fields.values() if f.name not in here and f.name in rights.visible)
    return {f.name: f.title(locale()) for f in left}


def known_files(view: Reading, form: Form, kept: Mapping[str, Any]) -> dict[int, Any]:
    """What the files of the record are called, by id."""
    if not kept.get("id") or all(f.type not in FILES for f in every_field(form)):
        return {}
    held = files.of_record(view, form.name, kept["id"])
    return {one["id"]: {n: one[n] for n in ("name", "size", "type")} for one in held}


def blocks_of(widgets: Widgets, form: Form) -> list[Block]:
    """The layout as blocks; a form without one is a single block of all its fields."""
    sections: Sequence[Section] = form.layout or (
        Section(title=Text("", ""), columns=2, rows=tuple((n,) for n in form.fields)),
    )
    if owed := left_out(form):
        title = Text(*(text("screens.form.left_out", one) for one in ("zh", "en")))
        sections = (*sections, Section(title=title, columns=2, rows=tuple((n,) for n in owed)))
    blocks = []
    for index, section, tab in in_tabs(sections):
        rows = tuple(found for row in section.rows if (found := _seen(widgets, form, row)))
        found = tuple(widget for row in rows for widget in row)
        if found:
            blocks.append(
                Block(
                    index,
                    section.title(widgets.cells.words),
                    max(1, min(section.columns, 4)),
                    found,
                    is_collapsed(widgets, form, section),
                    guide_address(section.help),
                    tab,
                    rows,
                )
            )
    return blocks


def _seen(widgets: Widgets, form: Form, row: Sequence[str]) -> tuple[Widget, ...]:
    """The controls of a row of the layout that this person sees."""
    made = (widgets.widget(form.fields[name]) for name in row if name in form.fields)
    return tuple(widget for widget in made if widget is not None)


def is_collapsed(widgets: Widgets, form: Form, section: Section) -> bool:
    """Whether the section is folded up when the page opens."""
    if not isinstance(section.collapsed, Formula):
        return section.collapsed
    view = widgets.view
    env = environment(view, engine_values(view, form, widgets.values))
    return view.catalogue.closure(section.collapsed)(env) is True


# --- the script ----------------------------------------------------------------------------------


def live_new(form: str) -> Response:
    with reading() as view:
        definition = form_or_404(view, form)
        return _script(live(view, definition, view.rights.create_fields(view, form)))


def live_edit(form: str, id: int) -> Response:
    with reading() as view:
        view = at_record(view, form, id)
        definition = form_of(view, form)
        raise_unless_reached(view, definition, id)
        shown = readable(view, form, id)
        rights = step_rights(view, definition, shown.raw) or shown.rights
        return _script(live(view, definition, rights))


def _script(found: Live) -> Response:
    response = make_response(found.script())
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
