"""What expressions ask of the floors above records: functions of measures, namespaces of flows.

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


@dataclass(frozen=True, slots=True)
class Beyond:
    """Functions and namespaces by name."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)


NOTHING = Beyond()
