"""Rights: grants compiled once per (person, rights epoch, release, form), asked everywhere.

A grant names people, what they may do, and where. Grants add up; `restrict` is the only
subtraction. Lists see a field only when every grant that gives rows shows it, because one list
mixes the rows of all; a single record is judged by the grants that cover it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Protocol, Self, TypeVar

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.environment import Environment
from jingwei.language.form import Form
from jingwei.language.values import Formula
from jingwei.services import org_rights, owners
from jingwei.services.anchors import alternatives, anchors_of
from jingwei.services.beyond import Beyond
from jingwei.services.form_paths import (
    all_fields,
    closed_beyond,
    closed_computes,
    closes_some,
    followed_fields,
    reads_of_computes,
    secret_fields,
    sensitive_fields,
    with_columns,
)
from jingwei.services.grants import Grant, grant_of
from jingwei.services.named import granted
from jingwei.services.opened import Closer, Giver, Looked, Opened, Opener
from jingwei.services.people import Person
from jingwei.services.restricted import Kept, both, kept_from, told, without
from jingwei.storage.database import Connection
from jingwei.storage.query import ALL_ROWS, RowScope, ScopeTerm
from jingwei.storage.records import RecordStore
from jingwei.storage.runtime import Installation

V = TypeVar("V", bound="Viewing")
RUNNING = ("in_approval", "returned")  # the statuses in which somebody may have a step to do


class Viewing(Protocol):
    """What rights need of a reading or a work."""

    @property
    def connection(self) -> Connection: ...
    @property
    def installation(self) -> Installation: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def store(self) -> RecordStore: ...
    @property
    def actor(self) -> Person: ...
    @property
    def today(self) -> date: ...
    @property
    def beyond(self) -> Beyond: ...
    @property
    def looked(self) -> Looked | None: ...

    memo: dict[str, dict[Any, Any]]

    def of(self, org: str | None) -> Self: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """May it be done, and why (not): `reason` is a key of `texts/rights`, `by` the grant."""

    allowed: bool
    reason: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class FieldRights:
    """Names of fields (`amount`, `targets.amount`). What is masked shows, but not its value."""

    visible: frozenset[str]
    writable: frozenset[str]
    masked: frozenset[str] = frozenset()


@dataclass(slots=True)
class FormGrants:
    """Everything one person may do with one form."""

    grants: tuple[Grant, ...]
    restrictions: tuple[Kept, ...]  # those that may keep this person out
    scopes: dict[str, RowScope] = field(default_factory=dict)
    list_rights: FieldRights | None = None
    create_rights: FieldRights | None = None
    may_close: bool | None = None  # see `Rights.may_close`
    open_fields: frozenset[str] | None = None  # see `Rights.open_in_lists`
    reads: Mapping[str, frozenset[str]] | None = None  # of computed fields, within the record
    secret: frozenset[str] = frozenset()  # see `secret_fields`
    closed_beyond: frozenset[str] | None = None  # see `Rights.closed_beyond`


class Rights:
    """Answers who may do what. `openers` say which records a person may open beside the grants:
    because of a task, for one; `closers` which of their fields that keeps from him, `givers` which
    he is to fill in, whatever his grants keep from him."""

    def __init__(
        self,
        openers: Sequence[Opener] = (),
        closers: Sequence[Closer] = (),
        givers: Sequence[Giver] = (),
    ) -> None:
        self.beside = Opened(openers, closers, givers)
        self._known: dict[tuple[Any, ...], FormGrants] = {}
        self._system: dict[tuple[Any, ...], FieldRights] = {}
        self._lock = Lock()

    # --- rows -----------------------------------------------------------------------------------

    def row_scope(self, view: Viewing, form: str, action: str = "read") -> RowScope:
        """The rows of a form on which the reader may do this."""
        if view.actor.is_system:
            return ALL_ROWS
        known = self.grants(view, form)
        scope = known.scopes.get(action)
        if scope is None:
            found: list[ScopeTerm] = []
            for inside, orgs in org_rights.alike(view, form):
                terms = self._terms(inside, form, action)
                book = view.installation.book
                found += terms if orgs is None else org_rights.within(terms, orgs, book)
            behind = owners.scopes(self, view, form)
            scope = known.scopes[action] = RowScope(tuple(found), owners=behind)
        return scope

    def _terms(self, view: Viewing, form: str, action: str) -> tuple[ScopeTerm, ...]:
        known = self.grants(view, form)
        terms = tuple(g.term for g in known.grants if action in g.permission.can)
        if any(t.orgs.everything and t.owner is None and t.where is None for t in terms):
            terms = (ScopeTerm(),)
        for restriction in known.restrictions:
            if not restriction.fields:
                terms = tuple(without(term, restriction.out.condition) for term in terms)
        return terms

    def decide(
        self, view: Viewing, form: str, action: str, record: Mapping[str, Any] | None = None
    ) -> Decision:
        """Whether the actor may do this with the form, or with this record."""
        if view.actor.is_system:
            return Decision(True, "system")
        if record is not None:
            view = view.of(record.get("org"))
        known = self.grants(view, form)
        named = [g for g in known.grants if action in g.permission.can]
        if not named:
            return Decision(False, "no-grant")
        if record is None:
            return Decision(True, "granted", named[0].permission.name)
        if self._restricted(view, known, record):
            return Decision(False, "restricted")
        if kept := owners.kept_back(self, view, form, record):
            return Decision(False, kept)
        for grant in named:
            if self._covers(view, grant, record):
                return Decision(True, "granted", grant.permission.name)
        return Decision(False, "other-rows")

    def may_read(self, view: Viewing, form: str, record: Mapping[str, Any]) -> Decision:
        """Whether the actor may open this record: by a grant, by a task, by a share."""
        decision = self.decide(view, form, "read", record)
        if decision.allowed or decision.reason in ("restricted", owners.GONE):
            return decision
        if self.opened(view, record["id"]):
            return Decision(True, "opened")
        return decision

    def opened(self, view: Viewing, record: int) -> bool:
        """Whether a task or a share opens this record to the actor."""
        return self.beside.asked(view, record) or self.beside.shared(view, record)

    def create_orgs(self, view: Viewing, form: str) -> frozenset[str] | None:
        """Orgs for which the actor may create; None: all."""
        if view.actor.is_system:
            return None
        orgs: frozenset[str] = frozenset()
        for grant in self.grants(view, form).grants:
            if "create" not in grant.permission.can:
                continue
            if grant.permission.scope == "own":
                orgs |= set(view.actor.orgs)
            elif grant.orgs is not None:
                orgs |= grant.orgs
            elif grant.named is None:
                return None
            else:
                orgs |= grant.named.orgs(view)
        tree = view.catalogue.tree
        return frozenset(org for org in orgs if tree.exists(org, view.today))

    # --- fields ---------------------------------------------------------------------------------

    def fields(
        self, view: Viewing, form: str, record: Mapping[str, Any] | None = None
    ) -> FieldRights:
        """What the actor sees and may write: of one record, or of a list."""
        if record is not None:
            view = view.of(record.get("org"))
        definition = view.catalogue.forms[form]
        if view.actor.is_system:
            return self._system_rights(view, definition)
        known = self.grants(view, form)
        if record is None:
            if known.list_rights is None:
                known.list_rights = self._rights_in_lists(view, definition)
            return known.list_rights
        covering = [g for g in known.grants if self._covers(view, g, record)]
        readers = [g for g in covering if "read" in g.permission.can]
        if not readers and self.opened(view, record["id"]):
            shown = self._opened_fields(view, definition, record["id"])
        else:
            shown = frozenset().union(*(g.shown for g in readers)) if readers else frozenset()
        given, masked = frozenset[str](), _masked(definition, readers)
        if readers:
            given = self._given(view, definition, record, shown - masked)
            shown |= given
        for restriction in known.restrictions:
            if restriction.fields and restriction.out.holds(view, record):
                shown -= with_columns(definition, restriction.fields)
        return self._rights(view, definition, covering, masked, shown, ("update",), given)

    def _given(
        self, view: Viewing, form: Form, record: Mapping[str, Any], seen: frozenset[str]
    ) -> frozenset[str]:
        """What an open task has the actor fill in: nobody fills in blindly what a grant keeps from
        him. Columns that are kept from him of a table that he sees have to be named."""
        if record.get("status") not in RUNNING or seen >= all_fields(form):
            return frozenset()
        if not self.beside.asked(view, record["id"]):
            return frozenset()
        names = self.beside.given(view, record["id"])
        return with_columns(form, [n for n in names if n not in seen]).union(names)

    def _opened_fields(self, view: Viewing, form: Form, record: int) -> frozenset[str]:
        """A task shows the record but for what its step hides; a share only what nobody who may
        share is kept from, for one cannot give what one does not have, and nothing sensitive."""
        everything = all_fields(form)
        if self.beside.asked(view, record):
            return everything - with_columns(form, self.beside.hidden(view, record))
        sharing = [p for p in form.permissions.values() if "share" in p.can]
        kept = [n for p in sharing or form.permissions.values() for n in (*p.hide, *p.mask)]
        return everything - with_columns(form, kept) - sensitive_fields(form)

    def hides_anything(
        self, view: Viewing, form: str, record: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether some field of this record, or of a new one, may be closed to the actor. Whoever
        neither reads nor was given it knows of it otherwise, as who administers requests does."""
        if view.actor.is_system:
            return False
        if record is not None:
            view = view.of(record.get("org"))
        known = self.grants(view, form)
        if any(g.permission.hide or g.permission.mask for g in known.grants):
            return True
        if known.secret or self.closed_beyond(view, form):
            return True
        if any(r.fields for r in known.restrictions):
            return True
        if record is None or not self.may_close(view, form):
            return False
        readers = (g for g in known.grants if "read" in g.permission.can)
        if any(self._covers(view, g, record) for g in readers):
            return False
        return self.opened(view, record["id"])

    def may_close(self, view: Viewing, form: str) -> bool:
        """Whether the definitions keep any field of the form from anybody; most keep none, and then
        nobody has to look at tasks and shares for the name of a record."""
        known = self.grants(view, form)
        if known.may_close is None:
            known.may_close = closes_some(view.catalogue, view.catalogue.forms[form])
        return known.may_close

    def _system_rights(self, view: Viewing, form: Form) -> FieldRights:
        key = (view.installation.release.id, view.catalogue.standing, form.name)
        found = self._system.get(key)
        if found is None:
            everything = all_fields(form)
            found = FieldRights(everything, everything)
            with self._lock:
                if len(self._system) > 2_000:
                    self._system.clear()
                self._system[key] = found
        return found

    def create_fields(self, view: Viewing, form: str) -> FieldRights:
        """What the actor sees and may write of a record that is not there yet."""
        if view.actor.is_system:
            return self.fields(view, form)
        known = self.grants(view, form)
        if known.create_rights is None:
            makers = [g for g in known.grants if "create" in g.permission.can]
            shown = frozenset().union(*(g.shown for g in makers)) if makers else frozenset()
            definition = view.catalogue.forms[form]
            masked = _masked(definition, makers)
            known.create_rights = self._rights(view, definition, makers, masked, shown, ("create",))
        return known.create_rights

    def _rights_in_lists(self, view: Viewing, form: Form) -> FieldRights:
        """What is seen of the rows of every org, where some have permissions of their own."""
        found: list[FieldRights] = []
        book = view.installation.book
        for inside, orgs in org_rights.alike(view, form.name):
            terms = self._terms(inside, form.name, "read")
            if orgs is None or org_rights.within(terms, orgs, book):
                known = self.grants(inside, form.name)
                own = inside.catalogue.forms[form.name]
                found.append(self._list_rights(inside, own, known))
        return org_rights.in_common(found, FieldRights(frozenset(), frozenset()))

    def open_in_lists(self, view: Viewing, form: str) -> frozenset[str]:
        """The fields whose values a list of the form shows, but for what they are computed from:
        what a computed field of another form may be seen to tell of them."""
        known = self.grants(view, form)
        if known.open_fields is None:
            found: list[frozenset[str]] = []
            for inside, _ in org_rights.alike(view, form):
                own = inside.catalogue.forms[form]
                there = self.grants(inside, form)
                readers, shown = _shown_in_lists(own, there)
                if readers:
                    found.append(shown - _masked_in_lists(own, readers) - there.secret)
            known.open_fields = frozenset.intersection(*found) if found else frozenset()
        return known.open_fields

    def closed_beyond(self, view: Viewing, form: str) -> frozenset[str]:
        """Computed fields of the form that tell something of another record which the actor may not
        see there; judged once, by fields and not by rows, for all records are computed alike."""
        known = self.grants(view, form)
        if known.closed_beyond is None:
            known.closed_beyond = closed_beyond(
                view.catalogue, form, lambda other: self.open_in_lists(view, other)
            )
        return known.closed_beyond

    def home(self, view: V, form: str) -> V:
        """The view of a list: as the org has the form below which all rows stand that the reader
        may see; as the group has it, where they stand apart."""
        if view.actor.is_system or not org_rights.is_layered(view, form):
            return view
        group = view.of(None)
        return view.of(org_rights.home(group, self.row_scope(group, form)))

    def _list_rights(self, view: Viewing, form: Form, known: FormGrants) -> FieldRights:
        readers, shown = _shown_in_lists(form, known)
        if not readers:
            return FieldRights(frozenset(), frozenset())
        masked = _masked_in_lists(form, readers)
        return self._rights(view, form, known.grants, masked, shown, ("update",))

    def _rights(
        self,
        view: Viewing,
        form: Form,
        grants: Sequence[Grant],
        masked: frozenset[str],
        shown: frozenset[str],
        actions: tuple[str, ...],
        given: frozenset[str] = frozenset(),
    ) -> FieldRights:
        masked = masked - given
        known, beyond = self.grants(view, form.name), self.closed_beyond(view, form.name)
        if known.reads is None:
            known.reads = reads_of_computes(view.catalogue, form)
        shown = shown - closed_computes(known.reads, shown - masked - known.secret, beyond)
        writers = [g for g in grants if set(actions) & set(g.permission.can)]
        writable = (given - followed_fields(form)).union(*(g.writable for g in writers))
        return FieldRights(shown, writable & shown - masked, masked | known.secret)

    # --- grants ---------------------------------------------------------------------------------

    def grants(self, view: Viewing, form: str) -> FormGrants:
        """What the actor holds on this form today; worked out once."""
        person = view.actor
        key = (
            person.id,
            person.rights_epoch,
            view.installation.release.id,
            view.catalogue.standing,
            form,
            view.today,
        )
        known = self._known.get(key)
        if known is None:
            known = self._build(view, view.catalogue.forms[form])
            with self._lock:
                if len(self._known) > 20_000:
                    self._known.clear()
                self._known[key] = known
        return known

    def _build(self, view: Viewing, form: Form) -> FormGrants:
        grants: list[Grant] = []
        for permission in form.permissions.values():
            whole: set[str] = set()
            for who in alternatives(permission.who):
                anchors = anchors_of(view, (who,), excepting=False)
                where = granted(view, who, permission.scope) if anchors else False
                if where is True:
                    whole |= anchors
                elif where is not False:
                    grants.append(grant_of(view, form, permission, anchors, told(view, where)))
            if whole:
                grants.append(grant_of(view, form, permission, frozenset(whole)))
        return FormGrants(tuple(grants), kept_from(view, form), secret=secret_fields(form))

    def _covers(self, view: Viewing, grant: Grant, record: Mapping[str, Any]) -> bool:
        if grant.orgs is not None and record.get("org") not in grant.orgs:
            return False
        if grant.term.owner is not None and record.get("owner") != view.actor.login:
            return False
        if grant.named is not None and not grant.named.holds(view, record):
            return False
        permission = grant.permission
        if isinstance(permission.scope, Formula) and not self._holds(
            view, permission.scope, record
        ):
            return False
        return permission.where is None or self._holds(view, permission.where, record)

    def _restricted(self, view: Viewing, known: FormGrants, record: Mapping[str, Any]) -> bool:
        return any(not r.fields and r.out.holds(view, record) for r in known.restrictions)

    def _holds(self, view: Viewing, formula: Formula, record: Mapping[str, Any]) -> bool:
        from jingwei.services.world import environment

        return bool(view.catalogue.closure(formula)(environment(view, record)))


