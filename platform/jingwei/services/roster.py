"""The people sheet: rows of people with what they hold, added or changed, matched by login.

`posts` and `roles` read `planner@HY01;deputy@G:HY01+HY02`: what is held, at which org, and the orgs
that a covering post looks after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import flows
from jingwei.services.commands import Work
from jingwei.services.people import may_sign_in
from jingwei.services.sessions import LOGIN, Passwords
from jingwei.storage import people as rows
from jingwei.storage import sign_ins
from jingwei.storage.changes import ChangeRow
from jingwei.storage.people import Held, Holding, PersonRow

COLUMNS = (
    "login", "name", "org", "posts", "roles", "email", "phone", "active", "valid_from",
    "valid_to", "password",
)  # fmt: skip
LEAVES = "person.leaves"  # the message of the day on which somebody leaves
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}\Z")


Wanted = tuple[str, str, frozenset[str]]  # post or role, org, the orgs it covers


@dataclass(slots=True)
class _Sheet:
    seen: set[str] = field(default_factory=set)
    refused: list[FieldRefusal] = field(default_factory=list)
    holdings: dict[Held, dict[str, set[Wanted]]] = field(
        default_factory=lambda: {"post": {}, "role": {}}
    )


def import_people(
    work: Work, sheet: Iterable[Mapping[str, Any]], passwords: Passwords
) -> dict[str, int]:
    """All rows or none: `{added, changed, disabled}`; who is disabled hands his tasks over.

    Raises Invalid naming each bad cell (`3.org`: line 3 of a sheet with a header).
    """
    lines = [{k: str(v or "").strip() for k, v in line.items()} for line in sheet]
    checked = _Sheet()
    for index, line in enumerate(lines, 2):
        _check(work, line, index, checked)
    if checked.refused:
        raise Invalid("people-sheet", fields=checked.refused)
    known = rows.find_people(work.connection, [line["login"] for line in lines])
    added = [line for line in lines if line["login"] not in known]
    if added:
        ids = work.store.next_ids(work.connection, len(added))
        new = [
            {**_columns(line, passwords), "id": i, "created_at": work.now}
            for i, line in zip(ids, added, strict=True)
        ]
        rows.insert_people(work.connection, work.store.people, new)
    for line in lines:
        if line["login"] in known:
            _change(work, line, known[line["login"]], passwords)
    for kind in ("post", "role"):
        _set_holdings(work, kind, checked.holdings[kind])
    _audit(work, lines, known)
    _foresee(work, lines)
    disabled = _disabled(lines, known, work.today)
    for login in disabled:
        sign_ins.delete_sessions(work.connection, known[login].id, LOGIN)
        flows.hand_over(work, login)
    return {
        "added": len(added),
        "changed": len(lines) - len(added),
        "disabled": len(disabled),
    }


def _change(work: Work, line: Mapping[str, str], person: PersonRow, passwords: Passwords) -> None:
    """Whoever signed in by an old password is signed out: it may have been somebody else."""
    kept = rows.password_hash(work.connection, person.login)
    given = line.get("password")
    if given and passwords.matches(kept, given):
        line = {**line, "password": ""}
        given = None
    values = _columns(line, passwords)
    values.pop("login")
    rows.update_person(work.connection, person.id, values)
    if given:
        sign_ins.delete_sessions(work.connection, person.id, LOGIN)


def _disabled(
    lines: list[dict[str, str]], known: Mapping[str, PersonRow], today: date
) -> list[str]:
    """Those who could sign in and no longer can."""
    return [
        line["login"]
        for line in lines
        if line["login"] in known
        and may_sign_in(known[line["login"]], today)
        and not _is_there(line, today)
    ]


def _is_there(line: Mapping[str, str], today: date) -> bool:
    since, until = _day(line.get("valid_from", "")), _day(line.get("valid_to", ""))
    return _active(line) and (since is None or since <= today) and (until is None or today <= until)


def _foresee(work: Work, lines: list[dict[str, str]]) -> None:
    """When somebody's last day is over, what is open then is handed over."""
    for line in lines:
        day = _day(line.get("valid_to", ""))
        if day is not None and work.today <= day < date.max:
            over = datetime.combine(day + timedelta(days=1), time(), work.clock.zone)
            at = over.astimezone(work.now.tzinfo)
            key = f"{LEAVES}:{line['login']}:{day}"
            work.outbox.add(LEAVES, {"person": line["login"]}, key=key, due_at=at)


