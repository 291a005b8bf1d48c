"""What a link of many holds, as rows of SQL: ids are kept in one column, each between separators,
or as JSON with their forms where they may be of several.

The column is taken apart for each row and the records are found by their primary key: no record is
looked at that the link does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.selectable import Join

from jingwei.storage.sql_names import Column
from jingwei.storage.types import SEPARATOR, Several

Dialect = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Held:
    """A row for each record that a link holds. `form`: where it may be of several, its name."""

    rows: sa.FromClause
    id: Column
    place: Column
    form: Column | None = None


def held(holder: Column, dialect: Dialect) -> Held:
    """The records that a column holds, none where it is empty."""
    if isinstance(holder.type, Several):
        return _of_list(sa.type_coerce(holder, sa.Text()), dialect)
    return _of_json(sa.type_coerce(holder, sa.Text()), dialect)


class HeldFirst(Join):
    """What a link holds, joined with its records: SQLite would begin with the records, those of an
    org for one, and take the link apart for each of them."""

    inherit_cache = True


@compiles(HeldFirst, "sqlite")
def _in_this_order(join: HeldFirst, compiler: Any, **more: Any) -> str:
    more.pop("from_linter", None)
    on = compiler.process(join.onclause, **{**more, "asfrom": False})
    left, right = (
        compiler.process(one, **{**more, "asfrom": True}) for one in (join.left, join.right)
    )
    return f"{left} CROSS JOIN {right} ON {on}"


def records(
    held: Held, table: sa.FromClause, key: str, dialect: Dialect
) -> tuple[sa.FromClause, sa.FromClause]:
    """The records that a link holds, by the key of their table: what to select from, and what of it
    the table is there."""
    if dialect == "sqlite":
        return HeldFirst(held.rows, table, table.c[key] == held.id), table
    # PostgreSQL would go through a table of some thousand records for each link, taking that to be
    # as fast as ten look-ups; it looks into nothing that has an OFFSET
    one = sa.select(table).where(table.c[key] == held.id).offset(sa.literal_column("0")).lateral()
    return held.rows.join(one, sa.true()), one


def _of_list(holder: Column, dialect: Dialect) -> Held:
    bar = sa.literal(SEPARATOR, sa.Text())
    if dialect == "sqlite":
        inside = sa.func.replace(sa.func.trim(holder, bar), bar, sa.literal(",", sa.Text()))
        listed: Any = sa.func.json_each(sa.literal("[", sa.Text()) + inside + "]")
        rows = listed.table_valued("key", "value").alias()
        return Held(rows, sa.type_coerce(rows.c.value, sa.BigInteger()), rows.c.key)
    ids = sa.cast(sa.func.string_to_array(sa.func.btrim(holder, bar), bar), ARRAY(sa.BigInteger()))
    rows = sa.func.unnest(ids).table_valued("value", with_ordinality="place").render_derived()
    return Held(rows, sa.type_coerce(rows.c.value, sa.BigInteger()), rows.c.place)


def _of_json(holder: Column, dialect: Dialect) -> Held:
    if dialect == "sqlite":
        listed: Any = sa.func.json_each(holder)
        rows = listed.table_valued("key", "value").alias()
        identity: Column = sa.func.json_extract(rows.c.value, "$.id")
        form: Column = sa.func.json_extract(rows.c.value, "$.form")
        place = rows.c.key
    else:
        elements: Any = sa.func.jsonb_array_elements(sa.cast(holder, JSONB()))
        rows = elements.table_valued("value", with_ordinality="place").render_derived()
        value = sa.type_coerce(rows.c.value, JSONB())
        identity = sa.cast(value["id"].astext, sa.BigInteger())
        form = value["form"].astext
        place = rows.c.place
    return Held(
        rows, sa.type_coerce(identity, sa.BigInteger()), place, sa.type_coerce(form, sa.Text())
    )
