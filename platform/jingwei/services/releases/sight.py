"""Who gains or loses sight of what: the compiled scopes of both releases over today's rows.

Grants only: what a task or a share opens is opened one record at a time, and a publication does
not change it. Values that a field would have after a change of type are taken as empty.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self

from jingwei.catalogue.catalogue import Catalogue
from jingwei.services.beyond import NOTHING, Beyond
from jingwei.services.opened import Looked
from jingwei.services.owners import details_of
from jingwei.services.people import People, Person
from jingwei.services.releases.plan import FormSight, PersonSight
from jingwei.services.rights import FieldRights, Rights
from jingwei.storage.database import Connection
from jingwei.storage.foreseen import Asked, Patterns, count_moved, count_patterns
from jingwei.storage.query import RowScope, ScopeTerm
from jingwei.storage.records import RecordStore
from jingwei.storage.runtime import Installation

MOST_SECONDS = 10.0  # for counting; who is left then is said to be left
MOST_TOLD = 500  # people of one form, by name
MOST_CONDITIONS = 8  # of one form, in one pass
_WORLD = ("org_types", "orgs", "roles", "posts")


@dataclass(slots=True)
class Standpoint:
    """One person under one release, as rights and queries want it."""

    connection: Connection
    installation: Installation
    actor: Person
    today: date
    now: datetime
    beyond: Beyond = NOTHING
    looked: Looked | None = None
    memo: dict[str, dict[Any, Any]] = field(default_factory=dict)

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
        called = {now: was for was, now in self._renamed("form").items()}
        changed = set()
        for name, form in after.forms.items():
            was = called.get(name, name)
            old = before.forms.get(was)
            same = old is not None and old.fingerprint == form.fingerprint
            same = same and _layers(before, was) == _layers(after, name)
            if not (same_world and same):
                changed.add(name)
        changed |= _details(after, changed)
        judged = ((name, called.get(name, name)) for name in after.forms if name in changed)
        return [(name, was) for name, was in judged if was in before.forms]

    def _people(self) -> list[tuple[Person, Person]]:
        """Everybody who may sign in, as the old and as the new release calls what they hold."""
        everybody = People().everybody(self.connection, self.today)
        words = {f"{kind}s": self._renamed(kind) for kind in ("role", "post", "org")}
        return [(person, self._called_anew(person, words)) for person in everybody]

    def _renamed(self, kind: str) -> dict[str, str]:
        """What has another name in the new release: old name → new name. Whichever way the name
        went, its key is the same."""
        was, now = self.before.names.keys.get(kind, {}), self.after.names.keys.get(kind, {})
        names = {key: name for name, key in now.items()}
        return {n: names[k] for n, k in was.items() if names.get(k, n) != n and n not in now}

    def _called_anew(self, person: Person, words: Mapping[str, Mapping[str, str]]) -> Person:
        catalogue: Any = self.after.catalogue

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
        looks = [look for pair in people if (look := self._look(new, old, *pair)) is not None]
        together = _Together(self, new, old, looks)
        touched: list[PersonSight] = []
        unjudged = 0
        for look in looks:
            moved = self._count(look, together, until)
            if moved is None:
                unjudged += 1
                continue
            found = self._person(look, *moved)
            if found is not None:
                touched.append(found)
        if not touched and not unjudged:
            return None
        touched.sort(key=_losers_first)
        catalogue: Any = self.after.catalogue
        return FormSight(
            new,
            catalogue.forms[new].title,
            sum(1 for p in touched if p.gained or p.fields_gained),
            sum(1 for p in touched if p.lost or p.fields_lost),
            sum(p.gained for p in touched),
            sum(p.lost for p in touched),
            tuple(touched[:MOST_TOLD]),
            touched=len(touched),
            unjudged=unjudged,
        )

    def _look(self, new: str, old: str, was: Person, person: Person) -> _Look | None:
        """The person's scopes in both releases; None for who sees nothing in either."""
        here = Standpoint(self.connection, self.before, was, self.today, self.now)
        there = Standpoint(self.connection, self.after, person, self.today, self.now)
        before = self._rights[0].row_scope(here, old, "read")
        after = self._rights[1].row_scope(there, new, "read")
        if not before.terms and not after.terms:
            return None
        return _Look(old, new, here, there, before, after)

    def _person(self, look: _Look, gained: int, lost: int) -> PersonSight | None:
        more: tuple[str, ...] = ()
        less: tuple[str, ...] = ()
        if look.before.terms and look.after.terms:
            was = self._rights[0].fields(look.here, look.old)
            now = self._rights[1].fields(look.there, look.new)
            more, less = _fields(was, now, look)
        if not (gained or lost or more or less):
            return None
        person = look.there.actor
        return PersonSight(person.login, person.name, gained, lost, more, less)

    def _count(self, look: _Look, together: _Together, until: float) -> tuple[int, int] | None:
        """Rows gained and lost; people with the same scopes are counted once. None: there is no
        time left to count for this person."""
        keys = (_key(look.before), _key(look.after))
        if keys[0] == keys[1] and look.old == look.new:
            return 0, 0
        terms = (*_terms(look.before), *_terms(look.after))
        mine = any(term.where is not None and _asks_who(term.where.source) for term in terms)
        key = (look.old, look.new, keys, look.there.actor.login if mine else None)
        known = self._counts.get(key)
        if known is None:
            known = together.count(look, until)
        if known is None:
            if time.monotonic() > until:
                return None
            before = (self.before.store, look.old, look.before)
            after = (self.after.store, look.new, look.after)
            asked = self.variables(look.there.actor.login)
            known = count_moved(self.connection, before, after, asked)
        self._counts[key] = known
        return known

    def variables(self, login: str | None = None) -> dict[str, Any]:
        return {"me": login, "today": self.today, "now": self.now}


