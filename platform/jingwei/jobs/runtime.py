"""What a job needs beside its id: the platform and who listens to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jingwei.services.commands import Work
from jingwei.services.platform import Platform
from jingwei.storage.outbox import Message

# Runs in the transaction that marks the message done: it happens once.
Inside = Callable[[Work, Mapping[str, Any]], None]
# Reaches out of the database: it happens at least once, told apart by `message.event_id`.
Outside = Callable[[Platform, Message], None]
# Looks at the database for things that have come due; called once a second by one holder.
Sweep = Callable[[Platform], None]


@dataclass(frozen=True, slots=True)
class Runtime:
    """The platform with the literal tables of `app`."""

    platform: Platform
    inside: Mapping[str, Sequence[Inside]]
    outside: Mapping[str, Outside]
    sweeps: Sequence[Sweep] = ()

    def hears(self, topic: str) -> bool:
        return bool(self.inside.get(topic)) or topic in self.outside


# A queue carries ids only, so the worker's thread says once what they belong to.
RUNTIME: ContextVar[Runtime] = ContextVar("jingwei_runtime")
