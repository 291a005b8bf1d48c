"""Keys ↔ names, kept in memory: a row holds small numbers, everybody else reads names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class NameBook:
    """`sys_name` as read with a release: kind and name → key, key → name. Never changes."""

    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """`rows`: key, kind, name."""
        keys: dict[tuple[str, str], int] = {}
        names: dict[int, str] = {}
        for key, kind, name in rows:
            keys[kind, name] = key
            names[key] = name
        self.keys: Mapping[tuple[str, str], int] = MappingProxyType(keys)
        self.names = names

    def key(self, kind: str, name: str) -> int:
        """Raises KeyError for a name that has no key."""
        return self.keys[kind, name]

    def find(self, kind: str, name: str, otherwise: int) -> int:
        return self.keys.get((kind, name), otherwise)


class PersonBook:
    """People by id and login; grows while the process runs, since people come every day.

    A login never changes, so an entry is never wrong; what is missing is read again
    (`jingwei.storage.people.refresh_book`).
    """

    def __init__(self) -> None:
        self.logins: dict[int, str] = {}
        self.ids: dict[str, int] = {}

    def add(self, rows: Iterable[tuple[int, str]]) -> None:
        for person, login in rows:
            self.logins[person] = login
            self.ids[login] = person
