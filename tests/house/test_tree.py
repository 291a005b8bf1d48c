"""Guards of the repository's shape."""

import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_platform_is_a_source_root_and_never_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_the_standard_librarys_platform_wins() -> None:
    assert Path(platform.__file__).parent == Path(sys.base_prefix) / (
        f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
    )
    code = "import platform, uuid, jingwei; print(platform.system())"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == platform.system()
