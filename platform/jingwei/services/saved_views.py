"""Saved views: a list as somebody wants to find it again. The system's own come from the form, a
team's are of an org and everybody below, a personal one is its owner's alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.form import Form
from jingwei.refusals import FieldRefusal, Invalid, Malformed, NotAllowed, NotFound
from jingwei.services import grouping, listing
from jingwei.services.commands import Reading, Work
from jingwei.services.grouping import GroupWish
from jingwei.services.listing import ListWish
from jingwei.services.rights import anchors_of
from jingwei.storage import personal
from jingwei.storage import views as rows
from jingwei.storage.views import ViewRow

MOST_TITLE = 60
PLAIN = 0  # who chose the list itself
MOST_VIEWS = 100
WISH = {
    **{"filter": str, "sort": list, "fields": list, "q": str, "view": str},
    **{"group": list, "values": list},
}


def views(view: Reading, form: str) -> list[dict[str, Any]]:
    """Every view this person may open: the form's, the teams', the own."""
    definition = listing.form_of(view, form)
    listing.raise_unless_known(view, definition)
    kept = rows.views_of(view.connection, _key(view, form), view.actor.id, _team_keys(view))
    fit = (row for row in kept if _may_see(view, definition, row))
    return [*_of_form(view, definition), *(_json(view, row) for row in fit)]


def _may_see(view: Reading, form: Form, row: ViewRow) -> bool:
    """Whether this person could make the view himself, with the fields that he sees: a team's view
    tells nobody of a field that is hidden from him, nor of a value of it."""
    if row.owner == view.actor.id:
        return True
    body, wish = row.body, _list_wish(row.body)
    try:
        listing.rows_of(view, form.name, wish)
        if body.get("group"):
            grouping.raise_unless_fit(view, form, _group_wish(body, wish))
    except (Malformed, NotFound):
        return False
    return True


def may_ask(view: Reading, form: Form, wish: ListWish) -> bool:
    """Whether this person could ask his list for this himself."""
    try:
        listing.check(view, form.name, wish)
    except (Malformed, NotFound):
        return False
    return True


def form_views(view: Reading, form: Form) -> dict[str, Mapping[str, Any]]:
    """The views that the form has, but for those that ask what this person may not: a condition on
    a field that is hidden from him would tell of it, and show him an error."""
    return {n: v for n, v in form.list.views.items() if may_ask(view, form, _wish_of(form, v))}


def _wish_of(form: Form, shape: Mapping[str, Any]) -> ListWish:
    """What rests on a view of the form's own; columns that are hidden are left out of it."""
    sort = shape.get("sort") or ()
    keys = [sort] if isinstance(sort, str) else list(sort)
    keys += [n for n in (shape.get("start"),) if n in form.fields]  # a calendar asks by it
    lanes = tuple(str(n) for n in (shape.get("by"),) if n in form.fields)
    return ListWish(shape.get("filter"), tuple(keys), fields=lanes or ("id",))


