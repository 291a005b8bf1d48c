"""Workflows that are refused when they are checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows_small import FORM, write

from jingwei.catalogue.compile import compile_catalogue
from jingwei.problems import DefinitionErrors


def test_a_subflow_makes_records_of_its_own_workflow_s_form(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        kind: workflow
        title: 审批
        form: request
        steps: [{id: a, subflow: {workflow: child, create: {form: request, set: {title: x}}}}]
        """,
    )
    other = FORM.replace("workflow: flow", "workflow: child").replace("R-", "O-")
    (tmp_path / "forms/other.yaml").write_text(other.lstrip("\n"), encoding="utf-8")
    child = "kind: workflow\ntitle: 子\nform: other\nsteps: [{id: a, approve: {who: initiator}}]\n"
    (tmp_path / "workflows/child.yaml").write_text(child, encoding="utf-8")
    with pytest.raises(DefinitionErrors) as caught:
        compile_catalogue(tmp_path)
    assert [p.message("en") for p in caught.value.problems if p.severity == "error"] == [
        "workflows/flow.yaml:4:14: workflow 'child' belongs to the form other. "
        "Use a workflow of this form. [workflow-of-another-form]"
    ]
