"""What is a person's own: the phrases of opinions, the picture of a signature, the shortcuts
of the home page.

A decision keeps the signature that its person had when it was made: a new picture changes nothing
that was signed before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services.commands import Reading, Work
from jingwei.services.file_types import pixels_of
from jingwei.services.files import path_of
from jingwei.storage import personal as rows
from jingwei.storage.changes import ChangeRow
from jingwei.storage.files import find_files
from jingwei.texts import text

PHRASES, PINS = "phrases", "pins"
MOST_PINS = 12
_ADDRESS = re.compile(r"/[a-z]{1,10}/[a-z0-9_]{1,60}")  # of a form, a dashboard, a report
MOST_PHRASES, MOST_LETTERS = 20, 200
MOST_SIGNATURE_BYTES = 512 * 1024
MOST_PIXELS = 8_000_000  # each takes four bytes, however well they were packed
DRAWN = ("image/png", "image/jpeg", "image/webp")


# --- phrases -------------------------------------------------------------------------------------


def phrases(view: Reading) -> list[str]:
    """What the reader likes to write as an opinion; until somebody kept some, the product's own."""
    found = rows.kept(view.connection, view.actor.id, PHRASES)
    if found is None:
        locale = view.actor.locale or "zh"
        return [text(f"personal.phrase_{n}", locale) for n in (1, 2, 3)]
    return list(found)


def keep_phrases(work: Work, given: Any) -> list[str]:
    """Raises Invalid for more than 20, for long ones, for what is no text."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Invalid("invalid", fields=[FieldRefusal("items", "not-text")])
    found = list(dict.fromkeys(" ".join(one.split()) for one in given if one.strip()))
    refused = []
    if len(found) > MOST_PHRASES:
        refused.append(FieldRefusal("items", "too-many-phrases", {"most": MOST_PHRASES}))
    for index, one in enumerate(found):
        if len(one) > MOST_LETTERS:
            holes: dict[str, object] = {"most": MOST_LETTERS, "length": len(one)}
            refused.append(FieldRefusal(f"items.{index}", "text-too-long", holes))
    if refused:
        raise Invalid("invalid", fields=refused)
    rows.keep(work.connection, work.actor.id, PHRASES, found, work.now)
    return found


# --- entries of the home page --------------------------------------------------------------------


def pins(view: Reading) -> list[str] | None:
    """Addresses that the reader wants on the home page; None: nothing was ever chosen."""
    found = rows.kept(view.connection, view.actor.id, PINS)
    return None if found is None else list(found)


def keep_pins(work: Work, given: Any) -> list[str]:
    """Raises Invalid for more than 12, and for what is no address of this installation."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Invalid("invalid", fields=[FieldRefusal("items", "not-text")])
    found = list(dict.fromkeys(given))
    if len(found) > MOST_PINS:
        refused = FieldRefusal("items", "too-many-values", {"most": MOST_PINS})
        raise Invalid("invalid", fields=[refused])
    wrong = [n for n, one in enumerate(found) if not _ADDRESS.fullmatch(one)]
    if wrong:
        raise Invalid("invalid", fields=[FieldRefusal(f"items.{n}", "pattern", {"pattern": "/…"})
                                         for n in wrong])  # fmt: skip
    rows.keep(work.connection, work.actor.id, PINS, found, work.now)
    return found


# --- the signature -------------------------------------------------------------------------------


def signature(view: Reading) -> int | None:
    """The file of the reader's signature of today."""
    found = rows.signatures_of(view.connection, [view.actor.login])
    return found[-1].file if found else None


def sign_with(work: Work, file: Any, data_dir: Path) -> int | None:
    """This picture is the actor's signature from now on; None: no picture is. Raises Invalid for a
    file that is not the actor's own picture, or that is too large to stand beside an opinion, as it
    lies there or as a document would unpack it."""
    before = signature(work)
    if file is not None:
        known = find_files(work.connection, [file]).get(file) if _is_number(file) else None
        own = known is not None and known.record is None and known.created_by == work.actor.id
        if known is None or not own:
            raise Invalid("invalid", fields=[FieldRefusal("file", "unknown-file")])
        if known.type not in DRAWN:
            raise Invalid("invalid", fields=[FieldRefusal("file", "not-an-image",
                                                          {"name": known.name})])  # fmt: skip
        if known.size > MOST_SIGNATURE_BYTES:
            holes: dict[str, object] = {"most": MOST_SIGNATURE_BYTES // 1024}
            raise Invalid("invalid", fields=[FieldRefusal("file", "signature-too-large", holes)])
        if pixels_of(path_of(data_dir, known.sha256).read_bytes()) > MOST_PIXELS:
            holes = {"most": MOST_PIXELS // 1_000_000}
            raise Invalid("invalid", fields=[FieldRefusal("file", "signature-too-fine", holes)])
    rows.add_signature(work.connection, work.actor.id, work.now, file)
    work.log(
        ChangeRow(
            at=work.now,
            actor=work.actor.login,
            action="changed",
            kind="signature",
            org=work.actor.org,
            object=work.actor.id,
            body={"file": [before, file]},
            release=work.installation.release.id,
            request=work.request_id,
        )
    )
    return None if file is None else int(file)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def signatures_at(
    view: Reading, wanted: Iterable[tuple[str, datetime]]
) -> Mapping[tuple[str, datetime], int]:
    """The files of the signatures that people had at an instant; nothing for those without."""
    asked = list(wanted)
    by_login: dict[str, list[rows.Signature]] = {}
    for one in rows.signatures_of(view.connection, {login for login, _ in asked}):
        by_login.setdefault(one.login, []).append(one)
    found: dict[tuple[str, datetime], int] = {}
    for login, at in asked:
        held = [one.file for one in by_login.get(login, ()) if one.since <= at]
        if held and held[-1] is not None:
            found[login, at] = held[-1]
    return found
