"""What expressions and boxes of tasks ask of the floors above them: functions of measures,
namespaces of versions and receipts, what flows know of their tasks.

Handed in when the platform is built, and carried by every reading: no process keeps a table of it
that one installation could change for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jingwei.language.expressions.environment import Environment
    from jingwei.services.rights import Viewing

# A function that a floor above answers (facts, scores …).
Answer = Callable[["Viewing", Sequence[Any], "Environment"], Any]
# A namespace that a floor above fills (`receipts`, `version` …), looked up when first asked.
Space = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
# What flows know of their tasks: `flow(reading, tasks)` gives {id: {step, actions, fields}}, and
# `mine(reading, flows)` the entries of the box of what was begun.
Describer = Callable[[Any, Sequence[Any]], Any]
# The engine's columns of each row of a score sheet: see scorecards. Raises Invalid where the scheme
# is not for the org.
Scorer = Callable[[Any, Any], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Beyond:
    """Functions, namespaces and describers by name, who scores, and whether somebody may read the
    figures of an org."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)
    describers: Mapping[str, Describer] = field(default_factory=dict)
    scorer: Scorer | None = None
    sees_figures: Callable[[Any, str], bool] | None = None


NOTHING = Beyond()
