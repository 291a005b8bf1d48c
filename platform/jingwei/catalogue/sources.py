"""Which files an application consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from jingwei.problems import Position, Problems
from jingwei.reading.decode import MOST_BYTES

MANIFEST = "definitions/manifest.yaml"
FOLDERS = ("definitions", "forms", "workflows", "report_templates")
DEMO = "definitions/demo/"  # data to play with, not definitions
MOST_TEMPLATE_BYTES = 20 * 1024 * 1024
MOST_FILES = 20_000


def application_files(application: Path, problems: Problems) -> dict[str, bytes]:
    """Every file of the source folders: path from the root → content."""
    files: dict[str, bytes] = {}
    for folder in FOLDERS:
        root = application / folder
        if root.is_dir():
            for path in _walk(root):
                _take(application, path, files, problems)
    if MANIFEST not in files:
        problems.add("no-manifest", Position(MANIFEST))
    for path in sorted(application.glob("*.yaml")):
        if path.is_file() and path.read_bytes()[:6] == b"kind: ":
            at, folders = Position(_printable(path.name)), ", ".join(FOLDERS)
            problems.add("definition-not-read", at, severity="warning", folders=folders)
    return files


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.startswith("~$") or path.name == "__pycache__":
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _take(application: Path, path: Path, files: dict[str, bytes], problems: Problems) -> None:
    name = path.relative_to(application).as_posix()
    if name.startswith(DEMO):
        return
    if not _is_text(name):
        problems.add("file-name-not-text", Position(_printable(name)))
        return
    if path.is_symlink() or not path.is_file():
        problems.add("not-a-file", Position(name))
        return
    if len(files) >= MOST_FILES:
        problems.add("too-many-files", Position(name), most=MOST_FILES)
        return
    most = MOST_BYTES if name.endswith(".yaml") else MOST_TEMPLATE_BYTES
    size = path.stat().st_size
    if size > most:
        problems.add(
            "file-too-large", Position(name), size=f"{size / 1024:,.0f}", most=most // 1024
        )
        return
    files[name] = path.read_bytes()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # the system gives bytes that are no UTF-8 as lone surrogates
        return False
    return True


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_misspelt(name: str) -> bool:
    """Whether a file is meant to be a definition, and its name ends in another way."""
    return name.endswith((".yml", ".YAML", ".YML"))


def definition_files(files: Mapping[str, bytes], problems: Problems) -> list[str]:
    """The YAML files among them, in order; a file of another spelling is refused."""
    for name in files:
        if is_misspelt(name):
            stem = name.rpartition(".")[0]
            problems.add("wrong-extension", Position(name), suggestion=f"{stem}.yaml", name=name)
    return sorted(name for name in files if name.endswith(".yaml"))
