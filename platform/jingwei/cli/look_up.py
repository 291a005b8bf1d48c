"""Commands that look up: what a key, a word or a place means, and a definition whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from jingwei.authoring.edits import dumped, round_trip
from jingwei.authoring.look_up import (
    KeyMeaning,
    ValueHere,
    WordMeaning,
    explain_as,
    explain_key,
    explain_value,
    explain_word,
)
from jingwei.authoring.outline import outline
from jingwei.authoring.resolved import resolved
from jingwei.catalogue.compile import compile_catalogue
from jingwei.catalogue.layered import OF_KIND as LAYERED
from jingwei.catalogue.layered import resolved as layered
from jingwei.catalogue.layering import BASE
from jingwei.cli import FINE, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.language.kinds.table import KINDS
from jingwei.refusals import NotFound

ROUTING = ".return.walk_again_if_changed"
words = words_of("cli_definitions")


@command(help=words("explain_help"))
@click.argument("path")
@option("--as", "org", metavar="ORG", help=words("explain_as_help"))
@click.pass_obj
def explain(context: Context, path: str, org: str | None) -> int:
    if "/" not in path:
        word = explain_word(path, context.locale)
        if word is not None:
            context.give(word.to_json(), "\n".join(_word_lines(context, word)))
            return FINE
        if path.split(".")[0] not in KINDS and (named := _of_a_workflow(context, path)) is not None:
            context.give(named.to_json(), "\n".join(_value_lines(context, named)))
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
    layers = explain_as(held, catalogue, path, org, context.locale, context.today())
    lines = [line for layer in layers for line in _value_lines(context, layer)]
    lines.append(context.text("cli_definitions.in_force", org=org, layer=layers[-1].path))
    context.give(
        {**layers[-1].to_json(), "layers": [one.to_json() for one in layers]}, "\n".join(lines)
    )
    return FINE


def _of_a_workflow(context: Context, path: str) -> ValueHere | None:
    """A workflow may be called by its name alone, as `rehearse` calls it."""
    held = outline(context.root)
    if path.split(".")[0] not in held.names("workflow"):
        return None
    return explain_value(held, f"workflow/{path}", context.locale)


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
    if key.default is not None:
        lines.append(f"  {say('cli_definitions.not_written', default=key.default)}")
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
    if value.in_force:
        lines.append(context.text("cli_definitions.rules_in_force"))
    for rule in value.in_force:
        place = str(rule.at) if rule.at else context.text("cli_definitions.default_word")
        shown = json.dumps(rule.value, ensure_ascii=False).replace('"', "")
        if rule.at is None and rule.path.endswith(ROUTING):
            shown = context.text("cli_definitions.routing_fields")
        lines.append(f"  {rule.path}: {shown} ({place})")
    return lines


@command(help=words("show_help"))
@click.argument("name", metavar="KIND/NAME")
@option("--resolved", "whole", is_flag=True, help=words("show_resolved_help"))
@option("--as", "org", metavar="ORG", help=words("show_as_help"))
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
            found = layered(catalogue, kind, stem, org, context.today()).definition
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
