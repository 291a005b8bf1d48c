"""Conditions that people type over a list: of what they may see, and not too long."""

from __future__ import annotations

from functools import partial

from jingwei.catalogue.relations import within_relations
from jingwei.catalogue.scopes import check_filter
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import depends_on_row, finished, parts, walk
from jingwei.language.expressions.tokens import MOST_CONDITION
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Constant,
    Expression,
    IsEmpty,
    ListOf,
    Member,
    Name,
    Node,
    Source,
    Type,
    Unary,
)
from jingwei.language.form import Form
from jingwei.language.values import Duration
from jingwei.problems import Phrase, Position
from jingwei.refusals import Malformed
from jingwei.services.block_trees import constant
from jingwei.services.commands import Reading
from jingwei.services.form_paths import all_fields, secret_fields
from jingwei.services.linked import as_reader
from jingwei.services.rights import FieldRights
from jingwei.services.world import OWN_FUNCTIONS, environment
from jingwei.storage.sql_calls import NotInSql
from jingwei.texts import DEFAULT_LOCALE, has_text, text

MOST_FILTER_TERMS = 20
MOST_FILTER_VALUES = 1_000  # in all its lists
MOST_FILTER_PARTS = 300  # names, functions and other values

_BOOLEAN = Type("boolean")
UNLASTING = "@now"  # the source of a condition with answers of this moment in it


def viewer_filter(
    view: Reading, form: str, source: str, rights: FieldRights | None = None
) -> Expression:
    """A condition that a person typed, whose links of many lead to no more than he may list. Raises
    Malformed at the word that is wrong."""
    visible = (rights or view.rights.fields(view, form)).visible
    masked = (rights or view.rights.fields(view, form)).masked
    own = view.catalogue.forms[form]
    hidden = all_fields(own) - (visible - (masked - secret_fields(own)))  # it may be empty

    def elsewhere(other: str) -> frozenset[str]:
        seen = view.rights.fields(view, other)
        return all_fields(view.catalogue.forms[other]) - (seen.visible - seen.masked)

    try:
        found = check_filter(view.catalogue, form, source, hidden, elsewhere)
        _refuse_too_long(found.root)
        found = _with_fixed(view, found)
    except ExpressionError as error:
        if error.code == "expression-too-long":
            raise _too_long(MOST_CONDITION, "characters") from None
        raise malformed_filter(source, error) from None
    except ArithmeticError:  # of what is written out, and what is worked out now
        raise far_filter(source) from None
    found = _with_rows_counted(found)
    _refuse_relations_of_many(view, own, source, found.root)
    opaque = _opaque(found.root)
    if opaque is not None:
        raise _not_compared(source, opaque)
    return within_relations(view.catalogue, as_reader(found))


def _with_rows_counted(expression: Expression) -> Expression:
    """`contract.lines is empty`: no row of which all is true."""

    def change(node: Node) -> Node | None:
        if not isinstance(node, IsEmpty):
            return None
        rows = node.operand
        if not isinstance(rows, Member) or rows.type.name != "rows":
            return None
        at, of, table = (node.start, node.end), rows.type.form, rows.type.table
        source = Source(*at, rows.type, "table", "record", rows.name, table, of, behind=rows.of)
        true = Constant(*at, _BOOLEAN, True)
        some = Aggregate(*at, _BOOLEAN, "any", source, true, None, None)
        return Unary(*at, _BOOLEAN, "not", some)

    root = mapped(expression.root, change)
    return expression if root == expression.root else finished(expression.source, root)


def _refuse_relations_of_many(view: Reading, form: Form, source: str, root: Node) -> None:
    """Raises Malformed for a relation by a link of many: no index says which of them hold this
    record, and all would be taken apart for each row."""
    for node in walk(root):
        if not isinstance(node, Aggregate) or node.source.origin != "related":
            continue
        other = form.related[node.source.name].form
        by = node.source.by or ""
        if view.catalogue.forms[other].fields[by].many:
            raise Malformed(
                "filter",
                detail={"code": "relation-of-many", "start": node.start, "end": node.end},
                word=source[node.start : node.end] or f"related.{node.source.name}",
                what=partial(text, "refusals.filter-relation-what"),
                fix=partial(text, "refusals.filter-relation-fix", form=other, by=by),
            )


def _opaque(root: Node) -> Node | None:
    """A file, a place, data or another value of which a condition may only ask whether it is there,
    where more is asked of it."""
    free: set[int] = set()
    for node in walk(root):
        if isinstance(node, IsEmpty):
            free.add(id(node.operand))
        elif isinstance(node, Call) and node.function == "len":
            free.update(id(one) for one in node.arguments if one.type.name == "list")
        elif isinstance(node, Binary) and _asks_of_null(node):
            free.update((id(node.left), id(node.right)))
        if isinstance(node, Name | Member) and id(node) not in free and _is_opaque(node.type):
            return node
    return None


def _asks_of_null(node: Binary) -> bool:
    sides = (node.left, node.right)
    nothing = any(isinstance(one, Constant) and one.value is None for one in sides)
    return nothing and node.op in ("==", "!=")


def _is_opaque(type_: Type) -> bool:
    return type_.name in ("any", "secret") or (type_.of is not None and _is_opaque(type_.of))


