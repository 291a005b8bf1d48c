"""Kinds of the organisation: org_types, org, profile, role, post, calendar, code_list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jingwei.language.definition import Definition
from jingwei.language.form import Choice, Field
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.problems import Position


@dataclass(frozen=True, kw_only=True, slots=True)
class OrgType:
    """One level of the tree."""

    name: str
    title: Text
    above: tuple[str, ...] = ()
    head: str | None = None  # the post whose holder is the head


@dataclass(frozen=True, kw_only=True, slots=True)
class OrgTypes(Definition):
    types: Mapping[str, OrgType]
    facts: Mapping[str, Field] = field(default_factory=dict)
    trees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    from_: date
    parent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Org(Definition):
    """One organisation; the file's stem is its code unless `code` says otherwise."""

    code: str
    type: str
    valid_from: date
    valid_to: date | None = None
    parent: str | None = None
    moves: tuple[Move, ...] = ()
    also_in: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    profile: tuple[tuple[date | None, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    posts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # people only seed a new org
    calendar: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile(Definition):
    """What a type of business has: indicator set, thresholds, scoring, collection, workflows."""

    indicator_set: str | None = None
    scoring: str | None = None
    workflows: Mapping[str, str] = field(default_factory=dict)
    collect: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # indicator → level → when, most severe first: in the place of the indicator's own
    thresholds: Mapping[str, Mapping[str, Formula]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role(Definition):
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Post(Definition):
    types: tuple[str, ...] = ()
    single: bool = False
    covers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar(Definition):
    weekend: tuple[str, ...] = ("sat", "sun")
    holidays: tuple[tuple[date, date], ...] = ()
    workdays: tuple[date, ...] = ()
    base: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeList(Definition):
    items: Mapping[str, Choice] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Module(Definition):
    """A menu. Entries are `kind/name` or a titled group of them."""

    menu: tuple[str | tuple[Text, tuple[str, ...]], ...]
    for_: tuple[Any, ...] = ()
    icon: str | None = None
    home: str | None = None
    order: int = 1_000  # in the menu; those without one come last, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """definitions/manifest.yaml"""

    name: str
    title: Text
    language: int
    locales: tuple[str, ...] = ("zh", "en")
    folders: Mapping[str, str] = field(default_factory=dict)
    currency: str = "CNY"
    quiet_hours: str | None = None
    channels: tuple[str, ...] = ("inbox",)
    at: Position = field(default_factory=lambda: Position("definitions/manifest.yaml"))
