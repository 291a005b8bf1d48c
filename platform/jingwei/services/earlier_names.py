"""What was kept under the names of an earlier release, under those of today."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from jingwei.services.commands import Reading
from jingwei.storage.columns import BESIDE
from jingwei.storage.names import PhysicalNames
from jingwei.storage.releases import read_names
from jingwei.storage.versions import VersionRow

Place = tuple[str, str]  # physical table and column; no column: the rows of a table


def todays_body(view: Reading, form: str, row: VersionRow) -> Mapping[str, Any]:
    """The body of a version, its fields called as they are today. What was retired since keeps
    its name, and is left out where another field is called so today."""
    renamed, taken = _renamed(view, form, row.release)
    if not renamed and not taken:
        body: Mapping[str, Any] = row.body
        return body
    return {
        renamed.get(n, n): _value(n, value, renamed, taken)
        for n, value in row.body.items()
        if n not in taken
    }


def _value(name: str, value: Any, renamed: Mapping[str, str], taken: Set[str]) -> Any:
    """Rows of a table with their columns called as today."""
    inside = f"{name}."
    if not isinstance(value, list) or not any(p.startswith(inside) for p in (*renamed, *taken)):
        return value
    words = {p.partition(".")[2]: new.partition(".")[2] for p, new in renamed.items() if "." in p}
    mine = {c: new for c, new in words.items() if f"{name}.{c}" in renamed}
    return [
        {mine.get(c, c): v for c, v in row.items() if f"{inside}{c}" not in taken} for row in value
    ]


def _renamed(view: Reading, form: str, release: int) -> tuple[Mapping[str, str], Set[str]]:
    """Earlier path → path of today, of the fields and columns that are called otherwise; and the
    earlier paths of what is retired, whose names others have today."""
    if release == view.installation.release.id:
        return {}, frozenset()
    here = view.installation.names
    own = here.table(form).name
    was, now = paths_by_place(read_names(view.connection, release), own), paths_by_place(here, own)
    renamed = {was[at]: now[at] for at in was.keys() & now.keys() if was[at] != now[at]}
    return renamed, {was[at] for at in was.keys() - now.keys()} & set(now.values())


def paths_by_place(names: PhysicalNames, own: str) -> dict[Place, str]:
    """The fields (`amount`, `lines`, `lines.price`) of the form whose records are in the table
    `own`, by where their values are."""
    form = next((of for (of, _), table in names.tables.items() if table.name == own), None)
    found: dict[Place, str] = {}
    for (of, part), table in names.tables.items():
        if of != form:
            continue
        outer = part.partition(BESIDE)[0]
        if outer and BESIDE not in part:
            found[table.name, ""] = outer
        for key, column in table.columns.items():
            field = key.partition(".")[0]
            found[table.name, column] = f"{outer}.{field}" if outer else field
    return found
