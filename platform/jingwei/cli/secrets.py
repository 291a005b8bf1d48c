"""Secrets looked after: sealed at a start, and sealed anew when the keys are changed."""

from __future__ import annotations

from jingwei.services.platform import Platform
from jingwei.storage.renewing import Column, columns_of_secrets, mentions_secrets, renew
from jingwei.storage.runtime import ActiveInstallation


def secret_columns(active: ActiveInstallation) -> list[Column]:
    """Where this installation keeps secrets."""
    with active.database.reading() as connection:
        if not mentions_secrets(connection):
            return []
        running = active.current
        return columns_of_secrets(connection, running.catalogue, running.names)


def ready_for_secrets(platform: Platform) -> None:
    """There is a key where there are secrets, and embedded all of them are sealed under the first.
    Raises Refused without a key."""
    columns = secret_columns(platform.active)
    if not columns:
        return
    platform.database.keys.require()
    if platform.settings.redis_url is None:
        renew(platform.database, columns)
