"""Kind `rows`: schema and builder."""

from __future__ import annotations

from typing import Any

from jingwei.language.fields import FIELDS
from jingwei.language.kinds.common import common
from jingwei.language.kinds.form import RULE, build_rule
from jingwei.language.rows import RowForm
from jingwei.language.sections import SECTION, build_section
from jingwei.language.shapes import kind, list_of, map_of
from jingwei.language.walker import Walker

SCHEMA = kind(
    "rows",
    {"fields": FIELDS, "rules": map_of(RULE, thing="rule"), "layout": list_of(SECTION)},
    ("fields",),
)


def build(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    for field in values["fields"].values():
        if field.type == "table":
            return walker.fail(
                "table-in-table", walker.key_at(("fields", field.name)), name=field.name
            )
    return RowForm(
        **common(walker, name, values),
        fields=values["fields"],
        rules={n: build_rule(walker, n, v) for n, v in values.get("rules", {}).items()},
        layout=tuple(build_section(v) for v in values.get("layout", ())),
    )
