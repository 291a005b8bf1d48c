"""What `restrict` keeps from one person, as a condition of the records; and how conditions of
scopes are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jingwei.language.expressions.closures import Closure, closure
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import Binary, Expression, Type, Unary
from jingwei.language.form import Form, Restriction
from jingwei.services import named
from jingwei.storage.query import ScopeTerm

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

_TRUTH = Type("boolean")


@dataclass(frozen=True, slots=True)
class Kept:
    """A restriction as it keeps one person out: of the records for which `out` holds, or of these
    fields of them."""

    fields: tuple[str, ...]
    out: Expression
    _closure: Closure = field(repr=False, compare=False)

    def holds(self, view: Viewing, record: Mapping[str, Any]) -> bool:
        from jingwei.services.world import environment

        return bool(self._closure(environment(view, record)))


def kept_from(view: Viewing, form: Form) -> tuple[Kept, ...]:
    """The restrictions of a form that may keep the actor out."""
    found = (_kept(view, restriction) for restriction in form.restrict.values())
    return tuple(kept for kept in found if kept is not None)


def _kept(view: Viewing, restriction: Restriction) -> Kept | None:
    when = view.catalogue.expression(restriction.when)
    out = named.every([when.root, named.is_not(named.named(view, restriction.to))])
    if isinstance(out, bool):
        return None
    expression = finished(f"{when.source} and not to", out)
    return Kept(restriction.fields, expression, closure(expression))


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
