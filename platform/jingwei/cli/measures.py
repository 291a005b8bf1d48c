"""`facts` and `indicators`: figures in, computed again, and shown."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import click

from jingwei.cli import Context
from jingwei.cli.commands import group, option
from jingwei.cli.people import known_person, open_platform
from jingwei.gateways.sheets import read_sheet
from jingwei.refusals import NotFound
from jingwei.services import cube_blocks
from jingwei.services import facts as incoming
from jingwei.services.commands import Reading
from jingwei.services.display import shown
from jingwei.services.drill import Way, cell_json
from jingwei.services.measure_query import answer_question, read_question
from jingwei.services.measures import Cell, Measures
from jingwei.services.people import SYSTEM
from jingwei.texts import text

COMPARE = ("yoy", "mom", "vs_target", "attainment")


def words(key: str) -> str:
    return text(f"measures.cli.{key}")


@group(help=words("facts_help"))
def facts() -> None: ...


@facts.command("import", help=words("facts_import_help"))
@click.argument("file", type=click.Path(path_type=Path))
@option("--adjustments", is_flag=True, help=words("adjustments_help"))
@option("--source", default=None, help=words("source_help"))
@option("--as", "login", help=words("as_help"))
@click.pass_obj
def import_facts(
    context: Context, file: Path, adjustments: bool, source: str | None, login: str | None
) -> None:
    rows = read_sheet(file)
    named = source or file.name
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        given = ([], rows) if adjustments else (rows, [])
        found = platform.commands.run(lambda work: incoming.post_facts(work, *given, named), actor)
    done: dict[str, Any] = found["adjustments"] if adjustments else found
    context.give(done, context.text("measures.cli.facts_imported", **done))


@group(help=words("indicators_help"))
def indicators() -> None: ...


@indicators.command("recompute", help=words("recompute_help"))
@click.argument("names", nargs=-1)
@click.pass_obj
def recompute(context: Context, names: tuple[str, ...]) -> None:
    with open_platform(context) as platform:
        known = platform.active.current.catalogue.indicators
        for name in names:
            if name not in known:
                raise NotFound("no-such-indicator", name=name)
        count = platform.commands.run(
            lambda work: cube_blocks.recompute_all(work, names or None), SYSTEM
        )
    context.give({"blocks": count}, context.text("measures.cli.recomputed", count=count))


@indicators.command("show", help=words("show_help"))
@click.argument("name")
@option("--org", required=True)
@option("--period", required=True)
@option("--view", default="actual", show_default=True)
@option("--drill", type=click.Choice(["orgs", "parts", "facts"]), help=words("drill_help"))
@option("--as", "login", help=words("as_help"))
@click.pass_obj
def show(
    context: Context,
    name: str,
    org: str,
    period: str,
    view: str,
    drill: Way | None,
    login: str | None,
) -> None:
    body: dict[str, Any] = {"indicators": [name], "orgs": [org], "periods": [period],
                            "views": [view], "compare": list(COMPARE)}  # fmt: skip
    if drill is not None:
        body["drill"] = drill
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        with platform.commands.read(actor) as reading:
            question = read_question(reading, body)
            found = answer_question(reading, question, context.locale)
            cell = Measures(reading).cell(name, org, question.periods[0], view, question.compare)
            said = _said(context, reading, cell, found)
    context.give(found if drill else cell_json(cell), said)


def _said(context: Context, view: Reading, cell: Cell, found: dict[str, Any]) -> str:
    """The figure in words, what stands beside it, and what it is made of."""
    locale = context.locale
    catalogue = view.catalogue
    title = catalogue.indicators[cell.indicator].title(locale)
    lines = [
        context.text(
            "measures.cli.shown",
            title=title,
            org=catalogue.orgs[cell.org].title(locale),
            period=cell.period,
            value=_value(cell.value, cell.unit, locale),
            status=cell.status,
            light=cell.light or "–",
            version=cell.version or "–",
        )
    ]
    if cell.missing_reason is not None:
        lines.append("  " + context.text(f"measures.reason.{cell.missing_reason}"))
    for word, one in cell.compare.items():
        unit = "percent" if word in ("yoy", "mom", "attainment") else cell.unit
        value = (
            context.text(f"measures.reason.{one.reason}")
            if one.value is None and one.reason is not None
            else _value(one.value, unit, locale)
        )
        lines.append(f"  {context.text(f'measures.compare.{word}')}: {value}")
    for row in found.get("drill", {}).get("rows", ()):
        name = row.get("org") or row.get("indicator") or row.get("source") or ""
        lines.append(f"  {row['kind']:<12} {name:<24} {_value(row['value'], cell.unit, locale)}")
    return "\n".join(lines)


def _value(value: Any, unit: str, locale: str) -> str:
    if unit in ("percent", "%"):
        return shown(value, "percent", locale, UTC)
    return shown(value, None, locale, UTC)  # a figure is no instant
