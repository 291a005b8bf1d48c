"""Commands of the installation's definitions: plan, apply, pull, releases, rollback, upgrade."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.compiled import compiled
from jingwei.cli.folder import Behind, Folder
from jingwei.cli.late_words import read_words
from jingwei.cli.secrets import secret_columns
from jingwei.documents.check import check_templates
from jingwei.refusals import Conflict, Invalid, NotFound
from jingwei.services.clock import SystemClock
from jingwei.services.releases.computed import Computed
from jingwei.services.releases.differences import differences
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan, make_plan_back
from jingwei.storage import apply as publishing
from jingwei.storage import rollback as rolling_back
from jingwei.storage import upgrade as schema
from jingwei.storage.apply import refuse_steps
from jingwei.storage.database import Connection, Database
from jingwei.storage.plan import Wish
from jingwei.storage.releases import all_releases, find_release, read_files
from jingwei.storage.releases import pull as pull_files
from jingwei.storage.renewing import renew
from jingwei.storage.runtime import ActiveInstallation
from jingwei.storage.sealing import Keyring

words = words_of("cli_database")


@contextmanager
def open_database(context: Context) -> Iterator[Database]:
    """The installation's database, its engine tables at this version."""
    settings = context.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = Keyring(settings.load_field_keys)
    database = Database(settings.database_url, durable=settings.is_production, keys=keys)
    try:
        schema.upgrade(database)
        yield database
    finally:
        database.close()


def publication(context: Context, base: int | None, **keys: Any) -> publishing.Publication:
    """Who publishes now, from what base."""
    settings = context.settings
    clock = SystemClock(settings.timezone, settings.clock_file)
    return publishing.Publication(
        author=getpass.getuser(),
        now=clock.now(),
        today=clock.today(),
        base=base,
        locale=context.locale,
        strict=True,
        **keys,
    )


def moment(context: Context) -> Moment:
    """Now, as this installation counts."""
    settings = context.settings
    clock = SystemClock(settings.timezone, settings.clock_file)
    return Moment(clock.now(), clock.today(), settings.timezone)


_DESTROY = option(
    "--allow-destroy", "destroy", multiple=True, metavar="PATH", help=words("destroy_help")
)
_RESTORE = option("--restore", multiple=True, metavar="PATH", help=words("restore_path_help"))


@command(help=words("plan_help"))
@option("--out", type=click.Path(dir_okay=False, path_type=Path), help=words("plan_out_help"))
@_DESTROY
@_RESTORE
@click.pass_obj
def plan(
    context: Context, out: Path | None, destroy: tuple[str, ...], restore: tuple[str, ...]
) -> int:
    """What publishing the definitions would change."""
    catalogue = compiled(context)
    wish = Wish(frozenset(destroy), frozenset(restore))
    with open_database(context) as database:
        folder = Folder(context.settings.data_dir, context.root, database)
        planned = make_plan(database, catalogue, moment(context), wish=wish)
        base = folder.base_of(catalogue.fingerprint, catalogue.files)
        behind = folder.behind(base, catalogue.files)
    value = planned.to_json(context.locale) | {"behind": behind and behind.to_json()}
    value["seal"] = _seal(value)
    if out is not None:
        out.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
    lines = [planned.to_text(context.locale)]
    if behind is not None:
        lines.insert(0, _behind(context, behind) + "\n")
    context.give(value, "\n".join(lines))
    return FOUND_PROBLEMS if planned.blocked_by or behind else FINE


def _behind(context: Context, behind: Behind) -> str:
    key = "plan_behind" if behind.base is not None else "plan_base_unknown"
    return context.text(
        f"cli_database.{key}",
        base=behind.base,
        active=behind.active,
        author=behind.author,
        files=", ".join(behind.files) or "–",
    )


