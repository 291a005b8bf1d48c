"""Which databases a test runs on. A claim about the language itself needs one; a claim about
transactions, locks or SQL runs on both."""

from __future__ import annotations

import pytest

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
