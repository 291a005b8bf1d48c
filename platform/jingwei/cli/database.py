"""Commands of the installation's definitions: plan, apply, pull, releases, rollback, upgrade."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.folder import Folder
from jingwei.documents.check import check_templates
from jingwei.refusals import Conflict, NotFound
from jingwei.services.clock import SystemClock
from jingwei.storage import apply as publishing
from jingwei.storage import upgrade as schema
from jingwei.storage.database import Database
from jingwei.storage.plan import Plan
from jingwei.storage.plan import plan as make_plan
from jingwei.storage.releases import all_releases, find_release, read_files
from jingwei.storage.releases import pull as pull_files

words = words_of("cli_database")


@contextmanager
def open_database(context: Context) -> Iterator[Database]:
    """The installation's database, its engine tables at this version."""
    settings = context.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url, durable=settings.is_production)
    try:
        schema.upgrade(database)
        yield database
    finally:
        database.close()


def publication(context: Context, folder: Folder, **keys: Any) -> publishing.Publication:
    """Who publishes now, from what base."""
    settings = context.settings
    clock = SystemClock(settings.timezone, settings.clock_file)
    return publishing.Publication(
        author=getpass.getuser(),
        now=clock.now(),
        today=clock.today(),
        base=folder.base,
        locale=context.locale,
        **keys,
    )


@click.command(help=words("plan_help"))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=words("plan_out_help"))
@click.pass_obj
def plan(context: Context, out: Path | None) -> int:
    """What publishing the definitions would change."""
    catalogue = compile_catalogue(context.root)
    with open_database(context) as database:
        planned = make_plan(database, catalogue)
    value = planned.to_json(context.locale)
    if out is not None:
        out.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
    context.give(value, planned.to_text(context.locale))
    return FOUND_PROBLEMS if planned.blocked_by else FINE


@click.command(help=words("apply_help"))
@click.argument("saved", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--yes", is_flag=True, help=words("yes_help"))
@click.option("--comment", help=words("comment_help"))
@click.pass_obj
def apply(context: Context, saved: Path | None, yes: bool, comment: str | None) -> int:
    """Publish the definitions, in one step or not at all."""
    catalogue = compile_catalogue(context.root)
    check_templates(catalogue)
    with open_database(context) as database:
        folder = Folder(context.settings.data_dir, context.root, database)
        planned = make_plan(database, catalogue)
        if saved is not None:
            _check_saved(saved, planned)
        wanted = publication(context, folder, comment=comment, fingerprint=planned.fingerprint)
        publishing.check_base(database, catalogue, wanted)
        if not yes and planned.is_destructive and not _agreed(context, planned):
            return FOUND_PROBLEMS
        release = publishing.apply(database, catalogue, wanted)
        folder.follows(release)
    key = "cli_database.apply_nothing" if planned.is_empty else "cli_database.apply_done"
    context.give(
        {"release": release.id, "fingerprint": release.fingerprint, "empty": planned.is_empty},
        context.text(key, release=release.id),
    )
    return FINE


def _check_saved(saved: Path, planned: Plan) -> None:
    """A plan that was looked at is applied as it was, or not at all."""
    kept = json.loads(saved.read_text(encoding="utf-8"))
    if kept.get("base") != planned.base or kept.get("fingerprint") != planned.fingerprint:
        raise Conflict("plan-outdated")


def _agreed(context: Context, planned: Plan) -> bool:
    context.say(planned.to_text(context.locale))
    if context.json:
        raise Conflict("plan-needs-yes")
    return click.confirm(context.text("cli_database.apply_hides"))


@click.command(help=words("pull_help"))
@click.option("--force", is_flag=True, help=words("force_help"))
@click.pass_obj
def pull(context: Context, force: bool) -> int:
    """Bring the active release into the folder."""
    with open_database(context) as database:
        folder = Folder(context.settings.data_dir, context.root, database)
        files = pull_files(database)
        changed = folder.take(files, force=force)
    context.give(
        {"changed": changed}, "\n".join(changed) or context.text("cli_database.pull_nothing")
    )
    return FINE


@click.command(help=words("releases_help"))
@click.pass_obj
def releases(context: Context) -> int:
    """Every release, newest first."""
    with open_database(context) as database, database.reading() as connection:
        found = all_releases(connection)
    value = [
        {
            "release": r.id,
            "at": r.at.isoformat(),
            "author": r.author,
            "source": r.source,
            "comment": r.comment,
            "rollback_of": r.rollback_of,
            "fingerprint": r.fingerprint,
        }
        for r in found
    ]
    lines = [
        f"{r.id:>5}  {r.at:%Y-%m-%d %H:%M}Z  {r.author:<16} {r.source:<9} {r.comment or ''}"
        for r in found
    ]
    context.give(value, "\n".join(lines) or context.text("cli_database.no_release"))
    return FINE


@click.command(help=words("rollback_help"))
@click.argument("release", type=int)
@click.option("--comment", help=words("comment_help"))
@click.pass_obj
def rollback(context: Context, release: int, comment: str | None) -> int:
    """Publish an earlier release again; business data stays as it is."""
    with open_database(context) as database:
        folder = Folder(context.settings.data_dir, context.root, database)
        with database.reading() as connection:
            if find_release(connection, release) is None:
                raise NotFound("no-such-release", release=release)
            files = read_files(connection, release)
        catalogue = compile_texts(files)
        wanted = publication(context, folder, comment=comment)
        again = publishing.rollback(database, catalogue, release, wanted)
    context.give(
        {"release": again.id, "rollback_of": release},
        context.text("cli_database.rollback_done", release=again.id, old=release),
    )
    return FINE


@click.command(help=words("upgrade_help"))
@click.pass_obj
def upgrade(context: Context) -> int:
    """Bring the engine's tables to this version."""
    settings = context.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    changed = schema.upgrade(database)
    database.close()
    key = "cli_database.upgrade_done" if changed else "cli_database.upgrade_nothing"
    context.give({"changed": changed}, context.text(key))
    return FINE
