"""Computed fields that are kept from now on, worked out for records that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import Standing, catalogue_under
from jingwei.language.expressions.environment import Environment
from jingwei.services.computing import as_kept
from jingwei.services.found import Found
from jingwei.services.plans import Compute, FormPlan, build_plan
from jingwei.storage.columns import BESIDE
from jingwei.storage.database import Connection
from jingwei.storage.fill_list import default_of
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
        self._plans: dict[tuple[str, Standing], tuple[Catalogue, FormPlan]] = {}
        self._store: RecordStore | None = None

    def __call__(
        self, connection: Connection, form: str, part: str, field: str, ids: Sequence[int]
    ) -> Mapping[int, Any]:
        if BESIDE in part:
            return self._of_layer(self._open(connection), connection, form, part, field, ids)
        store = self._open(connection)
        found: dict[int, Any] = {}
        records = store.load(connection, form, ids)
        for under, alike in store.extended.by_standing(records).items():
            catalogue, plan = self._plan_of(form, under)  # each record by what its org has
            for record in alike.values():
                _compute(catalogue, plan, record)
                for row in record.get(part) or () if part else (record,):
                    found[row["id"]] = row.get(field)
        return found

    def _open(self, connection: Connection) -> RecordStore:
        store = self._store
        if store is None:
            back = self._back_to
            foreseen = plan_back(connection, self._catalogue, back) if back is not None else None
            store = foreseen_store(
                self._database, connection, self._catalogue, self._zone, foreseen
            )
            self._store = store
        return store

    def _plan_of(self, form: str, under: Standing) -> tuple[Catalogue, FormPlan]:
        """A form for those who stand so: () is the group's own."""
        found = self._plans.get((form, under))
        if found is None:
            catalogue = catalogue_under(self._catalogue, under)
            found = catalogue, build_plan(catalogue, catalogue.forms[form])
            self._plans[form, under] = found
        return found

    def _of_layer(
        self,
        store: RecordStore,
        connection: Connection,
        form: str,
        part: str,
        field: str,
        ids: Sequence[int],
    ) -> Mapping[int, Any]:
        """Only of records whose org stands under the layer; a field that is not computed gets its
        default."""
        table, _, for_ = part.partition(BESIDE)
        found: dict[int, Any] = {}
        records = store.load(connection, form, ids)
        for under, alike in store.extended.by_standing(records).items():
            if for_ not in under:
                continue
            catalogue, plan = self._plan_of(form, under)
            fields = plan.form.fields[table].fields if table else plan.form.fields
            constant = default_of(fields[field])
            for record in alike.values():
                _compute(catalogue, plan, record)
                for row in record.get(table) or () if table else (record,):
                    value = row.get(field)
                    found[row["id"]] = constant if value is None else value
        return found


def _compute(catalogue: Catalogue, plan: FormPlan, record: dict[str, Any]) -> None:
    env = Environment(record)
    for one in plan.computes:
        assert one.field.compute is not None
        inside = catalogue.expression(one.field.compute).inside_record
        if one.field.mode != "always" or not inside:
            continue
        if one.table is None:
            record[one.name] = _value(one, env)
            continue
        around = env.inside(record)
        for row in record.get(one.table) or ():
            around.record = row
            row[one.name] = _value(one, around)


def _value(one: Compute, env: Environment) -> Any:
    """None for a number that is too large: the record says so at its next change."""
    try:
        value = one.closure(env)
    except (ArithmeticError, LookupError):
        return None
    return as_kept(one.field, value, one.name, Found())
