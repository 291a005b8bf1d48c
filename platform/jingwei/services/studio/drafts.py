"""Drafts of definitions: per author, each file knows the published text it was begun from.

What an author sees is the active release with his drafts in it. A file that somebody else published
meanwhile is in conflict until its author has looked at both and said which, or both merged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from jingwei.authoring.merging import merged, with_marks
from jingwei.catalogue.sources import DEMO
from jingwei.reading.decode import MOST_BYTES
from jingwei.refusals import Conflict, Invalid, Malformed, NotFound
from jingwei.services.commands import Reading, Work
from jingwei.services.studio.reach import require, require_file
from jingwei.storage.changes import ChangeRow
from jingwei.storage.releases import all_releases
from jingwei.storage.studio_drafts import (
    DraftRow,
    delete_drafts,
    drafts_of,
    find_draft,
    text_hashes,
    text_of,
    write_draft,
)

MOST_DRAFTS = 500  # of one author
MOST_PATH = 200
WRITTEN = (".yaml", ".md", ".html", ".typ", ".csv")  # what is text; other files are only listed
_PATH = re.compile(
    r"(?:definitions|forms|workflows|report_templates)"
    r"(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+\.[a-z]+\Z"
)
How = Literal["mine", "theirs", "merge"]


@dataclass(frozen=True, slots=True)
class Conflicting:
    """One file that was published by somebody else since its author began. None: no such file."""

    path: str
    base: str | None
    theirs: str | None
    mine: str | None
    theirs_hash: str | None
    merged: str | None  # both changes in one text, where they do not touch
    marked: str | None  # both changes, with marks where they touch
    by: str
    release: int

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "base": self.base,
            "theirs": self.theirs,
            "mine": self.mine,
            "theirs_hash": self.theirs_hash,
            "merged": self.merged,
            "marked": self.marked,
            "by": self.by,
            "release": self.release,
        }


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def published(view: Reading) -> Mapping[str, bytes]:
    """What runs."""
    return view.catalogue.files


def candidate(view: Reading) -> dict[str, bytes]:
    """What runs, with the reader's drafts in it."""
    return with_drafts(published(view), drafts_of(view.connection, view.actor.id))


def with_drafts(files: Mapping[str, bytes], drafts: list[DraftRow]) -> dict[str, bytes]:
    found = dict(files)
    for draft in drafts:
        if draft.text is None:
            found.pop(draft.path, None)
        else:
            found[draft.path] = draft.text
    return dict(sorted(found.items()))


def check_path(path: str) -> None:
    """Raises Malformed for what is no path of a definition."""
    if len(path) > MOST_PATH or not _PATH.match(path) or not path.endswith(WRITTEN):
        raise Malformed("studio-path", path=path[:MOST_PATH])
    if path.startswith(DEMO):
        raise Malformed("studio-path", path=path)


def read(view: Reading, path: str) -> tuple[str | None, str | None, DraftRow | None]:
    """A file as its reader writes it, the hash of the published text it is based on, and the draft.

    Raises NotFound for a file that neither runs nor is being written.
    """
    require(view)
    check_path(path)
    draft = find_draft(view.connection, view.actor.id, path)
    content = published(view).get(path)
    if draft is not None:
        return _text(draft.text), draft.base, draft
    if content is None:
        raise NotFound("studio-no-file", path=path)
    return _text(content), hash_of(content), None


def save(
    work: Work, path: str, text: str | None, *, base: str | None, seen: int
) -> DraftRow | None:
    """Keep the author's text of a file (None: take it away); None back: nothing differs any more.

    `base`: hash of the published text it was begun from; `seen`: the revision of the draft that was
    edited, 0 without one. Raises Conflict when another window of the author saved meanwhile.
    """
    found = require(work)
    check_path(path)
    content = _content(text)
    draft = find_draft(work.connection, work.actor.id, path)
    if (draft.revision if draft else 0) != seen:
        detail = {"revision": draft.revision, "text": _text(draft.text)} if draft else None
        raise Conflict("studio-draft-moved", detail=detail)
    runs = published(work).get(path)
    require_file(work, found, path, [runs, content])
    if draft is None:
        _check_room(work)
        base = _known_base(work, base)
    else:
        base = draft.base
    now_hash = hash_of(runs) if runs is not None else None
    if content == runs and base == now_hash:
        if draft is not None:
            discard(work, path)
        return None
    row = DraftRow(
        work.actor.id,
        path,
        work.installation.release.id if draft is None else draft.release,
        base,
        content,
        seen + 1,
        work.now,
        work.actor.login,
    )
    write_draft(work.connection, row)
    if draft is None or (draft.text is None) != (content is None):
        told(work, "draft.removed" if content is None else "draft.begun", {"path": path})
    return row


