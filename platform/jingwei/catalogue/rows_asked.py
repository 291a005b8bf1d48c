"""What a condition that decides about every row of a list may ask: a database answers it, or it is
the same for all rows and worked out beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import is_asked_in_sql
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.reads import depends_on_row, names_its_form, parts, walk
from jingwei.language.expressions.tree import Binary, Call, ListOf, Member, Name, Node

# What holds for a person as long as what he holds and the day do not change.
_OF_HIMSELF = frozenset(
    ("has_role", "has_post", "below", "children", "add_workdays", "working_days")
)
_VARIABLES = frozenset(("me", "today", "now"))


def unasked(catalogue: Catalogue, node: Node) -> Iterator[Node]:
    """The parts of a condition that no list can ask of its rows."""
    if is_worked_out(catalogue, node):
        for part in walk(node):
            if not _is_known_before(part):
                yield part
    elif not _is_asked(catalogue, node):
        yield node
    else:
        for part in parts(node):
            yield from unasked(catalogue, part)


def is_worked_out(catalogue: Catalogue, node: Node) -> bool:
    """Whether this is the same for every row, and something that no database tells."""
    if depends_on_row(node):
        return False
    return any(not _is_asked(catalogue, part) for part in walk(node))


def _is_known_before(part: Node) -> bool:
    if isinstance(part, Call):
        return part.function in _OF_HIMSELF or "sql" in FUNCTIONS[part.function].targets
    if isinstance(part, Name):
        return part.root == "variable" and part.name in _VARIABLES - {"now"}
    return True


def _is_asked(catalogue: Catalogue, node: Node) -> bool:
    """Whether a query knows this node, given what is below it."""
    match node:
        case Name(root="variable", name=name):
            return name in _VARIABLES
        case Name(root=root):
            return root in ("record", "parent", "this")
        case Call(function=function):
            return "sql" in FUNCTIONS[function].targets
        case Member(of=of) if of.type.name == "record" and not of.type.form:
            return names_its_form(node)
        case Binary(op="in", right=right):
            return isinstance(right, ListOf | Name) or not depends_on_row(right)
        case _:
            return is_asked_in_sql(catalogue, node)
