"""The people and data an application brings along to be looked at: loaded once, as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.text import Text
from jingwei.services import facts, roster
from jingwei.services.commands import Reading, Work
from jingwei.services.schedules import CHECK
from jingwei.services.sessions import LOGIN, Passwords
from jingwei.storage import people as rows
from jingwei.storage import sign_ins

Rows = Sequence[Mapping[str, Any]]
SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class DemoSheets:
    """What lies in the application's demo folder."""

    people: Rows = ()
    facts: Rows = ()
    adjustments: Rows = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded; all zero when it had been loaded before."""

    people: int = 0
    facts: int = 0
    adjustments: int = 0


@dataclass(frozen=True, slots=True)
class Guest:
    """A demo person worth trying, and for what: the titles of the posts and roles held."""

    login: str
    name: str
    held: tuple[Text, ...] = field(default_factory=tuple)


def load(work: Work, sheets: DemoSheets, password: str, passwords: Passwords) -> Loaded | None:
    """People and figures in one transaction; None when any of the people is already there."""
    logins = [str(line.get("login", "")) for line in sheets.people]
    if not logins or rows.find_people(work.connection, logins):
        return None
    hashed = passwords.hash(password)
    count = roster.import_people(work, sheets.people, passwords)["added"]
    _set_password(work, _sharing(sheets), hashed)
    made = facts.import_facts(work, sheets.facts, SOURCE) if sheets.facts else None
    moved = (
        facts.import_adjustments(work, sheets.adjustments, SOURCE) if sheets.adjustments else None
    )
    for alert in work.catalogue.alerts:  # the first look need not wait for the morning
        work.outbox.add(CHECK, {"alert": alert})
    return Loaded(count, made.created if made else 0, moved.created if moved else 0)


def new_password(work: Work, sheets: DemoSheets, password: str, passwords: Passwords) -> None:
    """Give the demo people another password, but for those whose own stands in the sheet. Who came
    in by the old one is out."""
    sharing = _sharing(sheets)
    _set_password(work, sharing, passwords.hash(password))
    for row in rows.find_people(work.connection, sharing).values():
        sign_ins.delete_sessions(work.connection, row.id, LOGIN)


def with_own_password(sheets: DemoSheets) -> list[str]:
    """The logins whose password stands in the sheet."""
    return [str(line.get("login", "")) for line in sheets.people if _own_password(line)]


def _sharing(sheets: DemoSheets) -> list[str]:
    return [str(line.get("login", "")) for line in sheets.people if not _own_password(line)]


def _own_password(line: Mapping[str, Any]) -> bool:
    return bool(str(line.get("password") or "").strip())


def _set_password(work: Work, logins: Sequence[str], hashed: str) -> None:
    """One hash for all of them: they share the password, and hashing is slow by design."""
    for row in rows.find_people(work.connection, logins).values():
        rows.update_person(work.connection, row.id, {"password": hashed})


def guests(view: Reading, sheets: DemoSheets) -> list[Guest]:
    """One person for each post at each type of org, and for each role, as the sheet has them."""
    seen: set[tuple[str, str, str]] = set()
    found: list[Guest] = []
    for line in sheets.people:
        person = view.people.find(view.connection, str(line.get("login", "")), view.today)
        if person is None:
            continue
        held = [("post", name, _type(view, org)) for name, org in sorted(person.posts)]
        held += [("role", name, "") for name, _ in sorted(person.roles)]
        fresh = [one for one in held if one not in seen]
        if fresh:
            seen.update(fresh)
            found.append(
                Guest(
                    person.login, person.name, tuple(_title(view, kind, of) for kind, of, _ in held)
                )
            )
    return found


def _type(view: Reading, org: str) -> str:
    return view.catalogue.tree.type_of(org)


def _title(view: Reading, kind: str, name: str) -> Text:
    known: Mapping[str, Any] = view.catalogue.posts if kind == "post" else view.catalogue.roles
    found: Text = known[name].title
    return found
