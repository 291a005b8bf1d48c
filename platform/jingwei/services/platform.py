"""Everything a request or a job needs, in one immutable bundle that is passed or found once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jingwei.services.clock import Clock
from jingwei.services.commands import Commands
from jingwei.services.rights import Rights
from jingwei.storage.database import Database
from jingwei.storage.runtime import ActiveInstallation


class InstallationSettings(Protocol):
    """The settings that floors below `settings` may read."""

    @property
    def application(self) -> Path: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def is_production(self) -> bool: ...
    @property
    def default_locale(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def redis_url(self) -> str | None: ...
    @property
    def database_url(self) -> str: ...
    @property
    def smtp_url(self) -> str | None: ...
    @property
    def webhooks(self) -> Mapping[str, str]: ...
    @property
    def webhook_secrets(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def webhook_networks(self) -> Sequence[str]: ...
    @property
    def metrics_token(self) -> str | None: ...
    @property
    def worker(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Platform:
    """One running installation. Flask code finds it through `jingwei.web.current`."""

    settings: InstallationSettings
    database: Database
    active: ActiveInstallation
    clock: Clock
    rights: Rights
    commands: Commands
