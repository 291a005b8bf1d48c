"""Records beyond the one in hand, with their computed fields that are kept nowhere: worked out by
the database when an expression asks for one, for all records at once that were read together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self

from jingwei.services.rights import Viewing
from jingwei.storage.query import ALL_ROWS, Query


class Together:
    """Records of one form that were read together."""

    def __init__(self, view: Viewing, form: str, variables: Mapping[str, Any]) -> None:
        self._view, self._form, self._variables = view, form, variables
        self._ids: list[int] = []
        self._known: dict[str, dict[int, Any]] = {}

    def whole(self, records: Mapping[int, Mapping[str, Any]]) -> dict[int, Whole]:
        """The same records, which know their live fields."""
        self._ids += records
        return {identity: Whole(record, self) for identity, record in records.items()}

    def has(self, name: str) -> bool:
        """Whether this is a field that is worked out when it is read."""
        return self._view.store.live(self._form, name) is not None

    def value(self, name: str, record: int) -> Any:
        """The live field of one of them; None of one that was deleted."""
        if name not in self._known:
            query = Query(
                self._form,
                (name, "id"),
                ALL_ROWS,
                ids=tuple(self._ids),
                page=None,
                variables=self._variables,
            )
            rows = self._view.store.select(self._view.connection, query).items
            self._known[name] = {row["id"]: row[name] for row in rows}
        return self._known[name].get(record)


class Whole(dict[str, Any]):
    """A record as expressions read it. `open_`: the live fields that may be read; None: all."""

    def __init__(
        self, values: Mapping[str, Any], together: Together, open_: Collection[str] | None = None
    ) -> None:
        super().__init__(values)
        self._together, self._open = together, open_

    def get(self, name: str, otherwise: Any = None) -> Any:
        may = name not in self and (self._open is None or name in self._open)
        if may and self._together.has(name):
            self[name] = self._together.value(name, self["id"])
        return super().get(name, otherwise)

    def with_only(self, values: Mapping[str, Any], names: Iterable[str]) -> Self:
        """What a reader sees of it: these values, and the live fields among these names."""
        return type(self)(values, self._together, frozenset(names))
