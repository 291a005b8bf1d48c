"""Computed values that stand although they would be computed otherwise: overridden with a reason,
or frozen at a moment of the record's life."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.form import Field, Form

MOST_REASON = 500
_UNSUBMITTED = frozenset({None, "draft", "returned", "recalled"})


@dataclass(slots=True)
class Overrides:
    """What a write says about computed values. `overridden`: found while computing; of a row
    `table.0.column`. `restores`: see Change."""

    form: Form
    before: Mapping[str, Any] | None
    given: Collection[str]
    overridden: list[str] = field(default_factory=list)
    restores: bool = False

    def is_frozen(self, definition: Field) -> bool:
        """Whether the moment has passed after which this value stays."""
        if definition.freeze is None or self.before is None:
            return False
        if definition.freeze == "create":
            return True
        if definition.freeze == "submit":
            return self.before.get("status") not in _UNSUBMITTED
        states = list(self.form.states)
        state = self.before.get("state")
        if state not in states or definition.freeze not in states:
            return False
        return states.index(state) >= states.index(definition.freeze)

    def settle(self, definition: Field, value: Any, computed: Any, computed_before: Any) -> Any:
        """The value of a field that may be overridden. Who sends the computed value, or nothing
        where nothing was overridden, has it computed."""
        name = definition.name
        if name in self.given:
            if value is None or value == computed:
                return computed
            if self.before is None or self.before.get(name) != value:
                self.overridden.append(name)
            return value
        was = None if self.before is None else self.before.get(name)
        return computed if was is None or was == computed_before else value

    def row_before(self, table: str, id: Any) -> Mapping[str, Any] | None:
        """A row as it was; None for one that is new."""
        rows = () if self.before is None or id is None else self.before.get(table) or ()
        found: Mapping[str, Any] | None = next((row for row in rows if row["id"] == id), None)
        return found

    def settle_row(
        self,
        definition: Field,
        path: str,
        value: Any,
        computed: Any,
        before: Mapping[str, Any] | None,
        computed_before: Any,
    ) -> Any:
        """The value of a column that may be overridden. `before`: the row as it was. What somebody
        sends as it was is overridden only if it was before."""
        if value is None or value == computed:
            return computed
        if before is None or before.get(definition.name) != value:
            self.overridden.append(path)
            return value
        return computed if value == computed_before else value


def reason_of(reasons: Mapping[str, Any], name: str) -> str | None:
    """The reason somebody gave for an overridden value; None: none that says anything."""
    given = reasons.get(name)
    if not isinstance(given, str) or not given.strip():
        return None
    return given.strip()[:MOST_REASON]
