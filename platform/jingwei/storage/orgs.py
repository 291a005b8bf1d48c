"""Name keys, and today's tree of organisations, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from jingwei.catalogue.by_kind import named_kinds
from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.database import Connection
from jingwei.storage.tables_releases import sys_name, sys_org, sys_org_below

Keys = Mapping[str, Mapping[str, int]]


def allot_keys(connection: Connection, catalogue: Catalogue, base: Keys) -> dict[str, Any]:
    """A small key for every org, indicator, form, role and post, and for every definition that a
    field may name: kept, moved on a rename, or new.

    `base`: the keys of the release this one follows.
    """
    known: dict[tuple[str, str], int] = {
        (row.kind, row.name): row.key for row in connection.execute(select(sys_name))
    }
    keys, fresh = kept_keys(catalogue, base, known)
    _move_names(connection, keys, known)
    for kind, name in fresh:
        keys[kind][name] = connection.execute(
            insert(sys_name).values(kind=kind, name=name).returning(sys_name.c.key)
        ).scalar_one()
    return keys


def kept_keys(
    catalogue: Catalogue, base: Keys, known: Mapping[tuple[str, str], int]
) -> tuple[dict[str, dict[str, int]], list[tuple[str, str]]]:
    """The keys that stay or move on a rename, and (kind, name) of those that are to be allotted.

    `known`: every key there is, by kind and name.
    """
    keys: dict[str, dict[str, int]] = {}
    fresh: list[tuple[str, str]] = []
    for kind, definitions in _named(catalogue).items():
        keys[kind] = {}
        for name, was in definitions.items():
            key = base.get(kind, {}).get(name) or known.get((kind, name))
            if key is None and was is not None:
                key = base.get(kind, {}).get(was)
            if key is None:
                fresh.append((kind, name))
            else:
                keys[kind][name] = key
    return keys, fresh


def _named(catalogue: Catalogue) -> dict[str, dict[str, str | None]]:
    """Kind → name → earlier name."""
    kinds: Mapping[str, Mapping[str, Any]] = {
        "org": catalogue.orgs,
        "indicator": catalogue.indicators,
        "form": catalogue.forms,
        "role": catalogue.roles,
        "post": catalogue.posts,
    }
    found = {
        kind: {name: definition.renamed_from for name, definition in definitions.items()}
        for kind, definitions in kinds.items()
    }
    wanted = named_kinds(catalogue)
    if wanted:
        found["definition"] = {
            name: one.renamed_from and f"{name.partition('/')[0]}/{one.renamed_from}"
            for name, one in catalogue.definitions.items()
            if name.partition("/")[0] in wanted
        }
    return found


def restore_keys(connection: Connection, keys: Keys) -> None:
    """Give every key the name it had in an earlier release."""
    known = {(row.kind, row.name): row.key for row in connection.execute(select(sys_name))}
    _move_names(connection, keys, known)


def _move_names(connection: Connection, keys: Keys, known: Mapping[tuple[str, str], int]) -> None:
    """Write the names that moved. Two may have changed places, so each steps aside first."""
    moved = [
        {"key_": key, "name_": name, "aside": f"…{key}"}
        for kind, names in keys.items()
        for name, key in names.items()
        if known.get((kind, name)) != key
    ]
    if moved:
        of_key = update(sys_name).where(sys_name.c.key == bindparam("key_"))
        connection.execute(of_key.values(name=bindparam("aside")), moved)
        connection.execute(of_key.values(name=bindparam("name_")), moved)


def write_orgs(
    connection: Connection, catalogue: Catalogue, keys: Mapping[str, int], today: date
) -> bool:
    """Today's tree as rows. False when it stood so already. Called by a publication, and daily,
    because moves have dates."""
    orgs = _org_rows(catalogue, keys, today)
    below = _below_rows(catalogue, keys, today)
    changed = _replace(connection, sys_org, orgs, ("key",))
    return _replace(connection, sys_org_below, below, ("below", "above")) or changed


def _org_rows(catalogue: Catalogue, keys: Mapping[str, int], today: date) -> list[dict[str, Any]]:
    rows = []
    for code, org in catalogue.orgs.items():
        parent = catalogue.tree.parent(code, today)
        rows.append(
            {
                "key": keys[code],
                "code": code,
                "title": {"zh": org.title.zh, "en": org.title.en},
                "type": org.type,
                "parent": keys[parent] if parent else None,
                "profile": catalogue.tree.profile(code, today),
                "facts": dict(org.facts) or None,
                "active": int(catalogue.tree.exists(code, today)),
            }
        )
    return rows


def _below_rows(catalogue: Catalogue, keys: Mapping[str, int], today: date) -> list[dict[str, Any]]:
    return [
        {"below": keys[code], "above": keys[above], "depth": depth}
        for code in catalogue.orgs
        for depth, above in enumerate(catalogue.tree.ancestors(code, today))
    ]


def _replace(
    connection: Connection, table: Any, rows: list[dict[str, Any]], key: tuple[str, ...]
) -> bool:
    """Make the table hold exactly these rows, touching only those that differ."""
    there = {
        tuple(row[k] for k in key): dict(row)
        for row in connection.execute(select(table)).mappings()
    }
    wanted = {tuple(row[k] for k in key): row for row in rows}
    gone = [k for k, row in there.items() if wanted.get(k) != row]
    new = [row for k, row in wanted.items() if there.get(k) != row]
    if gone:
        of_key = [table.c[name] == bindparam(f"{name}_") for name in key]
        connection.execute(
            delete(table).where(*of_key),
            [{f"{name}_": value for name, value in zip(key, k, strict=True)} for k in gone],
        )
    if new:
        connection.execute(insert(table), new)
    return bool(gone or new)
