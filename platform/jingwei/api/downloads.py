"""What a downloaded file is called."""

from __future__ import annotations

from urllib.parse import quote


def disposition(name: str, plain: str = "file", *, kind: str = "attachment") -> str:
    """The header that names a file; `plain`: what it is called, before its ending, where a name of
    other letters than ASCII is not understood."""
    if name.isascii() and '"' not in name and "\\" not in name:
        return f'{kind}; filename="{name}"'
    _, dot, ending = name.rpartition(".")
    ending = f".{ending}" if dot and ending.isascii() and ending.isalnum() else ""
    return f"{kind}; filename=\"{plain}{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
