"""A block of a page: of a form, or of one row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from jingwei.language.form import Form, Section
from jingwei.language.shapes import (
    CONDITION,
    INTEGER,
    NAME,
    TEXT,
    WORD,
    by_shape,
    keys,
    list_of,
)
from jingwei.language.text import Text
from jingwei.language.values import Formula

T = TypeVar("T")
MOST_COLUMNS = 4

SECTION = keys(
    "section",
    {
        "section": TEXT,
        "tab": TEXT,
        "columns": INTEGER,
        "fields": list_of(by_shape(scalar=NAME, items=list_of(NAME))),
        "related": NAME,
        "visible_if": CONDITION,
        "readonly_if": CONDITION,
        "collapsed": CONDITION,
        "help": WORD,
    },
)


def build_section(values: dict[str, Any]) -> Section:
    rows = tuple(row if isinstance(row, tuple) else (row,) for row in values.get("fields", ()))
    collapsed = values.get("collapsed", False)
    if isinstance(collapsed, Formula) and collapsed.source in ("true", "false"):
        collapsed = collapsed.source == "true"
    return Section(
        title=values.get("section") or values.get("tab") or Text.plain(""),
        tab="tab" in values,
        columns=values.get("columns", 1),
        rows=rows,
        collapsed=collapsed,
        **{
            name: values[name]
            for name in ("related", "visible_if", "readonly_if", "help")
            if name in values
        },
    )


def in_tabs(layout: Sequence[Section]) -> Iterator[tuple[int, Section, int | None]]:
    """Each section with its place, and the place of the tab it stands in: the last before it."""
    tab = None
    for place, section in enumerate(layout):
        tab = place if section.tab else tab
        yield place, section, tab


def sections_over(form: Form) -> Mapping[str, tuple[Section, ...]]:
    """By field: the section it stands in, and that section's tab. What they hide is hidden, and
    what they lock is locked."""
    found: dict[str, tuple[Section, ...]] = {}
    for _, section, tab in in_tabs(form.layout):
        over = (section,) if tab is None or section.tab else (form.layout[tab], section)
        found.update({name: over for row in section.rows for name in row})
    return found


def left_out(form: Form) -> list[str]:
    """Fields that are owed and stand in no section: the page shows them behind the last."""
    if not form.layout:
        return []
    placed = {name for section in form.layout for row in section.rows for name in row}
    return [
        f.name
        for f in form.fields.values()
        if (f.required or f.required_if is not None)
        and f.compute is None
        and f.default is None
        and f.name not in placed
    ]


def in_lines(columns: int, rows: Sequence[Sequence[T]]) -> list[tuple[int, list[T]]]:
    """The rows of a section as grids: (columns, what stands in them). What the definition writes
    as one row stands in a grid of its own."""
    found: list[tuple[int, list[T]]] = []
    alone = True
    for row in rows:
        together = len(row) > 1
        if together or alone or not found:
            found.append((min(len(row), MOST_COLUMNS) if together else columns, list(row)))
        else:
            found[-1][1].extend(row)
        alone = together
    return found
