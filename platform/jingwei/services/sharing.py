"""Opening one record to one person beside the grants."""

from __future__ import annotations

from typing import Any

from jingwei.refusals import FieldRefusal, Invalid, NotAllowed
from jingwei.services import change_rows, followers, records
from jingwei.services.commands import Work
from jingwei.storage.people import find_person
from jingwei.storage.shares import delete_share, insert_share, is_shared


def share(work: Work, form: str, record: int, login: Any, *, take_back: bool = False) -> None:
    """Give a person access, of which he hears, or take it back.

    Raises NotFound, NotAllowed, Invalid."""
    found = records.readable(work, form, record)
    if not work.rights.decide(work, form, "share", found).allowed:
        raise NotAllowed("not-allowed", action="share")
    known = isinstance(login, str) and "\0" not in login
    person = find_person(work.connection, login) if known else None
    if person is None or not (person.active or take_back):
        refused = FieldRefusal("person", "unknown-person", {"name": str(login)[:64]})
        raise Invalid("invalid", fields=[refused])
    key = work.installation.book.key("form", form)
    fresh = not is_shared(work.connection, record, person.id)
    if take_back:
        delete_share(work.connection, record, person.id)
    else:
        insert_share(work.connection, key, record, person.id, work.actor.id, work.now)
    action = "unshared" if take_back else "shared"
    change_rows.change_row(work, form, found, action, {"person": [None, person.login]})
    if fresh and not take_back:
        followers.tell_of_share(work, work.catalogue.forms[form], found, person)
