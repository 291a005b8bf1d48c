"""Who hears of what happens to a record: who made it, who spoke, who was named, who asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.services import record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.display import display
from jingwei.services.notices import Notice, notify
from jingwei.services.reader_world import as_reader
from jingwei.storage import followers as rows
from jingwei.storage.people import PersonRow, find_people
from jingwei.texts import DEFAULT_LOCALE, text

MOST_NAMED = 20
_NAMED = re.compile(r"(?<![\w@.])@([A-Za-z0-9][A-Za-z0-9_.-]{0,63})")


def followers(view: Reading, form: str, record: int) -> dict[str, Any]:
    """`{items: [login], following, muted}`. Raises NotFound where the record would."""
    record_views.record(view, form, record)
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


def tell_of_comment(
    work: Work, form: Form, record: Mapping[str, Any], comment: int, body: str
) -> list[str]:
    """Have the named and the followers hear of a comment; the logins of those who were named.

    Who may not read the record is not told, and naming somebody gives no right.
    """
    named = named_in(body)
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
