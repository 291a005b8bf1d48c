"""Trees with some of their nodes exchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from jingwei.language.expressions.tree import Node

Change = Callable[[Node], Node | None]


def mapped(node: Node, change: Change) -> Node:
    """The tree with nodes exchanged, from the top down; None keeps a node and goes into it."""
    found = change(node)
    if found is not None:
        return found
    changed: dict[str, Any] = {}
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, Node):
            changed[one.name] = mapped(value, change)
        elif isinstance(value, tuple) and value and all(isinstance(v, Node) for v in value):
            changed[one.name] = tuple(mapped(v, change) for v in value)
    return replace(node, **changed) if changed else node