@command(help=words("apply_help"))
@click.argument("saved", required=False, type=click.Path(exists=True, path_type=Path))
@option("--yes", is_flag=True, help=words("yes_help"))
@option("--comment", help=words("comment_help"))
@_DESTROY
@_RESTORE
@option("--reason", help=words("reason_help"))
@option("--base", metavar="N|latest", help=words("base_help"))
@click.pass_obj
def apply(
    context: Context,
    saved: Path | None,
    yes: bool,
    comment: str | None,
    destroy: tuple[str, ...],
    restore: tuple[str, ...],
    reason: str | None,
    base: str | None,
) -> int:
    """Publish the definitions, in one step or not at all."""
    catalogue = compiled(context)
    check_templates(catalogue)
    kept = _read_saved(saved) if saved is not None else {}
    wish = Wish(
        frozenset(destroy or kept.get("destroy", ())),
        frozenset(restore or kept.get("restore", ())),
        reason,
    )
    if wish.destroy and not (reason or "").strip():
        raise Invalid("destroy-reason")
    with open_database(context) as database:
        folder = Folder(context.settings.data_dir, context.root, database)
        planned = make_plan(database, catalogue, moment(context), wish=wish)
        if saved is not None:
            _check_saved(kept, planned, context.locale)
        wanted = publication(
            context,
            _base(base, planned, folder, catalogue),
            comment=comment,
            fingerprint=planned.fingerprint,
            wish=wish,
            plan=planned.without_values().to_json(context.locale),
            computer=Computed(database, catalogue, context.settings.timezone),
            tell=_telling(context),
            logged=True,
        )
        publishing.check_base(database, catalogue, wanted)
        refuse_steps(planned.blocked_by, context.locale)
        if not yes and planned.is_destructive and not _agreed(context, planned):
            return FOUND_PROBLEMS
        release = publishing.apply(database, catalogue, wanted)
        folder.follows(release)
    value = {
        "release": release.id,
        "fingerprint": release.fingerprint,
        "empty": planned.is_empty,
        "destroyed": planned.destroyed,
    }
    context.give(value, _done(context, planned, release.id))
    return FINE


def _done(context: Context, planned: ReleasePlan, release: int) -> str:
    """What became of it: values that went are told as such, and are no release."""
    lines = []
    if planned.is_empty:
        lines.append(context.text("cli_database.apply_nothing", release=release))
    elif release != planned.base:
        lines.append(context.text("cli_database.apply_done", release=release))
    if planned.destroyed is not None:
        key = "apply_destroyed_too" if lines else "apply_destroyed"
        words_ = context.text(f"cli_database.{key}", rows=planned.destroyed, release=release)
        lines.append(words_)
    return "\n".join(lines) or context.text("cli_database.apply_done", release=release)


def _base(
    given: str | None, planned: ReleasePlan, folder: Folder, catalogue: Catalogue
) -> int | None:
    """The release that the folder's files begin from, as somebody says who has looked, or as the
    folder knows."""
    if given is None:
        return folder.base_of(catalogue.fingerprint, catalogue.files)
    if given == "latest":
        return planned.base
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid("base-number", base=given[:40])
    return int(given)


def _read_saved(saved: Path) -> dict[str, Any]:
    """Raises Invalid `not-a-plan`."""
    try:
        kept = json.loads(saved.read_text(encoding="utf-8"))
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not {"base", "fingerprint", "hash", "steps"} <= set(kept):
        raise Invalid("not-a-plan", file=saved)
    if kept.get("seal") != _seal(kept):
        raise Conflict("plan-edited")
    return kept


