"""A scaffold of every kind stands in the demonstration application without an error."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from shell import ROOT, copy_of_the_demo

from jingwei.authoring.canonical import canonical
from jingwei.authoring.onboarding import new_org
from jingwei.authoring.outline import outline
from jingwei.authoring.scaffolds import SINGLE, modeline, path_of, scaffold
from jingwei.authoring.starter import starter
from jingwei.catalogue.compile import compile_catalogue
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.refusals import Conflict, Malformed

TODAY = date(2026, 3, 2)
# what a scaffold cannot settle by itself: the form must name its new workflow, a menu the form
EXPECTED = {"workflow-not-used", "not-yet-run", "file-not-used", "in-no-menu"}


def test_a_scaffold_of_every_kind_checks_clean(tmp_path: Path) -> None:
    root = copy_of_the_demo(tmp_path)
    held = outline(root)
    for kind in (*KINDS, *LATER):
        if kind in SINGLE:
            continue
        made = (
            new_org(held, "new_org", {}, {}, TODAY)
            if kind == "org"
            else scaffold(held, kind, f"new_{kind}", {}, TODAY)
        )
        for path, content in made.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
    new = [p for p in compile_catalogue(root).warnings if "new_" in p.at.file]
    assert {problem.code for problem in new} <= EXPECTED


def test_every_scaffold_but_a_guide_begins_with_its_schema_and_is_in_order() -> None:
    held = outline(ROOT)
    for kind in (*KINDS, *LATER):
        if kind not in (*SINGLE, "guide", "org"):
            path, content = next(iter(scaffold(held, kind, "new_one", {}, TODAY).items()))
            assert content.decode().split("\n")[0] == modeline(path, kind)
            file = read_file(path, content, Problems())
            assert file is not None
            assert canonical(file) == file.text


def test_a_layer_says_by_its_path_whose_it_is_and_what_it_patches() -> None:
    held = outline(ROOT)
    [(path, text)] = scaffold(held, "layer", "TRA01/meeting", {}, TODAY).items()

    assert path == "definitions/layers/TRA01/meeting.yaml"
    assert "\nfor: TRA01 " in text.decode()
    assert "\npatches: form/meeting\n" in text.decode()
    for name in ("../meeting", "TRA01/..", "TRA01/A"):
        with pytest.raises(Malformed):
            scaffold(held, "layer", name, {}, TODAY)


def test_what_an_application_has_one_of_is_edited_and_not_made_anew(tmp_path: Path) -> None:
    for path, content in starter("demo", "演示", "Demo").items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    with pytest.raises(Conflict) as refused:
        path_of(outline(tmp_path), "manifest", "second")

    assert refused.value.message("en") == (
        "An application has one manifest, in definitions/manifest.yaml: edit it."
    )
