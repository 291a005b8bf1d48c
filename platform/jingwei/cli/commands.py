"""Commands that speak the language of who types them: their help, and what is wrong with a call.

The sentences of the command-line library are English only; none of them is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from jingwei.problems import nearest
from jingwei.texts import DEFAULT_LOCALE, has_text, text

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)


class Help(str):
    """A text of help by its key: said in the language that is asked for when it is shown."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, key: str) -> Help:
        made = super().__new__(cls, text(key, DEFAULT_LOCALE))
        made.key = key
        return made


def locale_of(ctx: click.Context) -> str:
    """The language of this call."""
    locale: str = ctx.find_root().obj.locale
    return locale


def _spoken(words: str | None, locale: str) -> str:
    return text(words.key, locale) if isinstance(words, Help) else words or ""


class _Speaks(click.Command):
    """Headings and help in the language of the call."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(
            ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), _say(ctx, "usage")
        )

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        own = [piece for p in self.get_params(ctx) for piece in p.get_usage_pieces(ctx)]
        return [f"[{_say(ctx, 'options').upper()}]", *own]

    def __init__(self, *words: Any, **keys: Any) -> None:
        super().__init__(*words, **keys)
        self.said: str | None = keys.get("help")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        words = _spoken(self.said, locale_of(ctx))
        if words:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(words)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option) and not p.hidden]
        rows = [(_written(option, ctx), _option_help(option, ctx)) for option in options]
        with formatter.section(_say(ctx, "options")):
            formatter.write_dl(rows)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class Command(_Speaks):
    """One command."""


class Group(_Speaks, click.Group):
    """Several commands below one word."""

    command_class = Command
    group_class = type

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), f"{_say(ctx, 'command')} …"]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with what it does."""
        with formatter.section(_say(ctx, "commands")):
            formatter.write_dl(list(self.described(ctx)))

    def described(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        """The names of the commands, each with its help."""
        for name in self.list_commands(ctx):
            found = self.get_command(ctx, name)
            if found is not None:
                yield name, _spoken(getattr(found, "said", found.help), locale_of(ctx))


class Option(click.Option):
    """An option whose help is said in the language of the call."""

    def __init__(self, *words: Any, **keys: Any) -> None:
        super().__init__(*words, **keys)
        self.said: str | None = keys.get("help")


def option(*words: str, **keys: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*words, cls=Option, **keys)


def command(name: str | None = None, **keys: Any) -> Callable[[Callable[..., Any]], Command]:
    return click.command(name, cls=Command, **keys)


def group(name: str | None = None, **keys: Any) -> Callable[[Callable[..., Any]], Group]:
    return click.group(name, cls=Group, **keys)


def _say(ctx: click.Context, key: str, **holes: object) -> str:
    return text(f"usage.{key}", locale_of(ctx), **holes)


def _written(option: click.Option, ctx: click.Context) -> str:
    """`--port INTEGER`."""
    record = option.get_help_record(ctx)
    return record[0] if record is not None else ""


def _option_help(option: click.Option, ctx: click.Context) -> str:
    words = _spoken(getattr(option, "said", option.help), locale_of(ctx))
    if "--help" in option.opts:
        words = _say(ctx, "help_help")
    elif "--version" in option.opts:
        words = _say(ctx, "version_help")
    more = []
    if option.show_default and option.default is not None:
        more.append(_say(ctx, "default", value=option.default))
    if option.required:
        more.append(_say(ctx, "required"))
    return f"{words}  [{'; '.join(more)}]" if more else words


# --- what is wrong with a call -------------------------------------------------------------------


def wrong_usage(error: click.ClickException, locale: str) -> tuple[str, str, str]:
    """Code, sentence, and how the command is called."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    code, holes = _wrong(error)
    sentence = text(f"usage.{code}", locale, **holes)
    guess = holes.get("meant")
    if guess and has_text(f"usage.{code}_meant", locale):
        sentence = text(f"usage.{code}_meant", locale, **holes)
    return code, sentence, ctx.get_usage() if ctx is not None else ""


def _wrong(error: click.ClickException) -> tuple[str, dict[str, object]]:
    match error:
        case click.exceptions.NoArgsIsHelpError(ctx=ctx):
            return "no_command", {"known": ", ".join(_commands_of(ctx))}
        case click.NoSuchOption(option_name=name, ctx=ctx):
            known = [o for p in ctx.command.get_params(ctx) for o in p.opts] if ctx else []
            known = [one for one in known if one.startswith("--")]
            meant = nearest(name, known)
            return "no_such_option", {"name": name, "meant": meant, "known": ", ".join(known)}
        case click.NoSuchCommand(command_name=name, ctx=ctx) if ctx is not None:
            names = _commands_of(ctx)
            meant = nearest(name, names)
            return "no_such_command", {"name": name, "meant": meant, "known": ", ".join(names)}
        case click.MissingParameter(param=param) if param is not None:
            return "missing", {"name": _called(param, error)}
        case click.BadParameter(param=param) if param is not None:
            return _bad_value(error, param)
        case click.BadOptionUsage(option_name=name, ctx=ctx):
            takes_none = ctx is not None and any(
                name in p.opts and isinstance(p, click.Option) and p.is_flag
                for p in ctx.command.get_params(ctx)
            )
            return "takes_no_value" if takes_none else "needs_value", {"name": name}
        case Misused():
            return error.code, dict(error.holes)
        case click.UsageError(message=message) if "(" in message:
            return "too_many", {"words": message.partition("(")[2].rstrip(").")}
    return "wrong", {"why": error.format_message()}


def _commands_of(ctx: click.Context) -> list[str]:
    group_ = ctx.command
    return group_.list_commands(ctx) if isinstance(group_, click.Group) else []


class Misused(click.UsageError):
    """A call that one of our own commands refuses; the sentence is `usage.<code>`."""

    def __init__(self, code: str, **holes: object) -> None:
        super().__init__(code)
        self.code = code
        self.holes = holes


def _called(param: click.Parameter, error: click.ClickException) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return param.make_metavar(ctx).strip("[].") if ctx is not None else str(param.name).upper()


def _bad_value(error: click.BadParameter, param: click.Parameter) -> tuple[str, dict[str, object]]:
    said = error.message
    quoted = said.split("'")
    value = quoted[1] if len(quoted) > 2 else said.split(" ", 1)[0]
    holes: dict[str, object] = {"name": _called(param, error), "value": value}
    match param.type:
        case click.Choice(choices=choices):
            known = [str(one) for one in choices]
            return "not_one_of", {
                **holes, "meant": nearest(value, known), "known": ", ".join(known)
            }  # fmt: skip
        case click.IntRange(min=least, max=most):
            return "not_in_range", {**holes, "least": least, "most": most}
        case click.types.IntParamType():
            return "not_a_number", holes
        case click.Path():
            path = Path(value)
            if not path.exists():
                return "no_such_file", holes
            return ("is_a_folder" if path.is_dir() else "is_a_file"), holes
    return "bad_value", holes
