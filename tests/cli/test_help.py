"""`--help` says what every command does, in the language of the environment."""

from __future__ import annotations

import json

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


@pytest.mark.parametrize(
    ("call", "locale", "said"),
    [
        ("chekc", "zh", "没有命令 'chekc'。是不是想写 'check'？\n用法：jingwei [选项] 命令 …\n"),
        (
            "chekc",
            "en",
            "There is no command 'chekc'. Did you mean 'check'?\n"
            "Usage: jingwei [OPTIONS] COMMAND …\n",
        ),
        (
            "schema --uot x",
            "en",
            "There is no option '--uot'. Did you mean '--out'?\n"
            "Usage: jingwei schema [OPTIONS] [KIND]\n",
        ),
        ("new form", "zh", "缺少 NAME。请补上后再执行。\n用法：jingwei new [选项] KIND NAME\n"),
        (
            "check no_such.yaml",
            "zh",
            "PATHS：找不到 'no_such.yaml'。请检查路径。\n用法：jingwei check [选项] [PATHS]...\n",
        ),
        (
            "check --json=1",
            "en",
            "There is no option '--json'. There are: --all, --help.\n"
            "Usage: jingwei check [OPTIONS] [PATHS]...\n",
        ),
        (
            "new form a b",
            "en",
            "There is too much: b. Remove it, or look at the quotes.\n"
            "Usage: jingwei new [OPTIONS] KIND NAME\n",
        ),
        (
            "new form a --set title",
            "zh",
            "--set 不能是 'title'。请写成 键=值，例如 title=请假申请。\n"
            "用法：jingwei new [选项] KIND NAME\n",
        ),
    ],
)
def test_a_wrong_call_is_told_in_the_language_of_its_caller(
    call: str, locale: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", locale, *call.split()]) == 2
    assert capsys.readouterr().err == said


def test_programs_are_told_of_a_wrong_call_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "en", "check", "--every", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": {
            "code": "no-such-option",
            "message": "There is no option '--every'. There are: --all, --help.",
            "usage": "Usage: jingwei check [OPTIONS] [PATHS]...",
        }
    }


def test_help_is_said_in_the_language_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fmt", "--help", "--lang", "en"]) == 0
    assert "Options:" in capsys.readouterr().out
    assert run(["fmt", "--help", "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "选项:" in shown
    assert "显示这段帮助。" in shown
