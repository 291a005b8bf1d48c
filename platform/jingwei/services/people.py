"""People: who acts, with the posts and roles held today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from threading import Lock

from jingwei.storage import people as rows
from jingwei.storage.database import Connection
from jingwei.storage.people import PersonRow

Held = tuple[str, str]  # post or role, org code
Holdings = tuple[frozenset[Held], frozenset[Held], frozenset[Held]]  # posts, roles, covered orgs


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `posts` and `roles`: what is held, and at which org. `covers`: each post
    that covers, with an org it looks after."""

    id: int
    login: str
    name: str
    org: str
    posts: frozenset[Held] = frozenset()
    roles: frozenset[Held] = frozenset()
    locale: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    rights_epoch: int = 0
    covers: frozenset[Held] = frozenset()
    is_system: bool = False

    @property
    def orgs(self) -> tuple[str, ...]:
        """The own org first, then those where something is held."""
        others = {org for _, org in self.posts | self.roles} - {self.org}
        return (self.org, *sorted(others))

    def has_role(self, role: str, org: str | None = None) -> bool:
        return any(r == role and org in (None, at) for r, at in self.roles)

    def has_post(self, post: str, org: str | None = None) -> bool:
        return any(p == post and org in (None, at) for p, at in self.posts)


# Acts where no person does: schedules, automatic passes, computed fields.
SYSTEM = Person(0, "system", "system", "", is_system=True)


class People:
    """Persons by row, their holdings kept until their rights change or the day does."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int, date], Holdings] = {}
        self._lock = Lock()

    def person(self, connection: Connection, row: PersonRow, today: date) -> Person:
        """The person of this row with what is held today."""
        posts, roles, covers = self._holdings(connection, row, today)
        return Person(
            row.id,
            row.login,
            row.name,
            row.org,
            posts,
            roles,
            row.locale,
            row.email,
            row.phone,
            row.title,
            row.rights_epoch,
            covers,
        )

    def find(self, connection: Connection, login: str, today: date) -> Person | None:
        """The person of this login, whether active or not."""
        row = rows.find_person(connection, login)
        return self.person(connection, row, today) if row else None

    def everybody(self, connection: Connection, today: date) -> list[Person]:
        """Who may sign in today: two statements, however many there are."""
        held: dict[str, tuple[list[rows.Holding], list[rows.Holding]]] = {}
        for one in rows.all_held(connection, "post", today):
            held.setdefault(one.person, ([], []))[0].append(one)
        for one in rows.all_held(connection, "role", today):
            held.setdefault(one.person, ([], []))[1].append(one)
        found = []
        for row in rows.all_people(connection):
            if may_sign_in(row, today):
                self._keep((row.id, row.rights_epoch, today), *held.get(row.login, ((), ())))
                found.append(self.person(connection, row, today))
        return found

    def _holdings(self, connection: Connection, row: PersonRow, today: date) -> Holdings:
        key = (row.id, row.rights_epoch, today)
        known = self._held.get(key)
        if known is not None:
            return known
        posts = rows.held_by(connection, "post", row.id, today)
        return self._keep(key, posts, rows.held_by(connection, "role", row.id, today))

    def _keep(
        self,
        key: tuple[int, int, date],
        posts: Iterable[rows.Holding],
        roles: Iterable[rows.Holding],
    ) -> Holdings:
        covers = frozenset((post.name, org) for post in posts for org in post.covers)
        known = _held(posts), _held(roles), covers
        with self._lock:
            if len(self._held) > 10_000:
                self._held.clear()
            self._held[key] = known
        return known


def _held(holdings: Iterable[rows.Holding]) -> frozenset[Held]:
    return frozenset((h.name, h.org) for h in holdings)


def may_sign_in(row: PersonRow, today: date) -> bool:
    """Active, and within the dates of the account (with the last day)."""
    if not row.active or (row.valid_from is not None and today < row.valid_from):
        return False
    return row.valid_to is None or today <= row.valid_to
