"""A read as data: what services fill and only storage compiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jingwei.language.expressions.tree import Expression


@dataclass(frozen=True, slots=True)
class OrgScope:
    """Rows of these orgs (keys of sys_name), or of all."""

    orgs: tuple[int, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class ScopeTerm:
    """One grant's rows: the org condition AND own-ness AND the grant's `where`."""

    orgs: OrgScope = field(default_factory=lambda: OrgScope(everything=True))
    owner: int | None = None  # only rows owned by this person
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class RowScope:
    """What rows a person may see: the union of terms; no term, no row. `also` are record ids
    that are open by task or share (detail only). `owners`: of a detail form, whose owners too."""

    terms: tuple[ScopeTerm, ...] = ()
    also: tuple[int, ...] = ()
    owners: tuple[OwnerScope, ...] = ()

    @property
    def everything(self) -> bool:
        whole = (t.orgs.everything and t.owner is None and t.where is None for t in self.terms)
        return not self.owners and any(whole)


@dataclass(frozen=True, slots=True)
class OwnerScope:
    """That the record to which this link leads, if it is set, is there and in the scope of its
    form. `removed`: it may have been removed."""

    link: str
    forms: tuple[tuple[str, RowScope], ...]
    removed: bool = False


ALL_ROWS = RowScope((ScopeTerm(),))


@dataclass(frozen=True, slots=True)
class SortKey:
    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class AggregateColumn:
    name: str
    function: Literal["sum", "avg", "min", "max", "count", "count_distinct"]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    limit: int = 20
    offset: int = 0
    after: str | None = None  # opaque keyset position


@dataclass(frozen=True, slots=True)
class Asked:
    """Words that are looked for; records for which `called` holds are found by them, too."""

    words: str
    called: Expression | None = None


# Each of these must be found: one of its readings, that is, all of the words of that.
Search = tuple[tuple[tuple[Asked, ...], ...], ...]


def all_of(*words: str) -> Search:
    """A search for each of these words."""
    return tuple(((Asked(one),),) for one in words)


@dataclass(frozen=True, slots=True)
class Query:
    """One read of one form (or of one of its tables).

    `fields`: field paths to return (`amount`, `org`, `plan.number`), tables by name; all are
    already allowed to the viewer. `hidden` are fields the viewer may not name anywhere.
    `seen`: of the records to which these links lead, only such rows are joined; behind others
    the values are empty. `held`: of the forms to which links of many lead, the rows that the
    reader may list, for what he typed over them. `search_fields`: kept as words; `scanned`:
    searched as they are written, of the newest records. `variables` give `me`, `today`, `now` … to
    the expressions.
    """

    form: str
    fields: tuple[str, ...]
    scope: RowScope
    where: Expression | None = None
    table: str | None = None
    ids: tuple[int, ...] | None = None
    text: Search | None = None
    search_fields: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    group: tuple[str, ...] = ()
    aggregates: tuple[AggregateColumn, ...] = ()
    page: Page | None = field(default_factory=Page)
    count: Literal["exact", "capped"] | None = None
    deleted: bool = False
    seen: tuple[tuple[str, RowScope], ...] = ()
    held: tuple[tuple[str, RowScope], ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Rows:
    """Rows as plain values keyed by field path; orgs, people, indicators as keys of storage are
    already names. `total` only when asked for."""

    items: list[dict[str, Any]]
    total: int | None = None
    capped: bool = False
    next_after: str | None = None
