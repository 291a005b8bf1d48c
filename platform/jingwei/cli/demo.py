"""`demo`: publish if nothing runs yet, load what the application brings, say where to look."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from jingwei.app import build_platform
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import Context, words
from jingwei.cli.commands import command, option
from jingwei.cli.database import open_database, publication
from jingwei.cli.folder import Folder
from jingwei.cli.server import run_server
from jingwei.refusals import Refused
from jingwei.services import demo as demos
from jingwei.services.demo import DemoSheets, Guest
from jingwei.services.people import SYSTEM
from jingwei.services.platform import Platform
from jingwei.services.sessions import Passwords
from jingwei.services.story import Story
from jingwei.storage import apply as publishing
from jingwei.storage.releases import active_release

FOLDER = Path("definitions") / "demo"
STEPS = ("fill", "approve", "figures")
PASSWORD_BYTES = 9


@command(help=words("demo_help"))
@option("--serve", is_flag=True, help=words("demo_serve_help"))
@option("--new-password", is_flag=True, help=words("demo_new_password_help"))
@option("--host", default="127.0.0.1", show_default=True)
@option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.pass_obj
def demo(context: Context, serve: bool, new_password: bool, host: str, port: int) -> None:
    settings = context.settings
    if settings.is_production:
        raise Refused("no-demo-in-production")
    _publish_first(context)
    sheets = read_sheets(context.root / FOLDER)
    platform = build_platform(settings.with_secret())
    try:
        password = _load(context, platform, sheets, new_password)
        with platform.commands.read(SYSTEM) as view:
            guests = demos.guests(view, sheets)
            steps = _steps(view.catalogue)
    finally:
        platform.database.close()
    _report(context, guests, password, steps, demos.with_own_password(sheets))
    if serve:
        run_server(context, settings, host, port, 1)


def _publish_first(context: Context) -> None:
    """Publish the folder's definitions where nothing has been published."""
    with open_database(context) as database:
        with database.reading() as connection:
            there = active_release(connection)
        if there is not None:
            return
        catalogue = compile_catalogue(context.root)
        folder = Folder(context.settings.data_dir, context.root, database)
        release = publishing.apply(database, catalogue, publication(context, folder.base))
        folder.follows(release)
    context.say(context.text("cli.demo_applied", release=release.id))


def read_sheets(folder: Path) -> DemoSheets:
    """`people*.csv`, `facts*.csv` and `adjustments*.csv` of the demo folder."""
    return DemoSheets(
        list(_rows(folder, "people")),
        list(_rows(folder, "facts")),
        list(_rows(folder, "adjustments")),
    )


def _rows(folder: Path, stem: str) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob(f"{stem}*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)


def _load(
    context: Context, platform: Platform, sheets: DemoSheets, new_password: bool
) -> str | None:
    """The password, when it is a new one."""
    password, passwords = secrets.token_urlsafe(PASSWORD_BYTES), Passwords()
    loaded = platform.commands.run(
        lambda work: demos.load(work, sheets, password, passwords), SYSTEM
    )
    if loaded is not None:
        counts = {"people": loaded.people, "facts": loaded.facts}
        context.say(context.text("cli.demo_loaded", **counts, adjustments=loaded.adjustments))
        _tell_story(context, platform)
        return password
    context.say(context.text("cli.demo_kept"))
    if not new_password:
        return None
    platform.commands.run(
        lambda work: demos.new_password(work, sheets, password, passwords), SYSTEM
    )
    return password


def _tell_story(context: Context, platform: Platform) -> None:
    acts = list(read_story(context.root / FOLDER))
    if acts:
        story = Story(platform.commands, platform.clock.today(), platform.settings.timezone)
        context.say(context.text("cli.demo_story", acts=story.tell(acts)))


def read_story(folder: Path) -> Iterator[dict[str, Any]]:
    """The acts of `story*.jsonl`: one JSON object a line."""
    for path in sorted(folder.glob("story*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield orjson.loads(line)


def _steps(catalogue: Catalogue) -> list[str]:
    """What there is to try of this application."""
    flows = any(form.workflow or form.workflows for form in catalogue.forms.values())
    there = {
        "fill": bool(catalogue.forms),
        "approve": flows,
        "figures": bool(catalogue.dashboards),
    }
    return [step for step in STEPS if there[step]]


def _report(
    context: Context,
    guests: list[Guest],
    password: str | None,
    steps: list[str],
    own: list[str],
) -> None:
    context.give(
        {
            "password": password,
            "people": [
                {"login": g.login, "name": g.name, "held": [h(context.locale) for h in g.held]}
                for g in guests
            ],
        },
        "\n".join(_lines(context, guests, password, steps, own)),
    )


def _lines(
    context: Context,
    guests: list[Guest],
    password: str | None,
    steps: list[str],
    own: list[str],
) -> Iterator[str]:
    yield context.text("cli.demo_people")
    width = max((len(g.login) for g in guests), default=0)
    for guest in guests:
        held = "、".join(title(context.locale) for title in guest.held)
        login = guest.login.ljust(width)
        yield context.text("cli.demo_person", login=login, name=guest.name, held=held)
    if password is None:
        yield context.text("cli.demo_password_known")
    else:
        yield context.text("cli.demo_password", password=password)
    if own:
        yield context.text("cli.demo_password_own", logins=", ".join(own))
    yield context.text("cli.demo_first")
    for number, step in enumerate(steps, 1):
        yield context.text("cli.demo_step", number=number, what=context.text(f"cli.demo_{step}"))
