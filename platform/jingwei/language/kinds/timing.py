"""Kinds source, schedule and scenario: schemas and builders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jingwei.language.kinds.common import common, own
from jingwei.language.shapes import (
    AT,
    CONDITION,
    EFFECTS,
    FORMULA,
    INTEGER,
    WORD,
    Schema,
    else_,
    enum,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.timing import Driver, Scenario, Schedule, Source
from jingwei.language.walker import Walker
from jingwei.problems import nearest

# columns of facts, and what else a source may bring
COLUMNS = (
    "org", "period", "indicator", "value", "view", "data_version", "scenario", "note", "unit",
)  # fmt: skip
# type of connection → the keys it needs, and those it may have
CONNECTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sql": (("dsn_env",), ()),
    "rest": (("url",), ("secret_env",)),
    "excel": (("path",), ()),
    "csv": (("path",), ()),
    "folder": (("path",), ()),
}
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_SECRETS = ("dsn_env", "secret_env")
_CONNECT = keys(
    "connect",
    {"type": enum(*CONNECTIONS), "dsn_env": WORD, "url": WORD, "secret_env": WORD, "path": WORD},
    ("type",),
)
_READ = keys(
    "read",
    {
        "table": WORD,
        "path": WORD,
        "sheet": WORD,
        "header_row": INTEGER,
        "columns": map_of(WORD, thing="column"),
        "unit": WORD,
        "where": WORD,
    },
    ("columns",),
)
SOURCE = kind(
    "source",
    {
        "connect": _CONNECT,
        "read": _READ,
        "match": list_of(WORD),
        "schedule": AT,
        "data_version": WORD,
        "rejects": else_(enum("keep", "stop"), "keep"),
    },
    ("connect", "read"),
)
SCHEDULE = kind(
    "schedule",
    {
        "at": AT,
        "for": FORMULA,
        "do": EFFECTS,
        "calendar": ref("calendar"),
        "missed": else_(enum("run_once", "skip"), "run_once"),
    },
    ("at", "do"),
)
_DRIVER: Mapping[str, Schema] = {"change": FORMULA, "orgs": FORMULA, "periods": FORMULA}
SCENARIO = kind(
    "scenario",
    {
        "base": keys(
            "scenario_base",
            {"period": WORD, "view": enum("actual", "target", "budget", "forecast")},
            ("period", "view"),
        ),
        "drivers": map_of(keys("driver", _DRIVER, ("change",)), thing="driver"),
        "show": list_of(ref("indicator")),
        "constraints": map_of(CONDITION),
    },
    ("base", "drivers"),
)


def build_source(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    connect, read = values["connect"], values["read"]
    _check_connection(walker, connect)
    for column in read["columns"]:
        if column not in COLUMNS:
            walker.fail(
                "unknown-value",
                walker.key_at(("read", "columns", column)),
                suggestion=nearest(column, COLUMNS),
                value=column,
                known=", ".join(COLUMNS),
            )
    for index, column in enumerate(values.get("match", ())):
        if column not in read["columns"]:
            walker.fail(
                "no-such-field",
                walker.value_at(("match", index)),
                suggestion=nearest(column, read["columns"]),
                name=column,
                place="read.columns",
                known=", ".join(read["columns"]),
            )
    return Source(
        **common(walker, name, values),
        connect=connect,
        read={key: value for key, value in read.items() if key != "columns"},
        columns=read["columns"],
        **own(values, "match", "schedule", "data_version", "rejects"),
    )


def _check_connection(walker: Walker, connect: dict[str, str]) -> None:
    type_ = connect["type"]
    needed, allowed = CONNECTIONS[type_]
    for key in needed:
        if key not in connect and ("connect", key) not in walker.meant:
            at = walker.value_at(("connect", "type"))
            walker.fail("key-for-type-missing", at, key=key, type=type_)
    for key, value in connect.items():
        if key == "type":
            continue
        if key not in needed + allowed:
            types = [t for t, (n, a) in CONNECTIONS.items() if key in n + a]
            at = walker.key_at(("connect", key))
            walker.fail("key-not-for-type", at, key=key, type=type_, types=", ".join(types))
        elif key in _SECRETS and not _ENVIRONMENT_NAME.match(value):
            walker.fail("not-an-environment-name", walker.value_at(("connect", key)), key=key)


def build_schedule(walker: Walker, name: str, values: dict[str, Any]) -> Schedule:
    return Schedule(
        **common(walker, name, values),
        each=values.get("for"),
        **own(values, "at", "do", "calendar", "missed"),
    )


def build_scenario(walker: Walker, name: str, values: dict[str, Any]) -> Scenario:
    drivers = {}
    for indicator, given in values["drivers"].items():
        walker.reference("indicator", indicator, walker.key_at(("drivers", indicator)))
        drivers[indicator] = Driver(indicator=indicator, **given)
    return Scenario(
        **common(walker, name, values),
        **values["base"],
        drivers=drivers,
        **own(values, "show", "constraints"),
    )
