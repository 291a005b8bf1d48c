"""The command line: arguments in, exit codes out."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from jingwei.cli.commands import Group, Help, locale_of, option, wrong_usage
from jingwei.garbage import collecting_later
from jingwei.problems import MOST_SHOWN, DefinitionErrors
from jingwei.refusals import Refused
from jingwei.services.clock import SystemClock
from jingwei.settings import Settings, find_application
from jingwei.texts import DEFAULT_LOCALE, LOCALES, has_text, text

FINE, FOUND_PROBLEMS, WRONG_USAGE = 0, 1, 2

# command → the module that has it as a click command of that name (`-` becomes `_`)
COMMANDS: Mapping[str, str] = {
    "init": "definitions",
    "new": "definitions",
    "check": "check",
    "explain": "look_up",
    "show": "look_up",
    "schema": "definitions",
    "fmt": "authoring",
    "lineage": "authoring",
    "import-form": "form_sheets",
    "export-form": "form_sheets",
    "reference": "authoring",
    "rehearse": "trials",
    "test": "tests",
    "plan": "database",
    "apply": "database",
    "pull": "database",
    "releases": "database",
    "rollback": "database",
    "upgrade": "database",
    "backup": "backups",
    "restore": "backups",
    "migrate": "flows",
    "serve": "server",
    "worker": "server",
    "scheduler": "server",
    "doctor": "server",
    "demo": "demo",
    "token": "people",
    "people": "people",
    "import": "exchange",
    "export": "exchange",
    "report": "reports",
    "facts": "measures",
    "indicators": "measures",
    "audit": "audit",
    "outbox": "outbox",
    "explain-access": "people",
}


@dataclass(slots=True)
class Context:
    """What every command is given."""

    application: Path | None
    json: bool
    locale: str

    @property
    def root(self) -> Path:
        """The application's folder. Raises Refused when there is none."""
        return self.application or find_application(Path.cwd())

    def root_of(self, paths: Sequence[Path]) -> Path:
        """The application that the first path lies in, where none is named otherwise."""
        if self.application is None and paths:
            return find_application(paths[0].resolve())
        return self.root

    @property
    def settings(self) -> Settings:
        return Settings.read(self.application)

    def say(self, words: str) -> None:
        """A line for people; nothing under --json."""
        if not self.json:
            click.echo(words)

    def give(self, value: Any, words: str | None = None) -> None:
        """The result: as JSON, or in words."""
        if self.json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
        elif words is not None:
            click.echo(words)

    def today(self) -> date:
        settings = self.settings
        return SystemClock(settings.timezone, settings.clock_file).today()

    def text(self, key: str, **holes: object) -> str:
        return text(key, self.locale, **holes)


class LazyGroup(Group):
    """A group that imports a command's module when the command is called: `check` needs no web."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def described(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        """From the texts: no command's module is read for it."""
        for name in self.list_commands(ctx):
            yield name, _short_help(name, locale_of(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        name = f"jingwei.cli.{module}"
        with collecting_later():
            found = importlib.import_module(name)
        command: click.Command | None = getattr(found, cmd_name.replace("-", "_"), None) or getattr(
            found, f"{cmd_name.replace('-', '_')}_", None
        )
        return command


def environment_locale() -> str:
    """The language of messages where `--lang` does not say."""
    return Settings.locale_of_environment() or DEFAULT_LOCALE


def words_of(file: str) -> Callable[[str], str]:
    """Help on the command line from one file of texts, said in the language of the call."""
    return lambda key: Help(f"{file}.{key}")


words = words_of("cli")


# where a command's `NAME_help` may stand
HELP = ("cli", "cli_definitions", "cli_database", "measures.cli", "reports")


def _short_help(name: str, locale: str) -> str:
    keys = (f"{file}.{name.replace('-', '_')}_help" for file in HELP)
    return next((text(key, locale) for key in keys if has_text(key, locale)), "")


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    invoke_without_command=True,
    help=words("group_help"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@option(
    "--application",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=words("application_help"),
)
@option("--json", "as_json", is_flag=True, help=words("json_help"))
@option("--lang", type=click.Choice(LOCALES), default=None, help=words("lang_help"))
@click.version_option(package_name="jingwei")
@click.pass_context
def jingwei(ctx: click.Context, application: Path | None, as_json: bool, lang: str | None) -> None:
    ctx.obj = Context(application, as_json, lang or environment_locale())
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: Sequence[str]) -> int:
    """One command; its exit code. Refusals are sentences, never traces."""
    arguments = globals_first(arguments)
    locale = _asked_locale(arguments)
    try:
        code = jingwei.main(
            args=list(arguments),
            prog_name="jingwei",
            standalone_mode=False,
            obj=Context(None, "--json" in arguments, locale),
        )
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        return _show_wrong_usage(error, arguments, locale)
    except click.Abort:
        return FOUND_PROBLEMS
    except DefinitionErrors as errors:
        return _show_problems(errors, arguments, locale)
    except Refused as refused:
        return _show_refusal(refused, arguments, locale)
    except BrokenPipeError:
        # who reads has seen enough; what Python still holds back must not complain at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except OSError as error:
        if error.filename is None:
            raise
        trouble = Refused("file-trouble", file=error.filename, why=error.strerror)
        return _show_refusal(trouble, arguments, locale)
    return code if isinstance(code, int) else FINE


def globals_first(arguments: Sequence[str]) -> list[str]:
    """`check --json` means `--json check`: the global options may stand anywhere before `--`."""
    first: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return [*first, *rest, word, *waiting]
        if word == "--json" or word.startswith(("--lang=", "--application=")):
            first.append(word)
        elif word in ("--lang", "--application") and waiting:
            first += [word, waiting.pop(0)]
        else:
            rest.append(word)
    return [*first, *rest]


def _asked_locale(arguments: Sequence[str]) -> str:
    for before, after in zip(arguments, arguments[1:], strict=False):
        if before == "--lang" and after in LOCALES:
            return after
    return environment_locale()


def _show_problems(errors: DefinitionErrors, arguments: Sequence[str], locale: str) -> int:
    if "--json" in arguments:
        found = [p.to_json(locale) for p in errors.problems]
        click.echo(json.dumps({"problems": found}, ensure_ascii=False, indent=2))
    else:
        for problem in errors.problems[:MOST_SHOWN]:
            click.echo(problem.message(locale), err=True)
        if (more := len(errors.problems) - MOST_SHOWN) > 0:
            click.echo(text("cli_definitions.more_problems", locale, count=more), err=True)
    return FOUND_PROBLEMS


def _show_wrong_usage(error: click.ClickException, arguments: Sequence[str], locale: str) -> int:
    code, sentence, usage = wrong_usage(error, locale)
    if "--json" in arguments:
        said = {"code": code.replace("_", "-"), "message": sentence, "usage": usage}
        click.echo(json.dumps({"error": said}, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(line for line in (sentence, usage) if line), err=True)
    return WRONG_USAGE


def _show_refusal(refused: Refused, arguments: Sequence[str], locale: str) -> int:
    fields = [(f.path, f.code, f.message(locale)) for f in refused.fields]
    if "--json" in arguments:
        error = {
            "code": refused.code,
            "message": refused.message(locale),
            "fields": [{"path": p, "code": c, "message": m} for p, c, m in fields],
        }
        click.echo(json.dumps({"error": error}, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{refused.message(locale)} [{refused.code}]", err=True)
        for path, code, message in fields:
            click.echo(f"  {path}: {message} [{code}]", err=True)
    return FOUND_PROBLEMS
