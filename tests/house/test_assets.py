"""The built front-end files are made by one process, whoever asks for them meanwhile."""

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
