"""Keys at another depth than theirs: fields beside `fields`, keys of a form inside its title."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from jingwei.language.meant_keys import meant_key
from jingwei.problems import Phrase
from jingwei.reading.yaml_file import Data, Path, Scalar

if TYPE_CHECKING:
    from jingwei.language.walker import Walker

MOST_NAMED = 6
# what stands inside of many things, and is no sign of a thing that is too deep
_EVERYWHERE = frozenset({"kind", "title", "description", "help", "tags", "renamed_from"})


def misplaced_field(
    walker: Walker,
    data: Mapping[str, Data],
    key: str,
    known: Mapping[str, Any],
    thing: Phrase,
    path: Path,
) -> bool:
    """Whether `key` is a field that stands beside `fields` instead of below it, or the empty
    `fields` itself; all of them are said at the first."""
    if "fields" not in known or "fields" not in data:
        return False
    nothing_below = _is_empty(data["fields"])
    if key == "fields":
        return nothing_below and any(_is_field(data, one, known, True) for one in data)
    said = path[:-1] in walker.beside  # then nobody looks for what else may be meant
    if not _is_field(data, key, known, nothing_below or said):
        return False
    if not said:
        walker.beside.add(path[:-1])
        named = islice((k for k in data if _is_field(data, k, known, nothing_below)), MOST_NAMED)
        listed = ", ".join(name[:40] for name in named)
        walker.fail("misplaced-field", walker.key_at(path), key=listed, thing=thing)
    return True


def _is_field(
    data: Mapping[str, Data], key: str, known: Mapping[str, Any], nothing_below: bool
) -> bool:
    part = data[key]
    if key in known or not isinstance(part, dict) or "type" not in part:
        return False
    return nothing_below or meant_key(key, known) is None


def _is_empty(part: Data) -> bool:
    return isinstance(part, Scalar) and part.is_empty


def too_deep(walker: Walker, part: Data, path: Path) -> bool:
    """Whether a key that is none here is one of the whole definition, which lacks it; then it is
    said."""
    key = path[-1]
    whole = walker.file.data
    if len(path) < 2 or key not in walker.keys_of_all or key in _EVERYWHERE:
        return False
    if isinstance(part, Scalar) or not isinstance(whole, dict) or key in whole:
        return False
    walker.deep.add(str(key))
    thing = Phrase(f"things.{walker.thing}")
    walker.fail("key-too-deep", walker.key_at(path), key=key, thing=thing, outer=path[0])
    return True