def _active(line: Mapping[str, str]) -> bool:
    return (line.get("active") or "yes").lower() not in ("no", "false", "0")


def _check(work: Work, line: Mapping[str, str], index: int, sheet: _Sheet) -> None:
    def refuse(column: str, code: str, /, **holes: object) -> None:
        sheet.refused.append(FieldRefusal(f"{index}.{column}", code, holes))

    for column in ("login", "name", "org"):
        if not line.get(column):
            refuse(column, "required")
    for column in line.keys() - set(COLUMNS):
        refuse(column, "unknown-column", column=column, known=", ".join(COLUMNS))
    login = line.get("login", "")
    if login and not _LOGIN.match(login):
        refuse("login", "login-broken", login=login[:64])
    if login and login.lower() in sheet.seen:
        refuse("login", "login-twice", login=login)
    sheet.seen.add(login.lower())
    org = line.get("org", "")
    if org and org not in work.catalogue.orgs:
        refuse("org", "unknown-org", name=org)
    known: Mapping[str, Mapping[str, Any]] = {
        "post": work.catalogue.posts,
        "role": work.catalogue.roles,
    }
    for kind in ("post", "role"):
        held: set[Wanted] = set()
        for word in filter(None, (w.strip() for w in line.get(f"{kind}s", "").split(";"))):
            name, _, at = word.partition("@")
            at, _, looked_after = at.partition(":")
            at = at or org
            covers = frozenset(filter(None, looked_after.split("+")))
            unknown = sorted({at, *covers} - work.catalogue.orgs.keys())
            if name not in known[kind]:
                refuse(f"{kind}s", f"unknown-{kind}", name=name)
            elif unknown:
                refuse(f"{kind}s", "unknown-org", name=unknown[0])
            elif covers and not getattr(known[kind][name], "covers", False):
                refuse(f"{kind}s", "post-covers-nothing", name=name)
            else:
                held.add((name, at, covers))
        sheet.holdings["post" if kind == "post" else "role"][line.get("login", "")] = held
    for column in ("valid_from", "valid_to"):
        if line.get(column) and _day(line[column]) is None:
            refuse(column, "not-a-date")


def _columns(line: Mapping[str, str], passwords: Passwords) -> dict[str, Any]:
    values: dict[str, Any] = {
        "login": line["login"],
        "name": line["name"],
        "org": line["org"],
        "email": line.get("email") or None,
        "phone": line.get("phone") or None,
        "active": _active(line),
        "valid_from": _day(line.get("valid_from", "")),
        "valid_to": _day(line.get("valid_to", "")),
    }
    if line.get("password"):
        values["password"] = passwords.hash(line["password"])
    return values


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError:
        return None


def _set_holdings(work: Work, kind: Any, wanted: Mapping[str, set[Wanted]]) -> None:
    """What the sheet says is held from today; what it no longer says ends today."""
    held = [h for h in rows.all_held(work.connection, kind, work.today) if h.person in wanted]
    ended = [h.id for h in held if (h.name, h.org, h.covers) not in wanted[h.person]]
    there = {(h.person, h.name, h.org, h.covers) for h in held}
    fresh = [
        (login, name, org, covers)
        for login, each in wanted.items()
        for name, org, covers in sorted(each, key=lambda one: one[:2])
        if (login, name, org, covers) not in there
    ]
    if ended:
        rows.end_holdings(work.connection, kind, ended, work.today)
    if fresh:
        ids = work.store.next_ids(work.connection, len(fresh))
        made = [
            Holding(i, name, org, login, None, None, covers)
            for i, (login, name, org, covers) in zip(ids, fresh, strict=True)
        ]
        rows.insert_holdings(work.connection, kind, made)


def _audit(work: Work, lines: list[dict[str, str]], known: Mapping[str, Any]) -> None:
    people = rows.find_people(work.connection, [line["login"] for line in lines])
    for line in lines:
        row = people[line["login"]]
        body = {
            name: [None, line[name]]
            for name in ("name", "org", "posts", "roles", "active")
            if line.get(name)
        }
        work.log(
            ChangeRow(
                at=work.now,
                actor=None if work.actor.is_system else work.actor.login,
                action="updated" if line["login"] in known else "created",
                kind="person",
                org=row.org,
                object=row.id,
                body=body,
                release=work.installation.release.id,
            )
        )
    work.outbox.add("person.changed", {"people": sorted(people)})
