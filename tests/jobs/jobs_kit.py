"""A runtime over an open house: what workers and schedulers run with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services_house import House

from jingwei.jobs.runtime import Inside, Outside, Runtime, Sweep
from jingwei.services.platform import Platform
from jingwei.settings import Settings


@dataclass
class Heard:
    """What listeners heard, in order; `fails` makes the next ones stumble."""

    payloads: list[Mapping[str, Any]] = field(default_factory=list)
    fails: int = 0

    def inside(self, work: Any, payload: Mapping[str, Any]) -> None:
        self._stumble()
        self.payloads.append(payload)

    def outside(self, platform: Platform, message: Any) -> None:
        self._stumble()
        self.payloads.append({**message.payload, "event": message.event_id})

    def _stumble(self) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("stumbled")


def runtime_of(
    house: House,
    folder: Path,
    inside: Mapping[str, Sequence[Inside]] | None = None,
    outside: Mapping[str, Outside] | None = None,
    sweeps: Sequence[Sweep] = (),
    redis_url: str | None = None,
    smtp_url: str | None = None,
) -> Runtime:
    url = house.database.url.render_as_string(hide_password=False)
    environment = {"JINGWEI_DATABASE_URL": url, "JINGWEI_DATA_DIR": str(folder)}
    settings = replace(
        Settings.read(house.root, environment),
        secret_key="x" * 40,
        redis_url=redis_url,
        smtp_url=smtp_url,
    )
    platform = Platform(
        settings,
        house.database,
        house.commands.active,
        house.clock,
        house.commands.rights,
        house.commands,
    )
    return Runtime(platform, inside or {}, outside or {}, sweeps)
