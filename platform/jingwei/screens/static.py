"""Style sheets, scripts and icons: ours from the repository, others' as `jingwei.assets` built."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from time import monotonic

from flask import Blueprint, Response, abort, request, send_from_directory

from jingwei import assets

ROOT = assets.HERE / "static"
KINDS: Mapping[str, str] = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_YEAR = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/static/<path:path>", "static", static)
    blueprint.record_once(lambda state: _prepare())


def _prepare() -> None:
    assets.ensure()
    _own_files()


# twins that a build made, the smallest first: `br` is a quarter smaller, where a browser takes it
TWINS = (("br", ".br"), ("gzip", ".gz"))


def static(path: str) -> Response:
    """One file, zipped as the browser takes it."""
    if path.startswith("own/"):
        return _own(*path.split("/")[1:])
    takes = {one.partition(";")[0].strip() for one in _accepted().split(",")}
    twin = None if ".." in path else _twin(path, takes)
    if twin is not None:
        encoding, name = twin
        response = send_from_directory(ROOT, name, mimetype=_type_of(path))
        response.headers["Content-Encoding"] = encoding
        response.headers.pop("Content-Disposition", None)  # the name of the twin
    else:
        response = send_from_directory(ROOT, path)
    return _kept(response, for_good="v" in request.args)


def _kept(response: Response, *, for_good: bool) -> Response:
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _YEAR if for_good else _ASK_AGAIN
    return response


def _accepted() -> str:
    return request.headers.get("Accept-Encoding", "")


def _twin(path: str, takes: Collection[str]) -> tuple[str, str] | None:
    """The encoding and the name of the smallest twin there is."""
    known = ((encoding, f"{path}{suffix}") for encoding, suffix in TWINS if encoding in takes)
    return next((one for one in known if (ROOT / one[1]).is_file()), None)


# --- ours, which no build has zipped -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of ours as it is sent; `tag`: what changes when it does."""

    plain: bytes
    zipped: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """All of them by name. `version`: what changes when any does: it stands in their addresses, so
    that a script finds what it imports beside itself, in the same version."""

    files: Mapping[str, OwnFile]
    version: str


def _own_files() -> OwnFiles:
    """Looked at once a second, so that a file that is changed is sent without a new start."""
    return _packed(_stamps(int(monotonic())))


@lru_cache(maxsize=1)
def _stamps(second: int) -> tuple[tuple[str, int], ...]:
    found = ((file.name, file.stat().st_mtime_ns) for file in (ROOT / "own").iterdir())
    return tuple(sorted(one for one in found if Path(one[0]).suffix in KINDS))


@lru_cache(maxsize=1)
def _packed(stamps: tuple[tuple[str, int], ...]) -> OwnFiles:
    files = {name: _zip(name, changed) for name, changed in stamps}
    every = "".join(f"{name}:{file.tag};" for name, file in files.items())
    return OwnFiles(files, hashlib.sha256(every.encode()).hexdigest()[:12])


@lru_cache(maxsize=256)
def _zip(name: str, changed: int) -> OwnFile:
    plain = (ROOT / "own" / name).read_bytes()
    tag = hashlib.sha256(plain).hexdigest()[:16]
    return OwnFile(plain, gzip.compress(plain, 9, mtime=0), tag)


def _own(*parts: str) -> Response:
    """`own/VERSION/NAME` may be kept for good; `own/NAME` is asked about again, and so is what a
    page of another version asks for."""
    known = _own_files()
    *version, name = parts
    file = known.files.get(name)
    if file is None or len(version) > 1:
        abort(404)
    zipped = "gzip" in {one.partition(";")[0].strip() for one in _accepted().split(",")}
    response = Response(file.zipped if zipped else file.plain, mimetype=_type_of(name))
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{file.tag}-gzip" if zipped else file.tag)
    response.make_conditional(request)
    return _kept(response, for_good=version == [known.version])


# --- addresses -----------------------------------------------------------------------------------


def _type_of(path: str) -> str:
    return KINDS.get(Path(path).suffix, "application/octet-stream")


@cache
def vendor_version() -> str:
    """What changes when any built file does."""
    stamp = assets.VENDOR / assets.STAMP
    return stamp.read_text(encoding="ascii")[:12] if stamp.exists() else "0"


def vendor(name: str) -> str:
    """The address of a built file."""
    return f"/static/vendor/{name}?v={vendor_version()}"


def own(name: str) -> str:
    """The address of a file of ours."""
    return f"/static/own/{_own_files().version}/{name}"
