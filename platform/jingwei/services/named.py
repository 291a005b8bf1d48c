"""Whether somebody is one of the people whom a record names: rules about people as a condition of
the record, put together for one person from what he himself is and holds, so that lists ask it of
every row and nothing that others hold can change it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Literal

from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.reads import depends_on_row
from jingwei.language.expressions.tree import (
    Binary,
    Constant,
    Expression,
    ListOf,
    Name,
    Node,
    Type,
    Unary,
)
from jingwei.language.values import Formula
from jingwei.language.who import Who, Whos
from jingwei.services.anchors import held_at, narrowed, org_type
from jingwei.storage import people

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

_TRUTH = Type("boolean")
_PERSON = Type("person")
_ORG = Type("org")
ANCHORED = ("org", "org_and_below", "covered")  # scopes that begin where something is held
Truth = Node | bool  # what the record decides, or what is known without it
Held = Callable[["Viewing", Who, set[str]], Truth]  # of a rule, and the orgs where it is held


def named(view: Viewing, whos: Whos, held: Held | None = None) -> Truth:
    """Where the actor is one of these people. `held`: where he holds the post or role of a rule;
    otherwise at the org that `at` names."""
    return _some(_one(view, who, held or _at_named_org) for who in whos)


def granted(view: Viewing, who: Who, scope: object) -> Truth:
    """Where a grant is his. Scopes that begin at the org where it is held say themselves what
    `at: org` says; `at: sector` is where it is held, not what is above the record."""

    def held(view: Viewing, who: Who, orgs: set[str]) -> Truth:
        orgs = narrowed(view, who, orgs)
        root = view.catalogue.expression(who.org).root if who.org is not None else None
        if not orgs or root is None or org_type(view, who.org) or not depends_on_row(root):
            return bool(orgs)
        says_itself = scope in ANCHORED and isinstance(root, Name) and root.name == "org"
        return True if says_itself else _among(view, who.org, orgs)

    return named(view, (who,), held)


def is_one(view: Viewing, whos: Whos) -> bool:
    """Whether the actor is one of these people where there is no record: orgs are told from his
    own."""
    from jingwei.services.world import environment

    found = _some(granted(view, who, None) for who in whos)
    if isinstance(found, bool):
        return found
    return bool(closure(Expression("", found))(environment(view, {})))


def is_not(truth: Truth) -> Truth:
    """Where it is not so."""
    return not truth if isinstance(truth, bool) else Unary(0, 0, _TRUTH, "not", truth)


def every(truths: Iterable[Truth]) -> Truth:
    """Where all of them are so."""
    return _joined("and", truths, decides=False)


def _some(truths: Iterable[Truth]) -> Truth:
    return _joined("or", truths, decides=True)


def _joined(op: Literal["and", "or"], truths: Iterable[Truth], *, decides: bool) -> Truth:
    """`decides`: what settles the matter, whatever else there is."""
    found: Truth = not decides
    for truth in truths:
        if isinstance(truth, bool):
            if truth is decides:
                return decides
        elif isinstance(found, bool):
            found = truth
        else:
            found = Binary(0, 0, _TRUTH, op, found, truth)
    return found


def _one(view: Viewing, who: Who, held: Held) -> Truth:
    found = _plainly(view, who, held)
    if who.exclude:
        found = every([found, is_not(named(view, who.exclude, held))])
    return found


def _plainly(view: Viewing, who: Who, held: Held) -> Truth:
    actor = view.actor
    match who.kind:
        case "everyone" | "me":
            return True
        case "person":
            return actor.login == who.name
        case "initiator":  # beside a flow, as everywhere: who created it
            return _is_me(Name(0, 0, _PERSON, "record", "created_by"))
        case "post" if who.covering is not None:
            return _covering(view, who, held)
        case "role" | "post":
            return held(view, who, held_at(view, who)) if who.covering is None else False
        case "head_of":
            return _among(view, who.org, _headed(view))
        case "members_of":
            return _among(view, who.org, {actor.org})
        case "field":
            return _in_field(view, who)
        case "any_of":
            return named(view, who.of, held)
        case _:  # whom only a flow knows: `check` refuses them
            return False


def _at_named_org(view: Viewing, who: Who, orgs: set[str]) -> Truth:
    """Without `at`, wherever it is held."""
    return bool(orgs) if who.org is None else _among(view, who.org, orgs)


def _covering(view: Viewing, who: Who, held: Held) -> Truth:
    """Who looks after an org does after those below it; each holding has orgs of its own."""
    found = []
    for one in people.held_by(view.connection, "post", view.actor.id, view.today):
        if one.name == who.name:
            tree = view.catalogue.tree
            covered = {org for top in one.covers for org in tree.under(top, view.today)}
            found.append(every([held(view, who, {one.org}), _among(view, who.covering, covered)]))
    return _some(found)


def _headed(view: Viewing) -> set[str]:
    """The orgs whose head the actor is."""
    types, orgs = view.catalogue.org_types.types, view.catalogue.orgs
    return {
        org for post, org in view.actor.posts if org in orgs and types[orgs[org].type].head == post
    }


def _in_field(view: Viewing, who: Who) -> Truth:
    """The persons that a field holds, or the heads of its orgs."""
    assert who.path is not None
    node = view.catalogue.expression(who.path).root
    of = node.type.of or node.type
    return _among(view, who.path, _headed(view)) if of.name == "org" else _is_me(node)


def _is_me(node: Node) -> Truth:
    me = Name(0, 0, _PERSON, "variable", "me")
    if node.type.name == "list":
        return Binary(0, 0, _TRUTH, "in", me, node)
    return Binary(0, 0, _TRUTH, "==", node, me)


def _among(view: Viewing, formula: Formula | None, orgs: Collection[str]) -> Truth:
    """Where the org of a record, or one of several, is one of these."""
    if formula is None or not orgs:
        return False
    node = view.catalogue.expression(formula).root
    if isinstance(node, Constant):
        return node.value in orgs
    codes = [Constant(0, 0, _ORG, code) for code in sorted(orgs)]
    if node.type.name == "list":
        return _some(Binary(0, 0, _TRUTH, "in", code, node) for code in codes)
    return Binary(0, 0, _TRUTH, "in", node, ListOf(0, 0, Type("list", of=_ORG), tuple(codes)))
