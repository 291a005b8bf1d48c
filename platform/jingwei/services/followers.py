"""Who hears of what happens to a record: who made it, who spoke, who was named, who asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.services import record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.display import display
from jingwei.services.events import Changed
from jingwei.services.notices import Notice, notify
from jingwei.services.reader_world import as_reader
from jingwei.storage import followers as rows
from jingwei.storage.people import PersonRow, find_people, people_named
from jingwei.texts import DEFAULT_LOCALE, text

MOST_NAMED = 20
MOST_NAME = 20  # letters of a name after an @: nothing says where it ends
_AFTER_AT = re.compile(rf"(?<![\w@.])@([^\s@]{{2,{MOST_NAME}}})")
_TOLD = {"record.updated": "changed", "record.submitted": "submitted"}
_NAMED = re.compile(r"(?<![\w@.])@([A-Za-z0-9][A-Za-z0-9_.-]{0,63})")


def followers(view: Reading, form: str, record: int) -> dict[str, Any]:
    """`{items: [login], following, muted}`. Raises NotFound where the record would."""
    record_views.readable(view, form, record)
    found = rows.followers_of(view.connection, record)
    mine = found.get(view.actor.login)
    return {
        "items": [login for login, muted in found.items() if not muted],
        "following": mine is False,
        "muted": mine is True,
    }


def follow(work: Work, form: str, record: int, *, muted: bool = False) -> None:
    """Hear of a record from now on; or no longer, whatever would make one a follower."""
    records.readable(work, form, record)
    key = work.installation.book.key("form", form)
    rows.add_followers(work.connection, key, record, [work.actor.id], work.now)
    rows.set_muted(work.connection, record, work.actor.id, muted)


def named_in(body: str) -> list[str]:
    """Logins that a comment names with `@`, in order, each once."""
    found = [word.rstrip(".-") for word in _NAMED.findall(body)]
    return list(dict.fromkeys(found))[:MOST_NAMED]


def on_changed(work: Work, changed: Changed) -> None:
    """Have the followers hear that somebody changed or submitted a record: once a day of each who
    did. What sheets and the system do is told elsewhere, or to nobody."""
    said = _TOLD.get(changed.kind)
    by_hand = changed.source in ("user", "flow")
    if said is None or not by_hand or work.actor.is_system or changed.after is None:
        return
    told = [x for x in rows.hearing(work.connection, changed.id) if x != work.actor.login]
    if not told:
        return
    form, record = work.catalogue.forms[changed.form], changed.after
    found = []
    for login, row in find_people(work.connection, told).items():
        if not may_read(work, form, record, row):
            continue
        locale = row.locale or DEFAULT_LOCALE
        called = display(_reader(work, row), form.name, record, locale)  # as this reader sees it
        words = text(f"lists.followed_{said}", locale, name=work.actor.name, display=called)
        key = f"followed:{changed.id}:{said}:{work.actor.login}:{work.today}"
        found.append(Notice(login, words, "notice", f"/f/{form.name}/{changed.id}", key=key))
    notify(work, found)


def _named_by_name(work: Work, form: Form, record: Mapping[str, Any], body: str) -> list[str]:
    """Logins of those whom a comment calls by name (`@王小伟 请看`); of a name that several who may
    read it have, nobody's."""
    found: list[str] = []
    for after in _AFTER_AT.findall(body)[:MOST_NAMED]:
        starts = [after[:length] for length in range(len(after), 1, -1)]
        known = people_named(work.connection, starts)
        name = next((one for one in starts if one in known), None)
        people = find_people(work.connection, known[name]) if name is not None else {}
        may = [login for login, row in people.items() if may_read(work, form, record, row)]
        found += may if len(may) == 1 else []
    return found


def tell_of_comment(
    work: Work, form: Form, record: Mapping[str, Any], comment: int, body: str
) -> list[str]:
    """Have the named and the followers hear of a comment; the logins of those who were named.

    Who may not read the record is not told, and naming somebody gives no right.
    """
    named = list(dict.fromkeys([*named_in(body), *_named_by_name(work, form, record, body)]))
    people = find_people(work.connection, {*named, str(record.get("owner") or "")})
    key = work.installation.book.key("form", form.name)
    joined = [work.actor.id, *(p.id for p in people.values() if may_read(work, form, record, p))]
    rows.add_followers(work.connection, key, record["id"], joined, work.now)
    hearing = rows.followers_of(work.connection, record["id"])
    named = [login for login in named if login in hearing]
    told = [
        login
        for login, muted in hearing.items()
        if login != work.actor.login and (not muted or login in named)
    ]
    notify(work, _notices(work, form, record, comment, body, told, named))
    return named


def tell_of_share(work: Work, form: Form, record: Mapping[str, Any], row: PersonRow) -> None:
    """Have somebody hear that a record was opened to him."""
    if row.login == work.actor.login or not may_read(work, form, record, row):
        return
    locale = row.locale or DEFAULT_LOCALE
    called = display(_reader(work, row), form.name, record, locale)
    words = text("lists.shared_with_you", locale, name=work.actor.name, display=called)
    notify(work, [Notice(row.login, words, "notice", f"/f/{form.name}/{record['id']}")])


def may_read(work: Work, form: Form, record: Mapping[str, Any], row: PersonRow) -> bool:
    """Whether this person may open the record today."""
    asking = _reader(work, row)
    return row.active and work.rights.may_read(asking, form.name, record).allowed


def _reader(work: Work, row: PersonRow) -> Reading:
    return as_reader(work, work.people.person(work.connection, row, work.today))


def _notices(
    work: Work,
    form: Form,
    record: Mapping[str, Any],
    comment: int,
    body: str,
    told: Iterable[str],
    named: Iterable[str],
) -> list[Notice]:
    people = find_people(work.connection, set(told))
    found = []
    for login, row in people.items():
        if not may_read(work, form, record, row):
            continue
        locale = row.locale or DEFAULT_LOCALE
        key = "lists.named_you" if login in named else "lists.commented"
        called = display(_reader(work, row), form.name, record, locale)  # as this reader sees it
        words = text(key, locale, name=work.actor.name, display=called, body=body[:200])
        link = f"/f/{form.name}/{record['id']}"
        found.append(Notice(login, words, "notice", link, key=f"comment:{comment}"))
    return found
