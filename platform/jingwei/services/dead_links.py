"""Links of a deleted record to others that were deleted since: it does not come back with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from jingwei.language.form import Field
from jingwei.services.commands import Work
from jingwei.services.found import Found
from jingwei.services.plans import FormPlan
from jingwei.services.validation import target_of

Record = Mapping[str, Any]
Target = tuple[str, int]
Gone = Mapping[Target, datetime]


def deleted_targets(work: Work, plan: FormPlan, records: Iterable[Record]) -> Gone:
    """What the records link to and is deleted, and since when."""
    wanted: dict[str, set[int]] = {}
    for record in records:
        for _, (form, id) in _links(plan, record):
            if form in work.catalogue.forms:
                wanted.setdefault(form, set()).add(id)
    gone: dict[Target, datetime] = {}
    for form, ids in wanted.items():
        for id, there in work.store.load(work.connection, form, sorted(ids)).items():
            if there["deleted_at"] is not None:
                gone[form, id] = there["deleted_at"]
    return gone


def judge(work: Work, plan: FormPlan, record: Record, gone: Gone, found: Found) -> None:
    """Refuse each link to what was deleted; what went in the same act may come back after it."""
    for path, target in _links(plan, record):
        since = gone.get(target)
        if since is not None and since != record["deleted_at"]:
            found.add(path, "link-deleted", form=work.catalogue.forms[target[0]].title)


def _links(plan: FormPlan, record: Record) -> Iterator[tuple[str, Target]]:
    """Each link that is kept: its path as it is sent, and where it leads. Those to owners
    are judged as such."""
    for name, one in plan.fields.items():
        yield from _of(one.field, name, record.get(name))
        for index, row in enumerate(record.get(name) or () if name in plan.tables else ()):
            for column, cell in plan.tables[name].items():
                yield from _of(cell.field, f"{name}.{index}.{column}", row.get(column))


def _of(field: Field, path: str, value: Any) -> Iterator[tuple[str, Target]]:
    if field.type != "link" or field.owner or field.compute is not None or value is None:
        return
    for index, one in enumerate(value if field.many else (value,)):
        yield f"{path}.{index}" if field.many else path, target_of(field, one)
