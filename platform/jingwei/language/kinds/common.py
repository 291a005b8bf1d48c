"""What building a definition of any kind needs."""

from __future__ import annotations

from typing import Any

from jingwei.language.definition import Origin
from jingwei.language.walker import Walker

_COMMON = ("title", "description", "help", "renamed_from", "retired", "tags")


def common(walker: Walker, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `Definition`."""
    file = walker.file
    arguments: dict[str, Any] = {
        "kind": values["kind"],
        "name": name,
        "origin": Origin(file.path, file.keys, file.values),
        "fingerprint": file.fingerprint,
    }
    arguments.update({key: values[key] for key in _COMMON if key in values})
    return arguments


def own(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """The values given under these keys."""
    return {name: values[name] for name in names if name in values}