@dataclass(frozen=True, slots=True)
class _Look:
    """One person and one form, before and after."""

    old: str
    new: str
    here: Standpoint
    there: Standpoint
    before: RowScope
    after: RowScope

    @property
    def is_shared(self) -> bool:
        """Whether the rows depend on orgs and conditions alone, and neither on who asks nor, as
        those of details do, on rows of another form."""
        if self.before.owners or self.after.owners:
            return False
        terms = (*self.before.terms, *self.after.terms)
        return all(
            t.owner is None and (t.where is None or not _asks_who(t.where.source)) for t in terms
        )


class _Together:
    """Counts everybody's rows of one form in one pass, where nothing depends on who asks."""

    def __init__(self, sight: Sight, new: str, old: str, looks: Sequence[_Look]) -> None:
        self._sight, self._new, self._old = sight, new, old
        self._conditions: dict[tuple[bool, str], Any] = {}
        for look in looks:
            if look.is_shared:
                for is_new, scope in ((False, look.before), (True, look.after)):
                    for term in scope.terms:
                        if term.where is not None:
                            self._conditions[is_new, term.where.source] = term.where
        self._patterns: Patterns | None = None

    def count(self, look: _Look, until: float) -> tuple[int, int] | None:
        """Rows gained and lost; None where it has to be asked for this person alone, or there is
        no time left to begin with the pass."""
        if not look.is_shared or len(self._conditions) > MOST_CONDITIONS:
            return None
        if self._patterns is None and time.monotonic() > until:
            return None
        if self._patterns is None:
            self._patterns = self._count()
        places = {key: number for number, key in enumerate(sorted(self._conditions, reverse=True))}
        gained = lost = 0
        for (org, holds), rows in self._patterns.items():
            before = _sees(look.before, False, org, holds, places)
            after = _sees(look.after, True, org, holds, places)
            gained += rows if after and not before else 0
            lost += rows if before and not after else 0
        return gained, lost

    def _count(self) -> Patterns:
        """Asks the new release and, where the old one has conditions too, that one beside it:
        their conditions in this order."""
        sight = self._sight
        parts: dict[bool, list[Any]] = {True: [], False: []}
        for key in sorted(self._conditions, reverse=True):  # those of the new release first
            parts[key[0]].append(self._conditions[key])
        asked: list[Asked] = [(sight.after.store, self._new, parts[True])]
        if parts[False]:
            asked.append((sight.before.store, self._old, parts[False]))
        return count_patterns(sight.connection, asked, sight.variables())


def _sees(
    scope: RowScope,
    is_new: bool,
    org: int | None,
    holds: tuple[bool, ...],
    places: Mapping[tuple[bool, str], int],
) -> bool:
    return any(
        (term.orgs.everything or org in term.orgs.orgs)
        and (term.where is None or holds[places[is_new, term.where.source]])
        for term in scope.terms
    )


def _losers_first(person: PersonSight) -> tuple[bool, int, int, int, str]:
    """Who loses sight is who will ask why."""
    loses = bool(person.lost or person.fields_lost)
    return not loses, -person.lost, -len(person.fields_lost), -person.gained, person.login


def _asks_who(source: str) -> bool:
    return re.search(r"\bme\b", source) is not None


def _fingerprints(catalogue: Any, kind: str) -> Any:
    found = getattr(catalogue, kind)
    if not isinstance(found, Mapping):
        return found.fingerprint
    return {name: definition.fingerprint for name, definition in found.items()}


def _details(catalogue: Catalogue, forms: Collection[str]) -> set[str]:
    """The forms whose records are details of those of these forms, and details of details: they
    are seen where their owners are."""
    found: set[str] = set()
    waiting = list(forms)
    while waiting:
        for form, _ in details_of(catalogue, waiting.pop()):
            if form.name not in found:
                found.add(form.name)
                waiting.append(form.name)
    return found


def _terms(scope: RowScope) -> Iterator[ScopeTerm]:
    """What a scope depends on, of owners too."""
    yield from scope.terms
    for owner in scope.owners:
        for _, there in owner.forms:
            yield from _terms(there)


def _key(scope: RowScope) -> tuple[Any, ...]:
    """The same, in an order of its own."""
    found = [
        (
            None if term.orgs.everything else tuple(sorted(term.orgs.orgs)),
            term.owner,
            term.where.source if term.where is not None else "",
        )
        for term in scope.terms
    ]
    owners = [(o.link, *((form, _key(there)) for form, there in o.forms)) for o in scope.owners]
    return (*sorted(set(found), key=repr), *owners)


def _fields(
    was: FieldRights, now: FieldRights, look: _Look
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields that both releases have, and that are seen in one of them only."""
    both = _paths(look.here.catalogue, look.old) & _paths(look.there.catalogue, look.new)
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
