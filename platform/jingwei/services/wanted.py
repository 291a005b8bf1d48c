"""Changes of records that somebody wants, and what they are once they are prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from jingwei.refusals import FieldRefusal

Kind = Literal["create", "update", "delete", "restore"]
Source = Literal["user", "import", "flow", "action", "system"]
PEOPLES: frozenset[Source] = frozenset({"user", "import", "flow"})  # what somebody typed
REASONS = "_reasons"
WORKING = frozenset({"draft", "returned", "recalled", "rejected"})  # of an amendment, too
_STAMP = frozenset({"updated_at", "updated_by"})
EDITABLE = frozenset({None, "draft", "returned", "recalled", "rejected", "terminated"})
AFTER_SUBMIT = frozenset({"submitted", "approved"})  # some fields may still be open then


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Change(NamedTuple):
    """One wanted change. `values`: JSON values by field name, for `update` only what changes.
    Under `_reasons` they may say why a computed value is overridden.

    `allowed`: fields this change may write although the record is locked (a step of a flow).
    `gone`: by table, JSON rows of an earlier version that may come back under their id, with
    every column they had. `refused`: what is known to be wrong with it already. `restores`: the
    values are those of a version; what cannot be typed now stays, and is told.
    """

    kind: Kind
    id: int | None = None
    values: Mapping[str, Any] = _NOTHING
    expected_revision: int | None = None
    allowed: frozenset[str] | None = None
    require: frozenset[str] = frozenset()
    reasons: Mapping[str, Any] = _NOTHING  # of overridden values, by field
    gone: Mapping[str, Sequence[Mapping[str, Any]]] = _NOTHING
    refused: tuple[FieldRefusal, ...] = ()
    rescore: frozenset[str] = frozenset()  # score sheets whose figures are fetched anew
    restores: bool = False


@dataclass(slots=True)
class Batch:
    """Changes that are written together. `unique_later`: unique values are looked up at once;
    `known`: lists of keys that were found to be writable; `blank`: a record as each begins;
    `gone`: what those that come back link to and is deleted, since when;
    `judged`: fields that are judged one by one, of records that were read a column at a time."""

    source: Source
    unique_later: bool
    known: set[tuple[str, ...]] = field(default_factory=set)
    blank: dict[str, Any] | None = None
    gone: Mapping[tuple[str, int], datetime] = field(default_factory=dict)
    judged: Sequence[str] | None = None


@dataclass(slots=True)
class Prepared:
    """A change as it will be written: the record before and after, and what of it differs."""

    change: Change
    id: int
    before: dict[str, Any] | None
    after: dict[str, Any]
    touched: dict[str, Any]
    tables: dict[str, Sequence[Mapping[str, Any]]]
    warnings: tuple[FieldRefusal, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether an update changes nothing but who was the last to save."""
        return self.change.kind == "update" and not self.tables and self.touched.keys() <= _STAMP
