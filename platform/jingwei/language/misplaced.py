"""Keys at another depth than theirs: fields beside `fields`, keys of a form inside its title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jingwei.language.meant_keys import meant_key
from jingwei.problems import Phrase
from jingwei.reading.yaml_file import Data, Path, Scalar

if TYPE_CHECKING:
    from jingwei.language.walker import Walker

MOST_NAMED = 6
# what stands inside of many things, and is no sign of a thing that is too deep
_EVERYWHERE = frozenset({"kind", "title", "description", "help", "tags", "renamed_from"})


def fields_beside(data: Mapping[str, Data], known: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that stand beside `fields` instead of below it."""
    if "fields" not in known or "fields" not in data:
        return ()
    below = data["fields"]
    nothing_below = isinstance(below, Scalar) and below.is_empty
    return tuple(
        key
        for key, part in data.items()
        if key not in known
        and isinstance(part, dict)
        and "type" in part
        and (nothing_below or meant_key(key, known) is None)
    )


def misplaced_field(
    walker: Walker,
    data: Mapping[str, Data],
    key: str,
    known: Mapping[str, Any],
    thing: Phrase,
    path: Path,
) -> bool:
    """Whether `key` is such a field, or the empty `fields`; all of them are said at the first."""
    beside = fields_beside(data, known)
    if key == "fields":
        part = data[key]
        return bool(beside) and isinstance(part, Scalar) and part.is_empty
    if key in beside and key == beside[0]:
        named = ", ".join(name[:40] for name in beside[:MOST_NAMED])
        walker.fail("misplaced-field", walker.key_at(path), key=named, thing=thing)
    return key in beside


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
