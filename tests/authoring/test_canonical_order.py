"""`fmt`: keys in the order of the language, comments where they belong, nothing else moved."""

from __future__ import annotations

from textwrap import dedent

import pytest
from shell import ROOT

from jingwei.authoring.canonical import canonical
from jingwei.authoring.outline import outline
from jingwei.authoring.reference import example_files
from jingwei.problems import Problems
from jingwei.reading.read import read_file


def formatted(text: str, path: str = "forms/a.yaml", *, upgrade: bool = False) -> str:
    file = read_file(path, dedent(text).lstrip("\n").encode(), Problems())
    assert file is not None
    return canonical(file, upgrade=upgrade)


def test_keys_come_in_the_order_of_the_language_and_comments_go_along() -> None:
    assert formatted("""
        # yaml-language-server: $schema=../.jingwei/schemas/form.json
        # about the form
        kind: form
        # who may
        permissions:
          staff: {post: planner, can: [read]}   # for now

        # what is asked
        fields:
          # the sum
          amount: {title: Amount, type: money}
        title: A
        """) == dedent("""\
        # yaml-language-server: $schema=../.jingwei/schemas/form.json
        # about the form
        kind: form
        title: A
        # what is asked
        fields:
          # the sum
          amount: {type: money, title: Amount}
        # who may
        permissions:
          staff: {post: planner, can: [read]}   # for now

        """)


def test_an_expression_that_yaml_cut_is_quoted() -> None:
    assert formatted("""
        kind: form
        title: A
        fields:
          due: {type: date, visible_if: days_between(today, max(a, b)) > 3, title: Due}
          sum: {type: number, compute: round(a, 2)}
          a: {type: number, title: Size, large}
        rules:
          one: {check: a > 1}
          two:
            check: contains(due, "a #b") and max(a, 1) > 3   # why
          three:
            check: contains(due, "it's #1")
          four:
            check: a > 1   # max(a, 1
        """) == dedent("""\
        kind: form
        title: A
        fields:
          due: {type: date, visible_if: "days_between(today, max(a, b)) > 3", title: Due}
          sum: {type: number, compute: "round(a, 2)"}
          a: {type: number, title: Size, large}
        rules:
          one: {check: a > 1}
          two:
            check: 'contains(due, "a #b") and max(a, 1) > 3'   # why
          three:
            check: 'contains(due, "it''s #1")'
          four:
            check: a > 1   # max(a, 1
        """)


def test_steps_begin_with_their_id_wherever_the_dash_stands() -> None:
    assert formatted(
        """
        kind: workflow
        title: A
        form: a
        steps:
        - approve:
            who: superior     # the next one up
          due: 3wd
          id: head
        - {fill: {who: initiator}, id: "re, quest"}
        """,
        "workflows/a.yaml",
    ) == dedent("""\
        kind: workflow
        title: A
        form: a
        steps:
        - id: head
          approve:
            who: superior     # the next one up
          due: 3wd
        - {id: "re, quest", fill: {who: initiator}}
        """)


def test_maps_by_name_keep_the_order_of_reading() -> None:
    text = "kind: form\ntitle: A\nfields:\n  b: {type: text}\n  a: {type: text}\n"
    assert formatted(text) == text


def test_long_texts_move_as_a_whole() -> None:
    text = """
        kind: form
        fields:
          b:
            help: |
              Two lines,
              kind: of a sort.
            type: text
        title: A
        """
    assert formatted(text) == dedent("""\
        kind: form
        title: A
        fields:
          b:
            type: text
            help: |
              Two lines,
              kind: of a sort.
        """)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_ends_with_one_line_end_of_unix(ending: str) -> None:
    assert formatted(f"kind: role\ntitle: A{ending}", "definitions/roles/a.yaml") == (
        "kind: role\ntitle: A\n"
    )


def test_formatting_twice_changes_nothing_and_no_meaning_is_lost() -> None:
    for file in outline(ROOT).checked.files.values():
        text = canonical(file)
        again = read_file(file.path, text.encode(), Problems())
        assert again is not None
        assert again.data == file.data
        assert canonical(again) == text, file.path


def test_a_new_application_and_every_scaffold_is_in_order_from_the_start() -> None:
    disorder = []
    for path, content in example_files().items():
        if path.endswith(".yaml"):
            file = read_file(path, content, Problems())
            assert file is not None
            if canonical(file) != file.text:
                disorder.append(path)
    assert disorder == []


def test_the_manifest_is_lifted_to_the_newest_number_of_the_language() -> None:
    text = "kind: manifest\ntitle: A\nlanguage: 0   # old\n"
    assert formatted(text, "definitions/manifest.yaml") == text
    assert formatted(text, "definitions/manifest.yaml", upgrade=True) == text.replace("0 ", "1 ")
