"""Ids of the records of a form, as the system sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.catalogue.scopes import check_leading
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import depends_on_row, finished
from jingwei.language.expressions.tree import Expression, Node
from jingwei.language.form import Related
from jingwei.services.block_trees import constant
from jingwei.services.commands import Reading
from jingwei.services.rights import both
from jingwei.services.world import environment, variables
from jingwei.storage.query import ALL_ROWS, Page, Query, SortKey
from jingwei.storage.sql_calls import NotInSql


def select_ids(view: Reading, form: str) -> list[int]:
    """Every id of a form, as the system sees it."""
    query = Query(form, ("id",), ALL_ROWS, page=None)
    return [row["id"] for row in view.store.select(view.connection, query).items]


def find_ids(view: Reading, form: str, where: Expression | None, most: int) -> list[int]:
    """The first ids, at most so many, of records for which a condition holds. Raises NotInSql."""
    query = Query(
        form,
        ("id",),
        ALL_ROWS,
        where=where,
        sort=(SortKey("id"),),
        page=Page(most),
        variables=variables(view),
    )
    return [row["id"] for row in view.store.select(view.connection, query).items]


def of_relation(view: Reading, relation: Related, record: Mapping[str, Any]) -> Expression:
    """That a record of another form is one of this relation of a record."""
    leading = check_leading(view.catalogue, relation.form, relation.by, record["id"])
    if relation.where is None:
        return leading
    around = environment(view, {}, this=record)
    return both(leading, settled(view.catalogue.expression(relation.where), around))


def settled(condition: Expression, around: Environment) -> Expression:
    """The condition with all that depends on no record worked out: what is left is for the
    database. Raises NotInSql for values of which no database knows the type."""

    def change(node: Node) -> Node | None:
        if depends_on_row(node):
            return None
        if node.type.name == "any":
            raise NotInSql("a value of no known type")
        return constant(closure(Expression("", node))(around), node)

    root = mapped(condition.root, change)
    return condition if root == condition.root else finished(f"@{condition.source}", root)
