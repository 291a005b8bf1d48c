"""`people`, `token`, `explain-access`: accounts, and why somebody may see something."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from jingwei.app import build_platform
from jingwei.cli import Context, words
from jingwei.cli.commands import command, group, option
from jingwei.gateways.sheets import read_sheet
from jingwei.language.small import whole_number
from jingwei.refusals import Malformed, NotFound
from jingwei.services import access, roster
from jingwei.services.people import SYSTEM, Person
from jingwei.services.platform import Platform
from jingwei.services.sessions import Passwords, Sessions
from jingwei.storage.people import find_person

PASSWORD_BYTES = 12


@contextmanager
def open_platform(context: Context) -> Iterator[Platform]:
    """The platform over the installation's database, beside a server that may be running.

    Raises NotFound when nothing has been published.
    """
    platform = build_platform(context.settings)
    try:
        if not platform.active.poll():
            raise NotFound("nothing-published")
        yield platform
    finally:
        platform.database.close()


def known_person(platform: Platform, login: str) -> Person:
    """Raises NotFound."""
    with platform.database.reading() as connection:
        people = platform.commands.people
        found = people.find(connection, login, platform.clock.today())
    if found is None:
        raise NotFound("no-such-person", login=login)
    return found


@group(help=words("people_help"))
def people() -> None: ...


@people.command("import", help=words("people_import_help"))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_(context: Context, file: Path) -> None:
    sheet = read_sheet(file)
    with open_platform(context) as platform:
        done = platform.commands.run(
            lambda work: roster.import_people(work, sheet, Passwords()), SYSTEM
        )
    context.give(done, context.text("cli.people_imported", **done))


@people.command("add", help=words("people_add_help"))
@click.argument("login")
@option("--name", required=True)
@option("--org", required=True)
@option("--posts", default="")
@option("--roles", default="")
@option("--email", default="")
@click.pass_obj
def add(
    context: Context, login: str, name: str, org: str, posts: str, roles: str, email: str
) -> None:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    line = {
        "login": login,
        "name": name,
        "org": org,
        "posts": posts,
        "roles": roles,
        "email": email,
        "password": password,
    }
    with open_platform(context) as platform:
        with platform.database.reading() as connection:
            if find_person(connection, login) is not None:
                raise Malformed("login-taken", login=login)
        platform.commands.run(lambda work: roster.import_people(work, [line], Passwords()), SYSTEM)
    said = context.text("cli.people_added", login=login)
    shown = context.text("cli.people_password", password=password)
    context.give({"login": login, "password": password}, f"{said}\n{shown}")


@group(help=words("token_help"))
def token() -> None: ...


@token.command("create", help=words("token_create_help"))
@click.argument("name")
@option("--for", "login", required=True, help=words("token_for_help"))
@click.pass_obj
def create(context: Context, name: str, login: str) -> None:
    with open_platform(context) as platform:
        known_person(platform, login)
        commands = platform.commands
        sessions = Sessions(platform.active, platform.clock, commands.people)
        secret = sessions.create_token(name, login)
    context.give({"token": secret, "name": name, "person": login}, secret)


@command(help=words("explain_access_help"))
@click.argument("record")
@option("--as", "login", required=True, help=words("as_person_help"))
@option("--action", default="read", show_default=True)
@click.pass_obj
def explain_access(context: Context, record: str, login: str, action: str) -> int:
    form, _, number = record.rpartition("/")
    with (
        open_platform(context) as platform,
        platform.commands.read(known_person(platform, login)) as view,
    ):
        if form not in view.catalogue.forms:
            raise NotFound("no-such-form")
        identity = whole_number(number)
        raw = {} if identity is None else view.store.load(view.connection, form, [identity])
        if identity is None or identity not in raw:
            raise NotFound("no-such-record")
        raw_ = raw[identity]
        access.check_action(view.of(raw_["org"]).catalogue.forms[form], action)
        told = access.told(view, form, raw_, action, context.locale)
    keys = ("allowed", "reason", "by", "message", "fields")
    context.give({name: told[name] for name in keys}, told["message"])
    return 0 if told["allowed"] else 1
