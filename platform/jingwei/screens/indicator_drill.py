"""`/indicators/<name>/drill`: what a figure is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from jingwei.language.measures import Indicator
from jingwei.refusals import NotFound
from jingwei.screens.cells import NOTHING, Cells
from jingwei.screens.dashboards import Tiles
from jingwei.screens.figures import (
    COLUMN_PATIENCE,
    Scale,
    drill_address,
    exact,
    scale_of,
    version_words,
    written,
)
from jingwei.screens.frame import page
from jingwei.screens.indicator_place import Place, asked_place, reason_words
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.drill import WAYS, drill, ways
from jingwei.services.measures import Measures
from jingwei.texts import text

VIEWS = ("actual", "target", "budget", "forecast")


@dataclass(frozen=True, slots=True)
class Made:
    """One row of what a figure is made of. `kind` names its words; `href` leads further down."""

    kind: str
    title: str
    text: str
    href: str | None = None
    light: str = ""
    hint: str = ""
    share: str = ""
    notes: tuple[str, ...] = ()
    neg: bool = False


def taken_apart(name: str) -> Any:
    with reading() as view:
        definition = view.catalogue.indicators.get(name)
        if definition is None:
            raise NotFound("no-such-indicator", name=name[:60])
        place = asked_place(view, definition)
        asked_view = request.args.get("view", "actual")
        asked_view = asked_view if asked_view in VIEWS else "actual"
        shown = Tiles(view, Cells(view))
        return page(
            view, "drill.html", **_drilled(view, shown, definition, place, asked_view)
        )  # fmt: skip


def _drilled(
    view: Reading, shown: Tiles, definition: Indicator, place: Place, asked_view: str
) -> dict[str, Any]:
    measures, cells = place.measures, shown.cells
    asked = measures.cube.question(definition.name, place.org, place.period, asked_view, None)
    offered = ways(measures, asked) if measures.may_read(place.org) else []
    wanted = request.args.get("way", "")
    way = wanted if wanted in offered else (offered or [WAYS[0]])[0]
    found = drill(measures, asked, way)
    scale = _scale(definition, found, cells.words)
    rows = [_made(cells, row, place, way, scale, found) for row in found["rows"]]
    total = found["total"]
    lead = shown.number(
        {
            "indicator": definition.name,
            "value": total.value,
            "unit": total.unit,
            "light": total.light,
            "version": total.version,
            "as_of": total.as_of.isoformat() if total.as_of else None,
            "annualized": total.annualized,
            "reason": reason_words(total.missing_reason),
            "missing": [{"title": cells.title("org", o)} for o in total.missing],
        }
    )
    return {
        "title": definition.title(cells.words),
        "name": definition.name,
        "org_title": cells.title("org", place.org),
        "period_title": cells.period(str(place.period)),
        "view_title": text(f"measures.view.{asked_view}", cells.words),
        "trail": _trail(cells, measures, definition.name, place, asked_view),
        "controls": place.controls(cells),
        "lead": lead,
        "way": way,
        "offered": [
            (one, _way_address(definition.name, place, asked_view, one)) for one in offered
        ],
        "rows": rows,
        "sums": found["sums"] and way == "orgs",
        "total_text": written(total.value, scale, cells.words),
        "unit": "" if scale.after else scale.words,
        "facts": _facts(cells, found["rows"], definition) if way == "facts" else [],
        "asked_view": asked_view,
    }


def _scale(definition: Indicator, found: Mapping[str, Any], words: str) -> Scale:
    values = [found["total"].value]
    values += [row["cell"].value if "cell" in row else row.get("value") for row in found["rows"]]
    return scale_of(definition.unit, values, words, definition.precision, COLUMN_PATIENCE)


def _trail(
    cells: Cells, measures: Measures, name: str, place: Place, asked_view: str
) -> list[tuple[str, str | None]]:
    """From the highest org that may be read down to this one."""
    tree = measures.view.catalogue.tree
    above = [org for org in tree.ancestors(place.org, measures.view.today) if org != place.org]
    found: list[tuple[str, str | None]] = []
    for org in reversed(above):
        if measures.may_read(org):
            drill_to = {"indicator": name, "org": org, "period": place.period, "view": asked_view}
            found.append((cells.title("org", org), drill_address(drill_to)))
    return [*found, (cells.title("org", place.org), None)]


def _way_address(name: str, place: Place, asked_view: str, way: str) -> str:
    asked = {"indicator": name, "org": place.org, "period": place.period, "view": asked_view}
    return drill_address(asked, way) or ""


def _made(
    cells: Cells,
    row: Mapping[str, Any],
    place: Place,
    way: str,
    scale: Scale,
    found: Mapping[str, Any],
) -> Made:
    kind, words = str(row["kind"]), cells.words
    if "cell" not in row:
        value = row.get("value")
        return Made(
            kind,
            text(f"screens.drill.{kind}", words) if kind != "fact" else "",
            written(value, scale, words),
            hint=exact(value, found["total"].unit, words),
            share=_share(value, found),
            notes=tuple(_entry(cells, one, scale) for one in row.get("entries", ())),
            neg=value is not None and value < 0,
        )
    cell = row["cell"]
    own = scale
    if kind != "org":
        title = cells.title("indicator", cell.indicator)
        definition = cells.view.catalogue.indicators[cell.indicator]
        own = scale_of(cell.unit, [cell.value], words, definition.precision)
    else:
        title = cells.title("org", cell.org)
    to = {"indicator": cell.indicator, "org": cell.org, "period": cell.period, "view": cell.view}
    digits = written(cell.value, own, words)
    if own is not scale and not own.after and cell.value is not None:
        digits = f"{digits} {own.words}"
    return Made(
        kind,
        title,
        digits if cell.value is not None else reason_words(cell.missing_reason) or NOTHING,
        drill_address(to, way if way in row["ways"] else "") if row["ways"] else None,
        cell.light or "",
        exact(cell.value, cell.unit, words),
        _share(cell.value, found) if kind == "org" else "",
        (text(f"screens.drill.{kind}", words),) if kind != "org" else (),
        cell.value is not None and cell.value < 0,
    )


def _share(value: Any, found: Mapping[str, Any]) -> str:
    total = found["total"].value
    if not found["sums"] or value is None or not total:
        return ""
    return f"{float(value / total) * 100:.1f}%"


def _entry(cells: Cells, entry: Mapping[str, Any], scale: Scale) -> str:
    said = [
        cells.period(str(entry["period"])),
        f"{written(entry['value'], scale, cells.words)} {scale.words}".strip(),
        entry.get("reason") or "",
        cells.title("org", entry["counterpart"]) if entry.get("counterpart") else "",
    ]
    return " · ".join(one for one in said if one)


def _facts(
    cells: Cells, rows: Sequence[Mapping[str, Any]], definition: Indicator
) -> list[dict[str, Any]]:
    """The facts with where each comes from."""
    words = cells.words
    scale = scale_of(
        definition.unit, [r["value"] for r in rows], words, definition.precision, COLUMN_PATIENCE
    )
    cells.learn_people(row["person"] for row in rows if row["person"])
    found = []
    for row in rows:
        address = str(row["source_url"] or "")
        record = row["record"]
        found.append(
            {
                "period": cells.period(str(row["period"])),
                "version": version_words(row["version"], words, cells.period),
                "text": written(row["value"], scale, words),
                "exact": exact(row["value"], row["unit"], words),
                "used": row["used"],
                "source": row["source"] or "",
                "url": address if address.startswith(("https://", "http://")) else None,
                "note": row["note"] or "",
                "person": cells.person(row["person"]) if row["person"] else "",
                "at": cells.moment(row["at"]),
                "record": f"/f/{record['form']}/{record['id']}" if record else None,
                "record_title": cells.record_title(record["form"], record["id"]) if record else "",
            }
        )
    return found
