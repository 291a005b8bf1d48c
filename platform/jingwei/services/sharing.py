"""Opening one record to one person beside the grants, for good or until a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from jingwei.refusals import FieldRefusal, Invalid, NotAllowed
from jingwei.services import change_rows, followers, record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.tasks import instant
from jingwei.storage.people import PersonRow, find_person
from jingwei.storage.shares import delete_share, is_shared, keep_share, shares_of


def share(
    work: Work,
    form: str,
    record: int,
    login: Any,
    *,
    until: Any = None,
    take_back: bool = False,
) -> None:
    """Give a person access, of which he hears, or take it back. `until`: the last day, as ISO.

    Raises NotFound, NotAllowed, Invalid."""
    found = records.readable(work, form, record)
    if not work.rights.decide(work, form, "share", found).allowed:
        raise NotAllowed("not-allowed", action="share")
    person = _person(work, login, take_back)
    last = None if take_back else _last_day(work, until)
    key = work.installation.book.key("form", form)
    fresh = not is_shared(work.connection, record, person.id, work.today)
    if take_back:
        if not delete_share(work.connection, record, person.id):
            return  # nothing to tell of
    else:
        keep_share(work.connection, key, record, person.id, work.actor.id, work.now, last)
    action = "unshared" if take_back else "shared"
    told: dict[str, Any] = {"person": [None, person.login]}
    if last is not None:
        told["until"] = [None, last.isoformat()]
    change_rows.change_row(work, form, found, action, told)
    if fresh and not take_back:
        followers.tell_of_share(work, work.catalogue.forms[form], found, person)


def shared_with(view: Reading, form: str, record: int) -> list[dict[str, Any]]:
    """`{person, name, by, at, until, over}` of those to whom the record was opened, for those who
    may share it. Raises NotFound, NotAllowed."""
    found = record_views.readable(view, form, record).raw
    if not view.rights.decide(view, form, "share", found).allowed:
        raise NotAllowed("not-allowed", action="share")
    return [
        {
            "person": one.login,
            "name": one.name,
            "by": one.by,
            "at": instant(one.at),
            "until": None if one.until is None else one.until.isoformat(),
            "over": one.until is not None and one.until < view.today,
        }
        for one in shares_of(view.connection, record)
    ]


def _person(work: Work, login: Any, take_back: bool) -> PersonRow:
    known = isinstance(login, str) and "\0" not in login
    person = find_person(work.connection, login) if known else None
    if login is None or login == "":
        raise Invalid("invalid", fields=[FieldRefusal("person", "required")])
    if person is None or not (person.active or take_back):
        refused = FieldRefusal("person", "unknown-person", {"name": str(login)[:64]})
        raise Invalid("invalid", fields=[refused])
    return person


def _last_day(work: Work, until: Any) -> date | None:
    if until is None or until == "":
        return None
    try:
        last = date.fromisoformat(until) if isinstance(until, str) and len(until) == 10 else None
    except ValueError:
        last = None
    if last is None:
        raise Invalid("invalid", fields=[FieldRefusal("until", "not-a-date")])
    if last < work.today:
        refused = FieldRefusal("until", "below-least", {"least": work.today.isoformat()})
        raise Invalid("invalid", fields=[refused])
    return last
