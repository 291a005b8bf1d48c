"""`/f/FORM/ID`: one record to read, what may be done with it, and everything that happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, request

from jingwei.language.expressions.environment import Environment
from jingwei.language.form import Field, Form, Section
from jingwei.language.sections import in_lines, in_tabs, left_out
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.refusals import NotFound
from jingwei.screens.approval import (
    flow_of,
    flow_words,
    handed,
    my_task,
    sent_back,
    shown_flow,
    signing,
)
from jingwei.screens.buttons import Button, buttons_of, may, row_buttons, submit_title
from jingwei.screens.cells import EMPTY, Cell, Cells, Column
from jingwei.screens.filling import filling
from jingwei.screens.flow_buttons import (
    beside,
    deciding,
    of_administrators,
    of_flow,
    waiting,
)
from jingwei.screens.forms import edit_rights
from jingwei.screens.frame import page
from jingwei.screens.relations import Relation, relations
from jingwei.screens.session import reading
from jingwei.screens.shares import shares
from jingwei.screens.tabs import in_groups
from jingwei.screens.timeline import moments_of
from jingwei.screens.unseen import unseen
from jingwei.screens.widgets import unit_from
from jingwei.services import access, followers, personal, receipts, snapshots
from jingwei.services.commands import Reading
from jingwei.services.flows.offers import Drawn
from jingwei.services.listing import form_of, raise_unless_reached
from jingwei.services.plans import form_plan
from jingwei.services.record_views import RecordView, at_record, record
from jingwei.services.report_asked import of_record
from jingwei.services.row_titles import with_rows
from jingwei.services.tasks import books
from jingwei.services.versions import may_differ
from jingwei.services.world import environment
from jingwei.storage.tasks import tasks_on
from jingwei.texts import text
from jingwei.web import locale

EXPLAINED = ("read", "update", "delete")
SYSTEM_SHOWN = ("org", "owner", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of the page: a value, or a table of rows."""

    title: str
    cell: Cell
    type: str
    wide: bool = False
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    totals: tuple[Cell, ...] = ()
    unit: str = ""
    buttons: Sequence[Sequence[Button]] = ()  # of each row
    rest: Sequence[Sequence[tuple[str, Cell, bool]]] = ()  # of each row: what has no column
    printed: bool = True


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """One section. `tab`: the place of the tab it stands in."""

    index: int
    title: str
    columns: int
    fields: tuple[Shown, ...]
    relation: Relation | None = None
    collapsed: bool = False
    tab: int | None = None
    rows: tuple[tuple[Shown, ...], ...] = ()

    @property
    def lines(self) -> list[tuple[int, list[Shown]]]:
        """The grids of the section, and what stands in each."""
        return in_lines(self.columns, self.rows)


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/<int:id>", "record", show)


def show(form: str, id: int) -> Any:
    with reading() as view:
        try:
            return _shown_page(view, form, id)
        except NotFound:
            return unseen(view, form)


def _shown_page(view: Reading, form: str, id: int) -> Any:
    """Raises NotFound, alike for what is not there and what is out of reach."""
    view = at_record(view, form, id)
    definition = form_reached(view, form, id)
    shown = record(view, form, id)
    cells = Cells(view)
    wanted = request.args.get("task", type=int)
    flow = flow_of(view, form, id, wanted)
    may_edit = edit_rights(view, definition, shown.raw)[0] is not None
    task = my_task(view, flow, wanted)
    paused = task is not None and flow is not None and flow.json["status"] == "suspended"
    task = None if paused else task
    mine = flow.mine if flow else None
    offer = mine if mine and task and mine.task == task["id"] else None
    waits = mine if task is None else None  # for whom the reader asked first
    return page(
        view,
        "record.html",
        form=definition,
        title=definition.title(locale()),
        name=cells.record_title(form, id),
        record=shown.json,
        groups=in_groups(definition, shown_blocks(view, definition, shown, cells), cells.words),
        facts=_facts(cells, definition, shown),
        access=_access(view, definition, shown),
        asks_of=_asks_of(view, definition, shown),
        status=cells.status(shown.json["status"]) if shown.json.get("status") else None,
        state=cells.state(definition, shown.json["state"]) if shown.json["state"] else None,
        may_edit=may_edit,
        may_copy=may_copy(view, definition),
        may_comment=may(view, definition, "comment", shown),
        documents=of_record(view, form, shown.raw),
        flow=shown_flow(view, cells, flow, definition),
        task=task,
        task_title=with_rows(task["title"], task["rows"], locale()) if task else "",
        paused=paused,
        filling=filling(view, definition, shown, cells, task),
        before=sent_back(cells, flow, task, definition) or handed(cells, flow, task),
        signing=signing(view, definition, offer),
        task_buttons=deciding(task, offer) if task else [],
        task_more=beside(offer, cells),
        flow_buttons=of_flow(flow),
        waits=waiting(waits, cells),
        flow_admin=of_administrators(flow, cells),
        migration=_migration(flow),
        words=flow_words(),
        behalf=cells.person(task["on_behalf_of"]) if task and task["on_behalf_of"] else "",
        phrases=personal.phrases(view) if task or flow else [],
        buttons=[b for b in buttons_of(view, definition, shown) if not _is_twice(b, task)],
        moments=moments_of(view, definition, shown, cells, flow.json if flow else None),
        titles=json.dumps(_titles(definition, shown), ensure_ascii=False),
        receipts=_receipts(view, definition, id, cells),
        asks_to_be_seen=receipts.is_done_by_opening(view, form, id),
        shares=shares(view, definition, shown, cells),
        following=followers.followers(view, form, id),
        compares=len(kept := snapshots.versions(view, form, id)) > 1
        or bool(kept and may_differ(shown.raw)),
    )


