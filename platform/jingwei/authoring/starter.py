"""A new application: small, and working from the first minute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from jingwei.authoring.scaffolds import Files, modeline, written
from jingwei.language.shapes import MOST_NAME

_KIND = re.compile(r"^kind: (\w+)$", re.MULTILINE)
_TITLED = ("definitions/manifest.yaml", "README.md")
_HIDDEN = {"gitignore": ".gitignore"}  # a file of that name would hide the starter's own files


def starter(name: str, title_zh: str, title_en: str) -> Files:
    """Its files: path from the new application's root → content. `name` is any folder's name."""
    holes = {
        "name": _named(name),
        "title_zh": written(title_zh),
        "title_en": written(title_en),
        "title_plain": title_zh,
    }
    made: Files = {}
    for path, entry in _walk(files(__package__).joinpath("starter"), ""):
        text = entry.read_text(encoding="utf-8")
        if path in _TITLED:
            text = Template(text).substitute(holes)
        kind = _KIND.match(text)
        if path.endswith(".yaml") and kind:
            text = f"{modeline(path, kind[1])}\n{text}"
        made[_HIDDEN.get(path, path)] = text.encode()
    return made


def _named(folder: str) -> str:
    """A definition's name made of any words."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")[:MOST_NAME]
    return name if re.match("[a-z]", name) else "application"


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        else:
            yield path, entry
