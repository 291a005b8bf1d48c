"""Data blocks about rows of a form: `{form, where, columns, group, values, by, sort, limit}`.

Rows and aggregates come through the query compiler with the reader's scope. What a block names and
the reader may not see is not there: a hidden column is left out, and a condition, a group or an
aggregate that reads something hidden yields no rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.expressions.closures import closure
from jingwei.language.output import DataBlock
from jingwei.services.block_asked import Asked
from jingwei.services.block_groups import MOST_FOLDED, MOST_ROWS, Groups
from jingwei.services.block_tables import BlockTable, sorted_rows
from jingwei.services.block_trees import with_values
from jingwei.services.commands import Reading
from jingwei.services.link_order import in_order_of_names, scopes_behind
from jingwei.services.presenting import MASK
from jingwei.storage.query import Page, SortKey


def run_form_block(view: Reading, block: DataBlock, given: Mapping[str, Any]) -> BlockTable:
    """The rows (or groups) of a form that the reader may see. `given`: parameters, `control`."""
    assert block.form is not None
    name, _, table = block.form.partition(".")
    kind = Groups if block.group or block.values or block.by else Rows
    asked = kind(view, view.catalogue.forms[name], table or None, block, given)
    if not view.rights.row_scope(view, name).terms or not asked.may_read_conditions():
        return asked.nothing()
    return asked.answer()


class Rows(Asked):
    """A block that asks for rows."""

    def answer(self) -> BlockTable:
        shown = self.shown_columns()
        paths = [name for name, formula in shown if formula is None]
        computed = {name: f for name, f in shown if f is not None}
        limit = min(self.block.limit or MOST_ROWS, MOST_ROWS)
        sorted_here = any(k.removeprefix("-") in computed for k in self.block.sort)
        sort = () if sorted_here else self._sort_keys()
        query = self.query(
            self.with_ways(paths),
            where=self.where(),
            sort=sort or (SortKey("id"),),
            seen=scopes_behind(self.view, self.form, sort) if self.table is None else (),
            page=Page(MOST_FOLDED if sorted_here else limit),
            count="exact",
        )
        found = self.view.store.select(self.view.connection, query)
        items = self.blanked(found.items, paths)
        rows = [{name: self._shown(name, item.get(name)) for name in paths} for item in items]
        ids: list[int | None] = [item["id"] for item in items]
        if computed:
            self._compute(computed, ids, rows)
        if sorted_here:
            order = sorted_rows(list(enumerate(rows)), self.block.sort, lambda one: one[1])
            rows, ids = [r for _, r in order][:limit], [ids[i] for i, _ in order][:limit]
        names = [name for name, _ in shown]
        ordered = [{name: row[name] for name in names} for row in rows]
        return BlockTable(
            self.columns(names), ordered, ids if self.table is None else (), found.total
        )

    def _sort_keys(self) -> tuple[SortKey, ...]:
        """Of links what they lead to is called by, as in lists."""
        keys = [_sort_key(key) for key in self._sorts()]
        if self.table is not None:
            return tuple(keys)
        return tuple(one for key in keys for one in in_order_of_names(self.view, self.form, key))

    def _sorts(self) -> Sequence[str]:
        """The keys of order but for those that would tell of records the reader may not list."""
        return [k for k in self.block.sort if not self.is_followed_far([k.removeprefix("-")])]

    def _shown(self, path: str, value: Any) -> Any:
        full = f"{self.table}.{path}" if self.table else path
        if value is not None and full in self.rights.masked:
            return MASK
        return value

    def _compute(
        self, computed: Mapping[str, Any], ids: Sequence[int | None], rows: list[dict[str, Any]]
    ) -> None:
        """Columns that are expressions, over the whole record of each row."""
        pairs = self.whole([i for i in ids if i is not None])
        for name, formula in computed.items():
            make = closure(
                with_values(self.view, self.view.catalogue.expression(formula), self.given)
            )
            for identity, row in zip(ids, rows, strict=True):
                pair = pairs.get(identity)
                row[name] = None if pair is None else make(self.around(*pair))


def _sort_key(key: str) -> SortKey:
    return SortKey(key.removeprefix("-"), key.startswith("-"))
