"""Kind `rows`: the columns and rules that several tables share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jingwei.language.definition import Definition
from jingwei.language.form import Field, Rule, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class RowForm(Definition):
    """What a table with `of: NAME` has; the names in it are those of each form that uses it."""

    fields: Mapping[str, Field]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    layout: tuple[Section, ...] = ()
