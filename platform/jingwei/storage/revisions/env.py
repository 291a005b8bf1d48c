"""Alembic's entry: runs on the connection that `jingwei.storage.upgrade` hands over."""

from alembic import context

from jingwei.storage.system import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="sys_schema",
)
with context.begin_transaction():
    context.run_migrations()
