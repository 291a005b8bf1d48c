"""A page of the drafts as somebody would see it: nothing is published, nothing is written.

Who may publish everything might give himself any right, and sees what the chosen person sees.
Others see the page without data, their own page too: its rights are those of the drafts, and to
write a right is not to have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from jingwei.catalogue.catalogue import Catalogue
from jingwei.refusals import NotFound
from jingwei.services.commands import PREVIEWING, Commands, Reading, Work
from jingwei.services.platform import Platform
from jingwei.services.rights import Rights
from jingwei.services.studio.drafts import told
from jingwei.services.studio.reach import DEFINER, PUBLISHER, reach, require
from jingwei.storage.people import all_people
from jingwei.storage.previews import previewed

MOST_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """As whom, sitting at which org (None: the own one), in which language."""

    login: str
    org: str | None
    locale: str


def people(view: Reading) -> list[tuple[str, str]]:
    """Whom the reader may preview as: (login, name), the reader first."""
    require(view)
    own = (view.actor.login, view.actor.name)
    others = [
        (row.login, row.name)
        for row in all_people(view.connection)
        if row.active and row.login != view.actor.login and _within(view, row.org)
    ]
    return [own, *others[:MOST_PEOPLE]]


def _within(view: Reading, org: str) -> bool:
    found = reach(view, DEFINER)
    return found is not None and (found.orgs is None or org in found.orgs)


def shows_data(view: Reading) -> bool:
    """Whether the reader sees rows: in drafts of one's own anybody might have any right."""
    found = reach(view, PUBLISHER)
    return found is not None and found.is_whole


@contextmanager
def opened(
    platform: Platform, author: Reading, catalogue: Catalogue, wish: Wish
) -> Iterator[Reading]:
    """A reading of `catalogue` as the chosen person. Raises NotFound for whom one may not be."""
    if wish.login not in dict(people(author)):
        raise NotFound("studio-preview-person", login=wish.login[:60])
    if wish.org is not None and wish.org not in catalogue.orgs:
        raise NotFound("unknown-org", name=wish.org[:60])
    empty = not shows_data(author)
    with previewed(
        platform.database,
        author.installation,
        catalogue,
        platform.settings.timezone,
        empty=empty,
    ) as (connection, installation):
        commands: Commands = platform.commands
        person = commands.people.find(connection, wish.login, author.today)
        if person is None:
            raise NotFound("studio-preview-person", login=wish.login[:60])
        person = replace(person, locale=wish.locale, org=wish.org or person.org)
        beside = platform.rights.beside
        rights = Rights(beside.openers, beside.closers, beside.givers)
        view = commands.reading(connection, installation, person).of(person.org)
        token = PREVIEWING.set(True)
        try:
            yield replace(view, rights=rights)
        finally:
            PREVIEWING.reset(token)


def tell(platform: Platform, author: Reading, wish: Wish, page: str) -> None:
    """Who looked through another person's eyes, or by drafted rights at data, is in the audit
    log."""
    if wish.login == author.actor.login and not shows_data(author):
        return

    def handler(work: Work) -> None:
        told(work, "preview.as", {"person": wish.login, "page": page})

    platform.commands.run(handler, author.actor)
