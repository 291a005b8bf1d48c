"""Drafts made the active release, earlier releases made active again, and what lies between two.

Publishing compiles from texts alone, plans against the release that runs, and is refused when that
is no longer the one the author looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import unified_diff
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.refusals import Conflict, Invalid, NotFound
from jingwei.services.commands import Reading
from jingwei.services.folder import Folder
from jingwei.services.people import Person
from jingwei.services.platform import Platform
from jingwei.services.releases.computed import Computed
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan, make_plan_back
from jingwei.services.studio.drafts import (
    candidate,
    published,
    require_no_conflict,
)
from jingwei.services.studio.reach import (
    PUBLISHER,
    reach,
    require,
    require_file,
    require_published,
    require_whole,
)
from jingwei.storage import apply as publishing
from jingwei.storage import rollback as rolling_back
from jingwei.storage.changes import ChangeRow, write_changes
from jingwei.storage.database import Connection
from jingwei.storage.plan import NO_WISH, Wish
from jingwei.storage.releases import Release, all_releases, find_release, read_files
from jingwei.storage.studio_drafts import DraftRow, delete_drafts, drafts_of

MOST_COMMENT = 500
MOST_DIFF_BYTES = 262_144
Check = Callable[[Catalogue], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What would be published: compiled from its texts, and the plan against what runs."""

    catalogue: Catalogue
    plan: ReleasePlan
    drafts: list[DraftRow]


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it. `written`, `left`: paths of the folder, in demo mode."""

    release: Release
    written: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def prepare(platform: Platform, view: Reading, also: Check, wish: Wish = NO_WISH) -> Prepared:
    """The reader's drafts over what runs, planned. `also`: checks of the floors above; `wish`: what
    may be lost or is taken up again, which only who may publish everything may say.

    Raises DefinitionErrors, and Conflict `studio-conflict` for files that others published.
    """
    require(view)
    if wish.destroy or wish.restore:
        require_whole(view, PUBLISHER)
    require_no_conflict(view)
    drafts = drafts_of(view.connection, view.actor.id)
    if not drafts:
        raise Invalid("studio-nothing")
    catalogue = compile_texts(candidate(view))
    also(catalogue)
    moment = Moment(view.now, view.today, platform.settings.timezone)
    running = platform.active.current
    plan = make_plan(platform.database, catalogue, moment, wish=wish, running=running)
    return Prepared(catalogue, _as_read(view, plan), drafts)


def _as_read(view: Reading, plan: ReleasePlan) -> ReleasePlan:
    """The plan with values, numbers and people only for who may publish everything."""
    found = reach(view, PUBLISHER)
    return plan if found is not None and found.is_whole else plan.without_values()


def publish(
    platform: Platform,
    actor: Person,
    also: Check,
    *,
    base: int,
    fingerprint: str,
    comment: str | None,
    accepted: bool,
    wish: Wish = NO_WISH,
    request_id: str | None = None,
    locale: str = "zh",
) -> Published:
    """Make the actor's drafts run: those of the plan that was looked at, or nothing. `wish`: see
    `prepare`; what may be lost takes a reason.

    Raises Conflict `base-moved`, `studio-conflict`, `plan-outdated`, `plan-blocked`, or
    `studio-accept` for a plan that hides something and was not accepted as such.
    """
    comment = _comment(comment)
    platform.active.poll()
    with platform.commands.read(actor) as view:
        found = require(view, PUBLISHER)
        prepared = prepare(platform, view, also, wish)
        if wish.destroy and not 0 < len((wish.reason or "").strip()) <= MOST_COMMENT:
            raise Invalid("studio-reason", most=MOST_COMMENT)
        before = dict(published(view))
        for draft in prepared.drafts:
            require_file(view, found, draft.path, [before.get(draft.path)])
            require_published(view, found, draft.path, draft.text)
    plan = prepared.plan
    if plan.is_destructive and not accepted and plan.fingerprint == fingerprint:
        raise Conflict("studio-accept")
    wanted = replace(
        _publication(platform, actor, base, comment, fingerprint, locale),
        plan=plan.without_values().to_json(locale),
        computer=Computed(platform.database, prepared.catalogue, platform.settings.timezone),
        wish=wish,
        also=lambda connection, release: _published(
            platform, connection, release, actor, prepared.drafts, wish, request_id
        ),
    )
    release = publishing.apply(platform.database, prepared.catalogue, wanted)
    platform.active.poll()
    if release.id == plan.base:  # all of it runs already: only the drafts are left over
        with platform.database.writing() as connection:
            _forget(connection, actor, prepared.drafts)
    written, left = _into_folder(platform, before, prepared.catalogue.files, release)
    return Published(release, tuple(written), tuple(left))


def _publication(
    platform: Platform,
    actor: Person,
    base: int | None,
    comment: str | None,
    fingerprint: str | None,
    locale: str,
) -> publishing.Publication:
    return publishing.Publication(
        author=actor.login,
        now=platform.clock.now(),
        today=platform.clock.today(),
        comment=comment,
        base=base,
        source="studio",
        fingerprint=fingerprint,
        locale=locale,
    )


def _published(
    platform: Platform,
    connection: Connection,
    release: Release,
    actor: Person,
    drafts: list[DraftRow],
    wish: Wish,
    request_id: str | None,
) -> None:
    """What else is true once a release runs, in the transaction that makes it run."""
    _forget(connection, actor, drafts)
    what: dict[str, Any] = {"release": release.id, "files": [draft.path for draft in drafts]}
    if wish.destroy:
        what |= {"destroyed": sorted(wish.destroy), "reason": wish.reason}
    if wish.restore:
        what["restored"] = sorted(wish.restore)
    if release.comment:
        what["comment"] = release.comment
    _logged(platform, connection, release, "release.published", what, request_id)


def _forget(connection: Connection, actor: Person, drafts: list[DraftRow]) -> None:
    """Drop the drafts that run now; one that was written on meanwhile stays."""
    now = {draft.path: draft.revision for draft in drafts_of(connection, actor.id)}
    done = [draft.path for draft in drafts if now.get(draft.path) == draft.revision]
    delete_drafts(connection, actor.id, done)


def _logged(
    platform: Platform,
    connection: Connection,
    release: Release,
    action: str,
    what: Mapping[str, Any],
    request_id: str | None,
) -> None:
    """The row of the audit log, in the transaction that made the release run."""
    row = ChangeRow(
        at=release.at,
        actor=release.author,
        action=action,
        kind="definition",
        body={key: [None, value] for key, value in what.items()},
        release=release.id,
        request=request_id,
    )
    write_changes(connection, platform.active.current.book, platform.database.people, [row])


def _into_folder(
    platform: Platform, before: Mapping[str, bytes], after: Mapping[str, bytes], release: Release
) -> tuple[list[str], list[str]]:
    """In demo mode the folder gets what was published; elsewhere `pull` brings it."""
    settings = platform.settings
    if settings.is_production or not settings.application.is_dir():
        return [], []
    folder = Folder(settings.data_dir, settings.application, platform.database)
    try:
        return folder.give(before, after, release)
    except OSError as error:
        # What was asked for is done; that the folder is behind must be said, and is no refusal.
        return [], [f"{error.filename or settings.application}: {error.strerror}"]


def prepare_rollback(platform: Platform, view: Reading, number: int, also: Check) -> Prepared:
    """What publishing release `number` again would do. `also`: checks of the floors above.

    Raises NotFound, and DefinitionErrors for what this engine runs no more.
    """
    require_whole(view, PUBLISHER)
    if find_release(view.connection, number) is None:
        raise NotFound("no-such-release", release=number)
    catalogue = compile_texts(read_files(view.connection, number))
    also(catalogue)
    moment = Moment(view.now, view.today, platform.settings.timezone)
    running = platform.active.current
    plan = make_plan_back(platform.database, catalogue, number, moment, running=running)
    return Prepared(catalogue, plan, [])


def rollback(
    platform: Platform,
    actor: Person,
    number: int,
    also: Check,
    *,
    base: int,
    comment: str | None,
    accepted: bool,
    plan_hash: str | None = None,
    request_id: str | None = None,
    locale: str = "zh",
) -> Published:
    """Make an earlier release run again; business data stay as they are. `also`: see `prepare`.
    `plan_hash`: of the plan that was looked at.

    Raises DefinitionErrors for what this engine runs no more, Conflict `studio-moved` when what
    runs is not what the actor looked at, `plan-moved` when the data say something else by now,
    `plan-blocked`, `studio-accept` for a plan that hides something and was not accepted as such.
    """
    comment = _comment(comment)
    platform.active.poll()
    with platform.commands.read(actor) as view:
        require_whole(view, PUBLISHER)
        runs = view.installation.release
        if runs.id != base:
            raise Conflict("studio-moved", active=runs.id, author=runs.author)
        before = dict(published(view))
        prepared = prepare_rollback(platform, view, number, also)
    catalogue, plan = prepared.catalogue, prepared.plan
    if plan_hash is not None and plan_hash != plan.hash:
        steps = "; ".join(step.message(locale) for step in plan.without_values().steps)
        raise Conflict("plan-moved", steps=steps)
    if plan.is_destructive and not accepted:
        raise Conflict("studio-accept")

    def tell(connection: Connection, release: Release) -> None:
        what = {"release": release.id, "again": number}
        _logged(platform, connection, release, "release.rolled_back", what, request_id)

    wanted = replace(
        _publication(platform, actor, base, comment, None, locale),
        plan=plan.without_values().to_json(locale),
        computer=Computed(platform.database, catalogue, platform.settings.timezone, number),
        also=tell,
    )
    release = rolling_back.rollback(platform.database, catalogue, number, wanted)
    platform.active.poll()
    written, left = _into_folder(platform, before, catalogue.files, release)
    return Published(release, tuple(written), tuple(left))


def _comment(comment: str | None) -> str | None:
    words = (comment or "").strip()
    if len(words) > MOST_COMMENT:
        raise Invalid("studio-comment", most=MOST_COMMENT)
    return words or None


# --- releases ------------------------------------------------------------------------------------


def releases(view: Reading) -> list[Release]:
    """Every release, newest first."""
    require(view)
    return all_releases(view.connection)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file that differs. `lines`: (sign, text) with sign `+`, `-`, `@` or a blank."""

    path: str
    change: str  # added | changed | removed
    lines: tuple[tuple[str, str], ...]


