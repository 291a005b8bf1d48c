"""`report`: the document of a report, from the installation's data."""

from __future__ import annotations

from pathlib import Path

import click

from jingwei.cli import Context
from jingwei.cli.commands import command, option
from jingwei.cli.people import known_person, open_platform
from jingwei.documents.reports import FORMATS, Made, make
from jingwei.refusals import Refused
from jingwei.services import report_asked, report_kept
from jingwei.services.people import SYSTEM, Person
from jingwei.services.platform import Platform
from jingwei.texts import text


@command(help=text("reports.report_help"))
@click.argument("name", metavar="REPORT")
@option("--org")
@option("--period")
@option("--set", "more", multiple=True, metavar="NAME=VALUE")
@option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@option("--as", "login")
@click.pass_obj
def report(
    context: Context,
    name: str,
    org: str | None,
    period: str | None,
    more: tuple[str, ...],
    out: Path,
    login: str | None,
) -> None:
    format = out.suffix.removeprefix(".").lower()
    if format not in FORMATS:
        raise Refused("report-format", format=format or "–", known=", ".join(FORMATS))
    given = {key: value for key, value in (("org", org), ("period", period)) if value}
    given.update((key, value) for key, _, value in (one.partition("=") for one in more))
    with open_platform(context) as platform:
        actor = known_person(platform, login) if login else SYSTEM
        with platform.commands.read(actor) as view:
            data_dir = platform.settings.data_dir
            made = make(view, name, given, format, context.locale, data_dir)
            keep = view.catalogue.reports[name].archive
        if keep:
            _keep(platform, actor, name, given, made)
    out.write_bytes(made.content)
    value = {"file": str(out), "fingerprint": made.data.fingerprint}
    context.give(value, context.text("reports.saved", path=out))


def _keep(platform: Platform, actor: Person, name: str, given: dict[str, str], made: Made) -> None:
    platform.commands.run(
        lambda work: report_kept.keep_file(
            work,
            report_asked.ask(work, name, given),
            made.data,
            made.name,
            made.mimetype,
            made.content,
        ),
        actor,
    )
