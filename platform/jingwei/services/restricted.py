"""What `restrict` keeps from one person, as a condition of the records; and how conditions of
scopes are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jingwei.catalogue.rows_asked import is_worked_out, unasked
from jingwei.language.expressions.closures import Closure, closure
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import Binary, Expression, Node, Type, Unary
from jingwei.language.form import Form, Restriction
from jingwei.services import named
from jingwei.storage.query import ScopeTerm

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

_TRUTH = Type("boolean")


@dataclass(frozen=True, slots=True)
class Told:
    """A condition that each record answers."""

    condition: Expression
    _closure: Closure = field(repr=False, compare=False)

    def holds(self, view: Viewing, record: Mapping[str, Any]) -> bool:
        from jingwei.services.world import environment

        return bool(self._closure(environment(view, record)))

    def orgs(self, view: Viewing) -> frozenset[str]:
        """The orgs whose records the actor could make under it."""
        made = {"created_by": view.actor.login, "owner": view.actor.login}
        return frozenset(o for o in view.catalogue.orgs if self.holds(view, {**made, "org": o}))


@dataclass(frozen=True, slots=True)
class Kept:
    """A restriction as it keeps one person out: of the records of which `out` is told, or of these
    fields of them."""

    fields: tuple[str, ...]
    out: Told


def told(view: Viewing, root: Node) -> Told:
    expression = finished("named", root)
    return Told(for_rows(view, expression), closure(expression))


def for_rows(view: Viewing, expression: Expression) -> Expression:
    """The condition as a list asks it of its rows: what is the same for all of them and known to no
    database is worked out."""
    from jingwei.services.block_trees import constant
    from jingwei.services.world import environment

    def change(node: Node) -> Node | None:
        if not is_worked_out(view.catalogue, node) or any(unasked(view.catalogue, node)):
            return None
        return constant(closure(Expression("", node))(environment(view, {})), node)

    root = mapped(expression.root, change)
    return expression if root == expression.root else finished(expression.source, root)


def kept_from(view: Viewing, form: Form) -> tuple[Kept, ...]:
    """The restrictions of a form that may keep the actor out."""
    found = (_kept(view, restriction) for restriction in form.restrict.values())
    return tuple(kept for kept in found if kept is not None)


def _kept(view: Viewing, restriction: Restriction) -> Kept | None:
    when = view.catalogue.expression(restriction.when)
    out = named.every([when.root, named.is_not(named.named(view, restriction.to))])
    return None if isinstance(out, bool) else Kept(restriction.fields, told(view, out))


def both(one: Expression | None, other: Expression) -> Expression:
    """One condition that holds where both do."""
    if one is None:
        return other
    root = Binary(0, 0, _TRUTH, "and", one.root, other.root)
    return Expression(
        f"({one.source}) and ({other.source})",
        root,
        one.reads | other.reads,
        one.inside_record and other.inside_record,
        one.functions | other.functions,
    )


def without(term: ScopeTerm, out: Expression) -> ScopeTerm:
    """The rows of a term for which the condition does not hold."""
    root = Unary(0, 0, _TRUTH, "not", out.root)
    negated = Expression(f"not ({out.source})", root, out.reads, out.inside_record, out.functions)
    return ScopeTerm(term.orgs, term.owner, both(term.where, negated))
