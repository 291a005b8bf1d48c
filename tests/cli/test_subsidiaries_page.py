"""The page on joining a subsidiary, followed to the letter: its files check and make it so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from jingwei.catalogue.compile import compile_texts
from jingwei.catalogue.layered import catalogue_for
from jingwei.catalogue.sources import application_files
from jingwei.problems import Problems

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "subsidiaries.md").read_text(encoding="utf-8")


def test_the_files_of_the_page_make_the_subsidiary_that_it_tells_of() -> None:
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
    files = dict(application_files(ROOT, Problems()))
    files |= {path: f"# {path}\n{text}".encode() for path, text in blocks}

    catalogue = compile_texts(files)

    assert len(blocks) == 4
    own = catalogue_for(catalogue, "HY01", date(2026, 6, 1))
    work = own.forms["work_item"]
    assert {"x_eng_site", "x_hy01_berth"} <= set(work.fields)
    assert work.fields["milestone"].title("zh") == "形象进度"
    assert work.fields["budget"].max.value == 50_000_000
    assert "x_hy01_tonnage_given" in own.forms["annual_plan"].rules
    assert "x_eng_site" not in catalogue.forms["work_item"].fields
    shown = [name for section in work.layout for row in section.rows for name in row]
    assert shown.index("x_hy01_berth") == shown.index("x_eng_site") + 1
