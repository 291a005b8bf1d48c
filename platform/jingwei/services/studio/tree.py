"""The files of an application as a tree: by kind, with titles, and who is writing on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jingwei.catalogue.check_files import Checked
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.reading.yaml_file import Data, Scalar, YamlFile
from jingwei.services.commands import Reading
from jingwei.services.studio.drafts import WRITTEN, candidate, in_conflict, published
from jingwei.services.studio.reach import Reach, layer_org, require
from jingwei.storage.studio_drafts import DraftRow, drafts_of, others_at

BESIDE = "beside"  # what is no definition: templates, tables beside a definition
ORDER = (
    *("form", "rows", "workflow", "dashboard", "report", "module", "alert", "schedule", "layer"),
    *("indicator", "indicator_set", "classification", "scoring", "benchmark", "scenario"),
    *("source", "org_types", "org", "profile", "role", "post", "calendar", "code_list"),
    *("guide", "test", "manifest", BESIDE),
)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """`state`: what the reader's draft does: changed, added, removed, conflict, or empty."""

    path: str
    kind: str
    name: str
    title: str
    state: str
    others: tuple[str, ...]
    may_write: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "state": self.state,
            "others": list(self.others),
            "may_write": self.may_write,
        }


def tree(view: Reading, checked: Checked, locale: str) -> list[TreeFile]:
    """Every file, kind by kind. `checked`: the reader's drafts as far as they can be read. Who is
    writing on a file is told to those only who may write on it too."""
    found = require(view)
    drafts = {draft.path: draft for draft in drafts_of(view.connection, view.actor.id)}
    others = others_at(view.connection, view.actor.id)
    files = candidate(view)
    paths = {*files, *drafts}
    listed = [
        TreeFile(
            path,
            *_named(path, checked.files.get(path), locale),
            _state(view, drafts.get(path)),
            tuple(others.get(path, ())) if may_write else (),
            may_write,
        )
        for path in paths
        for may_write in (_may_write(found, path, files.get(path)),)
    ]
    order = {kind: number for number, kind in enumerate(ORDER)}
    return sorted(listed, key=lambda f: (order.get(f.kind, len(order)), f.path))


def _named(path: str, file: YamlFile | None, locale: str) -> tuple[str, str, str]:
    """Kind, name and title, of a file that is broken by its folder."""
    pure = PurePosixPath(path)
    data: Mapping[str, Data] = file.data if file and isinstance(file.data, dict) else {}
    written = data.get("kind")
    kind = written.text if isinstance(written, Scalar) else ""
    if kind not in KINDS:
        kind = _kind_of_folder(pure) if pure.suffix in (".yaml", ".md") else BESIDE
    name = pure.stem
    if kind == "layer":
        name = "/".join(pure.parts[-2:]).removesuffix(".yaml")
    return kind, name, _title(data.get("title"), locale)


def _kind_of_folder(path: PurePosixPath) -> str:
    folder = str(path.parent)
    homes = {**{name: kind.folder for name, kind in KINDS.items()}, **LATER}
    return next((name for name, home in homes.items() if home == folder), BESIDE)


def _title(data: Data | None, locale: str) -> str:
    if isinstance(data, Scalar):
        return data.text
    if isinstance(data, dict):
        words: Iterator[Data | None] = (data.get(one) for one in (locale, "zh", "en"))
        return next((w.text for w in words if isinstance(w, Scalar)), "")
    return ""


def _state(view: Reading, draft: DraftRow | None) -> str:
    if draft is None:
        return ""
    if in_conflict(view, draft):
        return "conflict"
    if draft.text is None:
        return "removed"
    return "changed" if draft.path in published(view) else "added"


def _may_write(found: Reach, path: str, content: bytes | None) -> bool:
    if not path.endswith(WRITTEN):
        return False
    if found.orgs is None:
        return True
    return content is not None and layer_org(path, content) in found.orgs
