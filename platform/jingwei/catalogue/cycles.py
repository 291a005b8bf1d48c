"""Things that need each other in a ring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Each ring once, beginning with its first name in reading order and ending with it again."""
    done: set[str] = set()
    for start in edges:
        if start not in done:
            yield from _rings_from(start, edges, done)


def _rings_from(
    start: str, edges: Mapping[str, Sequence[str]], done: set[str]
) -> Iterator[tuple[str, ...]]:
    path = [start]
    on_path = {start}
    ways = [iter(edges.get(start, ()))]
    while path:
        following = next(ways[-1], None)
        if following is None:
            ways.pop()
            gone = path.pop()
            on_path.discard(gone)
            done.add(gone)
        elif following in on_path:
            yield (*path[path.index(following) :], following)
        elif following not in done and following in edges:
            path.append(following)
            on_path.add(following)
            ways.append(iter(edges[following]))
