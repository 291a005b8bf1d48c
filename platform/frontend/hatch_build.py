"""Build hook: the wheel, and an editable install, carry the built front-end files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface):
    """Runs `jingwei.assets` by path: the package itself is not installed yet."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        path = Path(self.root) / "platform" / "jingwei" / "assets.py"
        spec = importlib.util.spec_from_file_location("jingwei_assets", path)
        assert spec is not None and spec.loader is not None
        assets = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(assets)
        assets.ensure()
        build_data["artifacts"].append("platform/jingwei/static/vendor")