def discard(work: Work, path: str) -> None:
    """Forget the author's draft of a file. Raises NotFound."""
    require(work)
    if find_draft(work.connection, work.actor.id, path) is None:
        raise NotFound("studio-no-draft", path=path)
    delete_drafts(work.connection, work.actor.id, [path])
    told(work, "draft.discarded", {"path": path})


def conflicts(view: Reading) -> list[Conflicting]:
    """The reader's drafts whose file is no longer the one they were begun from."""
    require(view)
    drafts = drafts_of(view.connection, view.actor.id)
    return [_conflicting(view, draft) for draft in drafts if in_conflict(view, draft)]


def in_conflict(view: Reading, draft: DraftRow) -> bool:
    runs = published(view).get(draft.path)
    now = hash_of(runs) if runs is not None else None
    return now != draft.base and runs != draft.text


def resolve(
    work: Work, path: str, how: How, *, theirs_hash: str | None, text: str | None = None
) -> DraftRow | None:
    """Settle one file: keep `mine`, take `theirs`, or `merge` (`text`: as its author merged it).

    `theirs_hash`: what was looked at. Raises Conflict when yet another text was published since.
    """
    found = require(work)
    draft = find_draft(work.connection, work.actor.id, path)
    if draft is None:
        raise NotFound("studio-no-draft", path=path)
    runs = published(work).get(path)
    now = hash_of(runs) if runs is not None else None
    if now != theirs_hash:
        raise Conflict("studio-conflict", files=path, detail=_detail([_conflicting(work, draft)]))
    if how == "theirs":
        delete_drafts(work.connection, work.actor.id, [path])
        told(work, "draft.theirs", {"path": path})
        return None
    content = _content(text) if how == "merge" else draft.text
    require_file(work, found, path, [runs, content])
    row = DraftRow(
        work.actor.id,
        path,
        work.installation.release.id,
        now,
        content,
        draft.revision + 1,
        work.now,
        work.actor.login,
    )
    write_draft(work.connection, row)
    told(work, f"draft.{'merged' if how == 'merge' else 'kept'}", {"path": path})
    return row


def require_no_conflict(view: Reading) -> None:
    """Raises Conflict `studio-conflict`, each file with base, theirs and mine in `detail`."""
    found = conflicts(view)
    if found:
        files = ", ".join(one.path for one in found)
        raise Conflict("studio-conflict", files=files, detail=_detail(found))


def told(work: Work, action: str, what: Mapping[str, Any]) -> None:
    """A row of the audit log: what was done to definitions."""
    work.log(
        ChangeRow(
            at=work.now,
            actor=work.actor.login,
            action=action,
            kind="definition",
            body={key: [None, value] for key, value in what.items()},
            release=work.installation.release.id,
            request=work.request_id,
        )
    )


def _detail(found: list[Conflicting]) -> dict[str, Any]:
    return {"files": [one.to_json() for one in found]}


def _conflicting(view: Reading, draft: DraftRow) -> Conflicting:
    runs = published(view).get(draft.path)
    base = text_of(view.connection, draft.base)
    both = marked = None
    if runs is not None and draft.text is not None:
        texts = (_text(base) or "", _text(runs) or "", _text(draft.text) or "")
        both = merged(*texts)
        marked = with_marks(*texts) if both is None else both
    release, author = _last_change(view, draft.path, hash_of(runs) if runs is not None else None)
    return Conflicting(
        draft.path,
        _text(base),
        _text(runs),
        _text(draft.text),
        hash_of(runs) if runs is not None else None,
        both,
        marked,
        author,
        release,
    )


def _last_change(view: Reading, path: str, now: str | None) -> tuple[int, str]:
    """The release that brought the text that runs, and who published it."""
    found = view.installation.release
    for release in all_releases(view.connection):
        if text_hashes(view.connection, release.id).get(path) != now:
            break
        found = release
    return found.id, found.author


def _known_base(work: Work, base: str | None) -> str | None:
    if base is not None and text_of(work.connection, base) is None:
        raise Malformed("studio-base")
    return base


def _check_room(work: Work) -> None:
    if len(drafts_of(work.connection, work.actor.id)) >= MOST_DRAFTS:
        raise Invalid("studio-too-many-drafts", most=MOST_DRAFTS)


def _content(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        content = text.replace("\r\n", "\n").encode()
    except UnicodeEncodeError:
        raise Malformed("json-not-utf8") from None
    if len(content) > MOST_BYTES:
        raise Invalid("studio-too-large", most=MOST_BYTES // 1024)
    return content


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "replace")
