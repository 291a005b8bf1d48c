"""`--help` says what every command does, in the language of the environment."""

from __future__ import annotations

import pytest

from jingwei.cli import COMMANDS, run


@pytest.mark.parametrize(("locale", "words"), [("en", "Commands:"), ("zh", "命令:")])
def test_every_command_is_listed_with_what_it_does(
    locale: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINGWEI_DEFAULT_LOCALE", locale)
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.split("\n")
    listed = lines[lines.index(words) + 1 :]
    first = [line.split() for line in listed if line.startswith("  ") and line[2] != " "]
    said = {words_[0]: words_[1:] for words_ in first}
    assert sorted(said) == sorted(COMMANDS)
    assert [name for name, what in said.items() if not what] == []


def test_global_options_may_stand_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "form.fields.required", "--json", "--lang", "zh"]) == 0
    assert '"shape": "true 或 false"' in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chekc"]) == 2
