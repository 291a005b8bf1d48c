"""A process that publishes, forwards or back, and may be killed at a failpoint: run by the tests
of publications."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.services.releases.computed import Computed
from jingwei.storage import fill_list, fills
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.failpoints import arm
from jingwei.storage.plan import Wish
from jingwei.storage.preparing import Tell
from jingwei.storage.releases import read_files
from jingwei.storage.rollback import rollback


def publish(
    root: Path,
    url: str,
    plan: str,
    *,
    inline: int,
    batch: int,
    destroy: str = "",
    tell: Tell | None = None,
) -> int:
    """Publish the folder; `inline`: rows up to which nothing is prepared before."""
    fill_list.INLINE_ROWS, fills.BATCH = inline, batch
    arm(plan)
    database = Database(url)
    catalogue = compile_catalogue(root)
    wish = Wish(frozenset(filter(None, destroy.split(","))), reason="test")
    publication = Publication(
        author="test",
        now=datetime(2026, 3, 2, 1, tzinfo=UTC),
        today=date(2026, 3, 2),
        wish=wish,
        tell=tell,
        computer=Computed(database, catalogue, "Asia/Shanghai"),
    )
    try:
        return apply(database, catalogue, publication).id
    finally:
        arm("")
        database.close()


def go_back(url: str, release: int, plan: str) -> int:
    """Publish an earlier release again, with everything filled beside people's work."""
    fill_list.INLINE_ROWS = 0
    arm(plan)
    database = Database(url)
    with database.reading() as connection:
        catalogue = compile_texts(read_files(connection, release))
    publication = Publication(
        author="test",
        now=datetime(2026, 3, 2, 1, tzinfo=UTC),
        today=date(2026, 3, 2),
        computer=Computed(database, catalogue, "Asia/Shanghai", release),
    )
    try:
        return rollback(database, catalogue, release, publication).id
    finally:
        arm("")
        database.close()


if __name__ == "__main__":
    root, url, plan, inline, batch, destroy = sys.argv[1:]
    print(publish(Path(root), url, plan, inline=int(inline), batch=int(batch), destroy=destroy))
