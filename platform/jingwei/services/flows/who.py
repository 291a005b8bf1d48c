"""Who a rule names, asked of organisations and people as they are now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jingwei.language.expressions.environment import Environment
from jingwei.language.values import Formula
from jingwei.language.who import Who, Whos
from jingwei.services.commands import Reading
from jingwei.services.flows.asks import Group
from jingwei.services.people import may_sign_in
from jingwei.services.world import head_of, superior_of
from jingwei.storage import people as rows

FLOW_ADMIN = "flow_admin"


@dataclass(frozen=True, slots=True)
class Around:
    """What a rule is asked about. `subject`: whose superior `superior` means (the initiator's,
    unless a late task is looked at)."""

    seen: Environment | Callable[[], Environment]  # by the expressions: most rules have none
    record: Mapping[str, Any]
    initiator: str
    subject: str | None = None
    chosen: tuple[str, ...] = ()
    known: dict[str, rows.PersonRow] = field(default_factory=dict)  # who was looked up before
    look_up: Callable[[Collection[str]], Mapping[str, rows.PersonRow]] | None = None

    @property
    def environment(self) -> Environment:
        return self.seen() if callable(self.seen) else self.seen


def groups(view: Reading, whos: Whos, around: Around) -> list[Group]:
    """One group a rule; disabled people are dropped."""
    named = [_one(view, who, around) for who in whos]
    active = _active(view, around, [name for names in named for name in names])
    found = []
    for who, every in zip(whos, named, strict=True):
        names = list(dict.fromkeys(name for name in every if name in active and name))
        if who.exclude:
            out = set(people(view, who.exclude, around))
            names = [name for name in names if name not in out]
        found.append(Group(tuple(names), who.weight or 1, who.kind in ("post", "role")))
    return found


def people(view: Reading, whos: Whos, around: Around) -> list[str]:
    """Everybody whom any of the rules names."""
    return list(dict.fromkeys(p for group in groups(view, whos, around) for p in group.people))


def _active(view: Reading, around: Around, names: Iterable[str | None]) -> set[str]:
    wanted = {name for name in names if name}
    known = around.known
    fresh = wanted - known.keys()
    if fresh:
        look_up = around.look_up or partial(rows.find_people, view.connection)
        known.update(look_up(fresh))
    return {n for n in wanted if n in known and may_sign_in(known[n], view.today)}


def _signing_in(view: Reading, names: Iterable[str | None]) -> list[str]:
    wanted = list(dict.fromkeys(name for name in names if name))
    known = rows.find_people(view.connection, wanted) if wanted else {}
    return [n for n in wanted if n in known and may_sign_in(known[n], view.today)]


def _one(view: Reading, who: Who, around: Around) -> list[str | None]:
    match who.kind:
        case "initiator":
            return [around.initiator]
        case "me":
            return [None if view.actor.is_system else view.actor.login]
        case "everyone":
            return [row.login for row in rows.all_people(view.connection)]
        case "superior":
            return [superior_of(view, around.subject or around.initiator)]
        case "person":
            return [who.name]
        case "role" | "post":
            return list(_holders(view, who, around))
        case "head_of":
            return [head_of(view, org) for org in _orgs(view, who, around)]
        case "superior_of":
            return [_above(view, one, who.levels) for one in people(view, who.of, around)]
        case "chain_of":
            return [p for one in people(view, who.of, around) for p in _chain(view, one, who)]
        case "field":
            return _of_field(view, who, around)
        case "members_of":
            orgs = set(_orgs(view, who, around))
            return [row.login for row in rows.all_people(view.connection) if row.org in orgs]
        case "chosen_by":
            offered = people(view, who.of, around)
            return [p for p in around.chosen if not who.of or p in offered]
        case "any_of":
            return list(people(view, who.of, around))
    return []


def _orgs(view: Reading, who: Who, around: Around) -> list[str]:
    if who.org is None:
        return []
    value = view.catalogue.closure(who.org)(around.environment)
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list | tuple | set) else [str(value)]


def _holders(view: Reading, who: Who, around: Around) -> list[str]:
    """At the orgs named by `at`; without it a role is looked for everywhere, and so is a post whose
    holders look after an org; any other post at the record's org and then upwards."""
    kind: rows.Held = "role" if who.kind == "role" else "post"
    names = _including(view, who.name or "") if kind == "role" else [who.name or ""]
    if who.org is not None:
        orgs: list[str | None] = list(_orgs(view, who, around))
    elif kind == "role" or who.covering is not None:
        orgs = [None]
    else:
        return nearest(view, kind, who.name or "", around.record.get("org"))
    found = [h for org in orgs for name in names for h in _holdings(view, kind, name, org)]
    if who.covering is not None:
        found = _looking_after(view, found, who.covering, around)
    return [holding.person for holding in found]