def diff(view: Reading, old: int, new: int | None) -> list[FileDiff]:
    """What changed between two releases; `new` None: what the reader's drafts change of `old`."""
    require(view)
    for number in (old, new):
        if number is not None and find_release(view.connection, number) is None:
            raise NotFound("no-such-release", release=number)
    before = read_files(view.connection, old)
    after = candidate(view) if new is None else read_files(view.connection, new)
    return list(_differences(before, after))


def _differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[FileDiff]:
    for path in sorted({*before, *after}):
        was, now = before.get(path), after.get(path)
        if was != now:
            change = "added" if was is None else "removed" if now is None else "changed"
            yield FileDiff(path, change, tuple(_lines(was or b"", now or b"")))


def lines_between(was: str | None, now: str | None) -> list[tuple[str, str]]:
    """The changed lines between two texts; None: there is no such file."""
    return list(_lines((was or "").encode(), (now or "").encode()))


def _lines(was: bytes, now: bytes) -> Iterator[tuple[str, str]]:
    """The changed lines with three around them; of what is no text only that it changed."""
    try:
        old, new = was.decode("utf-8"), now.decode("utf-8")
    except UnicodeDecodeError:
        return
    if max(len(was), len(now)) > MOST_DIFF_BYTES or "\0" in old + new:
        return
    compared = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    for number, line in enumerate(compared):
        if number >= 2:  # the first two name the files
            yield (line[:1], line[1:]) if line[:1] != "@" else ("@", line.strip("@ "))
