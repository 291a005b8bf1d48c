"""A statement compiled once: its text, and where each value goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from jingwei.storage.codecs import Convert


def statement_dialect(name: str) -> Dialect:
    """A dialect that writes places for values in order, as both drivers take them."""
    if name == "sqlite":
        dialect: Dialect = pysqlite.dialect(paramstyle="qmark")
    else:
        dialect = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]  # theirs
    return dialect


class Prepared:
    """`bind(values)` gives the driver's parameters; fixed ones were converted when compiling."""

    __slots__ = ("_slots", "_template", "text")

    def __init__(
        self,
        statement: ClauseElement,
        dialect: Dialect,
        names: Collection[str],
        raw: Collection[str] = (),
    ) -> None:
        """`names`: binds whose values come with each execution; `raw`: those that come as the
        driver takes them."""
        compiled: Any = statement.compile(
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        self.text = str(compiled)
        self._template: list[Any] = []
        self._slots: list[tuple[int, str, Convert | None]] = []
        fixed = compiled.params
        for place, name in enumerate(compiled.positiontup or ()):
            bind = compiled.binds.get(name)
            convert = None if bind is None or name in raw else _converter(bind, dialect)
            given = name.partition("@")[0]
            if given in names:
                self._slots.append((place, given, convert))
                self._template.append(None)
            else:
                value = fixed[name]
                kept = value is None or convert is None
                self._template.append(value if kept else convert(value))  # type: ignore[misc]

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Raises KeyError for a value that is missing: our bug."""
        row = self._template.copy()
        for place, name, convert in self._slots:
            value = values[name]
            row[place] = value if value is None or convert is None else convert(value)
        return tuple(row)


def _converter(bind: Any, dialect: Dialect) -> Convert | None:
    convert: Convert | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return convert
