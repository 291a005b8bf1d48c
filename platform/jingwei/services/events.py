"""Events: `Changed` inside the transaction may still refuse; what comes after it only reacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jingwei.services.commands import Work

Record = Mapping[str, Any]


class Changed(NamedTuple):
    """Something happened in this transaction. `kind`: `record.created updated deleted restored
    submitted` …; `before` and `after` are whole records (None where there is none)."""

    kind: str
    form: str
    id: int
    before: Record | None
    after: Record | None
    source: str = "user"


Listener = Callable[["Work", Changed], None]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of a change inside its transaction: one literal table in `app.py`."""

    changed: tuple[Listener, ...] = ()
    before_commit: tuple[Callable[[Work], None], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
