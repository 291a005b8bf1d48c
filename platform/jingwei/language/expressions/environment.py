"""What an expression is computed against: the record, the variables, the world around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Any, Protocol

from jingwei.language.expressions.tree import Node, Source

Values = Mapping[str, Any]
NOTHING: Values = MappingProxyType({})
DEFAULT_ZONE = timezone(timedelta(hours=8))


class World(Protocol):
    """What is outside the record; services give it. Engine values come in and go out."""

    def org_member(self, org: str, name: str) -> Any:
        """`parent title type profile code`, a declared fact, or an org type: the nearest
        ancestor-or-self of that type."""

    def person_member(self, login: str, name: str) -> Any:
        """`name login title email phone org orgs`"""

    def named_member(self, kind: str, name: str, member: str) -> Any:
        """A property of an `indicator`, `profile`, `post` or `role`."""

    def linked(self, form: str, id: int) -> Values | None:
        """The record a link points to; None when it is not there."""

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        """Rows of a relation, another form, a link of many or a block, in their order, each with
        the record that owns it (rows of tables). May leave out those for which `where` is false;
        need not."""

    def call(self, function: str, arguments: Sequence[Any], environment: Environment) -> Any:
        """A function that needs the world: `fact below children head add_workdays …`. Arguments
        left out are not there; `is_below` gets (org, of)."""


class NoWorld:
    """Nothing outside the record: for expressions that are inside it."""

    def org_member(self, org: str, name: str) -> Any:
        raise LookupError(f"{org}.{name}: there is nothing outside the record here")

    def person_member(self, login: str, name: str) -> Any:
        raise LookupError(f"{login}.{name}: there is nothing outside the record here")

    def named_member(self, kind: str, name: str, member: str) -> Any:
        raise LookupError(f"{kind} {name}.{member}: there is nothing outside the record here")

    def linked(self, form: str, id: int) -> Values | None:
        raise LookupError(f"{form} {id}: there is nothing outside the record here")

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        raise LookupError(f"{source.name}: there is nothing outside the record here")

    def call(self, function: str, arguments: Sequence[Any], environment: Environment) -> Any:
        raise LookupError(f"{function}(): there is nothing outside the record here")


NO_WORLD = NoWorld()


@dataclass(slots=True)
class Environment:
    """The values of one evaluation, keyed by field name; a field that is not there is null.

    `this` is the record the definition is written on: by default the parent of a row, else the
    record. `variables` hold `me today now is_new value level …` by name, and the namespaces
    `flow control ask version receipts` as mappings. `zone` is the installation's.
    """

    record: Values = field(default_factory=dict)
    parent: Values | None = None
    this: Values | None = None
    row: Values | None = None
    old: Values | None = None
    previous_version: Values | None = None
    variables: Values = field(default_factory=dict)
    world: World = NO_WORLD
    zone: tzinfo = DEFAULT_ZONE

    def __post_init__(self) -> None:
        if self.this is None:
            self.this = self.record if self.parent is None else self.parent

    def inside(self, parent: Values | None) -> Environment:
        """The environment of rows whose owner is `parent`; set `record` to each in turn."""
        return Environment(
            NOTHING,
            parent,
            self.this,
            self.row,
            self.old,
            self.previous_version,
            self.variables,
            self.world,
            self.zone,
        )
