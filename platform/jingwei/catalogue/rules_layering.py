"""What `layering:` names is there: a lock on nothing protects nothing."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.definition import Definition
from jingwei.language.kinds.table import KINDS
from jingwei.problems import Problems, nearest

# maps whose keys are names that the author gives
_NAMES = frozenset(
    {"fields", "rules", "states", "actions", "related", "receipts", "permissions", "choices"}
    | {"restrict", "facts", "items", "levels", "members", "tiles", "controls", "data", "charts"}
)


def check_layering(catalogue: Catalogue, problems: Problems) -> None:
    for definition in _definitions(catalogue):
        for path in definition.origin.keys:
            if path[:1] == ("layering",) and len(path) == 2:
                _check_path(definition, str(path[1]), problems)


def _definitions(catalogue: Catalogue) -> Iterator[Definition]:
    yield from catalogue.forms.values()
    yield from catalogue.workflows.values()
    yield from catalogue.indicators.values()
    yield from catalogue.scorings.values()
    yield from catalogue.dashboards.values()
    yield from catalogue.reports.values()


def _check_path(definition: Definition, written: str, problems: Problems) -> None:
    """The first word is a key of the kind, and below a map of names stands one of them."""
    words, keys = tuple(written.split(".")), definition.origin.keys
    known: list[str] = sorted(KINDS[definition.kind].schema["properties"])
    for place, word in enumerate(words):
        if place == 0 or words[place - 1] in _NAMES:
            if place:
                known = [str(path[-1]) for path in keys if path[:-1] == words[:place]]
            if word not in known:
                at = definition.origin.key("layering", written)
                guess = nearest(word, known)
                meant = ".".join((*words[:place], guess, *words[place + 1 :])) if guess else None
                problems.add("layering-of-nothing", at, suggestion=meant, path=written, name=word)
                return