def save(work: Work, form: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A new view. Raises NotFound, Invalid, Malformed for a wish that this person cannot make."""
    definition = listing.form_of(work, form)
    listing.raise_unless_known(work, definition)
    if rows.count_views(work.connection, _key(work, form), work.actor.id) >= MOST_VIEWS:
        raise Invalid("invalid", fields=[FieldRefusal("title", "too-many-views")])
    row = ViewRow(
        work.store.next_ids(work.connection, 1)[0],
        _key(work, form),
        work.actor.id,
        _team(work, given.get("org")),
        _title(given.get("title")),
        _wish(work, definition, given.get("wish")),
        given.get("locked") is True,
        work.now,
        _opens(given, given.get("org")),
        work.actor.login,
    )
    if row.opens:
        rows.hold(work.connection, row.form)
    rows.insert_view(work.connection, row)
    _alone(work, row)
    return _json(work, row)


def change(work: Work, form: str, id: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change what is given. A locked view is changed by its owner only, and so is whose a view is,
    who may change it and whether lists open with it."""
    definition = listing.form_of(work, form)
    rows.hold(work.connection, _key(work, form))  # whether it opens is read, and written back
    row = _mine(work, form, id)
    if row.owner != work.actor.id and given.keys() & {"org", "locked", "opens"}:
        raise NotAllowed("not-allowed", action="update")
    if "title" in given:
        row = replace(row, title=_title(given["title"]))
    if "org" in given:
        row = replace(row, org=_team(work, given["org"]))
    if "locked" in given:
        row = replace(row, locked=given["locked"] is True)
    if "wish" in given:
        row = replace(row, body=_wish(work, definition, given["wish"]))
    if "opens" in given or row.org is None:
        row = replace(row, opens=_opens(given, row.org))
    row = replace(row, at=work.now)
    rows.update_view(work.connection, row)
    _alone(work, row)
    return _json(work, row)


def _opens(given: Mapping[str, Any], org: object) -> bool:
    """Whether the lists of a team open with the view; a view of one person is no team's."""
    return given.get("opens") is True and org is not None


def _alone(work: Work, row: ViewRow) -> None:
    """A team's lists open with one view: the last one that was made so."""
    if row.opens and row.org is not None:
        rows.opens_alone(work.connection, row)


def remove(work: Work, form: str, id: int) -> None:
    rows.delete_view(work.connection, _mine(work, form, id).id)


def _mine(work: Work, form: str, id: int) -> ViewRow:
    """A view that this person may change. Raises NotFound, NotAllowed."""
    definition = listing.form_of(work, form)
    listing.raise_unless_known(work, definition)
    row = rows.find_view(work.connection, _key(work, form), id)
    own = row is not None and row.owner == work.actor.id
    theirs = row is not None and row.org in _team_keys(work) and _may_see(work, definition, row)
    if row is None or not (own or theirs):
        raise NotFound("no-such-view")
    if row.locked and not own:
        raise NotAllowed("view-locked", login=row.login)
    return row


# --- what a list opens with ----------------------------------------------------------------------


def default(view: Reading, form: str) -> int | str | None:
    """The view that the reader's list of a form opens with: what he chose, while he may open it,
    else what the nearest of his orgs opens with, else the name of what the form has for people like
    him. None: the list."""
    key = _key(view, form)
    definition = view.catalogue.forms[form]
    chosen = personal.kept(view.connection, view.actor.id, f"view:{key}")
    if chosen == PLAIN:
        return None
    if type(chosen) is int and _is_offered(view, definition, chosen):
        return chosen
    if isinstance(chosen, str) and chosen in form_views(view, definition):
        return chosen
    of_teams = rows.opening(view.connection, key, _team_keys(view))
    opening = {row.org: row.id for row in of_teams if _may_see(view, definition, row)}
    for org in _nearest_first(view) if opening else ():
        if org in opening:
            return opening[org]
    whose = definition.list.opens_with
    own = form_views(view, definition) if whose else {}
    return next((n for n in whose if n in own and anchors_of(view, whose[n])), None)


def _is_offered(view: Reading, form: Form, id: int) -> bool:
    row = rows.find_view(view.connection, _key(view, form.name), id)
    if row is None:
        return False
    if row.org is None:
        return row.owner == view.actor.id
    return row.org in _team_keys(view) and _may_see(view, form, row)


def open_with(work: Work, form: str, id: Any) -> None:
    """Have the actor's list open with a view that he may open, one of the form's by its name; None:
    with the plain list, whatever his team's opens with. Raises NotFound."""
    definition = listing.form_of(work, form)
    listing.raise_unless_known(work, definition)
    if isinstance(id, str):
        is_there = id in form_views(work, definition)
    else:
        is_there = any(one["id"] == id for one in views(work, form) if one["id"])
    if id is not None and not is_there:
        raise NotFound("no-such-view")
    name = f"view:{_key(work, form)}"
    personal.keep(work.connection, work.actor.id, name, id or PLAIN, work.now)


# --- parts ---------------------------------------------------------------------------------------


def _key(view: Reading, form: str) -> int:
    return view.installation.book.key("form", form)


def _team_keys(view: Reading) -> list[int]:
    """The orgs whose views this person is offered: the own ones and those above."""
    above = {
        org for own in view.actor.orgs for org in view.catalogue.tree.ancestors(own, view.today)
    }
    return sorted(view.installation.book.key("org", org) for org in above | set(view.actor.orgs))


def _nearest_first(view: Reading) -> list[int]:
    """The same, the own orgs before those above them."""
    ways = [[own, *view.catalogue.tree.ancestors(own, view.today)] for own in view.actor.orgs]
    far = sorted((place, org) for way in ways for place, org in enumerate(way))
    return [view.installation.book.key("org", org) for _, org in far]


def _team(view: Reading, org: Any) -> int | None:
    if org is None:
        return None
    if org not in view.actor.orgs:
        refused = FieldRefusal("org", "org-out-of-reach", {"name": str(org)[:40]})
        raise Invalid("invalid", fields=[refused])
    return view.installation.book.key("org", org)


def _title(given: Any) -> str:
    if given is not None and not isinstance(given, str):
        raise Invalid("invalid", fields=[FieldRefusal("title", "not-text")])
    title = (given or "").strip()
    if not title:
        raise Invalid("invalid", fields=[FieldRefusal("title", "required")])
    if len(title) > MOST_TITLE:
        holes: dict[str, object] = {"most": MOST_TITLE, "length": len(title)}
        raise Invalid("invalid", fields=[FieldRefusal("title", "text-too-long", holes)])
    return title


def _wish(view: Reading, form: Form, given: Any) -> dict[str, Any]:
    """What the list is asked; it is asked once here, so that a view that is saved can be opened."""
    if not isinstance(given, Mapping):
        raise Invalid("invalid", fields=[FieldRefusal("wish", "required")])
    for name, value in given.items():
        at = f"wish.{name}"[:80]
        if name not in WISH:
            raise Malformed("unknown-parameter", name=str(name)[:60], known=", ".join(WISH))
        if WISH[name] is str and not isinstance(value, str):
            raise Malformed("unknown-fields", fields=[FieldRefusal(at, "not-text")])
        words = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if WISH[name] is list and not words:
            raise Malformed("unknown-fields", fields=[FieldRefusal(at, "not-a-list-of-texts")])
    drawn = {*form_views(view, form), *(("table",) if form.tree is not None else ())}
    if given.get("view") and given["view"] not in drawn:
        raise Invalid("invalid", fields=[FieldRefusal("wish.view", "no-such-view")])
    wish = _list_wish(given)
    listing.listing(view, form.name, wish)
    if given.get("group"):
        grouping.grouped(view, form.name, _group_wish(given, wish))
    return dict(given)


def _list_wish(body: Mapping[str, Any]) -> ListWish:
    return ListWish(
        filter=body.get("filter"),
        sort=tuple(body.get("sort") or ()),
        fields=tuple(body["fields"]) if body.get("fields") else None,
        q=body.get("q"),
        size=1,
        count=None,
    )


def _group_wish(body: Mapping[str, Any], wish: ListWish) -> GroupWish:
    return GroupWish(tuple(body["group"]), tuple(body.get("values") or ()), wish.filter, wish.q)


def _json(view: Reading, row: ViewRow) -> dict[str, Any]:
    own = row.owner == view.actor.id
    return {
        "id": row.id,
        "scope": "personal" if row.org is None else "team",
        "org": None if row.org is None else view.installation.book.names.get(row.org),
        "title": row.title,
        "wish": row.body,
        "locked": row.locked,
        "opens": row.opens,
        "owner": row.login,
        "mine": own,
        "writable": own or not row.locked,
    }


def _of_form(view: Reading, form: Form) -> list[dict[str, Any]]:
    found = []
    for name, shape in form_views(view, form).items():
        written: Any = shape.get("title")  # as it stands in the file
        if isinstance(written, Mapping):
            written = written.get("zh") or next(iter(written.values()), None)
        whos = form.list.opens_with.get(name, ())
        found.append(
            {
                "id": None,
                "scope": "system",
                "org": None,
                "title": str(written or name),
                "wish": {"view": name},
                "locked": True,
                "opens": bool(whos) and bool(anchors_of(view, whos)),
                "owner": None,
                "mine": False,
                "writable": False,
            }
        )
    return found
