"""Reading keeps what the author wrote, says where it stands, and refuses what YAML would guess."""

from __future__ import annotations

import pytest

from jingwei.problems import Problems
from jingwei.reading import syntax
from jingwei.reading.decode import MOST_BYTES
from jingwei.reading.read import read_file, read_files
from jingwei.reading.yaml_file import Scalar, YamlFile


def read(content: str | bytes) -> YamlFile:
    problems = Problems()
    data = content.encode("utf-8") if isinstance(content, str) else content
    file = read_file("forms/order.yaml", data, problems)
    assert file is not None, [p.message("en") for p in problems]
    return file


def said(content: bytes, locale: str = "en") -> list[str]:
    problems = Problems()
    assert read_file("forms/order.yaml", content, problems) is None
    return [problem.message(locale) for problem in problems]


@pytest.mark.parametrize(
    "written",
    ["no", "on", "010", "12:30", "1:60", "1.10", "1e3", "0x10", "2024-02-30", ".nan", "~x"]
    + ["9" * 5000, "1_000", "null", "true", "2026-01-01T00:00:00Z", "=a + b", "<<x"],
)
def test_a_value_stays_what_the_author_wrote(written: str) -> None:
    data = read(f"kind: form\nvalue: {written}\n").data

    assert isinstance(data, dict)
    assert data["value"] == Scalar(written)


@pytest.mark.parametrize("key", ["on", "yes", "1", "true", "2024-01-01", "3.0", "null"])
def test_a_key_stays_the_word_it_is(key: str) -> None:
    assert list(read(f"kind: form\n{key}: x\n").data) == ["kind", key]


def test_every_key_and_value_has_its_place() -> None:
    file = read('kind: form\nfields:\n  amount: {type: money, title: "金额"}\n  - x\n'[:-6])

    assert str(file.key_at(("fields", "amount"))) == "forms/order.yaml:3:3"
    assert str(file.value_at(("fields", "amount", "type"))) == "forms/order.yaml:3:18"
    title = file.value_at(("fields", "amount", "title"))
    assert (title.line, title.column, title.end_column) == (3, 32, 36)


def test_a_place_that_is_not_there_is_that_of_what_is_around_it() -> None:
    file = read("kind: form\nlist:\n  sort: [a, b]\n")

    assert str(file.value_at(("list", "sort", 1))) == "forms/order.yaml:3:13"
    assert str(file.value_at(("list", "sort", 9, "x"))) == "forms/order.yaml:3:9"


def test_a_mark_at_the_start_and_foreign_line_ends_are_harmless() -> None:
    plain = read("kind: form\ntitle: 订单\n")

    assert read("\ufeffkind: form\r\ntitle: 订单\r\n").data == plain.data
    assert read("kind: form\rtitle: 订单\r").data == plain.data


@pytest.mark.parametrize(
    ("encoding", "place", "name"),
    [
        ("gb18030", "2:8", "GBK/GB18030"),
        ("utf-16", "1:1", "UTF-16"),
        ("utf-16-le", "1:1", "UTF-16"),
        ("utf-16-be", "1:1", "UTF-16"),
        ("utf-32", "1:1", "UTF-32"),
    ],
)
def test_another_encoding_is_named(encoding: str, place: str, name: str) -> None:
    content = "kind: form\ntitle: 安全指标\n".encode(encoding)

    assert said(content) == [
        f"forms/order.yaml:{place}: the file is not UTF-8; it looks like {name}. "
        "Save it as UTF-8. [not-utf8]"
    ]
    assert said(content, "zh") == [
        f"forms/order.yaml:{place}: 文件不是 UTF-8 编码，看起来是 {name}。"
        "请另存为 UTF-8。 [not-utf8]"
    ]


def test_a_file_of_broken_utf8_is_answered_at_the_first_broken_byte() -> None:
    content = "kind: form\ntitle: 订单".encode() + b"\xe8\xae\n"

    assert said(content)[0].startswith("forms/order.yaml:2:10: the file is not UTF-8")


def test_a_file_that_is_far_too_large_is_not_parsed() -> None:
    assert said(b"a: b\n" * (MOST_BYTES // 5 + 1)) == [
        "forms/order.yaml:1:1: the file has 256 KB; the limit is 256 KB. "
        "Split it, or move long texts into a guide. [file-too-large]"
    ]
    assert said(b"a: b\n" * (MOST_BYTES // 5 + 1), "zh") == [
        "forms/order.yaml:1:1: 文件有 256 KB，上限是 256 KB。请拆分，或把长文字移到指引中。 "
        "[file-too-large]"
    ]


def test_what_is_nested_far_too_deep_is_refused_where_it_is_too_deep() -> None:
    content = b"kind: form\na: " + b"[" * 60_000

    assert said(content) == [
        "forms/order.yaml:2:53: this is nested more than 50 levels deep. "
        "Make it flatter. [too-deep]"
    ]
    assert said(content, "zh") == ["forms/order.yaml:2:53: 嵌套超过 50 层。请减少层次。 [too-deep]"]


def test_far_too_many_values_are_refused() -> None:
    content = b"kind: form\na: [" + b"b," * 60_000 + b"]"

    assert said(content) == [
        "forms/order.yaml:2:99999: the file has more than 50,000 values. "
        "Split it. [too-many-values]"
    ]
    assert said(content, "zh") == [
        "forms/order.yaml:2:99999: 文件中的值超过 50,000 个。请拆分。 [too-many-values]"
    ]


def test_what_no_rule_explains_is_still_answered_in_our_words() -> None:
    import yaml

    problem = syntax.explain(
        "forms/order.yaml", "a: b\n", yaml.MarkedYAMLError(problem="something new")
    )

    assert problem.message("en") == (
        "forms/order.yaml:1:1: this cannot be read as YAML. "
        "Compare the line with its neighbours: quotes, brackets, colons and indentation. "
        "[yaml-syntax]"
    )
    assert problem.message("zh") == (
        "forms/order.yaml:1:1: 这里不能按 YAML 读取。"
        "请对照相邻的行检查引号、括号、冒号和缩进。 [yaml-syntax]"
    )


def test_files_that_can_be_read_are_read_beside_those_that_cannot() -> None:
    problems = Problems()

    read = read_files([("a.yaml", b"a: b"), ("b.yaml", b"a: [b"), ("c.yaml", b"c: d")], problems)

    assert [file.path for file in read] == ["a.yaml", "c.yaml"]
    assert [problem.at.file for problem in problems] == ["b.yaml"]
