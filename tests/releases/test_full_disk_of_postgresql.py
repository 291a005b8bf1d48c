"""A disk that is full under PostgreSQL: a real one, of a few megabytes, made for the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from own_postgres import ADMIN, own_postgres, url_of
from services_house import House, open_house
from test_killed_publications import changed, completed, filled, releases, run

from jingwei.refusals import NoSpace

MEGABYTES = 40
ROWS = 60


@pytest.fixture
def small_disk() -> Iterator[tuple[str, Path]]:
    """A database on a disk of its own, and the folder where that disk is mounted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    with own_postgres(empty=True):  # skips where there is no PostgreSQL
        pass
    with tempfile.TemporaryDirectory() as folder, _mounted(Path(folder)) as disk:
        name = f"jw_small_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE {name} LOCATION '{disk}'")
            admin.execute(f"CREATE DATABASE {name} TABLESPACE {name}")
            try:
                yield url_of(name), disk
            finally:
                admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                admin.execute(f"DROP TABLESPACE {name}")


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    folder.chmod(0o755)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        disk = folder / "space"
        disk.mkdir()
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            row = admin.execute("SHOW data_directory").fetchone()
        assert row is not None
        owner = Path(str(row[0])).stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.long
@pytest.mark.parametrize("inline", [0, 1_000])
def test_a_full_disk_changes_nothing_and_running_again_completes(
    tmp_path: Path, small_disk: tuple[str, Path], inline: int
) -> None:
    url, disk = small_disk
    house = open_house(tmp_path, url)
    filled(house, ROWS)
    _widen(house)
    changed(house)
    ballast = disk.parent / "ballast"
    _fill_up(ballast)

    with pytest.raises(NoSpace) as refused:
        run(house, inline=inline)
    assert refused.value.message("en") == (
        "There is no space left on the disk of the database. Nothing has changed. "
        "Free some space and run it again."
    )
    assert releases(house) == [1]
    assert house.list("li.na", "contract").items
    ballast.unlink()
    house.create("li.na", "contract", name="meanwhile", amount=3, secret="9.25")
    assert run(house, inline=inline) == 2
    _narrow(house)
    completed(house)
    house.database.close()


def _widen(house: House) -> None:
    """Rows that need new pages when a column of theirs is written."""
    with house.database.writing() as connection:
        connection.exec_driver_sql("UPDATE f_contract SET reason = repeat('x', 1500)")


def _narrow(house: House) -> None:
    with house.database.writing() as connection:
        connection.exec_driver_sql("UPDATE f_contract SET reason = NULL")


def _fill_up(path: Path) -> None:
    """Take what is left of the disk."""
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                return
