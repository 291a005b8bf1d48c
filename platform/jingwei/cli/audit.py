"""`audit verify`: does the chain of the audit log hold?"""

from __future__ import annotations

import click

from jingwei.cli import Context, words
from jingwei.cli.commands import group
from jingwei.cli.people import open_platform
from jingwei.storage.changes import verify as verify_chain


@group(help=words("audit_help"))
def audit() -> None: ...


@audit.command("verify", help=words("audit_verify_help"))
@click.pass_obj
def verify(context: Context) -> int:
    with open_platform(context) as platform, platform.database.reading() as connection:
        found = verify_chain(connection)
    key = "cli.audit_good" if found.bad is None else "cli.audit_bad"
    said = context.text(key, entries=found.entries, bad=found.bad)
    context.give({"entries": found.entries, "head": found.head, "bad": found.bad}, said)
    return 0 if found.bad is None else 1
