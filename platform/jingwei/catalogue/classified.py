"""Fields that a classification judges: its levels, written out as one expression over the record.

So a light is a computed field like any other: filtered, grouped and counted in the database, and
never stale, because what looks at `today` is kept in no column.
"""

from __future__ import annotations

from jingwei.catalogue import scopes
from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import depends_on_row, finished
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Call, Constant, If, Name, Node, Type
from jingwei.language.form import Field, Form
from jingwei.language.standards import Classification
from jingwei.problems import nearest

_CHOICE = Type("choice")
_TYPES = {"money": Type("number"), "choice": Type("text")}
# The share of a period that is over, in functions that every target has.
_PROGRESS = (
    "min(max(days_between(start({p}), today), 0), days_between(start({p}), end({p})) + 1)"
    " / (days_between(start({p}), end({p})) + 1)"
)


def type_classification(typing: Typing, one: Classification) -> None:
    for level in one.levels.values():
        typing.condition(level.when, input_scope(typing, one))


def input_scope(typing: Typing, one: Classification) -> Scope:
    """In a level's `when`: the inputs, beside `me today now`."""
    types = {n: _TYPES.get(t) or Type(t) for n, t in one.inputs.items()}  # type: ignore[arg-type]
    return scopes.variables_scope(typing.catalogue, types)


def type_classified(typing: Typing, form: Form, field: Field) -> None:
    """The expression of a classification field, under its `compute`."""
    one = typing.catalogue.classifications.get(field.of[0]) if field.of else None
    if one is None or field.compute is None:
        return
    scope = typing.of_field(form, field)
    inputs = _inputs(typing, form, field, one, scope)
    if inputs is None:
        return
    root: Node = Constant(0, 0, _CHOICE, None)
    for level in reversed(list(one.levels.values())):
        code = Constant(0, 0, _CHOICE, level.code)
        if level.when is None:
            root = code
            continue
        condition = _condition(typing, one, level.when.source, inputs)
        if condition is None:
            return
        root = If(0, 0, _CHOICE, condition, code, root)
    typing.expressions[field.compute] = finished(field.compute.source, root)


def _inputs(
    typing: Typing, form: Form, field: Field, one: Classification, scope: Scope
) -> dict[str, Node] | None:
    """What each input is of this record: as `with` says, else the field of the same name."""
    found: dict[str, Node] = {}
    path = ("fields", field.table, "fields", field.name) if field.table else ("fields", field.name)
    for name, formula in field.with_.items():
        if name not in one.inputs:
            at = form.origin.key(*path, "with", name)
            known, guess = ", ".join(one.inputs), nearest(name, one.inputs)
            typing.problems.add(
                "no-such-field", at, suggestion=guess, name=name, place=one.name, known=known
            )
            return None
        expression = typing.formula(formula, scope, input_scope(typing, one).symbols[name].type)
        if expression is None:
            return None
        found[name] = expression.root
    for name in one.inputs:
        if name in found:
            continue
        if name not in scope.symbols:
            at = form.origin.key(*path, "of")
            typing.problems.add("classification-input", at, name=name, classification=one.name)
            return None
        found[name] = check(name, scope).root
    return found


def _condition(
    typing: Typing, one: Classification, source: str, inputs: dict[str, Node]
) -> Node | None:
    scope = input_scope(typing, one)
    try:
        root = check(source, scope, "boolean").root
    except ExpressionError:
        return None  # said once, at the classification

    def change(node: Node) -> Node | None:
        if isinstance(node, Name) and node.root == "variable" and node.name in inputs:
            return inputs[node.name]
        if isinstance(node, Call) and node.function == "time_progress" and not depends_on_row(node):
            argument = node.arguments[0]
            words = source[argument.start : argument.end]
            progress = check(_PROGRESS.replace("{p}", words), scope).root
            return mapped(progress, change)
        return None

    return mapped(root, change)
