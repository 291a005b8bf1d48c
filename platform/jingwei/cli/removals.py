"""What the installation's database knows of fields that are gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing

from sqlalchemy.exc import DBAPIError

from jingwei.settings import Settings
from jingwei.storage.database import Database
from jingwei.storage.releases import Release
from jingwei.storage.removed import removals


def removed(settings: Settings, names: Collection[str]) -> Mapping[tuple[str, str], Release]:
    """(form, path of the field) → the release that removed it. A database that is away, or empty,
    knows of none: the problems are said without it."""
    with closing(Database(settings.database_url)) as database:
        try:
            with database.reading() as connection:
                return removals(connection, names)
        except DBAPIError:
            return {}
