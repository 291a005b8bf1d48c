"""However a right application is spoiled, it is answered in sentences, and never by a crash."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jingwei.catalogue.compile import compile_texts
from jingwei.problems import DefinitionErrors, Problem

WHOLE = Path(__file__).parent / "whole_language"
SIGNS = "{}[]:,\"'&*!%@#|>- 　：，x0="
VALUES = ("null", "[]", "{}", "5", "true", '""', "a: b", "[1, 2]", "{a: b}", "=x", "-1", "[[]]")
WORDS = ("foo", "org", "true", "null", "amount", "lines", "me")
_HOLE = re.compile(r"\{(name|known|suggestion|value|path|what|kind|place|key|thing|line)\}")


def _cut_a_line(lines: list[str], at: int, choose: random.Random) -> None:
    del lines[at]


def _put_in_a_sign(lines: list[str], at: int, choose: random.Random) -> None:
    place = choose.randint(0, len(lines[at]))
    lines[at] = lines[at][:place] + choose.choice(SIGNS) + lines[at][place:]


def _take_out_a_sign(lines: list[str], at: int, choose: random.Random) -> None:
    place = choose.randint(0, len(lines[at]))
    lines[at] = lines[at][:place] + lines[at][place + 1 :]


def _change_a_value(lines: list[str], at: int, choose: random.Random) -> None:
    key, colon, _ = lines[at].partition(": ")
    lines[at] = key + colon + choose.choice(VALUES)


def _indent_a_line(lines: list[str], at: int, choose: random.Random) -> None:
    lines[at] = "  " + lines[at]


def _say_it_twice(lines: list[str], at: int, choose: random.Random) -> None:
    lines.insert(at, choose.choice(lines))


def _change_a_word(lines: list[str], at: int, choose: random.Random) -> None:
    words = re.findall("[a-z_]{3,}", lines[at])
    if words:
        word = choose.choice(words)
        other = choose.choice((*WORDS, f"{word}x", word[:-1]))
        lines[at] = lines[at].replace(word, other, 1)


SPOILING: tuple[Callable[[list[str], int, random.Random], None], ...] = (
    _cut_a_line,
    _put_in_a_sign,
    _take_out_a_sign,
    _change_a_value,
    _indent_a_line,
    _say_it_twice,
    _change_a_word,
)


def problems(files: dict[str, bytes]) -> tuple[Problem, ...]:
    try:
        return compile_texts(files).warnings
    except DefinitionErrors as errors:
        return errors.problems


@pytest.mark.parametrize("count", [25, pytest.param(2_000, marks=pytest.mark.long)])
def test_every_random_mistake_is_answered_in_whole_sentences(count: int) -> None:
    paths = [path for path in WHOLE.rglob("*") if path.is_file()]
    right = {path.relative_to(WHOLE).as_posix(): path.read_bytes() for path in paths}
    names = sorted(name for name in right if name.endswith(".yaml"))
    choose = random.Random(count)
    for _ in range(count):
        name = choose.choice(names)
        lines = right[name].decode().split("\n")
        choose.choice(SPOILING)(lines, choose.randrange(len(lines)), choose)
        spoiled = {**right, name: "\n".join(lines).encode()}

        for problem in problems(spoiled):
            for locale in ("zh", "en"):
                assert not _HOLE.search(problem.message(locale)), problem.code
            assert problem.at.line >= 1
            assert problem.at.column >= 1
