"""The pages of `docs/approvals`, put into a new application: what they say is what happens."""

from __future__ import annotations

import re

from shell import ROOT, Shell

from jingwei.language.kinds.workflow import PRESETS
from jingwei.language.workflow import Policy

PAGES = sorted((ROOT / "docs" / "approvals").glob("*.md"))
BLOCK = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.DOTALL)


def test_every_example_about_approvals_does_what_its_page_says(office: Shell) -> None:
    blocks = [
        (page, path, text)
        for page in PAGES
        for path, text in BLOCK.findall(page.read_text(encoding="utf-8"))
    ]
    paths = [path for _, path, _ in blocks]
    assert len(set(paths)) == len(paths), "each page has files of its own"
    (office.root / "definitions/tests/purchase_request.yaml").unlink()  # played elsewhere
    for _, path, text in blocks:
        office.write(path, text)
    told = office.json("test")
    assert [case for case in told["cases"] if case["failures"]] == []
    tried = {case["test"] for case in told["cases"]}
    told_of = {path.split("/")[-1].removesuffix(".yaml") for path in paths if "/tests/" in path}
    assert told_of <= tried
    with_examples = {page for page, path, _ in blocks if "/tests/" in path}
    assert [page.name for page in PAGES if page not in with_examples] == ["README.md"]


def test_the_table_of_what_holds_is_that_of_the_engine() -> None:
    page = (ROOT / "docs" / "approvals" / "README.md").read_text(encoding="utf-8")
    policy = Policy()
    for key, strict in PRESETS["strict"].items():
        (row,) = [line for line in page.split("\n") if line.startswith(f"| `{key}`")]
        cells = row.split("|")
        assert f"`{getattr(policy, key)}`" in cells[2]
        assert f"`{strict}`" in cells[3]