def _not_compared(source: str, node: Node) -> Malformed:
    word = source[node.start : node.end]
    return Malformed(
        "filter",
        detail={"code": "not-compared", "start": node.start, "end": node.end},
        word=word,
        what=partial(text, "refusals.filter-opaque-what"),
        fix=partial(text, "refusals.filter-opaque-fix", name=word),
    )


def _with_fixed(view: Reading, expression: Expression) -> Expression:
    """What no database computes and depends on no row is worked out now: `add_workdays(today, 3)`.
    Only what everybody may know: figures and scores have an address of their own."""

    def change(node: Node) -> Node | None:
        if _moves_a_day(node) and not depends_on_row(node):
            closure(Expression("", node))(environment(view, {}))  # a database would break off
        if depends_on_row(node) or not any(_is_asked_now(part) for part in walk(node)):
            return None
        if node.type.name != "boolean" and not _is_asked_now(node):
            return None  # comparisons as a whole: of two fixed sides no database knows the type
        return constant(closure(Expression("", node))(environment(view, {})), node)

    root = mapped(expression.root, change)
    return expression if root == expression.root else finished(UNLASTING, root)


def _moves_a_day(node: Node) -> bool:
    """Whether this is a day, as far as it can be told from what is written, moved by some time."""
    if not all(isinstance(part, Call | Binary | Unary | Constant | Name) for part in walk(node)):
        return False
    if isinstance(node, Call):
        return node.function in ("add_days", "add_months")
    right = node.right if isinstance(node, Binary) else None
    return isinstance(right, Constant) and isinstance(right.value, Duration)


def _is_asked_now(node: Node) -> bool:
    if isinstance(node, Member):
        return node.name == "orgs"
    if isinstance(node, Binary) and _moves_by_the_clock(node):
        return True
    if not isinstance(node, Call) or "sql" in FUNCTIONS[node.function].targets:
        return False
    if node.function not in OWN_FUNCTIONS:
        raise ExpressionError("not-in-a-filter", node.start, node.end, name=node.function)
    return True


def _moves_by_the_clock(node: Binary) -> bool:
    """`now - 2h`, or by working days: databases move days only."""
    if node.op not in ("+", "-") or not isinstance(node.right, Constant):
        return False
    by = node.right.value
    if not isinstance(by, Duration):
        return False
    return node.left.type.name != "date" or by.unit in ("wd", "min", "h")


def unaskable(source: str, found: NotInSql) -> Malformed:
    """Why a condition that a person typed can be no filter."""
    said = str(found)
    key = f"things.no_filter.{said.replace(' ', '_')}"
    name = Phrase(key) if has_text(key, DEFAULT_LOCALE) else said
    return malformed_filter(source, ExpressionError("not-in-a-filter", 0, len(source), name=name))


def malformed_filter(source: str, error: ExpressionError) -> Malformed:
    problem = error.problem(Position("filter"))
    return Malformed(
        "filter",
        detail={
            "code": error.code,
            "start": error.start,
            "end": error.end,
            "holes": {n: v for n, v in error.holes.items() if not callable(v)},
            "suggestion": error.suggestion,
        },
        word=source[error.start : error.end],
        what=partial(text, "refusals.filter-unclosed-what", missing=error.holes["missing"])
        if error.code == "cut-expression"  # whose own words are about YAML
        else problem.what,
        fix=partial(text, "refusals.filter-unclosed-fix", missing=error.holes["missing"])
        if error.code == "cut-expression"
        else problem.remedy,
    )


def far_filter(source: str) -> Malformed:
    """That a condition works out a day or a number that is out of range."""
    what, fix = partial(text, "refusals.filter-far-what"), partial(text, "refusals.filter-far-fix")
    return Malformed("filter", detail={"code": "out-of-range"}, word=source, what=what, fix=fix)


def _refuse_too_long(root: Node) -> None:
    """Raises Malformed for a condition that would keep a database busy by its length."""
    if _terms(root) > MOST_FILTER_TERMS:
        raise _too_long(MOST_FILTER_TERMS, "comparisons")
    listed = sum(len(node.items) for node in walk(root) if isinstance(node, ListOf))
    if listed > MOST_FILTER_VALUES:
        raise _too_long(MOST_FILTER_VALUES, "values")
    if sum(1 for _ in walk(root)) - listed > MOST_FILTER_PARTS:
        raise _too_long(MOST_FILTER_PARTS, "parts")


def _too_long(most: int, of: str) -> Malformed:
    return Malformed("filter-too-long", most=most, of=Phrase(f"things.filter_size.{of}"))


def _terms(node: Node) -> int:
    """How many comparisons there are in a condition, those inside rows and functions too."""
    if isinstance(node, Binary) and node.op in ("and", "or"):
        return _terms(node.left) + _terms(node.right)
    if isinstance(node, Unary) and node.op == "not":
        return _terms(node.operand)
    return max(1, sum(_terms_inside(part) for part in parts(node)))


def _terms_inside(node: Node) -> int:
    if isinstance(node, Constant | Name):
        return 0
    if node.type.name == "boolean":
        return _terms(node)
    return sum(_terms_inside(part) for part in parts(node))
