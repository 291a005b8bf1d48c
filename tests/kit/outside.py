"""What tests need from outside the process: skipped where absent, required in CI."""

from __future__ import annotations

import os

import pytest


def require_service(reachable: bool, name: str) -> None:
    """Skip where a service is absent, but fail where CI promises it (REQUIRE_SERVICES=1)."""
    if reachable:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{name} is required here and cannot be reached")
    pytest.skip(f"{name} is not running here")