def may_copy(view: Reading, form: Form) -> bool:
    """Whether the reader may make another record like one that he sees."""
    return form.single is None and view.rights.decide(view, form.name, "create").allowed


def _is_twice(button: Button, task: Mapping[str, Any] | None) -> bool:
    """Whether the button does what the reader's task on the record does."""
    return button.name == "submit" and task is not None and "submit" in task["actions"]


def _access(view: Reading, form: Form, shown: RecordView) -> list[tuple[str, str]]:
    """Why the reader may, or may not, read and change the record, and what of it."""
    said = []
    for action in EXPLAINED:
        told = access.told(view, form.name, shown.raw, action, locale())
        said.append((text(f"screens.record.access_to.{action}", locale()), told["message"]))
    hidden = sum(f.path not in shown.rights.visible for f in form.fields.values())
    if hidden:
        what = text("screens.record.access_to.hidden", locale())
        said.append((what, text("screens.record.hidden_fields", locale(), count=hidden)))
    return said


def _asks_of(view: Reading, form: Form, shown: RecordView) -> str:
    """What is asked to explain the rights of somebody else; nothing for who may not share it."""
    if not may(view, form, "share", shown):
        return ""
    whom, what = (text(f"screens.record.access_of.{name}", locale()) for name in ("whom", "what"))
    actions = [(a, text(f"screens.record.access_to.{a}", locale())) for a in EXPLAINED]
    if form.workflow or form.workflows or form.submit is not None:
        actions.append(("submit", submit_title(view, form, shown.raw)))
    actions += [(button.name, button.title(locale())) for button in form.actions.values()]
    asked: list[dict[str, Any]] = [
        {"name": "person", "title": whom, "type": "person", "required": True},
        {"name": "action", "title": what, "type": "choice", "options": actions, "required": True},
    ]
    return json.dumps(asked, ensure_ascii=False)


def _migration(flow: Drawn | None) -> str:
    """Where an administrator moves the request to the workflow of today; nothing to move: empty."""
    moves = flow is not None and "migrate" in flow.json["actions"]
    return f"/flows/migrate?id={flow.json['id']}" if flow is not None and moves else ""


def _titles(form: Form, shown: RecordView) -> dict[str, str]:
    """What fields are called, by path: for what is wrong when a button is refused."""
    every = (f for outer in form.fields.values() for f in (outer, *outer.fields.values()))
    return {f.path: f.title(locale()) for f in every if f.path in shown.rights.visible}


def _receipts(view: Reading, form: Form, id: int, cells: Cells) -> list[dict[str, Any]]:
    """How many signed for the record, and who has not yet."""
    if not form.receipts:
        return []
    counted = receipts.counts(view, form.name, id)
    asked = tasks_on(view.connection, books(view), id, kinds=("receipt",))
    waiting: dict[str | None, list[str]] = {}
    for task in asked:
        if task.state == "open":
            waiting.setdefault(receipts.name_of(view, task), []).append(cells.person(task.acting))
    return [
        {
            "title": one.title(cells.words),
            "asked": counted[name]["asked"],
            "done": counted[name]["done"],
            "waiting": waiting.get(name, []),
        }
        for name, one in form.receipts.items()
        if counted[name]["asked"]
    ]


def form_reached(view: Reading, form: str, id: int) -> Form:
    """A record may be open to a person (by a task, a share) who has nothing else of its form."""
    definition = form_of(view, form)
    raise_unless_reached(view, definition, id)
    return definition


# --- what it says --------------------------------------------------------------------------------


