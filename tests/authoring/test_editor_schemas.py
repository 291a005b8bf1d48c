"""What editors are told: the demonstration application is right, a mistake is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML
from shell import ROOT

from jingwei.authoring.json_schema import export, export_all
from jingwei.authoring.outline import Outline, kind_of, outline
from jingwei.authoring.starter import starter


@pytest.fixture(scope="module")
def held() -> Outline:
    return outline(ROOT)


@pytest.fixture(scope="module")
def validators(held: Outline) -> dict[str, Draft7Validator]:
    made = export_all(held.names, "en")
    for schema in made.values():
        Draft7Validator.check_schema(schema)
    return {kind: Draft7Validator(schema) for kind, schema in made.items()}


def as_editors_read(text: str) -> Any:
    """YAML 1.2 with days left as words."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
    return yaml.load(text)


def test_every_definition_of_the_demo_satisfies_its_schema(
    held: Outline, validators: dict[str, Draft7Validator]
) -> None:
    wrong = [
        f"{file.path} {list(error.absolute_path)}: {error.message[:100]}"
        for file in held.checked.files.values()
        for error in validators[kind_of(file) or ""].iter_errors(as_editors_read(file.text))
    ]
    assert wrong == []


MISTAKES = (
    ("form", "forms/purchase_request.yaml", "required: true", "requird: true"),
    ("form", "forms/purchase_request.yaml", "type: date", "type: dat"),
    ("form", "forms/purchase_request.yaml", "type: date,", "type: date, many: true, fields: {},"),
    ("form", "forms/purchase_request.yaml", "choices: purchase_category", "many: true"),
    ("workflow", "workflows/purchase_approval.yaml", "mode: one", "mode: most"),
    ("workflow", "workflows/purchase_approval.yaml", "    approve: {", "    overdue: [] # {"),
    ("workflow", "workflows/purchase_approval.yaml", "head_of: org", "head: org"),
    ("org", "definitions/orgs/EAST.yaml", "valid_from: 2020-01-01", "valid_from: 2020"),
)


@pytest.mark.parametrize(("kind", "path", "old", "new"), MISTAKES)
def test_a_mistake_is_seen_in_the_editor(kind: str, path: str, old: str, new: str) -> None:
    text = starter("office", "办公", "Office")[path].decode()
    validator = Draft7Validator(export(kind, lambda of: (), "en"))
    assert old in text
    assert validator.is_valid(as_editors_read(text))
    assert not validator.is_valid(as_editors_read(text.replace(old, new, 1)))


def test_a_name_that_does_not_exist_is_seen_in_the_editor() -> None:
    names = {"form": ("purchase_request",), "code_list": ("purchase_category",)}
    schema = export("form", lambda kind: names.get(kind, ()), "en")
    text = starter("office", "办公", "Office")["forms/purchase_request.yaml"].decode()
    assert Draft7Validator(schema).is_valid(as_editors_read(text))
    wrong = text.replace("choices: purchase_category", "choices: purchase_categories")
    assert not Draft7Validator(schema).is_valid(as_editors_read(wrong))
