"""What a field that names an org, a person, a role … may hold, as its `filter` reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jingwei.services.world import StoredWorld

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

_ITSELF = frozenset(("code", "login", "name"))  # what it is written as, where it has no such member


class Candidate(Mapping[str, Any]):
    """Its members, each looked up when the filter asks for it. `world`: of all candidates of one
    question, which looks nothing up twice."""

    def __init__(self, world: StoredWorld, kind: str, name: str) -> None:
        self._world, self._kind, self._name = world, kind, name
        self._known: dict[str, Any] = {}

    def __getitem__(self, member: str) -> Any:
        if member not in self._known:
            self._known[member] = self._member(member)
        return self._known[member]

    def get(self, member: str, otherwise: Any = None) -> Any:
        return self[member]

    def _member(self, member: str) -> Any:
        match self._kind:
            case "org":
                return self._world.org_member(self._name, member)
            case "person":
                return self._world.person_member(self._name, member)
            case "indicator" | "post" | "role":
                found = self._world.named_member(self._kind, self._name, member)
                return self._name if found is None and member in _ITSELF else found
        return self._name if member in _ITSELF else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def candidate_of(view: Viewing, kind: str, name: str) -> Candidate:
    """`kind`: the type of the field."""
    return Candidate(StoredWorld(view), kind, name)
