"""Fixtures that every floor shares: small applications written as text, and real databases."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_postgres import own_postgres

MANIFEST = """
kind: manifest
title: 测试应用
language: 1
"""
ORG_TYPES = """
kind: org_types
title: 组织类型
types:
  group: {title: 集团, head: general_manager}
  sector: {title: 板块, above: [group], head: general_manager}
  subsidiary: {title: 子公司, above: [sector, group], head: general_manager}
"""

# what is said where a page or its button did not come in time. What `expect` saw to be otherwise is
# an AssertionError, and fails at once.
OUT_OF_PATIENCE = ["^TimeoutError: "]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in the browser that ran out of patience runs once more: on two cores that do other
    work as well, a page may take longer than anybody waits. The summary counts it as `rerun`."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=OUT_OF_PATIENCE))


class Application:
    """A tiny application in a temporary folder, written file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("definitions/manifest.yaml", MANIFEST)
        self.write("definitions/org_types.yaml", ORG_TYPES)
        self.write(
            "definitions/orgs/G.yaml",
            "kind: org\ntitle: 集团\ntype: group\nvalid_from: 2020-01-01\n",
        )
        self.write(
            "definitions/posts/general_manager.yaml", "kind: post\ntitle: 总经理\nsingle: true\n"
        )

    def write(self, path: str, text: str | bytes) -> Path:
        """Write one file; indentation common to all lines is removed."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            target.write_bytes(text)
        else:
            target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    def problems(self, locale: str = "en") -> list[str]:
        """Every message of `check`, sorted by place."""
        from jingwei.catalogue.compile import compile_catalogue
        from jingwei.problems import DefinitionErrors

        try:
            compile_catalogue(self.root)
        except DefinitionErrors as errors:
            return [p.message(locale) for p in errors.problems]
        return []


@pytest.fixture
def application(tmp_path: Path) -> Application:
    return Application(tmp_path)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database of this test's own, with the engine's tables; dropped afterwards."""
    with own_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without anybody's data; tests that use it run on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgres_url"))
