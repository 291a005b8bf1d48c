"""What an author asks about the text at hand: what is wrong, what may stand here, what it means."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jingwei.authoring import completion
from jingwei.authoring.completion import Offers
from jingwei.authoring.hover import Meaning
from jingwei.authoring.hover import hover as meaning_at
from jingwei.authoring.lineage import Lineage, lineage
from jingwei.authoring.look_up import ValueHere, explain_as, explain_value
from jingwei.authoring.outline import Outline
from jingwei.authoring.scaffolds import scaffold
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.check_files import Checked
from jingwei.catalogue.rechecking import Rechecked
from jingwei.language.organisation import OrgTypes
from jingwei.refusals import Conflict, Malformed, NotAllowed, NotFound
from jingwei.services.commands import Reading
from jingwei.services.studio.checking import Checking
from jingwei.services.studio.drafts import candidate, check_path
from jingwei.services.studio.reach import DEFINER, require, require_whole

MOST_TARGETS = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """A text that is being written, and where its author stands in it (offset from 0)."""

    path: str
    text: str
    offset: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).stem


def complete(checking: Checking, view: Reading, place: Place, locale: str) -> Offers:
    """What may stand at the place, from the reader's drafts."""
    _require_place(place)
    found = checking.check(view, {place.path: place.text})
    names = _names(found.checked)
    catalogue = checking.good(view)
    return completion.complete(catalogue, names, place.name, place.text, place.offset, locale)


def hover(checking: Checking, view: Reading, place: Place, locale: str) -> Meaning | None:
    """What the word at the place means."""
    _require_place(place)
    checking.check(view, {place.path: place.text})
    return meaning_at(checking.good(view), place.name, place.text, place.offset, locale)


def _require_place(place: Place) -> None:
    if not 0 <= place.offset <= len(place.text):
        raise Malformed("studio-offset")


def _names(checked: Checked) -> Any:
    def names(kind: str) -> Collection[str]:
        if kind != "org_type":
            return checked.known.get(kind, {}).keys()
        types = next(iter(checked.of("org_types").values()), None)
        return types.types.keys() if isinstance(types, OrgTypes) else ()

    return names


def lineage_of(checking: Checking, view: Reading, name: str) -> Lineage:
    """Who reads a field or an indicator, and what it is made of, in the reader's drafts."""
    return lineage(_good(checking, view), name)


def targets(checking: Checking, view: Reading, locale: str) -> list[tuple[str, str]]:
    """Every field and indicator that has a lineage: (name, title)."""
    catalogue = _good(checking, view)
    found = [(name, one.title(locale)) for name, one in catalogue.indicators.items()]
    for form in catalogue.forms.values():
        for field in form.fields.values():
            title = f"{form.title(locale)} · {field.title(locale)}"
            found.append((f"{form.name}.{field.name}", title))
            found += [
                (f"{form.name}.{field.name}.{column.name}", f"{title} · {column.title(locale)}")
                for column in field.fields.values()
            ]
    return found[:MOST_TARGETS]


def explain(
    checking: Checking, view: Reading, path: str, org: str | None, locale: str
) -> list[ValueHere]:
    """A value of the reader's drafts, where it is written, and for an org layer by layer."""
    found = checking.check(view, {})
    outline = outline_of(found, candidate(view))
    if org is None:
        return [explain_value(outline, path, locale)]
    return explain_as(outline, _good(checking, view), path, org, locale, view.today)


def scaffolded(
    checking: Checking, view: Reading, kind: str, name: str, title: str
) -> dict[str, str]:
    """The text of a new definition, by path: one that checks. Raises Conflict, Malformed."""
    require_whole(view, DEFINER)
    found = checking.check(view, {})
    files = candidate(view)
    made = scaffold(outline_of(found, files), kind, name, {"title": title}, view.today)
    for path in made:
        check_path(path)
        if path in files:
            raise Conflict("file-exists", file=path)
    return {path: content.decode() for path, content in made.items()}


def layered(checking: Checking, view: Reading, form: str, org: str, title: str) -> dict[str, str]:
    """The text of an org's layer over a form, by path. Whoever writes for one org may begin it.

    Raises NotAllowed for another's org, NotFound, Conflict.
    """
    reach = require(view, DEFINER)
    found = checking.check(view, {})
    files = candidate(view)
    if form not in found.checked.known.get("form", {}):
        raise NotFound("unknown-form", name=form[:60])
    if org not in found.checked.known.get("org", {}):
        raise NotFound("unknown-org", name=org[:60])
    outline = outline_of(found, files)
    path = f"{outline.folder('layer')}/{org}/{form}.yaml"
    if reach.orgs is not None and org not in reach.orgs:
        raise NotAllowed("studio-own-layer-only", path=path, orgs=", ".join(sorted(reach.orgs)))
    if path in files:
        raise Conflict("file-exists", file=path)
    given = {"title": title, "form": form, "org": org}
    (content,) = scaffold(outline, "layer", form, given, view.today).values()
    text = content.decode()
    # one folder deeper than a definition of its own
    return {path: text.replace("$schema=../", "$schema=../../", 1)}


def outline_of(found: Rechecked, files: dict[str, bytes]) -> Outline:
    manifest = found.checked.of("manifest").get("manifest")
    return Outline(files, found.checked, manifest.folders if manifest is not None else {})


def _good(checking: Checking, view: Reading) -> Catalogue:
    found = checking.check(view, {})
    return found.catalogue if found.catalogue is not None else checking.good(view)
