"""Style sheets, scripts and icons: ours from the repository, others' as `jingwei.assets` built."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from jingwei import assets

ROOT = assets.HERE / "static"
OWN_FILES = frozenset(
    f"own/{file.name}" for file in (ROOT / "own").iterdir() if file.suffix in (".js", ".css")
)
_YEAR = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/static/<path:path>", "static", static)
    blueprint.record_once(lambda state: _prepare())


def _prepare() -> None:
    assets.ensure()


def static(path: str) -> Response:
    """One file; its gzip twin where the browser takes it."""
    zipped = ROOT / f"{path}.gz"
    takes = "gzip" in request.headers.get("Accept-Encoding", "")
    if takes and ".." not in path and zipped.is_file():
        response = send_from_directory(ROOT, f"{path}.gz", mimetype=_type_of(path))
        response.headers["Content-Encoding"] = "gzip"
    elif takes and path in OWN_FILES:
        response = _zipped_own(path)
    else:
        response = send_from_directory(ROOT, path)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _YEAR if "v" in request.args else _ASK_AGAIN
    return response


def _zipped_own(path: str) -> Response:
    """A file of ours, which no build has zipped."""
    file = ROOT / path
    content, tag = _zip(path, file.stat().st_mtime_ns)
    response = Response(content, mimetype=_type_of(path), headers={"Content-Encoding": "gzip"})
    response.set_etag(tag)
    response.make_conditional(request)
    return response


@cache
def _zip(path: str, changed: int) -> tuple[bytes, str]:
    content = gzip.compress((ROOT / path).read_bytes(), 9, mtime=0)
    return content, hashlib.sha256(content).hexdigest()[:16]


def _type_of(path: str) -> str:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    return kinds.get(Path(path).suffix, "application/octet-stream")


@cache
def vendor_version() -> str:
    """What changes when any built file does."""
    stamp = assets.VENDOR / assets.STAMP
    return stamp.read_text(encoding="ascii")[:12] if stamp.exists() else "0"


def vendor(name: str) -> str:
    """The address of a built file."""
    return f"/static/vendor/{name}?v={vendor_version()}"


def own(name: str) -> str:
    """The address of a file of ours, which the browser asks about again."""
    return f"/static/own/{name}"
