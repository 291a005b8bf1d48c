"""Style sheets, scripts and icons: ours from the repository, others' as `jingwei.assets` built."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Collection
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


# twins that a build made, the smallest first: `br` is a quarter smaller, where a browser takes it
TWINS = (("br", ".br"), ("gzip", ".gz"))


def static(path: str) -> Response:
    """One file, zipped as the browser takes it."""
    takes = {one.partition(";")[0].strip() for one in _accepted().split(",")}
    twin = None if ".." in path else _twin(path, takes)
    if twin is not None:
        encoding, name = twin
        response = send_from_directory(ROOT, name, mimetype=_type_of(path))
        response.headers["Content-Encoding"] = encoding
    elif "gzip" in takes and path in OWN_FILES:
        response = _zipped_own(path)
    else:
        response = send_from_directory(ROOT, path)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _YEAR if "v" in request.args else _ASK_AGAIN
    return response


def _accepted() -> str:
    return request.headers.get("Accept-Encoding", "")


def _twin(path: str, takes: Collection[str]) -> tuple[str, str] | None:
    """The encoding and the name of the smallest twin there is."""
    known = ((encoding, f"{path}{suffix}") for encoding, suffix in TWINS if encoding in takes)
    return next((one for one in known if (ROOT / one[1]).is_file()), None)


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
