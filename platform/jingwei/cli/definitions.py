"""Commands that make definitions and what editors need of them: init, new, schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from jingwei.authoring.json_schema import export, export_all
from jingwei.authoring.onboarding import facts_of, new_org
from jingwei.authoring.outline import Outline, outline
from jingwei.authoring.scaffolds import SCHEMAS, scaffold
from jingwei.authoring.starter import starter
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import Misused, command, option
from jingwei.language.kinds.table import KINDS
from jingwei.problems import DefinitionErrors, Problem
from jingwei.refusals import Conflict, Malformed, NotFound

words = words_of("cli_definitions")


@command(help=words("schema_help"))
@click.argument("kind", required=False)
@option("--out", type=click.Path(file_okay=False, path_type=Path), help=words("schema_out"))
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


@command(help=words("init_help"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=words("set_help"))
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


@command(help=words("new_help"))
@click.argument("kind")
@click.argument("name")
@option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=words("set_help"))
@option("--like", metavar="ORG", help=words("like_help"))
@option("--facts", type=click.Path(path_type=Path), help=words("org_facts_help"))
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
    today = context.today()
    if kind == "org":
        known = facts_of(_sheet(facts), name, held) if facts is not None else {}
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
    lines += _why_unused(context, kind, name)
    lines.append(context.text(f"cli_definitions.{'new_org' if kind == 'org' else 'new'}_next"))
    context.give(value, "\n".join(lines))
    return FOUND_PROBLEMS if any(p.severity == "error" for p in found) else FINE


def _why_unused(context: Context, kind: str, name: str) -> list[str]:
    """Of a new workflow: that nothing follows it yet, and what would make a form do so."""
    checked = outline(context.root).checked
    workflow = checked.of("workflow").get(name) if kind == "workflow" else None
    form = checked.of("form").get(workflow.form) if workflow is not None else None
    if form is None or name in (form.workflow, *form.workflows.values()):
        return []
    file, other = form.origin.file, form.workflow
    key = "new_workflow_other" if other else "new_workflow_unused"
    return [context.text(f"cli_definitions.{key}", name=name, file=file, other=other or "")]


def _sheet(path: Path) -> Iterable[Mapping[str, str]]:
    """The rows of a sheet. Its reader is loaded when there is one: no other command needs it."""
    from jingwei.gateways.sheets import read_sheet

    return read_sheet(path)


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    """`key=value` of each `--set`."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise Misused("not_key_value", name="--set", value=pair)
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
