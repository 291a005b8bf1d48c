"""The expressions of scoring schemes."""

from __future__ import annotations

from jingwei.catalogue import scopes
from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.tree import Type
from jingwei.language.standards import Scoring, ScoringItem
from jingwei.language.values import Formula

_ORG = Type("org")
_NUMBER = Type("number")
_PERCENT = Type("percent")
# what a row of `items` has, in guards and vetoes
ITEM_COLUMNS = ("item", "weight", "target", "base", "actual", "attainment", "automatic", "score")


def type_scoring(typing: Typing, scoring: Scoring) -> None:
    whole = _scope(typing, {})
    typing.condition(scoring.applies_to, whole)
    typing.formula(scoring.multiplier, whole, "number")
    items = _with_items(typing, whole)
    for item in scoring.items.values():
        _type_item(typing, item)
    for guard in scoring.guards:
        typing.condition(guard.when, items)
    for veto in scoring.veto:
        typing.condition(veto.when, items)
    if scoring.deductions is not None:
        rows = _rows(typing, scoring.deductions["form"])
        typing.condition(scoring.deductions.get("where"), rows)
        typing.formula(scoring.deductions["points"], rows, "number")
    typing.condition(scoring.rank.get("exclude"), whole)


def _type_item(typing: Typing, item: ScoringItem) -> None:
    indicator = typing.catalogue.indicators.get(item.name)
    value = scopes.unit_type(indicator.unit if indicator else None)
    around = {"value": value, "target": value, "last_year": value, "base": value}
    scope = _scope(typing, {**around, "attainment": _PERCENT, "weight": _NUMBER})
    if isinstance(item.base, Formula):
        typing.formula(item.base, scope, "number")
    if item.rule is not None and item.rule.score is not None:
        typing.formula(item.rule.score, scope, "number")
    typing.who(item.manual_who, scope)
    if item.value_form is not None:
        rows = _rows(typing, item.value_form)
        typing.formula(item.value, rows, "number")
        typing.condition(item.value_where, rows)


def _scope(typing: Typing, more: dict[str, Type]) -> Scope:
    """`org year period`, and what the place adds; `this.org` and `this.year` inside aggregates."""
    plain = {"org": _ORG, "year": _NUMBER, "period": Type("period")}
    scope = scopes.variables_scope(typing.catalogue, {**plain, **more})
    return _with_this(scope)


def _with_this(scope: Scope) -> Scope:
    members = {
        "org": Symbol(_ORG, "this", "org"),
        "year": Symbol(_NUMBER, "this", "year"),
        "period": Symbol(Type("period"), "this", "period"),
    }
    this = Symbol(_ORG, "this", "this", members=members, is_value=False)
    return Scope({**scope.symbols, "this": this}, scope.types, scope.subject, scope.implicit)


def _rows(typing: Typing, form: str) -> Scope:
    """The rows of a form, with the assessed org and year as `this.org`, `this.year`."""
    return _with_this(scopes.data_scope(typing.catalogue, form))


def _with_items(typing: Typing, scope: Scope) -> Scope:
    """The items as rows: `any(items.score < items.weight)`."""
    return _with_this(scopes.block_scope(typing.catalogue, scope, {"items": ITEM_COLUMNS}))
