"""What a row of a record is called: its place, and the first that its reader may see of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from jingwei.services.commands import Reading
from jingwei.services.display import closed_fields
from jingwei.services.form_paths import with_columns
from jingwei.services.titles import Titles
from jingwei.texts import text

TEXTS = frozenset({"text", "long_text"})
MOST_TITLE = 40
MOST_ROWS = 3  # that a sentence names


class RowTitles:
    """Rows of one record, for one reader; what he may not see is looked up once."""

    def __init__(self, view: Reading, form: str, record: Mapping[str, Any], locale: str) -> None:
        self._view = view
        self._form = view.catalogue.forms.get(form)
        self._record = record
        self._locale = locale
        self._closed: frozenset[str] | None = None
        self._rows: dict[str, dict[int, tuple[int, Mapping[str, Any]]]] = {}  # by table and id

    def of(self, table: str, id: int, hidden: Collection[str] = ()) -> dict[str, Any] | None:
        """`{table, id, number, title}`, the number from 1; None for a row that is gone. `hidden`:
        fields that nothing is said of, beside those that are closed to the reader."""
        if table not in self._rows:
            rows = enumerate(self._record.get(table) or (), 1)
            self._rows[table] = {row["id"]: (number, row) for number, row in rows}
        number, found = self._rows[table].get(id, (0, None))
        if found is None:
            return None
        title = self._title(table, found, hidden)
        return {"table": table, "id": id, "number": number, "title": title}

    def all(
        self, table: str, ids: Iterable[int], hidden: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """The same for several, without those that are gone."""
        return [row for id in ids if (row := self.of(table, id, hidden)) is not None]

    def _title(self, table: str, row: Mapping[str, Any], hidden: Collection[str]) -> str | None:
        form = self._form
        if form is None or table not in form.fields:
            return None
        if self._closed is None:
            self._closed = closed_fields(self._view, form, self._record)
        closed = self._closed | with_columns(form, tuple(hidden))
        if table in closed:
            return None
        columns = form.fields[table].fields
        seen = {n: row.get(n) for n, f in columns.items() if f.path not in closed}
        for name, value in seen.items():
            if value and columns[name].type in TEXTS:
                return str(value)[:MOST_TITLE]
        (said,) = Titles(self._view, form, self._locale).of([{table: [seen]}])
        named: Mapping[str, Any] = next(iter(said.get(table) or ()), {})
        first = next((title for name, title in named.items() if name in seen), None)
        return str(first)[:MOST_TITLE] if isinstance(first, str) else None


def rows_words(rows: Sequence[Mapping[str, Any]], locale: str, more: int = 0) -> str:
    """Rows in a sentence: of each its number and its title; nothing for none. `more`: how many
    there are beside those that are given."""
    said = []
    for row in rows[:MOST_ROWS]:
        words = text("flows.row", locale, number=row["number"])
        said.append(f"{words} {row['title']}" if row["title"] else words)
    joined = text("screens.joint", locale).join(said)
    count = len(rows) + more
    if count <= MOST_ROWS:
        return joined
    return text("flows.rows", locale, rows=joined, count=count)


def with_rows(title: str, rows: Sequence[Mapping[str, Any]], locale: str, more: int = 0) -> str:
    """The title of a step, with the rows that it asks about."""
    return f"{title} · {rows_words(rows, locale, more)}" if rows else title