def _shown_in_lists(form: Form, known: FormGrants) -> tuple[list[Grant], frozenset[str]]:
    """The grants that let read, and what they show of rows that nobody looked at yet."""
    readers = [g for g in known.grants if "read" in g.permission.can]
    if not readers:
        return [], frozenset()
    shown = frozenset.intersection(*(g.shown for g in readers))
    shown = shown.union(*(g.shown for g in readers if g.term == ScopeTerm()))
    for restriction in known.restrictions:
        shown -= with_columns(form, restriction.fields)
    return readers, shown


def _plain(form: Form, grant: Grant) -> frozenset[str]:
    return grant.shown - with_columns(form, grant.permission.mask)


def _masked(form: Form, readers: Sequence[Grant]) -> frozenset[str]:
    """What no grant of these shows as it is, of a record that all of them cover."""
    every = frozenset[str]().union(*(with_columns(form, g.permission.mask) for g in readers))
    return every.difference(*(_plain(form, g) for g in readers)) if every else every


def _masked_in_lists(form: Form, readers: Sequence[Grant]) -> frozenset[str]:
    """The same of rows that nobody looked at yet: one that covers some shows it of those only."""
    every = frozenset[str]().union(*(with_columns(form, g.permission.mask) for g in readers))
    return every.difference(*(_plain(form, g) for g in readers if g.term == ScopeTerm()))


__all__ = [
    "Decision",
    "Environment",
    "FieldRights",
    "Grant",
    "Rights",
    "Viewing",
    "anchors_of",
    "both",
]