def shown_blocks(view: Reading, form: Form, shown: RecordView, cells: Cells) -> list[ShownBlock]:
    """The layout, without what is hidden now."""
    plan = form_plan(view.store, view.catalogue, form.name)
    env = environment(view, shown.raw)
    linked = relations(view, form, shown, cells)
    sections = form.layout or (Section(title=Text.plain(""), columns=2, rows=_by_itself(form)),)
    if owed := left_out(form):
        owing = Text(*(text("screens.form.left_out", one) for one in ("zh", "en")))
        sections = (*sections, Section(title=owing, columns=2, rows=tuple((n,) for n in owed)))
    blocks = []
    for index, section, tab in in_tabs(sections):
        above = (section,) if tab is None else (sections[tab], section)
        if not all(_holds(view, one.visible_if, env) for one in above):
            linked.pop(section.related or "", None)
            continue
        rows = []
        for names in section.rows:
            row = tuple(
                _shown(cells, form, planned.field, shown)
                for name in names
                if (planned := plan.fields.get(name)) is not None
                and (name in shown.json or _is_heading(planned.field, shown))
                and (planned.visible_if is None or planned.visible_if(env))
            )
            if row:
                rows.append(row)
        found = [one for row in rows for one in row]
        if all(one.type == "heading" for one in found):
            found, rows = [], []
        relation = linked.pop(section.related, None) if section.related else None
        if found or relation is not None:
            columns = max(1, min(section.columns, 4))
            folded = section.collapsed
            if isinstance(folded, Formula):
                folded = view.catalogue.closure(folded)(env) is True
            title = section.title(cells.words)
            shown_here = tuple(found), relation, folded, tab, tuple(rows)
            blocks.append(ShownBlock(index, title, columns, *shown_here))
    for place, one in enumerate(linked.values(), len(sections)):
        if one.rows:
            blocks.append(ShownBlock(place, one.title, 1, (), one))
    return blocks


def _is_heading(f: Field, shown: RecordView) -> bool:
    return f.type == "heading" and f.name in shown.rights.visible


def _holds(view: Reading, condition: Formula | None, env: Environment) -> bool:
    return condition is None or bool(view.catalogue.closure(condition)(env))


def _by_itself(form: Form) -> tuple[tuple[str, ...], ...]:
    """The rows of a form without a layout."""
    return tuple((name,) for name in form.fields)


def _shown(cells: Cells, form: Form, f: Field, shown: RecordView) -> Shown:
    title = f.title(cells.words)
    value = shown.json.get(f.name)
    if f.type == "table":
        return replace(_table(cells, form, f, value or [], shown), printed=f.print)
    wide = f.type in ("long_text", "markdown", "rich_text", "code", "json")
    unit = _unit(cells, form, f, shown)
    return Shown(title, cells.value(f, value), f.type, wide, unit=unit, printed=f.print)


def _unit(cells: Cells, form: Form, f: Field, shown: RecordView) -> str:
    """What a number is counted in: a currency may be the record's own choice."""
    name = unit_from(f)
    if not name or name not in form.fields or name not in shown.json:
        return cells.unit(f)
    return cells.value(form.fields[name], shown.json[name]).text


def _table(
    cells: Cells, form: Form, f: Field, rows: Sequence[Mapping[str, Any]], shown: RecordView
) -> Shown:
    columns = tuple(
        Column(c.path, c.title(cells.words), c.type, c, unit=_unit(cells, form, c, shown))
        for name, c in f.fields.items()
        if c.path in shown.rights.visible and (not f.columns or name in f.columns)
    )
    names = [c.field.name for c in columns if c.field is not None]
    body = tuple(
        tuple(
            cells.value(c.field, row.get(name))
            for c, name in zip(columns, names, strict=True)
            if c.field is not None
        )
        for row in rows
    )
    totals: tuple[Cell, ...] = ()
    if f.totals and rows:
        totals = tuple(_total(cells, f, c, rows) for c in columns)
    pressed = row_buttons(cells.view, form, shown, f.name)
    title = f.title(cells.words)
    rest = [_rest(cells, f, row, shown) for row in rows] if f.columns else ()
    return Shown(title, EMPTY, "table", True, columns, body, totals, buttons=pressed, rest=rest)


def _rest(
    cells: Cells, table: Field, row: Mapping[str, Any], shown: RecordView
) -> list[tuple[str, Cell, bool]]:
    """What a row says beside the columns of the grid, and whether it is printed."""
    left = [c for n, c in table.fields.items() if n not in table.columns]
    return [
        (c.title(cells.words), cells.value(c, row.get(c.name)), c.print)
        for c in left
        if c.path in shown.rights.visible and row.get(c.name) not in (None, "", [])
    ]


def _total(cells: Cells, f: Field, column: Column, rows: Sequence[Mapping[str, Any]]) -> Cell:
    if column.field is None or column.field.name not in f.totals:
        return Cell("")
    values = [row.get(column.field.name) for row in rows]
    return cells.value(column.field, sum((v for v in values if v is not None), start=0))


def _facts(cells: Cells, form: Form, shown: RecordView) -> list[tuple[str, str]]:
    """Small print of the head: whose it is and how old."""
    found = []
    for name in SYSTEM_SHOWN:
        if name in form.fields:
            continue
        column = cells.column(form, name)
        found.append((column.title, cells.cell(form, column, shown.json.get(name)).text))
    return found
