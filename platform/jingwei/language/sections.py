"""A block of a page: of a form, or of one row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
