"""Which names an expression may use, and what each stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from jingwei.language.expressions.tree import Root, Type

Origin = Literal["table", "related", "form", "block", "link"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for: a value at `root`.`name`, a namespace (`members`), or both.

    Rows (`type.name == "rows"`) also say where they come from. `of` marks a short-hand: the member
    `name` of another symbol (a bare org type is that ancestor of the org in scope).
    """

    type: Type
    root: Root = "record"
    name: str = ""
    members: Mapping[str, Symbol] | None = None
    is_value: bool = True  # False for a namespace that is nothing by itself
    origin: Origin | None = None
    by: str | None = None
    owner: str | None = None  # of a relation: the form that defines it
    of: Symbol | None = None


class NamesBehind(Mapping[str, Symbol]):
    """The members of a prefix, found when somebody asks: of most prefixes nobody does."""

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], Mapping[str, Symbol]]) -> None:
        self._find = find
        self._found: Mapping[str, Symbol] | None = None

    @property
    def found(self) -> Mapping[str, Symbol]:
        if self._found is None:
            self._found = self._find()
        return self._found

    def __getitem__(self, name: str) -> Symbol:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


class Types(Protocol):
    """What the application says about types: members of orgs and records, names that exist."""

    def member(self, of: Type, name: str) -> Type | None:
        """The type of `of.name`."""

    def members(self, of: Type) -> Collection[str]:
        """Every name that may follow the dot."""

    def row_symbols(self, rows: Type, root: Root) -> Mapping[str, Symbol]:
        """The bare names of one row of `rows` (or of one record), found at `root`."""

    def form(self, name: str) -> Symbol | None:
        """The rows of another form."""

    def called(self, form: str) -> Sequence[tuple[bool, str]]:
        """What records of a form are called by: words, and expressions over their fields."""

    def known(self, kind: str) -> Collection[str] | None:
        """The names that exist of `org`, `indicator`, `role`, `post`, `profile`, `indicator_set`,
        `org_type`, `form`; None where everything goes."""

    def of_indicator(self, name: str) -> Type | None:
        """The type of an indicator's values, with its unit."""

    def titled(self, words: str) -> Iterable[str]:
        """Names and codes of what people call so: fields, choices, orgs, roles …"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names in scope at one key of one definition.

    `subject` is the org that `is_below(…)` asks about and bare org types start from. `implicit`
    are the rows that `count()` and `sum(x)` mean where no rows are named (data blocks).
    """

    symbols: Mapping[str, Symbol]
    types: Types
    subject: Symbol | None = None
    implicit: Symbol | None = None
    forms_allowed: bool = True  # other forms and relations may be read
    links_allowed: bool = True  # fields of linked records may be read
    rows_behind_links: bool = False  # and their tables, and what their links of many hold
    hints: Mapping[str, str] = field(default_factory=dict)  # unknown name → what to write instead
    renamed: Mapping[str, str] = field(default_factory=dict)  # former name → name today
    guessed: frozenset[str] = frozenset()  # names that nobody has: the words beside are looked at

    def name(self, name: str) -> Symbol | None:
        if name in self.guessed:
            return Symbol(Type("any"), "variable", name)
        return self.symbols.get(name)

    def names(self) -> Collection[str]:
        return self.symbols.keys()

    def inside(self, rows: Symbol) -> Scope:
        """The scope of one row of `rows`, inside an aggregate: bare names are the row's, `parent`
        its record; variables, `this`, `row` and `ask` stay, nothing else falls through."""
        kept = {n: s for n, s in self.symbols.items() if s.root not in ("record", "parent")}
        own = dict(self.types.row_symbols(rows.type, "record"))
        subject = own.get("org") or self.subject
        return Scope(
            {**kept, **own},
            self.types,
            subject=subject if subject is not None and subject.type.name == "org" else None,
            forms_allowed=self.forms_allowed,
            links_allowed=self.links_allowed,
            rows_behind_links=self.rows_behind_links,
            guessed=self.guessed,
        )
