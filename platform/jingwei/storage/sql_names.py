"""What translated expressions ask about names: the query compiler answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from jingwei.language.expressions.tree import Root, Source, Type

Column = sa.ColumnElement[Any]
Truth = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class SqlRows:
    """Rows to aggregate: where they are, which are meant, in what order, and their own names."""

    names: SqlNames
    from_: sa.FromClause
    tables: tuple[sa.FromClause, ...]  # of `from_`; the query around it is correlated
    where: tuple[Truth, ...]
    order: tuple[Column, ...] = ()


class SqlNames(Protocol):
    """What the query compiler says about names. Values go in and out through column types."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...

    @property
    def zone(self) -> str:
        """The installation's zone, by its IANA name."""

    def column(self, root: Root, name: str) -> Column:
        """A field of the record, its parent (rows of tables) or `this` (the outermost record)."""

    def variable(self, name: str, type_: TypeEngine[Any]) -> Column:
        """The place of a variable's value: `me`, `today`, a lifted constant. Never null."""

    def type(self, type_: Type) -> TypeEngine[Any] | None:
        """The column type of an `org`, `person`, `role`, `post`, `indicator` … constant."""

    def member(self, kind: str, owner: Column, name: str) -> Column | None:
        """A member of an org or a person; None when no query can tell."""

    def text(self, kind: str, owner: Column) -> Column:
        """The code of an org, the login of a person …, as text."""

    def linked(self, form: str, key: Column) -> SqlRows:
        """The record of `form` whose id is `key`."""

    def rows(self, source: Source, around: Column | None = None) -> SqlRows:
        """The rows of a table, a relation or another form, not those deleted. `around`: where they
        are behind a link, the record that it leads to, or what a link of many of it holds."""

    def reachable(self, form: str, link: Column) -> Truth:
        """Whether a link leads to no record, or to one that whoever asks may list."""

    def is_below(self, org: Column, of: Column) -> Truth:
        """Whether `org` is `of` or under it, today."""
