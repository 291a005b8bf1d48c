"""Computed fields that are kept from now on, worked out for records that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.environment import Environment
from jingwei.services.computing import as_kept
from jingwei.services.found import Found
from jingwei.services.plans import Compute, FormPlan, build_plan
from jingwei.storage.database import Connection
from jingwei.storage.foreseen import foreseen_store
from jingwei.storage.records import RecordStore
from jingwei.storage.rollback import plan_back


class Computed:
    """Works out one field of some records at a time; what reads beyond its record stays empty."""

    def __init__(
        self, database: Any, catalogue: Catalogue, zone: str, back_to: int | None = None
    ) -> None:
        """`back_to`: the earlier release that this catalogue is, and whose columns are meant."""
        self._database = database
        self._catalogue = catalogue
        self._zone = zone
        self._back_to = back_to
        self._plans: dict[str, FormPlan] = {}
        self._store: RecordStore | None = None

    def __call__(
        self, connection: Connection, form: str, part: str, field: str, ids: Sequence[int]
    ) -> Mapping[int, Any]:
        store = self._store
        if store is None:
            back = self._back_to
            foreseen = plan_back(connection, self._catalogue, back) if back is not None else None
            store = foreseen_store(
                self._database, connection, self._catalogue, self._zone, foreseen
            )
            self._store = store
        plan = self._plans.get(form)
        if plan is None:
            plan = self._plans[form] = build_plan(self._catalogue, self._catalogue.forms[form])
        found: dict[int, Any] = {}
        for record in store.load(connection, form, ids).values():
            self._compute(plan, record)
            if part:
                found.update({row["id"]: row.get(field) for row in record.get(part) or ()})
            else:
                found[record["id"]] = record.get(field)
        return found

    def _compute(self, plan: FormPlan, record: dict[str, Any]) -> None:
        env = Environment(record)
        for one in plan.computes:
            if one.field.mode != "always" or not self._is_inside(one):
                continue
            if one.table is None:
                record[one.name] = _value(one, env)
                continue
            inside = env.inside(record)
            for row in record.get(one.table) or ():
                inside.record = row
                row[one.name] = _value(one, inside)

    def _is_inside(self, one: Compute) -> bool:
        assert one.field.compute is not None
        return self._catalogue.expression(one.field.compute).inside_record


def _value(one: Compute, env: Environment) -> Any:
    """None for a number that is too large: the record says so at its next change."""
    try:
        value = one.closure(env)
    except (ArithmeticError, LookupError):
        return None
    return as_kept(one.field, value, one.name, Found())
