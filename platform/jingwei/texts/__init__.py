"""The words of the product, zh and en, kept in TOML catalogues beside this file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

LOCALES = ("zh", "en")
DEFAULT_LOCALE = "zh"


@dataclass(frozen=True, slots=True)
class Words:
    """A text that fills a hole of another one, in that one's language."""

    key: str
    holes: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __call__(self, locale: str) -> str:
        return text(self.key, locale, **self.holes)


@dataclass(frozen=True, slots=True)
class Several:
    """Words one after the other; what can be called is asked for its words in the language."""

    words: Sequence[Any]
    most: int = 60

    def __call__(self, locale: str) -> str:
        said = [str(w(locale) if callable(w) else w) for w in self.words[: self.most]]
        joined = ("、" if locale == "zh" else ", ").join(said)
        return joined + (" …" if len(self.words) > self.most else "")


@cache
def catalogue(locale: str) -> Mapping[str, str]:
    """Every text of one locale, keyed by `file.section.key`."""
    texts: dict[str, str] = {}
    for entry in sorted(files(__package__).joinpath(locale).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            stem = entry.name.removesuffix(".toml")
            _flatten(stem, tomllib.loads(entry.read_text(encoding="utf-8")), texts)
    return texts


def _flatten(prefix: str, node: Mapping[str, Any], into: dict[str, str]) -> None:
    for key, value in node.items():
        path = f"{prefix}.{key}"
        if isinstance(value, Mapping):
            _flatten(path, value, into)
        else:
            into[path] = str(value)


def text(key: str, locale: str = DEFAULT_LOCALE, /, **holes: object) -> str:
    """The text named `key` with its `{holes}` filled.

    A hole that can be called is asked for its words in this locale.

    Raises KeyError for a key that is in no catalogue: that is our bug, and a test walks all keys.
    """
    template = catalogue(locale if locale in LOCALES else DEFAULT_LOCALE)[key]
    spoken = {name: v(locale) if callable(v) else v for name, v in holes.items()}
    return fill(template, spoken)


def has_text(key: str, locale: str = DEFAULT_LOCALE) -> bool:
    """Whether the catalogue of this locale has the key."""
    return key in catalogue(locale)


def fill(template: str, holes: Mapping[str, object]) -> str:
    """`template` with each `{name}` replaced, and `{name:value|values}` by the first word where the
    name is 1, else the second: no attribute access, no formats."""
    if "|" in template:
        template = _NUMBERED.sub(lambda found: _one_or_many(found, holes), template)
    for name, value in holes.items():
        template = template.replace("{" + name + "}", str(value))
    return template


_NUMBERED = re.compile(r"\{([a-z_]+):([^{}|]*)\|([^{}|]*)\}")


def _one_or_many(found: re.Match[str], holes: Mapping[str, object]) -> str:
    name, one, many = found.groups()
    if name not in holes:
        return found[0]
    return one if str(holes[name]) == "1" else many
