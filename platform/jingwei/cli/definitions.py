"""Commands of those who write definitions: check, explain, show, schema, init, new."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from jingwei.authoring.edits import dumped, round_trip
from jingwei.authoring.json_schema import export, export_all
from jingwei.authoring.look_up import (
    KeyMeaning,
    ValueHere,
    WordMeaning,
    explain_as,
    explain_key,
    explain_value,
    explain_word,
)
from jingwei.authoring.onboarding import facts_of, new_org
from jingwei.authoring.outline import Outline, outline
from jingwei.authoring.resolved import resolved
from jingwei.authoring.scaffolds import SCHEMAS, scaffold
from jingwei.authoring.starter import starter
from jingwei.catalogue.compile import compile_catalogue
from jingwei.catalogue.layered import OF_KIND as LAYERED
from jingwei.catalogue.layered import resolved as layered
from jingwei.catalogue.layering import BASE
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.gateways.sheets import read_sheet
from jingwei.language.kinds.table import KINDS
from jingwei.problems import DefinitionErrors, Problem
from jingwei.refusals import Conflict, Malformed, NotFound
from jingwei.services.clock import SystemClock

words = words_of("cli_definitions")


@click.command(help=words("explain_help"))
@click.argument("path")
@click.option("--as", "org", metavar="ORG", help=words("explain_as_help"))
@click.pass_obj
def explain(context: Context, path: str, org: str | None) -> int:
    if "/" not in path:
        word = explain_word(path, context.locale)
        if word is not None:
            context.give(word.to_json(), "\n".join(_word_lines(context, word)))
            return FINE
        key = explain_key(path, context.locale)
        context.give(key.to_json(), "\n".join(_key_lines(context, key)))
        return FINE
    held = outline(context.root)
    if org is None:
        value = explain_value(held, path, context.locale)
        context.give(value.to_json(), "\n".join(_value_lines(context, value)))
        return FINE
    catalogue = compile_catalogue(context.root)
    layers = explain_as(held, catalogue, path, org, context.locale, _today(context))
    lines = [line for layer in layers for line in _value_lines(context, layer)]
    lines.append(context.text("cli_definitions.in_force", org=org, layer=layers[-1].path))
    context.give(
        {**layers[-1].to_json(), "layers": [one.to_json() for one in layers]}, "\n".join(lines)
    )
    return FINE


def _word_lines(context: Context, word: WordMeaning) -> Iterator[str]:
    yield word.title
    yield f"  {word.explanation}"
    for side in ("wrong", "right"):
        example = getattr(word, side)
        if example is not None:
            yield f"  {context.text(f'reference.{side}')}"
            yield from (f"    {line}" for line in example.rstrip("\n").split("\n"))


def _key_lines(context: Context, key: KeyMeaning) -> list[str]:
    say = context.text
    lines = [key.path]
    if key.meaning:
        lines.append(f"  {key.meaning}")
    needed = say("cli_definitions.required") if key.required else ""
    lines.append(f"  {say('cli_definitions.written_as', shape=key.shape)}{needed}")
    for label, listed in (("values", key.values), ("types", key.types), ("keys", key.keys)):
        if listed:
            lines.append(f"  {say(f'cli_definitions.{label}', listed=', '.join(listed))}")
    return lines


def _value_lines(context: Context, value: ValueHere) -> list[str]:
    lines = [value.path]
    lines += [f"  {line}" for line in as_yaml(value.value).rstrip("\n").split("\n")]
    place = str(value.at) if value.at else context.text("cli_definitions.default")
    lines.append(f"  {place}" if value.layer == BASE else f"  {place} ({value.layer})")
    if value.key is not None and value.key.meaning:
        lines.append(f"  {value.key.meaning}")
    return lines


@click.command(help=words("show_help"))
@click.argument("name", metavar="KIND/NAME")
@click.option("--resolved", "whole", is_flag=True, help=words("show_resolved_help"))
@click.option("--as", "org", metavar="ORG", help=words("show_as_help"))
@click.pass_obj
def show(context: Context, name: str, whole: bool, org: str | None) -> int:
    kind, _, stem = name.partition("/")
    if whole or org is not None:
        catalogue = compile_catalogue(context.root)
        found = _definitions(catalogue, kind).get(stem)
        if found is None and kind in KINDS:
            found = outline(context.root).definition(kind, stem)  # such as a test
        if found is None:
            _no_such(kind, stem, _definitions(catalogue, kind))
        if org is not None and org not in catalogue.orgs:
            _no_such("org", org, catalogue.orgs)
        if org is not None and kind in LAYERED:
            found = layered(catalogue, kind, stem, org, _today(context)).definition
        value = resolved(found)
        context.give(value, as_yaml(value).rstrip("\n"))
        return FINE
    held = outline(context.root)
    file = held.file(kind, stem)
    if file is None:
        _no_such(kind, stem, held.names(kind) if kind in KINDS else ())
    assert file is not None
    value = explain_value(held, name, context.locale).value
    context.give({"file": file.path, "definition": value}, file.text.rstrip("\n"))
    return FINE


def _definitions(catalogue: Any, kind: str) -> Mapping[str, Any]:
    """The definitions of a kind in a compiled catalogue, by name."""
    if kind in ("manifest", "org_types"):
        return {kind: getattr(catalogue, kind)}
    found: Mapping[str, Any] = getattr(catalogue, f"{kind}s", {})
    return found


def _no_such(kind: str, name: str, known: Iterable[str]) -> None:
    shown = ", ".join(list(known)[:12]) or "–"
    raise NotFound("no-such-definition", kind=kind, name=name, known=shown)


def as_yaml(value: Any) -> str:
    """Plain data as YAML, in the order it has."""
    if not isinstance(value, dict | list):
        return (
            "null"
            if value is None
            else str(value).lower()
            if value in (True, False)
            else str(value)
        )
    plain = json.loads(json.dumps(value, ensure_ascii=False, default=str))
    return dumped(round_trip(), plain)


@click.command(help=words("schema_help"))
@click.argument("kind", required=False)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help=words("schema_out"))
@click.pass_obj
def schema(context: Context, kind: str | None, out: Path | None) -> int:
    if kind is not None and kind not in KINDS:
        raise NotFound("no-such-kind", name=kind, known=", ".join(KINDS))
    held = outline(context.root)
    wanted = (
        {kind: export(kind, held.names, context.locale)}
        if kind
        else export_all(held.names, context.locale)
    )
    if kind is not None and out is None:
        click.echo(json.dumps(wanted[kind], ensure_ascii=False, indent=2))
        return FINE
    folder = out or context.root / SCHEMAS
    files = _write(
        folder, {f"{name}.json": _encoded(made) for name, made in wanted.items()}, force=True
    )
    context.give(
        {"files": files}, context.text("cli_definitions.schema_done", count=len(files), to=folder)
    )
    return FINE


def _encoded(schema: Mapping[str, Any]) -> bytes:
    return (json.dumps(schema, ensure_ascii=False, indent=1) + "\n").encode()


def _write(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> list[str]:
    """The paths written. Raises Conflict rather than overwrite a file."""
    for path in files:
        if not force and (folder / path).exists():
            raise Conflict("file-exists", file=path)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return list(files)


@click.command(help=words("init_help"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=words("set_help"))
@click.pass_obj
def init(context: Context, folder: Path, pairs: tuple[str, ...]) -> int:
    given = _given(pairs)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict("folder-not-empty", folder=folder)
    name = folder.resolve().name
    zh = given.get("title.zh") or given.get("title") or name
    en = given.get("title.en") or given.get("title") or name
    files = _write(folder, starter(name, zh, en))
    _write_schemas(folder, outline(folder), context.locale)
    catalogue = compile_catalogue(folder)
    context.give(
        {"folder": str(folder), "files": files, "warnings": len(catalogue.warnings)},
        context.text("cli_definitions.init_done", folder=folder, count=len(files)),
    )
    return FINE


def _write_schemas(root: Path, held: Outline, locale: str) -> None:
    made = export_all(held.names, locale)
    _write(root / SCHEMAS, {f"{k}.json": _encoded(s) for k, s in made.items()}, force=True)


@click.command(help=words("new_help"))
@click.argument("kind")
@click.argument("name")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=words("set_help"))
@click.option("--like", metavar="ORG", help=words("like_help"))
@click.option("--facts", type=click.Path(path_type=Path), help=words("org_facts_help"))
@click.pass_obj
def new(
    context: Context,
    kind: str,
    name: str,
    pairs: tuple[str, ...],
    like: str | None,
    facts: Path | None,
) -> int:
    given = _asked(context, kind, _given(pairs))
    held = outline(context.root)
    today = _today(context)
    if kind == "org":
        known = facts_of(read_sheet(facts), name, held) if facts is not None else {}
        made = new_org(held, name, given, known, today, like)
    elif like is not None or facts is not None:
        raise Malformed("only-for-org")
    else:
        made = scaffold(held, kind, name, given, today)
    files = _write(context.root, made)
    _write_schemas(context.root, outline(context.root), context.locale)
    found = problems_of(context.root, files)
    value = {"files": files, "problems": [p.to_json(context.locale) for p in found]}
    lines = [context.text("cli_definitions.new_file", file=path) for path in files]
    lines += [problem.message(context.locale) for problem in found]
    lines.append(context.text(f"cli_definitions.{'new_org' if kind == 'org' else 'new'}_next"))
    context.give(value, "\n".join(lines))
    return FOUND_PROBLEMS if any(p.severity == "error" for p in found) else FINE


def _today(context: Context) -> date:
    return SystemClock(context.settings.timezone, context.settings.clock_file).today()


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    """`key=value` of each `--set`."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--set {pair}: KEY=VALUE")
        given[key] = value
    return given


def _asked(context: Context, kind: str, given: dict[str, str]) -> dict[str, str]:
    """The title is asked for where somebody sits at a terminal and has not given it."""
    terminal = sys.stdin.isatty()
    if not terminal or context.json or any(key.startswith("title") for key in given):
        return given
    for locale in ("zh", "en"):
        question = context.text(f"cli_definitions.ask_title_{locale}")
        answer = click.prompt(question, default="", show_default=False)
        if answer:
            given[f"title.{locale}"] = answer
    return given


def problems_of(root: Path, files: list[str]) -> list[Problem]:
    """What `check` says of these files, warnings included."""
    try:
        found: Iterable[Problem] = compile_catalogue(root).warnings
    except DefinitionErrors as errors:
        found = errors.problems
    return [problem for problem in found if problem.at.file in files]
