"""What the database itself refuses or computes: triggers on the change log, the writer's entry."""

from __future__ import annotations

from sqlalchemy import Connection, text

_KEPT = (
    "id", "at", "actor", "on_behalf_of", "org", "action", "kind", "form", "object",
    "object_version", "body", "release", "request",
)  # fmt: skip


def guard_changes(connection: Connection) -> None:
    """Make `sys_change` insert-only, but for the sealer's three columns, once."""
    build = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    for statement in build():
        connection.execute(text(statement.replace(":", r"\:")))


def _same(comparison: str) -> str:
    return " AND ".join(f'NEW."{c}" {comparison} OLD."{c}"' for c in _KEPT)


def _sqlite() -> list[str]:
    return [
        "INSERT INTO sys_ids (name, next) VALUES ('records', 1)",
        """CREATE TRIGGER sys_change_no_delete BEFORE DELETE ON sys_change
        BEGIN SELECT RAISE(ABORT, 'sys_change is insert-only'); END""",
        f"""CREATE TRIGGER sys_change_no_update BEFORE UPDATE ON sys_change
        WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND {_same("IS")})
        BEGIN SELECT RAISE(ABORT, 'sys_change is insert-only'); END""",
    ]


def _postgresql() -> list[str]:
    return [
        "CREATE SEQUENCE sys_id_blocks START 1 INCREMENT 1000",
        f"""CREATE FUNCTION sys_change_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
             AND {_same("IS NOT DISTINCT FROM")} THEN
            RETURN NEW;
          END IF;
          RAISE EXCEPTION 'sys_change is insert-only';
        END $$""",
        """CREATE TRIGGER sys_change_guard BEFORE UPDATE OR DELETE ON sys_change
        FOR EACH ROW EXECUTE FUNCTION sys_change_guard()""",
        """CREATE TRIGGER sys_change_no_truncate BEFORE TRUNCATE ON sys_change
        FOR EACH STATEMENT EXECUTE FUNCTION sys_change_guard()""",
        # VOLATILE, so that the active release is read after the lock was got, never before.
        """CREATE FUNCTION sys_enter(lock_key bigint) RETURNS integer
        LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock_shared(lock_key);
          RETURN (SELECT release FROM sys_active_release);
        END $$""",
    ]
