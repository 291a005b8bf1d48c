"""Changes by how the org of each record has the form: each is judged by its own org's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.values import Formula
from jingwei.services.commands import Work
from jingwei.services.wanted import Change
from jingwei.services.world import environment


def by_org(
    work: Work, form: str, batch: Sequence[Change], there: Mapping[int, Mapping[str, Any]]
) -> list[tuple[Work, list[int]]]:
    """The work as each kind of org has its definitions, and the places of its changes."""
    found: dict[tuple[str, ...], tuple[Work, list[int]]] = {}
    for place, change in enumerate(batch):
        own = work.of(_org_of(work, form, change, there))
        found.setdefault(own.catalogue.standing, (own, []))[1].append(place)
    return list(found.values())


def _org_of(
    work: Work, form: str, change: Change, there: Mapping[int, Mapping[str, Any]]
) -> str | None:
    """The org that the record will be of, as far as it can be told before it is prepared."""
    wanted = change.values.get("org")
    if isinstance(wanted, str) and wanted:
        return wanted
    if change.kind != "create":
        return there.get(change.id or 0, {}).get("org")
    org = work.catalogue.forms[form].fields.get("org")
    if org is not None and isinstance(org.default, Formula):
        value = work.catalogue.closure(org.default)(environment(work, {}))
        return value if isinstance(value, str) else None
    return work.actor.org or None
