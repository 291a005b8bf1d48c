"""Lineage as a picture: what a field is made of on the left, who uses it on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jingwei.authoring.lineage import Lineage, Use
from jingwei.problems import Position

WIDE, HIGH, GAP, ROW = 190, 44, 70, 58
MOST_IN_COLUMN = 14
MOST_LETTERS = 24
Words = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Box:
    """A field, an indicator, or a place that uses one. `at` None: more than is shown."""

    x: int
    y: int
    title: str
    said: str
    full: str
    at: Position | None
    css: str


@dataclass(frozen=True, slots=True)
class Line:
    """From the right of one box to the left of another."""

    path: str


@dataclass(frozen=True, slots=True)
class Graph:
    wide: int
    high: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    label: str
    empty: bool


@dataclass(slots=True)
class _Node:
    """A thing of the graph before it has its place. `onto`: what it is joined to, nearer the
    middle."""

    key: str
    title: str
    said: str
    at: Position | None
    onto: list[str]


def graph(lineage: Lineage, titles: Mapping[str, str], words: Words) -> Graph:
    """Columns by distance from the middle; each thing once, at its nearest."""
    left = _columns(lineage.reads, lineage.name, titles, words, upwards=True)
    right = _columns(lineage.read_by, lineage.name, titles, words, upwards=False)
    columns = [*reversed(left), [_Node(lineage.name, *_named(lineage.name, titles), None, [])]]
    columns += right
    tallest = max(len(column) for column in columns)
    high = max(tallest * ROW + 20, 120)
    places: dict[str, tuple[int, int]] = {}
    boxes: list[Box] = []
    for number, column in enumerate(columns):
        x = 10 + number * (WIDE + GAP)
        top = (high - len(column) * ROW) // 2 + (ROW - HIGH) // 2
        for row, node in enumerate(column):
            y = top + row * ROW
            places[node.key] = (x, y)
            css = "middle" if node.key == lineage.name else "more" if not node.said else ""
            full = " · ".join(one for one in (node.title, node.said) if one)
            boxes.append(Box(x, y, _short(node.title), _short(node.said), full, node.at, css))
    lines = [
        _line(places, node.key, onto, number < len(left))
        for number, column in enumerate(columns)
        for node in column
        for onto in node.onto
        if onto in places
    ]
    label = words(
        "lineage_label",
        name=lineage.name,
        reads=len(lineage.reads),
        read_by=len(lineage.read_by),
    )
    wide = len(columns) * (WIDE + GAP) - GAP + 20
    return Graph(wide, high, tuple(boxes), tuple(lines), label, len(columns) == 1)


def _columns(
    uses: Sequence[Use], middle: str, titles: Mapping[str, str], words: Words, *, upwards: bool
) -> list[list[_Node]]:
    """Nodes by depth, the nearest first."""
    seen = {middle}
    found: list[list[_Node]] = []
    for depth in sorted({use.depth for use in uses}):
        nodes: dict[str, _Node] = {}
        for use in uses:
            if use.depth == depth:
                _take(nodes, use, seen, titles, upwards)
        column = list(nodes.values())
        seen.update(nodes)
        if len(column) > MOST_IN_COLUMN:
            rest = len(column) - MOST_IN_COLUMN + 1
            more = words("lineage_more", count=rest)
            column = column[: MOST_IN_COLUMN - 1]
            column.append(_Node(f"+{depth}{upwards}", more, "", None, []))
        if column:
            found.append(column)
    return found


def _take(
    nodes: dict[str, _Node], use: Use, seen: set[str], titles: Mapping[str, str], upwards: bool
) -> None:
    place = f"{use.by}#{use.path}"
    if upwards:
        key, onto = (place, use.target) if use.writes else (use.target, use.made or place)
    else:
        key, onto = use.made or place, use.target
    if key in seen:
        return
    if key in nodes:
        if onto not in nodes[key].onto:
            nodes[key].onto.append(onto)
        return
    if key == place:
        nodes[key] = _Node(key, use.by, f"{use.role} · {use.path}", use.at, [onto])
    else:
        nodes[key] = _Node(key, *_named(key, titles), use.at, [onto])


def _named(name: str, titles: Mapping[str, str]) -> tuple[str, str]:
    return titles.get(name, name), name


def _short(words: str) -> str:
    """As much as a box holds; wide letters count for two."""
    room, kept = MOST_LETTERS, ""
    for letter in words:
        room -= 2 if ord(letter) > 0x2E7F else 1
        if room < 0:
            return f"{kept}…"
        kept += letter
    return kept


def _line(places: Mapping[str, tuple[int, int]], one: str, other: str, leftwards: bool) -> Line:
    """A bow between two boxes, always from the left one to the right one."""
    start, end = (one, other) if leftwards else (other, one)
    x1, y1 = places[start][0] + WIDE, places[start][1] + HIGH // 2
    x2, y2 = places[end][0], places[end][1] + HIGH // 2
    bend = max((x2 - x1) // 2, 20)
    return Line(f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 6} {y2}")
