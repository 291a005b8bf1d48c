"""The documentation is true: its YAML is compiled with the application beside it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from jingwei.catalogue.compile import compile_catalogue
from jingwei.gateways.webhook import Webhook, signed
from jingwei.settings import NAMES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if "decisions" not in p.parts),
]
BLOCK = re.compile(r"```yaml\n(# (\S+\.yaml)[^\n]*\n.*?)```", re.DOTALL)
# the pages about approvals are one book: tests/cli/test_pages_about_approvals.py plays it
ALONE = [document for document in DOCUMENTS if document.parent.name != "approvals"]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("document", ALONE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_examples_of_a_document_compile(document: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall(document.read_text(encoding="utf-8"))
    if not blocks:
        return
    for folder in ("definitions", "forms", "workflows", "report_templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for text, path in ((b[0], b[1]) for b in blocks):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.split("\n", 1)[1], encoding="utf-8")
    compile_catalogue(tmp_path)


def test_the_receiver_of_the_documentation_takes_what_is_ours_once() -> None:
    """The block of Python in webhooks.md, run against a delivery as it is signed here."""
    text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n# receiver.py\n(.*?)```", text, re.DOTALL)
    given: dict[str, Any] = {}
    exec(compile(code, "receiver.py", "exec"), given)  # noqa: S102  # our own page
    body = b'{"event":"created"}'
    sent = Webhook("https://x", "outbox-7", "k", "s", "t", {}, (given["SECRET"],), 1_000)
    headers = signed(sent, body)
    assert [given["receive"](headers, body, now) for now in (1_001, 1_002)] == [204, 200]
    assert given["receive"](headers, b"{}", 1_001) == 401
    assert given["receive"](headers, body, 2_000) == 401


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_between_documents_resolve(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [t for t in targets if not (document.parent / t).exists()] == []


def test_every_setting_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `JINGWEI_"))
    told = set(re.findall(r"JINGWEI_(\w+\*?)", rows))
    assert told == {*NAMES, "OIDC_*", "LDAP_*"}
