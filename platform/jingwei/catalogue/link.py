"""Names to proven references: every name a definition uses belongs to a definition."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from jingwei.catalogue.check_files import Checked
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.language.organisation import OrgTypes
from jingwei.language.text import Text
from jingwei.language.walker import Reference
from jingwei.problems import Phrase, Problems, nearest


def check_references(checked: Checked, problems: Problems) -> None:
    """Adds a problem for each name that belongs to nothing."""
    for reference in checked.references:
        known = _known(checked, reference.kind)
        if known is not None and reference.name not in known:
            _unknown(checked, reference, known, problems)
        elif (retired := _retired(checked, reference)) is not None:
            problems.add(
                "uses-retired",
                reference.at,
                severity="warning",
                kind=Phrase(f"things.kind_{reference.kind}"),
                name=reference.name,
                date=retired,
            )

    problems.suggest(
        "unknown-who", lambda problem: _meant_who(checked, str(problem.holes["value"]))
    )


def _titled(checked: Checked, kind: str, title: str) -> str | None:
    """The definition whose title was written in the place of its name."""
    for name, definition in checked.of(kind).items():
        words = getattr(definition, "title", None)
        if isinstance(words, Text) and title.strip("《》“” ") in (words.zh, words.en):
            return name
    return None


def _meant_who(checked: Checked, word: str) -> str | None:
    """A role, a post or a person that was named as if it were a word of the language."""
    if not word.isascii():
        role, post = _titled(checked, "role", word), _titled(checked, "post", word)
        word = role or post or word
    if re.fullmatch(r"[a-z]+(\.[a-z]+)+", word):
        return f"{{person: {word}}}"
    if word in checked.known.get("role", {}):
        return f"{{role: {word}}}"
    if word in checked.known.get("post", {}):
        return f"{{post: {word}, at: org}}"
    return None


def _retired(checked: Checked, reference: Reference) -> date | None:
    found = checked.of(reference.kind).get(reference.name)
    retired: date | None = getattr(found, "retired", None)
    return retired


def _known(checked: Checked, kind: str) -> Collection[str] | None:
    if kind != "org_type":
        return checked.known.get(kind, {})
    types = next(iter(checked.of("org_types").values()), None)
    if not isinstance(types, OrgTypes):
        return None
    file = checked.files.get(types.origin.file)
    return None if file is not None and file.broken else types.types  # it may be in an unread line


# what is taken for each other
_SEATS = {"post": "role", "role": "post"}


def _unknown(
    checked: Checked, reference: Reference, known: Collection[str], problems: Problems
) -> None:
    kind = reference.kind
    folder = KINDS[kind].folder if kind in KINDS else LATER.get(kind, "")
    file = f"{folder}/{reference.name}{'.md' if kind == 'guide' else '.yaml'}"
    if kind == "org_type":
        file = "definitions/org_types.yaml"
    suggestion = nearest(reference.name, known) or _titled(checked, kind, reference.name)
    if suggestion is None and kind in _SEATS:
        other = _SEATS[kind]
        if reference.name in checked.known.get(other, {}):
            suggestion = f"{other}: {reference.name}"
    problems.add(
        "unknown-org-type" if kind == "org_type" else "unknown-reference",
        reference.at,
        suggestion=suggestion,
        kind=Phrase(f"things.kind_{kind}"),
        name=reference.name,
        file=file,
    )
