"""Computed figures kept as blocks: one indicator, view and year, every org by month.

A block is a copy of what facts say. Whoever changes facts drops the blocks it touches in the same
transaction, and sends `fact.changed`; what was dropped is computed again after the commit. Reading
takes what blocks there are and computes the rest, so a block can be missing but never wrong.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast
from weakref import WeakKeyDictionary

from jingwei.cube.cube import Asked, Cube
from jingwei.cube.figures import Figure
from jingwei.cube.formulas import dependents, lineage
from jingwei.cube.packed import PackedYear, pack
from jingwei.language.data_versions import VIEWS, View
from jingwei.services.commands import Reading, Work
from jingwei.services.stored_facts import StoredFacts
from jingwei.storage import facts as store
from jingwei.storage.facts import Block, BlockKey

RECOMPUTE = "cube.recompute"
YEARS_AT_ONCE = 1
KEPT_YEARS = 3  # that are computed again by themselves; older ones when somebody asks
MOST_BYTES = 64 * 1024 * 1024  # of unpacked blocks in one process


class BlockCache:
    """The blocks that were read last, up to a size; a block of another revision is another."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._kept: OrderedDict[tuple[BlockKey, int, int], PackedYear] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[BlockKey, int, int]) -> PackedYear | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[BlockKey, int, int], year: PackedYear) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = year
            self._size += year.size
            while self._size > self._most and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._size -= gone.size


_CACHES: WeakKeyDictionary[Any, BlockCache] = WeakKeyDictionary()


def cache_of(view: Reading) -> BlockCache:
    """The cache of a release as this process runs it."""
    owner = view.store.under(())  # figures are the group's, whoever asks
    found = _CACHES.get(owner)
    if found is None:
        found = _CACHES[owner] = BlockCache()
    return found


class StoredYears:
    """The years of one request that need no computing."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._known: dict[tuple[str, str, int], PackedYear | None] = {}

    def read(self, keys: Iterable[tuple[str, str, int]]) -> None:
        """Look which of these (indicator, view, year) there are; read those that are not here."""
        view = self._view
        fresh = [
            BlockKey(name, cast(View, one), year)
            for name, one, year in keys
            if (name, one, year) not in self._known
            and ("indicator", name) in view.installation.book.keys
        ]
        if not fresh:
            return
        release, cache = view.installation.release.id, cache_of(view)
        there = store.block_revisions(view.connection, view.installation.book, fresh, release)
        wanted: list[BlockKey] = []
        for key in fresh:
            revision = there.get(key)
            found = None if revision is None else cache.get((key, revision, release))
            self._known[key.indicator, key.view, key.year] = found
            if revision is not None and found is None:
                wanted.append(key)
        for block in store.load_blocks(view.connection, view.installation.book, wanted, release):
            year = PackedYear.unpacked(block.content)
            cache.put((block.key, block.revision, release), year)
            self._known[block.key.indicator, block.key.view, block.key.year] = year

    def year(self, indicator: str, view: str, year: int) -> PackedYear | None:
        return self._known.get((indicator, view, year))

    def figure(self, asked: Asked) -> Figure | None:
        """The figure of a month that a block holds."""
        if asked.period.grain != "month":
            return None
        found = self._known.get((asked.indicator, asked.view, asked.period.year))
        return None if found is None else found.figure(asked.org, asked.period.number, asked.mode)


# --- computing them ------------------------------------------------------------------------------


def recompute(
    work: Work, indicators: Collection[str], views: Collection[str], years: Collection[int]
) -> int:
    """Compute and keep the blocks of these indicators and views; how many there are.

    Nobody changes facts meanwhile: they wait, or we do.
    """
    revision = store.enter_facts(work.connection)
    book = work.installation.book
    names = [name for name in indicators if is_kept(work, name)]
    facts = StoredFacts(work)
    facts.read(
        (one, view, year)
        for name in names
        for one in lineage(work.catalogue, name)
        for view in views
        for year in years
    )
    cube = Cube(work.catalogue, facts)
    count = 0
    for name in names:
        for view in views:
            for year in years:
                content = pack(cube, name, view, year)
                key = BlockKey(name, cast(View, view), year)
                block = Block(key, revision, work.installation.release.id, content)
                store.put_block(work.connection, book, block)
                count += 1
    return count


def is_kept(view: Reading, indicator: str) -> bool:
    """What is measured on records changes with them, without a fact: it is computed each time."""
    catalogue = view.catalogue
    return ("indicator", indicator) in view.installation.book.keys and not any(
        catalogue.indicators[name].measure for name in lineage(catalogue, indicator)
    )


def years_of(view: Reading, indicators: Iterable[str]) -> list[int]:
    """The years that facts of these indicators tell something about."""
    names = {name for one in indicators for name in lineage(view.catalogue, one)}
    known = [n for n in names if ("indicator", n) in view.installation.book.keys]
    return store.years_with_facts(view.connection, view.installation.book, known)


def recompute_all(work: Work, indicators: Iterable[str] | None = None) -> int:
    """The blocks of these indicators (and what follows from them), or of all."""
    named = (
        list(work.catalogue.indicators)
        if indicators is None
        else sorted(dependents(work.catalogue, set(indicators)))
    )
    return sum(recompute(work, [name], VIEWS, years_of(work, [name])) for name in named)


def on_fact_changed(work: Work, payload: Mapping[str, Any]) -> None:
    """After facts changed: have the blocks computed again that went with them, from their year on;
    a few at a time, because nobody else writes meanwhile."""
    indicators = [n for n in payload.get("indicators", ()) if n in work.catalogue.indicators]
    years = payload.get("years") or ()
    if not indicators or not years:
        return
    first = max(min(years), work.today.year - KEPT_YEARS + 1)
    for name in indicators:
        touched = [year for year in years_of(work, [name]) if year >= first]
        for view in payload.get("views", ()):
            for start in range(0, len(touched), YEARS_AT_ONCE):
                some = touched[start : start + YEARS_AT_ONCE]
                work.outbox.add(RECOMPUTE, {"indicator": name, "view": view, "years": some})


def on_recompute(work: Work, payload: Mapping[str, Any]) -> None:
    """Compute these blocks, unless somebody did since they were dropped."""
    name, view = payload["indicator"], payload["view"]
    if name not in work.catalogue.indicators or not is_kept(work, name):
        return
    keys = {year: BlockKey(name, cast(View, view), year) for year in payload["years"]}
    book, release = work.installation.book, work.installation.release.id
    there = store.block_revisions(work.connection, book, keys.values(), release)
    missing = [year for year, key in keys.items() if key not in there]
    if missing:
        recompute(work, [name], [view], missing)
