"""Places where a test may stop the process, each with a name: what a power cut could do.

Nothing is armed unless a test arms it (`FAILPOINTS="publish.ledger=kill;fill.batch@3=raise"`,
which `jingwei` refuses in production). `@3` means the third time the place is passed.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

# name → what has happened by then
FAILPOINTS: Mapping[str, str] = {
    "prepare.begin": "the publication has the lock, nothing is written",
    "prepare.ledger": "what was allotted is written down",
    "prepare.statement": "one statement that adds a table or column ran (several times)",
    "prepare.committed": "tables and columns are there, no release knows them",
    "fill.batch": "a batch of values was written, not committed (several times)",
    "fill.batch_committed": "a batch of values is kept (several times)",
    "fill.done": "every value is filled in",
    "index.begin": "an index is about to be built (several times)",
    "index.done": "an index was built (several times)",
    "publish.begin": "the publication has the lock, nothing is written",
    "publish.caught_up": "what people changed during the fill is converted again",
    "publish.release": "release, files and names are written, not committed",
    "publish.orgs": "the tree of organisations is written, not committed",
    "publish.ledger": "the ledger says what is active, not committed",
    "publish.statement": "a statement of the publishing transaction ran (several times)",
    "publish.filled": "small fills are done, not committed",
    "publish.committed": "the release is active",
    "rollback.batch": "a batch of values nobody sees yet was worked out (several times)",
    "rollback.begin": "the rollback has the lock, nothing is written",
    "rollback.release": "release, files and names are written, not committed",
    "rollback.filled": "computed values and words are there, not committed",
    "rollback.committed": "the earlier release is active again",
    "purge.begin": "the release is active, nothing of what is destroyed is gone yet",
    "purge.batch": "some of what is destroyed is gone (several times)",
    "purge.done": "what is destroyed is gone",
}


class Failed(Exception):
    """What an armed failpoint raises."""


_armed: dict[tuple[str, int], str] = {}
_passed: dict[str, int] = {}


def arm(plan: str) -> None:
    """Arm from `name=action;name@n=action`; actions: `kill raise stop sleep:SECONDS`; an empty
    plan disarms. Raises ValueError for a name or action that is unknown."""
    _armed.clear()
    _passed.clear()
    for entry in filter(None, plan.split(";")):
        place, _, action = entry.partition("=")
        name, _, number = place.partition("@")
        if name not in FAILPOINTS or action.partition(":")[0] not in _ACTIONS:
            raise ValueError(entry)
        _armed[name, int(number or 1)] = action


def failpoint(name: str) -> None:
    """Pass a place. Does nothing unless it is armed."""
    if not _armed:
        return
    passed = _passed[name] = _passed.get(name, 0) + 1
    action = _armed.get((name, passed))
    if action is not None:
        word, _, rest = action.partition(":")
        _ACTIONS[word](name, rest)


def _kill(name: str, rest: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop(name: str, rest: str) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _raise(name: str, rest: str) -> None:
    raise Failed(name)


def _sleep(name: str, rest: str) -> None:
    time.sleep(float(rest))


_ACTIONS = {"kill": _kill, "stop": _stop, "raise": _raise, "sleep": _sleep}
