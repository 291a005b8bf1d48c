"""A small catalogue built in Python, so that storage is tested without the floors above it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from jingwei.catalogue.org_tree import OrgTree
from jingwei.language.definition import Origin
from jingwei.language.expressions.tree import Expression
from jingwei.language.form import Field, Form
from jingwei.language.organisation import Manifest, Org, OrgType, OrgTypes, Role
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.problems import Position
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.people import insert_people
from jingwei.storage.query import ALL_ROWS, Query, Rows
from jingwei.storage.runtime import Installation, load

HERE = Position("test.yaml")
ORIGIN = Origin("test.yaml", {}, {})
NOW = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
TODAY = date(2026, 3, 1)


@dataclass(frozen=True)
class SmallCatalogue:
    forms: Mapping[str, Form]
    orgs: Mapping[str, Org]
    files: Mapping[str, bytes]
    org_types: OrgTypes = OrgTypes(
        kind="org_types",
        name="org_types",
        title=Text.plain("t"),
        origin=ORIGIN,
        types={n: OrgType(name=n, title=Text.plain(n)) for n in ("group", "sector", "subsidiary")},
    )
    manifest: Manifest = Manifest(name="t", title=Text.plain("t"), language=1)
    roles: Mapping[str, Any] = field(default_factory=dict)
    posts: Mapping[str, Any] = field(default_factory=dict)
    indicators: Mapping[str, Any] = field(default_factory=dict)
    profiles: Mapping[str, Any] = field(default_factory=dict)
    code_lists: Mapping[str, Any] = field(default_factory=dict)
    indicator_sets: Mapping[str, Any] = field(default_factory=dict)
    expressions: Mapping[Formula, Expression] = field(default_factory=dict)
    layers: Mapping[str, Any] = field(default_factory=dict)
    base: None = None

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()

    @property
    def tree(self) -> OrgTree:
        return OrgTree(self.orgs)

    def expression(self, formula: Formula) -> Expression:
        return self.expressions[formula]


def a_field(name: str, type_: str, **keys: Any) -> Field:
    fields = keys.pop("fields", ())
    return Field(
        name=name,
        type=type_,
        title=Text.plain(name),
        at=HERE,
        fields={f.name: f for f in fields},
        **keys,
    )


def a_form(name: str, *fields: Field, **keys: Any) -> Form:
    return Form(
        kind="form",
        name=name,
        title=Text.plain(name),
        origin=ORIGIN,
        fields={f.name: f for f in fields},
        **keys,
    )


def an_org(code: str, type_: str, parent: str | None = None, **keys: Any) -> Org:
    return Org(
        kind="org",
        name=code,
        code=code,
        title=Text.plain(code),
        origin=ORIGIN,
        type=type_,
        parent=parent,
        valid_from=date(2020, 1, 1),
        **keys,
    )


GROUP = (
    an_org("G", "group", profile=((None, "holding"),)),
    an_org("S1", "sector", "G"),
    an_org("S2", "sector", "G"),
    an_org("A", "subsidiary", "S1"),
    an_org("B", "subsidiary", "S1"),
    an_org("C", "subsidiary", "S2"),
)


def a_role(name: str) -> Role:
    return Role(kind="role", name=name, title=Text.plain(name), origin=ORIGIN)


def a_catalogue(*forms: Form, orgs: Iterable[Org] = GROUP, note: str = "") -> SmallCatalogue:
    """`note` makes a file differ without any effect on tables."""
    by_name = {form.name: form for form in forms}
    files = {f"forms/{name}.yaml": repr(form).encode() for name, form in by_name.items()}
    files["definitions/manifest.yaml"] = note.encode()
    return SmallCatalogue(by_name, {o.code: o for o in orgs}, files, roles={"ops": a_role("ops")})


def published_by(author: str = "li.na", **keys: Any) -> Publication:
    return Publication(author=author, now=NOW, today=TODAY, locale="en", **keys)


def a_contract(**keys: Any) -> Form:
    """A form with a field of most kinds and a table."""
    return a_form(
        "contract",
        a_field("title", "text"),
        a_field("amount", "money"),
        a_field("share", "percent"),
        a_field("pages", "integer"),
        a_field("signed_on", "date"),
        a_field("signed_at", "datetime"),
        a_field("opens", "time"),
        a_field("year", "period", grain="year"),
        a_field("kind", "choice"),
        a_field("labels", "choice", many=True),
        a_field("urgent", "boolean"),
        a_field("keeper", "person"),
        a_field("partners", "org", many=True),
        a_field("about", "link", to=("contract", "other")),
        a_field("parent", "link", to=("contract",)),
        a_field("place", "geolocation"),
        a_field(
            "lines",
            "table",
            fields=(a_field("org", "org"), a_field("value", "number"), a_field("note", "text")),
        ),
        **keys,
    )


def publish(database: Database, catalogue: SmallCatalogue) -> Installation:
    release = apply(database, catalogue, published_by())
    return load(database, release.id, lambda files: catalogue)


def with_people(database: Database) -> Installation:
    """Contracts, six orgs and two people."""
    installation = publish(database, a_catalogue(a_contract(), a_form("other")))
    with database.writing() as connection:
        people = [
            {"id": i, "login": login, "name": login, "org": "A", "created_at": NOW}
            for i, login in zip(database.ids.take(connection, 2), ("li.na", "wang"), strict=True)
        ]
        insert_people(connection, database.people, people)
    return installation


Row = tuple[int, str, str | None, str | None, str | None, int]
# id, org, owner, amount, title, month it was signed in
ROWS: Sequence[Row] = [
    (1, "A", "li.na", "10.00", "one", 1),
    (2, "A", "wang", None, "two", 1),
    (3, "B", "li.na", "30.50", "Three 100%", 2),
    (4, "C", None, "10.00", None, 5),
    (5, "C", "wang", "20.00", "five", 12),
]


def ask(installation: Installation, **keys: Any) -> Rows:
    query = Query(**{"form": "contract", "fields": ("id",), "scope": ALL_ROWS, **keys})
    with installation.database.reading() as connection:
        return installation.store.select(connection, query)


def ids(rows: Rows) -> list[int]:
    return [row["id"] for row in rows.items]


def key(installation: Installation, org: str) -> int:
    return installation.book.key("org", org)
