"""Secrets in an expression: it may ask whether one is there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Binary, Constant, IsEmpty, Member, Name, Node


def secrets_read(root: Node) -> Iterator[Node]:
    """The names of secrets of which more is asked."""
    free: set[int] = set()
    for node in walk(root):
        if isinstance(node, IsEmpty):
            free.add(id(node.operand))
        elif isinstance(node, Binary) and node.op in ("==", "!="):
            sides = (node.left, node.right)
            if any(isinstance(one, Constant) and one.value is None for one in sides):
                free.update(map(id, sides))
        if isinstance(node, Name | Member) and node.type.name == "secret" and id(node) not in free:
            yield node
