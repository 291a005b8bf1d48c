"""`migrate`: running requests moved to the workflow of today, each with what becomes of it."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.people import open_platform
from jingwei.refusals import Malformed, NotFound
from jingwei.services.display import shown
from jingwei.services.releases.migrating import Moved, migrate_all
from jingwei.texts import text

words = words_of("cli_database")
FATES = ("stays", "closes", "asked")


@command(help=words("migrate_help"))
@click.argument("workflow")
@option("--map", "pairs", multiple=True, metavar="OLD=NEW", help=words("map_help"))
@option("--dry-run", is_flag=True, help=words("dry_run_help"))
@option("--reason", default="", help=words("migrate_reason_help"))
@click.pass_obj
def migrate(
    context: Context, workflow: str, pairs: tuple[str, ...], dry_run: bool, reason: str
) -> int:
    """Every running request of a workflow, one by one: what cannot move stays as it is."""
    if not dry_run and not reason.strip():
        raise Malformed("migrate-reason")
    with open_platform(context) as platform:
        workflows = platform.active.current.catalogue.workflows
        if workflow not in workflows:
            raise NotFound("no-such-workflow", name=workflow, known=", ".join(workflows) or "–")
        moved = migrate_all(
            platform.commands,
            workflow,
            _map(pairs),
            reason,
            dry_run=dry_run,
            locale=context.locale,
        )
        zone = platform.clock.zone
        lines = [_line(context, one, dry_run, zone) for one in moved]
    stuck = [one for one in moved if one.refused is not None]
    context.give(
        {"items": [one.to_json(context.locale) for one in moved], "dry_run": dry_run},
        "\n".join(lines) or context.text("cli_database.migrate_nothing"),
    )
    return FOUND_PROBLEMS if stuck else FINE


def _map(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise Malformed("migrate-map", pair=pair)
        found[old] = new
    return found


def _line(context: Context, one: Moved, dry_run: bool, zone: tzinfo) -> str:
    if one.refused is not None:
        words_ = one.refused.message(context.locale)
        return context.text("cli_database.migrate_kept", record=one.name, words=words_)
    steps = ", ".join(f"{a} → {b}" for a, b in one.steps.items() if a != b)
    key = "cli_database.migrate_would" if dry_run else "cli_database.migrate_done"
    told = context.text(key, record=one.name, steps=steps or "–")
    return told + _tasks(context, one) + _votes(context, one) + _times(context, one, zone)


def _tasks(context: Context, one: Moved) -> str:
    """Whose tasks stay, close and are asked afresh, a line each."""
    lines = []
    for fate in FATES:
        found = [f"{t['acting']} ({t['step']})" for t in one.tasks if t["fate"] == fate]
        if found:
            people = ", ".join(found)
            lines.append("\n  " + context.text(f"cli_database.migrate_{fate}", people=people))
    return "".join(lines)


def _votes(context: Context, one: Moved) -> str:
    """Which votes are counted otherwise, or as before, a line each."""
    lines = []
    for moved in one.votes:
        key = "flow_screens.vote_kept" if moved["kept"] else "flow_screens.vote_moved"
        passes = {"old": moved["pass"]["from"], "new": moved["pass"]["to"]}
        lines.append("\n  " + context.text(key, step=moved["step"], **passes))
        for vote in moved["weights"]:
            holes = {"person": vote["person"], "old": vote["from"], "new": vote["to"]}
            lines.append("\n  " + context.text("flow_screens.vote_weight", **holes))
    return "".join(lines)


def _times(context: Context, one: Moved, zone: tzinfo) -> str:
    """Which deadlines, reminders and waits become others, a line each, by the house's clock."""

    def at(said: str | None) -> str:
        return shown(datetime.fromisoformat(said), None, context.locale, zone) if said else "–"

    lines = []
    for moved in one.times:
        what = text(f"flow_screens.time_{moved['does'] or moved['purpose']}", context.locale)
        holes = {"step": moved["step"], "what": what}
        key = "moved_time_now" if moved["at_once"] else "moved_time"
        times = {"old": at(moved["from"]), "new": at(moved["to"])}
        lines.append("\n  " + text(f"flow_screens.{key}", context.locale, **holes, **times))
    return "".join(lines)
