"""Changes to the text of a definition that leave everything else as its author wrote it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from jingwei.refusals import Malformed


def round_trip() -> YAML:
    """A reader and writer that keeps comments, quotes and the order of keys."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 4096  # a line is broken where its author broke it
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_duplicate_keys = False
    return yaml


def set_values(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `path.to.key` set to a value written as in YAML.

    Raises Malformed for a path through something that is no map, or a value that cannot be read.
    """
    if not values:
        return text
    yaml = round_trip()
    data = yaml.load(text)
    for path, written in values.items():
        _set(data, path, _read(written, path))
    return dumped(yaml, data)


def dumped(yaml: YAML, data: Any) -> str:
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _read(written: str, path: str) -> Any:
    try:
        return round_trip().load(written)
    except YAMLError:
        raise Malformed("bad-set", path=path, value=written) from None


def _set(data: Any, path: str, value: Any) -> None:
    *above, last = path.split(".")
    for part in above:
        if not isinstance(data, CommentedMap):
            raise Malformed("bad-set", path=path, value=value)
        if part not in data:
            data[part] = CommentedMap()
        data = data[part]
    if not isinstance(data, CommentedMap):
        raise Malformed("bad-set", path=path, value=value)
    data[last] = value
