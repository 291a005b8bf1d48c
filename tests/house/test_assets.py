"""The built front-end files: made by one process, whoever asks for them meanwhile; of Tabler only
what the pages use."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jingwei import assets

NPM = """#!/bin/sh
mkdir busy || { echo "two at once" >&2; exit 1; }
sleep 0.2
mkdir -p node_modules
rmdir busy
"""
NODE = '#!/bin/sh\nmkdir -p "$2"\necho once >> ../built\n'


def test_two_that_start_together_on_a_fresh_folder_build_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend, vendor, programs = (tmp_path / name for name in ("frontend", "vendor", "bin"))
    frontend.mkdir()
    programs.mkdir()
    for name in ("package.json", "package-lock.json", "build.mjs"):
        (frontend / name).write_text("{}")
    for name, script in (("npm", NPM), ("node", NODE)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.delenv(assets.SKIP, raising=False)

    with ThreadPoolExecutor(2) as both:
        asked = [both.submit(assets.ensure, frontend, vendor) for _ in range(2)]
        made = sorted(one.result() for one in asked)

    assert made == [False, True]
    assert (tmp_path / "built").read_text() == "once\n"
    assert assets.are_fresh(frontend, vendor)


ENGINE = Path(assets.__file__).parent
TABLER = assets.FRONTEND / "node_modules" / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
BUILT = assets.VENDOR / "tabler.css"
NAME = r"-?[_a-zA-Z][\w-]*"


def pages() -> str:
    """Everything that writes a class or names a variable of a style sheet."""
    found = [*ENGINE.glob("templates/**/*.html"), *ENGINE.glob("static/own/*")]
    return "".join(path.read_text(encoding="utf-8") for path in found)


def test_every_class_and_variable_of_tabler_that_pages_name_is_in_the_list_of_what_is_kept() -> (
    None
):
    if not TABLER.exists():
        pytest.skip("the style sheet is not here to look into")
    whole, written = TABLER.read_text(encoding="utf-8"), pages()
    theirs = set(re.findall(rf"\.({NAME})", whole)) | set(re.findall(r"--tblr-[\w-]+", whole))
    said = " ".join(re.findall(r'class(?:Name)? ?= ?["`]([^"`]*)', written))
    # of what a template works out, the words that it may come to
    said = re.sub(
        r"{[{%].*?[}%]}", lambda one: " ".join(re.findall("(?<!== )'([^']*)'", one[0])), said
    )
    named = set(re.findall(NAME, said)) | set(re.findall(r"--tblr-[\w-]+", written))
    kept = set((assets.FRONTEND / "tabler.txt").read_text(encoding="utf-8").split())
    assert sorted((named & theirs) - kept) == []


@pytest.mark.parametrize(
    ("rule", "is_kept"),
    [
        (".btn-primary", True),
        ("[data-bs-theme=dark] .form-select", True),
        (".form-check-input:checked", True),
        (".carousel", False),
        (".btn-twitter", False),
    ],
)
def test_what_pages_use_of_tabler_is_served_and_the_rest_is_not(rule: str, is_kept: bool) -> None:
    if not BUILT.exists():
        pytest.skip("nothing is built here")
    heads = re.findall(r"[^{}]+(?=\{)", BUILT.read_text(encoding="utf-8"))
    parts = [one.strip() for head in heads for one in head.split(",")]
    assert any(one.startswith(rule) for one in parts) is is_kept
