"""The one register of engine tables (`sys_*`); each theme adds its own in `tables_<theme>.py`."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

# a field may be called so, and SQLite must be told that it is a name: SQLAlchemy knows of neither
SQLiteIdentifierPreparer.reserved_words |= {"nothing", "returning"}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
