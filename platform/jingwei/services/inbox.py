"""A person's boxes as pages of a screen: narrowed, searched, and turned without counting them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.opened import shown_together
from jingwei.services.owners import look_ahead
from jingwei.storage import flows as flow_rows
from jingwei.storage import inbox as rows
from jingwei.storage.flow_rows import FlowRow, TaskRow
from jingwei.storage.inbox import Behind, Narrowed

CHUNK = 200
MOST_LOOKED_AT = 4_000  # tasks that one page with a search or an org looks through
Row = TaskRow | FlowRow


@dataclass(frozen=True, slots=True)
class BoxWish:
    """What of a box. `org`: this org and what is below it; `q`: in what a record is called or
    numbered; `since`, `until`: days when it was opened, both inclusive; `behind`: where the page
    before ended, as that page said."""

    form: str | None = None
    org: str | None = None
    overdue: bool = False
    urged: bool = False
    since: date | None = None
    until: date | None = None
    q: str = ""
    behind: str = ""

    @property
    def narrows(self) -> bool:
        return any((self.form, self.org, self.overdue, self.urged, self.since, self.until, self.q))


@dataclass(frozen=True, slots=True)
class BoxPage:
    """Tasks as JSON. `next`: for `BoxWish.behind`; empty on the last page. `incomplete`: there was
    more than one page looks through, so `next` goes on with a short page."""

    items: list[dict[str, Any]]
    next: str
    incomplete: bool = False


def box_page(view: Reading, box: str, wish: BoxWish, size: int) -> BoxPage:
    """One page of the box todo, waiting, done, mine or cc."""
    narrowed = _narrowed(view, wish)
    keeps = _keeps(view, wish)
    limit = size + 1 if keeps is None else CHUNK
    behind = _behind(wish.behind)
    found: list[Row] = []
    looked = 0
    while True:
        chunk = _chunk(view, box, limit, narrowed, behind)
        looked += len(chunk)
        found += chunk if keeps is None else keeps(chunk)
        if len(found) > size or len(chunk) < limit:
            break
        behind = Behind(chunk[-1].id, getattr(chunk[-1], "due_at", None))
        if looked >= MOST_LOOKED_AT:
            items = _json(view, box, found)
            return BoxPage(items, _written(chunk[-1], box), incomplete=True)
    page = found[:size]
    following = _written(page[-1], box) if len(found) > size else ""
    return BoxPage(_json(view, box, page), following)


def forms_in(view: Reading) -> list[str]:
    """Forms that the reader's boxes hold anything of, by name."""
    names = view.installation.book.names
    found = {names.get(key) for key in rows.forms_in(view.connection, view.actor.id)}
    return [name for name in view.catalogue.forms if name in found]


def _chunk(
    view: Reading, box: str, limit: int, narrowed: Narrowed, behind: Behind | None
) -> Sequence[Row]:
    books = tasks.books(view)
    if box == "mine":
        return rows.flows_begun(view.connection, books, view.actor.id, limit, narrowed, behind)
    return rows.tasks_in(view.connection, books, box, view.actor.id, limit, narrowed, behind)


def _json(view: Reading, box: str, found: Sequence[Row]) -> list[dict[str, Any]]:
    if box == "mine":
        made: list[dict[str, Any]] = view.beyond.describers["mine"](view, found)
    else:
        made = tasks.tasks_json(view, [one for one in found if isinstance(one, TaskRow)])
    wanted = {one["flow"] for one in made if one["flow"]}
    urged = rows.urged_at(view.connection, wanted)
    about = {f.id: f for f in flow_rows.flows_by_id(view.connection, tasks.books(view), wanted)}
    return [
        {**one, "urged_at": _urged(one, urged), **_of_request(about.get(one["flow"]))}
        for one in made
    ]


def _of_request(flow: FlowRow | None) -> dict[str, Any]:
    """Who began the request that a task belongs to, and whether it is suspended."""
    if flow is None:
        return {"initiator": None, "suspended": False}
    return {"initiator": flow.initiator, "suspended": flow.status == "suspended"}


def _urged(task: Mapping[str, Any], urged: Mapping[int, datetime]) -> str | None:
    """When the request was urged, if that was since this person is asked."""
    at = urged.get(task["flow"])
    if at is None or task["opened_at"] is None or task["state"] != "open":
        return None
    return tasks.instant(at) if at >= datetime.fromisoformat(task["opened_at"]) else None


# --- narrowing -----------------------------------------------------------------------------------


def _narrowed(view: Reading, wish: BoxWish) -> Narrowed:
    return Narrowed(
        wish.form if wish.form in view.catalogue.forms else None,
        view.now if wish.overdue else None,
        _moment(view, wish.since) if wish.since else None,
        _moment(view, wish.until + timedelta(days=1)) if wish.until else None,
        wish.urged,
    )


def _moment(view: Reading, day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), view.clock.zone).astimezone(view.now.tzinfo)


def _keeps(view: Reading, wish: BoxWish) -> Callable[[Sequence[Row]], list[Row]] | None:
    """What the database is not asked, because it stands in the records: org, and words."""
    orgs: set[str] | None = None
    if wish.org in view.catalogue.orgs:
        orgs = set(view.catalogue.tree.under(str(wish.org), view.today))
    wanted = wish.q.strip().lower()
    if orgs is None and not wanted:
        return None

    def kept(chunk: Sequence[Row]) -> list[Row]:
        records = _records(view, chunk)
        found = []
        for one in chunk:
            record = records.get(one.record)
            if record is None or (orgs is not None and record.get("org") not in orgs):
                continue
            if not wanted or _speaks_of(view, one.form, record, wanted):
                found.append(one)
        return found

    return kept


def _records(view: Reading, chunk: Sequence[Row]) -> dict[int, Mapping[str, Any]]:
    by_form: dict[str, list[int]] = {}
    for one in chunk:
        by_form.setdefault(one.form, []).append(one.record)
    found: dict[int, Mapping[str, Any]] = {}
    for form, ids in by_form.items():
        if form in view.catalogue.forms:
            records = view.store.load(view.connection, form, list(dict.fromkeys(ids)))
            look_ahead(view, form, records.values())
            found.update(records)
    shown_together(view, found)
    return found


def _speaks_of(view: Reading, form: str, record: Mapping[str, Any], wanted: str) -> bool:
    title = display(view, form, record, view.actor.locale or "zh")
    form_title = view.catalogue.forms[form].title(view.actor.locale or "zh")
    said = (title, str(record.get("number") or ""), form_title)
    return any(wanted in one.lower() for one in said)


# --- where a page ended --------------------------------------------------------------------------


def _written(row: Row, box: str) -> str:
    due = getattr(row, "due_at", None) if box == "todo" else None
    return f"{row.id}" if due is None else f"{row.id}~{tasks.instant(due)}"


def _behind(written: str) -> Behind | None:
    """What a page said of its end; anything else begins at the first page."""
    number, _, due = written.partition("~")
    if not number.isascii() or not number.isdigit() or len(number) > 16:
        return None
    try:
        return Behind(int(number), datetime.fromisoformat(due) if due else None)
    except ValueError:
        return None
