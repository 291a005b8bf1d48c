"""`outbox`: messages that were given up, and trying them again."""

from __future__ import annotations

import click

from jingwei.cli import Context, words
from jingwei.cli.commands import command
from jingwei.cli.people import open_platform
from jingwei.storage.outbox import dead_letters, revive


@command("outbox", help=words("outbox_help"))
@click.option("--again", is_flag=True, help=words("outbox_again_help"))
@click.argument("ids", type=int, nargs=-1)
@click.pass_obj
def outbox(context: Context, again: bool, ids: tuple[int, ...]) -> int:
    with open_platform(context) as platform:
        with platform.database.reading() as connection:
            letters = [one for one in dead_letters(connection) if not ids or one.id in ids]
        if again:
            with platform.database.writing() as connection:
                count = revive(connection, [one.id for one in letters])
            context.give({"again": count}, context.text("cli.outbox_again", count=count))
            return 0
    said = [
        context.text(
            "cli.outbox_letter",
            id=one.id,
            topic=one.topic,
            at=f"{one.created_at:%Y-%m-%d %H:%M}",
            why=one.error,
        )
        for one in letters
    ]
    found = [
        {
            "id": one.id,
            "topic": one.topic,
            "created_at": one.created_at.isoformat(),
            "error": one.error,
        }
        for one in letters
    ]
    context.give({"items": found}, "\n".join(said) or context.text("cli.outbox_none"))
    return 0