def _seal(plan: Mapping[str, Any]) -> str:
    """Of a plan as it is written down: what was looked at is what is applied."""
    rest = {key: value for key, value in plan.items() if key != "seal"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _telling(context: Context) -> Any:
    """How far the long part is, on a terminal that somebody looks at."""
    if context.json or not sys.stderr.isatty():
        return None

    def tell(path: str, done: int, total: int) -> None:
        click.echo(f"\r{path}: {done}/{total}", nl=done >= total, err=True)

    return tell


def _check_saved(kept: Mapping[str, Any], planned: ReleasePlan, locale: str) -> None:
    """A plan that was looked at is applied as it was, or not at all."""
    same_base = kept.get("base") == planned.base
    if not same_base or kept.get("fingerprint") != planned.fingerprint:
        raise Conflict("plan-outdated")
    if kept.get("hash") == planned.hash:
        return
    known = {step["message"] for step in kept.get("steps", ())}
    news = [step.message(locale) for step in planned.steps]
    moved = [words for words in news if words not in known]
    moved += sorted(known - set(news))
    raise Conflict("plan-moved", steps="; ".join(moved))


def _agreed(context: Context, planned: ReleasePlan) -> bool:
    context.say(planned.to_text(context.locale))
    if context.json:
        raise Conflict("plan-needs-yes")
    key = "apply_hides" if planned.destroyed is None else "apply_destroys"
    return _sure(context, context.text(f"cli_database.{key}", rows=planned.destroyed or 0))


def _sure(context: Context, question: str) -> bool:
    """Asked on the terminal; no answer is a no, and a no is told."""
    try:
        agreed = click.confirm(question)
    except click.Abort:
        agreed = False
        context.say("")
    if not agreed:
        context.say(context.text("cli_database.left_as_it_was"))
    return agreed


@command(help=words("pull_help"))
@option("--force", is_flag=True, help=words("force_help"))
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


@command(help=words("releases_help"))
@click.argument("old", required=False, type=int)
@click.argument("new", required=False, type=int)
@click.pass_obj
def releases(context: Context, old: int | None, new: int | None) -> int:
    """Every release, newest first; or what changed from one to another."""
    with open_database(context) as database, database.reading() as connection:
        if old is not None:
            return _compared(context, connection, old, new)
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


def _compared(context: Context, connection: Connection, old: int, new: int | None) -> int:
    """What changed between two releases; one alone is compared with the one before."""
    one, other = (old, new) if new is not None else (_parent(connection, old), old)
    found = list(differences(connection, one, other))
    lines = [line for difference in found for line in difference.to_lines()]
    context.give(
        {"from": one, "to": other, "files": [difference.to_json() for difference in found]},
        "\n".join(lines) or context.text("cli_database.same_release", old=one, new=other),
    )
    return FINE


def _parent(connection: Connection, release: int) -> int | None:
    found = find_release(connection, release)
    if found is None:
        raise NotFound("no-such-release", release=release)
    return found.parent


@command(help=words("rollback_help"))
@click.argument("release", type=int)
@option("--dry-run", is_flag=True, help=words("rollback_dry_run_help"))
@option("--yes", is_flag=True, help=words("rollback_yes_help"))
@option("--comment", help=words("comment_help"))
@click.pass_obj
def rollback(context: Context, release: int, dry_run: bool, yes: bool, comment: str | None) -> int:
    """Publish an earlier release again, once its plan was looked at."""
    with open_database(context) as database:
        catalogue = _earlier(database, release)
        planned = make_plan_back(database, catalogue, release, moment(context))
        if dry_run:
            context.give(planned.to_json(context.locale), planned.to_text(context.locale))
            return FOUND_PROBLEMS if planned.blocked_by else FINE
        refuse_steps(planned.blocked_by, context.locale)
        if not planned.is_empty and not yes and not _back_agreed(context, planned, release):
            return FOUND_PROBLEMS
        wanted = publication(
            context,
            planned.base,
            comment=comment,
            plan=planned.without_values().to_json(context.locale),
            computer=Computed(database, catalogue, context.settings.timezone, release),
            logged=True,
        )
        again = rolling_back.rollback(database, catalogue, release, wanted)
    key = "rollback_nothing" if planned.is_empty else "rollback_done"
    context.give(
        {"release": again.id, "rollback_of": release, "empty": planned.is_empty},
        context.text(f"cli_database.{key}", release=again.id, old=release),
    )
    return FINE


def _earlier(database: Database, release: int) -> Catalogue:
    with database.reading() as connection:
        if find_release(connection, release) is None:
            raise NotFound("no-such-release", release=release)
        files = read_files(connection, release)
    catalogue = compile_texts(files)
    check_templates(catalogue)
    return catalogue


def _back_agreed(context: Context, planned: ReleasePlan, release: int) -> bool:
    if context.json:
        raise Conflict("rollback-needs-yes", release=release)
    context.say(planned.to_text(context.locale))
    return _sure(context, context.text("cli_database.rollback_sure", release=release))


@command(help=words("upgrade_help"))
@option("--new-key", is_flag=True, help=words("upgrade_new_key_help"))
@click.pass_obj
def upgrade(context: Context, new_key: bool) -> int:
    """Bring the engine's tables to this version, and secrets under the newest key."""
    settings = context.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if new_key:
        settings.add_field_key()
    keys = Keyring(settings.load_field_keys)
    database = Database(settings.database_url, durable=settings.is_production, keys=keys)
    try:
        changed = schema.upgrade(database)
        active = ActiveInstallation(database, compile_texts, settings.timezone)
        renewed = renew(database, secret_columns(active))
        read_words(active)
    finally:
        database.close()
    lost = renewed.lost.total()
    said = [context.text("cli_database.upgrade_" + ("done" if changed else "nothing"))]
    if renewed.sealed:
        said.append(context.text("cli_database.upgrade_sealed", count=renewed.sealed))
    if lost:
        said.append(context.text("cli_database.upgrade_lost", count=lost))
    context.give({"changed": changed, "sealed": renewed.sealed, "lost": lost}, "\n".join(said))
    return FINE