def _looking_after(
    view: Reading, found: Sequence[rows.Holding], covering: Formula, around: Around
) -> list[rows.Holding]:
    """Those who look after the orgs; where nobody does, after the nearest org above them."""
    value = view.catalogue.closure(covering)(around.environment)
    wanted = list(value) if isinstance(value, list | tuple | set) else [value]
    kept: dict[int, rows.Holding] = {}
    for org in wanted:
        if org not in view.catalogue.orgs:
            continue
        for above in view.catalogue.tree.ancestors(str(org), view.today):
            mine = [holding for holding in found if above in holding.covers]
            kept.update({holding.id: holding for holding in mine})
            if mine:
                break
    return list(kept.values())


def _held(view: Reading, kind: rows.Held, name: str, org: str | None) -> list[str]:
    return [h.person for h in _holdings(view, kind, name, org)]


def _holdings(view: Reading, kind: rows.Held, name: str, org: str | None) -> Sequence[rows.Holding]:
    return rows.holders(view.connection, kind, name, org, view.today)


def _including(view: Reading, role: str) -> list[str]:
    """The role, and every role that includes it."""
    found = [role]
    for one in found:
        found += [
            name
            for name, definition in view.catalogue.roles.items()
            if one in definition.includes and name not in found
        ]
    return found


def nearest(view: Reading, kind: rows.Held, name: str, org: str | None) -> list[str]:
    """The holders at this org, else at the nearest org above that has any."""
    return next(iter(by_nearness(view, kind, name, org)), [])


def by_nearness(view: Reading, kind: rows.Held, name: str, org: str | None) -> Iterator[list[str]]:
    """The holders at this org and at each org above that has any, the nearest first."""
    if org is None or org not in view.catalogue.orgs:
        return
    for above in view.catalogue.tree.ancestors(org, view.today):
        found = _signing_in(view, _held(view, kind, name, above))
        if found:
            yield found


def _above(view: Reading, login: str, levels: int) -> str | None:
    """The superior so many levels up. A level is a type of org, 子公司 → 板块 → 集团, however many
    orgs of one type stand above each other; a level without a head is that of the next one up."""
    row = rows.find_person(view.connection, login)
    path = view.catalogue.tree.ancestors(row.org, view.today) if row is not None else ()
    if path and head_of(view, path[0]) == login:
        path = path[1:]
    types: list[str] = []
    for org in path:
        type_ = view.catalogue.orgs[org].type
        types += [type_] if type_ not in types else []
        head = head_of(view, org) if len(types) >= levels else None
        if head is not None and head != login:
            return head
    return None


def _chain(view: Reading, login: str, who: Who) -> list[str]:
    """The heads above a person, each in turn, up to the org type."""
    row = rows.find_person(view.connection, login)
    found: list[str] = []
    if row is None:
        return found
    for org in view.catalogue.tree.ancestors(row.org, view.today):
        head = head_of(view, org)
        if head is not None and head != login and head not in found:
            found.append(head)
        if who.up_to is not None and view.catalogue.orgs[org].type == who.up_to:
            break
    return found


def _of_field(view: Reading, who: Who, around: Around) -> list[str | None]:
    assert who.path is not None
    value = view.catalogue.closure(who.path)(around.environment)
    values = value if isinstance(value, list | tuple) else [value]
    if view.catalogue.expression(who.path).type.name == "org":
        return [head_of(view, one) for one in values if one]
    return [str(one) for one in values if one]
