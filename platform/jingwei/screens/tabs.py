"""The tabs of a page: which blocks stand in which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from jingwei.language.form import Form


class InTab(Protocol):
    @property
    def tab(self) -> int | None: ...


Block = TypeVar("Block", bound=InTab)


@dataclass(frozen=True, slots=True)
class Group(Generic[Block]):
    """Blocks of one tab; `tab` is None for those above all tabs."""

    tab: int | None
    title: str
    blocks: tuple[Block, ...]


def in_groups(form: Form, blocks: Sequence[Block], words: str) -> list[Group[Block]]:
    """The blocks by their tab. One tab alone is none: its blocks stand on the page."""
    groups = [
        Group(tab, form.layout[tab].title(words) if tab is not None else "", tuple(found))
        for tab, found in groupby(blocks, key=lambda block: block.tab)
    ]
    if sum(group.tab is not None for group in groups) > 1:
        return groups
    return [Group(None, "", group.blocks) for group in groups]
