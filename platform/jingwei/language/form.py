"""Kind `form`: fields, rules, states, actions, rights and layout of one type of record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.effects import Effects
from jingwei.language.template import Template
from jingwei.language.text import Text
from jingwei.language.values import Due, Formula, Rung, Value
from jingwei.language.who import Whos
from jingwei.problems import Position

SYSTEM_FIELDS = (
    "id",
    "revision",
    "number",
    "org",
    "owner",
    "status",
    "state",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "deleted_at",
)
SHOWN_SYSTEM = tuple(name for name in SYSTEM_FIELDS if name != "deleted_at")
STATUSES = (
    "draft",
    "in_approval",
    "returned",
    "approved",
    "rejected",
    "recalled",
    "terminated",
    "submitted",
    "cancelled",
)
ComputeMode = Literal["always", "default", "override_with_reason", "lock_if_found"]
Scope = Literal["own", "org", "org_and_below", "covered", "all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One code of a choice field or code list."""

    code: str
    title: Text
    color: str | None = None
    parent: str | None = None
    valid_from: date | None = None  # may be chosen from this day
    valid_to: date | None = None  # and until this one, which is included

    def offered_on(self, day: date) -> bool:
        """Whether it may be chosen anew; what has it keeps it."""
        late = self.valid_to is not None and self.valid_to < day
        return not late and (self.valid_from is None or self.valid_from <= day)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generate:
    """Rows that a table makes by itself."""

    each: Formula
    set: Mapping[str, Value]
    locked: bool = False
    refresh: Literal["never", "on_open", "on_change"] = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """What a score sheet in a record is of. `scheme`: a scheme's name, or an expression."""

    scheme: Formula | None = None
    org: Formula | None = None  # of whom; None: of the record's org
    period: Formula | None = None
    as_of: Formula | None = None  # as known at the end of this day; None: now


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A field of a form, or a column of a table (`table` names it then)."""

    name: str
    type: str
    title: Text
    at: Position = field(repr=False, compare=False, hash=False)
    table: str | None = None
    placeholder: Text | None = None
    help: Text | None = None
    required: bool = False
    unique: bool = False
    set_once: bool = False
    no_copy: bool = False
    index: bool = False
    search: bool = False
    track: bool = True
    sensitive: bool = False
    readonly: bool = False
    public: bool = False
    editable_after_submit: bool = False
    print: bool = True
    renamed_from: str | None = None
    required_if: Formula | None = None
    visible_if: Formula | None = None
    readonly_if: Formula | None = None
    when_hidden: Literal["keep", "clear"] = "keep"
    default: Value | None = None
    compute: Formula | None = None
    mode: ComputeMode = "always"
    freeze: str | None = None
    min: Value | None = None
    max: Value | None = None
    precision: int | None = None  # shown digits; of percent: digits of the percentage
    pattern: str | None = None
    unit: Value | None = None
    show_in: str | None = None
    # choice
    choices: str | tuple[Choice, ...] | None = None  # a code list's name, or the choices
    many: bool = False
    # link, person, org, indicator, period …
    to: tuple[str, ...] = ()  # forms; empty: any, or the one that `form_from` names
    to_any: bool = False  # records of every form
    form_from: str | None = None  # the field that holds the form's name
    filter: Formula | None = None
    fill: Mapping[str, Any] = field(default_factory=dict)
    owner: bool = False
    grain: str | None = None
    set: Value | None = None  # indicator: the set's name, or an expression
    # table
    fields: Mapping[str, Field] = field(default_factory=dict)
    columns: tuple[str, ...] = ()  # those beside each other; empty: all
    layout: tuple[Section, ...] = ()  # the page of a row
    min_rows: int | None = None
    max_rows: int | None = None
    unique_rows: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    generate: Generate | None = None
    scorecard: Scorecard | None = None  # its rows are the items of a scheme
    append_only: bool = False
    order: bool = False
    with_: Mapping[str, Formula] = field(default_factory=dict)  # inputs of a classification
    of: tuple[str, ...] = ()  # rows definition of a table; classification; kinds of a definition

    @property
    def path(self) -> str:
        return f"{self.table}.{self.name}" if self.table else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A check of the whole record. Exactly one of `check` and `unique`."""

    name: str
    at: Position = field(repr=False, compare=False, hash=False)
    check: Formula | None = None
    unique: tuple[str, ...] = ()
    field_at: str | None = None  # `at:` — the field the message is shown at
    each: str | None = None
    when: Formula | None = None
    on: str = "submit"
    level: Literal["error", "warn"] = "error"
    message: Template | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A business state, beside the flow's status."""

    name: str
    title: Text
    initial: bool = False
    locked: bool = False
    final: bool = False
    color: str | None = None
    enter_when: Formula | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """A button declared in the form."""

    name: str
    title: Text
    at: Position = field(repr=False, compare=False, hash=False)
    who: Whos = ()
    from_: tuple[str, ...] = ()
    to: str | None = None
    when: Formula | None = None
    check: Formula | None = None
    message: Template | None = None
    confirm: Template | None = None
    ask: Mapping[str, Field] = field(default_factory=dict)
    do: Effects = ()
    place: str = "record"
    bulk: bool = False
    phone: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """One grant: who may do what, where; grants add up."""

    name: str
    who: Whos
    can: tuple[str, ...]
    scope: Scope | Formula
    at: Position = field(repr=False, compare=False, hash=False)
    where: Formula | None = None
    hide: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Restriction:
    """`restrict:`, the only subtraction of rights."""

    name: str
    when: Formula
    to: Whos
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One block of the form's page. `rows` are the fields in reading order, a list a row."""

    title: Text
    tab: bool = False
    columns: int = 1
    rows: tuple[tuple[str, ...], ...] = ()
    related: str | None = None
    visible_if: Formula | None = None
    readonly_if: Formula | None = None
    collapsed: Formula | bool = False
    help: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListView:
    """The list page: what is shown, filtered and sorted. `sort` keys begin with `-` to descend.
    `opens_with`: whose list opens with which of the views; the first that is theirs."""

    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    default_filter: Formula | None = None
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    opens_with: Mapping[str, Whos] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Records of another form that link here."""

    name: str
    form: str
    by: str
    title: Text
    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    where: Formula | None = None
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A sign-for asked of people."""

    name: str
    title: Text
    of: Whos
    when: Formula
    done_by: Literal["open", "confirm", "sign"] = "confirm"
    again_on: Literal["version", "never"] = "never"
    due: Due | None = None
    urge: tuple[Rung, ...] = ()
    then: Effects = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Collect:
    """Who owes this form, when it opens and when it is late."""

    every: str | Mapping[str, Any]
    orgs: Formula
    who: Whos
    due: Due
    opens: Due | None = None
    create: Literal["at_open", "on_demand"] = "on_demand"
    urge: tuple[Rung, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRule:
    """How records of this form become facts of indicators. `each` names a table, or is None."""

    name: str
    at: Position = field(repr=False, compare=False, hash=False)
    indicator: Formula
    value: Formula
    when: Formula
    org: Formula | None = None
    period: Formula | None = None
    view: Literal["actual", "target", "budget", "forecast"] = "actual"
    data_version: str | None = None
    each: str | None = None
    valid_from: Formula | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Form(Definition):
    """One type of record."""

    fields: Mapping[str, Field]
    number: Template | None = None
    number_assign: str = "submit"  # create | submit | approval | a state
    display: Template | None = None
    workflow: str | None = None
    workflows: Mapping[str, str] = field(default_factory=dict)
    submit: Mapping[str, bool] | None = None
    versions: str | Mapping[str, Any] = "none"
    states: Mapping[str, State] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    events: Mapping[str, Effects] = field(default_factory=dict)
    related: Mapping[str, Related] = field(default_factory=dict)
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    collect: Collect | None = None
    facts: Mapping[str, FactRule] = field(default_factory=dict)
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    restrict: Mapping[str, Restriction] = field(default_factory=dict)
    layout: tuple[Section, ...] = ()
    list: ListView = field(default_factory=ListView)
    tree: str | None = None
    single: str | None = None

    @property
    def tables(self) -> Mapping[str, Field]:
        """The form's sub-tables, by name."""
        return {name: f for name, f in self.fields.items() if f.type == "table"}

    @property
    def initial_state(self) -> str | None:
        return next((s.name for s in self.states.values() if s.initial), None)
