"""The tick: schedules that came round, sweeps, the seal of the change log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from jingwei.jobs.runtime import Runtime
from jingwei.services.schedules import fire_due, match_schedules
from jingwei.services.sessions import FAILURES_KEPT
from jingwei.services.unsaved import DAYS_KEPT
from jingwei.storage import outbox, schedules
from jingwei.storage.changes import seal
from jingwei.storage.effects import forget_effects
from jingwei.storage.idempotency import forget_answers
from jingwei.storage.leases import take_lease
from jingwei.storage.patience import has_unsealed, patiently
from jingwei.storage.sign_ins import forget_ended
from jingwei.storage.unsaved import forget_unsaved_before

LEADER = "scheduler"
LEADER_SECONDS = 15
DONE_KEPT = timedelta(days=7)
KEYS_KEPT = timedelta(days=60)  # of deeds that are done once; as long as effects
ANSWERS_KEPT = timedelta(days=2)
EFFECTS_KEPT = timedelta(days=60)  # longer than any trigger can come late
log = structlog.get_logger(__name__)


def steadily(step: Callable[..., object], *given: object) -> None:
    """Do a step. That it failed is told, and does not stop what comes after it: one definition or
    one request that breaks must not hold up everybody's."""
    try:
        patiently(lambda: step(*given))
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        log.error("tick_failed", step=step.__qualname__, exc_info=error)


class Scheduler:
    """Ticks once a second. Several may run; one leads, and its lease ends with it."""

    def __init__(self, runtime: Runtime, holder: str) -> None:
        self._runtime = runtime
        self._holder = holder
        self._release: int | None = None
        self._ticks = 0

    def tick(self) -> bool:
        """One round of everything; False when another process leads."""
        if not self._leads():
            return False
        for step in (self.match, self.fire, self.seal):
            steadily(step)
        for sweep in self._runtime.sweeps:
            steadily(sweep, self._runtime.platform)
        if self._ticks % 600 == 0:
            steadily(self.forget)
        self._ticks += 1
        return True

    def _leads(self) -> bool:
        # A lease renewed every few ticks saves a write each second.
        if self._ticks % 5 != 0:
            return True
        with self._runtime.platform.database.writing() as connection:
            return take_lease(connection, LEADER, self._holder, LEADER_SECONDS) is not None

    def match(self) -> None:
        """Take over the schedules of a release that was published meanwhile."""
        platform = self._runtime.platform
        installation = platform.active.current
        if installation.release.id == self._release:
            return
        zone = ZoneInfo(platform.settings.timezone)
        with platform.database.writing() as connection:
            match_schedules(connection, installation.catalogue, platform.clock.now(), zone)
        self._release = installation.release.id

    def fire(self) -> int:
        """What has come round goes to the outbox; how many."""
        platform = self._runtime.platform
        now = platform.clock.now()
        with platform.database.reading() as connection:
            if not schedules.is_any_due(connection, now):
                return 0
        with platform.database.writing() as connection:
            return fire_due(connection, now, ZoneInfo(platform.settings.timezone))

    def seal(self) -> int:
        """Chain what was written since the last tick; how many entries."""
        database = self._runtime.platform.database
        with database.reading() as connection:
            if not has_unsealed(connection):
                return 0
        with database.writing() as connection:
            return seal(connection)

    def forget(self) -> None:
        """Drop what is done and what nobody will ask for again."""
        platform = self._runtime.platform
        now = platform.clock.now()
        with platform.database.writing() as connection:
            outbox.sweep(connection, now - DONE_KEPT, now - KEYS_KEPT)
            forget_answers(connection, now - ANSWERS_KEPT)
            forget_effects(connection, now - EFFECTS_KEPT)
            forget_ended(connection, now, now - FAILURES_KEPT)
            forget_unsaved_before(connection, now - timedelta(days=DAYS_KEPT))
