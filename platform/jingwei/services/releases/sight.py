"""Who gains or loses sight of what: the compiled scopes of both releases over today's rows.

Grants only: what a task or a share opens is opened one record at a time, and a publication does
not change it. Values that a field would have after a change of type are taken as empty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self

from jingwei.catalogue.catalogue import Catalogue
from jingwei.services.people import People, Person, may_sign_in
from jingwei.services.releases.plan import FormSight, PersonSight
from jingwei.services.rights import FieldRights, Rights
from jingwei.storage.database import Connection
from jingwei.storage.foreseen import count_moved
from jingwei.storage.people import all_people
from jingwei.storage.query import RowScope
from jingwei.storage.records import RecordStore
from jingwei.storage.runtime import Installation

MOST_SECONDS = 10.0  # for counting; who is left then is said to be left
MOST_SHOWN = 20
_WORLD = ("org_types", "orgs", "roles", "posts")


@dataclass(slots=True)
class Standpoint:
    """One person under one release, as rights and queries want it."""

    connection: Connection
    installation: Installation
    actor: Person
    today: date
    now: datetime

    @property
    def catalogue(self) -> Catalogue:
        found: Any = self.installation.catalogue
        return found  # type: ignore[no-any-return]  # storage knows it by a narrower protocol

    @property
    def store(self) -> RecordStore:
        return self.installation.store

    def of(self, org: str | None) -> Self:
        """The same, with the definitions as this org has them."""
        return replace(self, installation=self.installation.of(org, self.today))


@dataclass(slots=True)
class Sight:
    """Compares two installations over one connection."""

    connection: Connection
    before: Installation
    after: Installation
    today: date
    now: datetime
    renamed: Mapping[str, str] = field(default_factory=dict)  # form: new name → old name
    seconds: float = MOST_SECONDS
    _rights: tuple[Rights, Rights] = field(default_factory=lambda: (Rights(), Rights()))
    _counts: dict[Any, tuple[int, int]] = field(default_factory=dict)

    def forms(self) -> list[FormSight]:
        """Forms of which somebody sees more or less, in the order of the definitions."""
        wanted = self._forms_to_judge()
        if not wanted:
            return []
        people = self._people()
        until = time.monotonic() + self.seconds
        found = [self._form(new, old, people, until) for new, old in wanted]
        return [sight for sight in found if sight is not None]

    def _forms_to_judge(self) -> list[tuple[str, str]]:
        before: Any = self.before.catalogue
        after: Any = self.after.catalogue
        same_world = all(_fingerprints(before, k) == _fingerprints(after, k) for k in _WORLD)
        found = []
        for name, form in after.forms.items():
            was = self.renamed.get(name, name)
            old = before.forms.get(was)
            same = old is not None and old.fingerprint == form.fingerprint
            same = same and _layers(before, was) == _layers(after, name)
            if old is not None and not (same_world and same):
                found.append((name, was))
        return found

    def _people(self) -> list[tuple[Person, Person]]:
        """Everybody who may sign in, as the old and as the new release calls what they hold."""
        people = People()
        found = []
        for row in all_people(self.connection):
            if may_sign_in(row, self.today):
                person = people.person(self.connection, row, self.today)
                found.append((person, self._called_anew(person)))
        return found

    def _called_anew(self, person: Person) -> Person:
        catalogue: Any = self.after.catalogue
        words = {
            kind: {d.renamed_from: name for name, d in getattr(catalogue, kind).items()}
            for kind in ("roles", "posts", "orgs")
        }

        def held(pairs: frozenset[tuple[str, str]], kind: str) -> frozenset[tuple[str, str]]:
            return frozenset(
                (words[kind].get(n, n), words["orgs"].get(o, o))
                for n, o in pairs
                if words["orgs"].get(o, o) in catalogue.orgs
            )

        return replace(
            person,
            org=words["orgs"].get(person.org, person.org),
            roles=held(person.roles, "roles"),
            posts=held(person.posts, "posts"),
            covers=held(person.covers, "posts"),
        )

    def _form(
        self, new: str, old: str, people: Sequence[tuple[Person, Person]], until: float
    ) -> FormSight | None:
        touched: list[PersonSight] = []
        unjudged = 0
        for was, person in people:
            if time.monotonic() > until:
                unjudged += 1
                continue
            found = self._person(new, old, was, person)
            if found is not None:
                touched.append(found)
        if not touched and not unjudged:
            return None
        touched.sort(key=lambda p: (-(p.gained + p.lost), p.login))
        catalogue: Any = self.after.catalogue
        return FormSight(
            new,
            catalogue.forms[new].title,
            sum(1 for p in touched if p.gained or p.fields_gained),
            sum(1 for p in touched if p.lost or p.fields_lost),
            sum(p.gained for p in touched),
            sum(p.lost for p in touched),
            tuple(touched[:MOST_SHOWN]),
            unjudged=unjudged,
        )

    def _person(self, new: str, old: str, was: Person, person: Person) -> PersonSight | None:
        here = Standpoint(self.connection, self.before, was, self.today, self.now)
        there = Standpoint(self.connection, self.after, person, self.today, self.now)
        scopes = (
            self._rights[0].row_scope(here, old, "read"),
            self._rights[1].row_scope(there, new, "read"),
        )
        if not scopes[0].terms and not scopes[1].terms:
            return None
        gained, lost = self._count(old, new, scopes, person)
        more: tuple[str, ...] = ()
        less: tuple[str, ...] = ()
        if scopes[0].terms and scopes[1].terms:
            more, less = _fields(
                self._rights[0].fields(here, old),
                self._rights[1].fields(there, new),
                here,
                there,
                old,
                new,
            )
        if not (gained or lost or more or less):
            return None
        return PersonSight(person.login, person.name, gained, lost, more, less)

    def _count(
        self, old: str, new: str, scopes: tuple[RowScope, RowScope], person: Person
    ) -> tuple[int, int]:
        """Rows gained and lost; people with the same scopes are counted once."""
        keys = tuple(_terms(scope) for scope in scopes)
        if keys[0] == keys[1] and old == new:
            return 0, 0
        mine = any("me" in source for terms in keys for _, _, source in terms if source)
        key = (old, new, keys, person.login if mine else None)
        known = self._counts.get(key)
        if known is None:
            before = (self.before.store, old, scopes[0])
            after = (self.after.store, new, scopes[1])
            asked = {"me": person.login, "today": self.today, "now": self.now}
            known = self._counts[key] = count_moved(self.connection, before, after, asked)
        return known


def _fingerprints(catalogue: Any, kind: str) -> Any:
    found = getattr(catalogue, kind)
    if not isinstance(found, Mapping):
        return found.fingerprint
    return {name: definition.fingerprint for name, definition in found.items()}


def _terms(scope: RowScope) -> tuple[tuple[Any, Any, str], ...]:
    """What a scope depends on, in an order of its own."""
    found = [
        (
            None if term.orgs.everything else tuple(sorted(term.orgs.orgs)),
            term.owner,
            term.where.source if term.where is not None else "",
        )
        for term in scope.terms
    ]
    return tuple(sorted(set(found), key=repr))


def _fields(
    was: FieldRights, now: FieldRights, here: Standpoint, there: Standpoint, old: str, new: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields that both releases have, and that are seen in one of them only."""
    both = _paths(here.catalogue, old) & _paths(there.catalogue, new)
    before, after = was.visible - was.masked, now.visible - now.masked
    more = (after - before) & both
    less = (before - after) & both
    return tuple(sorted(more)), tuple(sorted(less))


def _paths(catalogue: Catalogue, form: str) -> frozenset[str]:
    return frozenset(_walk(catalogue, form))


def _walk(catalogue: Catalogue, form: str) -> Iterator[str]:
    for name, definition in catalogue.forms[form].fields.items():
        yield name
        yield from (f"{name}.{column}" for column in definition.fields)


def _layers(catalogue: Catalogue, form: str) -> list[str]:
    """What layers say of a form: for some orgs it may change though the form does not."""
    own = (one for one in catalogue.layers.values() if (one.of_kind, one.of_name) == ("form", form))
    return sorted(layer.fingerprint for layer in own)
