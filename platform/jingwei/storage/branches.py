"""Today's tree in memory: whether orgs are whole branches of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jingwei.storage.lru import Lru

_MANY = 50  # one org of so many


class Branches:
    """`parents`: the org above each, by key."""

    def __init__(self, parents: Mapping[int, int | None]) -> None:
        self._parents = parents
        self._children: dict[int, list[int]] = {}
        for org, parent in parents.items():
            if parent is not None:
                self._children.setdefault(parent, []).append(org)
        self._known: Lru[Sequence[int]] = Lru(200)

    def roots_of(self, orgs: Sequence[int]) -> Sequence[int] | None:
        """The tops of whole branches that these orgs are; None when they are no whole branches."""
        key = tuple(orgs)
        roots = self._known.get(key)
        if roots is None:
            roots = self._roots(set(orgs))
            self._known.put(key, roots)
        return roots or None

    def are_many(self, orgs: int) -> bool:
        """Whether so many orgs are a large part of the tree: a row is likely to be of one."""
        return orgs * _MANY >= len(self._parents)

    def _roots(self, orgs: set[int]) -> Sequence[int]:
        for org in orgs:
            if any(child not in orgs for child in self._children.get(org, ())):
                return ()
        return tuple(sorted(org for org in orgs if self._parents.get(org) not in orgs))
