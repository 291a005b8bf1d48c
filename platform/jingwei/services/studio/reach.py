"""Who may write definitions, publish them, and of which orgs.

A role whose definition is tagged `definer` writes, one tagged `publisher` publishes. Held at the
top of the tree it reaches every file; held anywhere else only the layers of that org.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jingwei.language.kinds.table import KINDS
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Scalar
from jingwei.refusals import NotAllowed
from jingwei.services.commands import Reading
from jingwei.services.people import Person

DEFINER, PUBLISHER = "definer", "publisher"  # tags of a role's definition


@dataclass(frozen=True, slots=True)
class Reach:
    """`orgs` None: everything; otherwise the orgs whose layers may be changed."""

    orgs: frozenset[str] | None

    @property
    def is_whole(self) -> bool:
        return self.orgs is None


def reach(view: Reading, tag: str = DEFINER, person: Person | None = None) -> Reach | None:
    """How far somebody (the reader) may go; None: nowhere."""
    actor = person or view.actor
    if actor.is_system:
        return Reach(None)
    tagged = _tagged(view.catalogue.roles, tag)
    orgs = {org for role, org in actor.roles if role in tagged}
    if not orgs:
        return None
    tree = view.catalogue.tree
    if any(org in view.catalogue.orgs and tree.parent(org, view.today) is None for org in orgs):
        return Reach(None)
    return Reach(frozenset(orgs))


def _tagged(roles: Mapping[str, Any], tag: str) -> set[str]:
    """Roles with the tag, and those that include one of them."""
    found = {name for name, role in roles.items() if tag in role.tags}
    grown = True
    while grown:
        more = {n for n, role in roles.items() if n not in found and found & set(role.includes)}
        grown = bool(more)
        found |= more
    return found


def require(view: Reading, tag: str = DEFINER) -> Reach:
    """Raises NotAllowed for somebody who may do nothing of the kind."""
    found = reach(view, tag)
    if found is None:
        raise NotAllowed("studio-not-allowed")
    return found


def require_whole(view: Reading, tag: str) -> None:
    """Raises NotAllowed for somebody who reaches some orgs only."""
    if not require(view, tag).is_whole:
        raise NotAllowed("studio-whole-only")


def require_file(view: Reading, found: Reach, path: str, texts: Iterable[bytes | None]) -> None:
    """Whether somebody may turn one text of a file into another. Raises NotAllowed.

    What cannot be read yet is judged by its folder; it cannot be published before it can.
    """
    if found.orgs is None:
        return
    if not _is_layer_path(view, path):
        raise NotAllowed("studio-own-layer-only", path=path, orgs=", ".join(sorted(found.orgs)))
    for content in texts:
        org = layer_org(path, content) if content is not None else None
        if org is not None and org not in found.orgs:
            raise NotAllowed("studio-own-layer-only", path=path, orgs=", ".join(sorted(found.orgs)))


def require_published(view: Reading, found: Reach, path: str, content: bytes | None) -> None:
    """The same of a text that is to run: it must say whose layer it is. Raises NotAllowed."""
    require_file(view, found, path, [content])
    if found.orgs is not None and content is not None and layer_org(path, content) is None:
        raise NotAllowed("studio-own-layer-only", path=path, orgs=", ".join(sorted(found.orgs)))


def _is_layer_path(view: Reading, path: str) -> bool:
    folder = view.catalogue.manifest.folders.get("layer", KINDS["layer"].folder)
    return PurePosixPath(path).is_relative_to(folder) and path.endswith(".yaml")


def layer_org(path: str, content: bytes) -> str | None:
    """The org or type of org that a text is a layer of; None when that cannot be read.

    Another kind is nobody's layer: `""`.
    """
    file = read_file(path, content, Problems())
    if file is None or not isinstance(file.data, dict):
        return None
    kind, for_ = file.data.get("kind"), file.data.get("for")
    if not isinstance(kind, Scalar) or kind.text != "layer":
        return ""
    return for_.text if isinstance(for_, Scalar) else None
