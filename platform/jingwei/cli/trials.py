"""Trying definitions out before they are published: rehearse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from jingwei.authoring.resolved import resolved
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command, option
from jingwei.cli.people import known_person, open_platform
from jingwei.language.leaves import plain_data
from jingwei.language.workflow import Workflow
from jingwei.language.written import api_values
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.refusals import Malformed, NotFound
from jingwei.services.flows.rehearse import Gap, Rehearsed, gaps
from jingwei.services.flows.rehearse import rehearse as rehearse_flow
from jingwei.services.people import SYSTEM

words = words_of("cli_definitions")


@command(help=words("rehearse_help"))
@click.argument("flow")
@option("--org", required=True, help=words("rehearse_org_help"))
@option(
    "--record", type=click.Path(exists=True, path_type=Path), help=words("rehearse_record_help")
)
@option("--as", "login", help=words("rehearse_as_help"))
@click.pass_obj
def rehearse(context: Context, flow: str, org: str, record: Path | None, login: str | None) -> int:
    catalogue = compile_catalogue(context.root)
    workflow = _workflow(catalogue, flow)
    data = read_record(record, context.locale) if record is not None else {}
    values = api_values(catalogue.forms[workflow.form], data)
    with open_platform(context) as platform:
        if login is not None:
            known_person(platform, login)
        with platform.commands.read(SYSTEM) as view:
            # the folder's definitions, asked of the people and posts of the installation
            view = replace(view, installation=replace(view.installation, catalogue=catalogue))
            found = rehearse_flow(view, workflow, org, values, login)
            lacking = gaps(view, workflow)
    context.give(
        _rehearsed_json(context, workflow, found, lacking),
        "\n".join(_rehearsed_lines(context, workflow, found, lacking)),
    )
    return FOUND_PROBLEMS if lacking else FINE


def _workflow(catalogue: Catalogue, name: str) -> Workflow:
    found = catalogue.workflows.get(name.removeprefix("workflow/"))
    if found is None:
        raise NotFound("no-such-workflow", name=name, known=", ".join(catalogue.workflows) or "–")
    return found


def read_record(path: Path, locale: str) -> Mapping[str, Any]:
    """The fields of a record from YAML or JSON. Raises Malformed."""
    if path.suffix == ".json":
        try:
            data = json.loads(path.read_bytes())
        except ValueError as error:
            raise Malformed("not-a-record-file", file=path, why=error) from None
    else:
        problems = Problems()
        file = read_file(path.name, path.read_bytes(), problems)
        if file is None:
            why = problems.errors[0].message(locale)
            raise Malformed("not-a-record-file", file=path, why=why)
        data = plain_data(file.data)
    if not isinstance(data, Mapping):
        raise Malformed("not-a-record-file", file=path, why=type(data).__name__)
    return data


def _rehearsed_json(
    context: Context, workflow: Workflow, found: Rehearsed, lacking: list[Gap]
) -> dict[str, Any]:
    return {
        "workflow": workflow.name,
        "org": found.org,
        "initiator": found.initiator,
        "steps": [
            {
                "step": one.step.id,
                "title": one.step.title(context.locale),
                "kind": one.step.kind,
                "people": list(one.people),
                "certain": one.certain,
            }
            for one in found.steps
        ],
        "nobody": [
            {"org": gap.org, "step": gap.step.id, "rule": resolved(gap.rule), "then": gap.policy}
            for gap in lacking
        ],
    }


def _rehearsed_lines(
    context: Context, workflow: Workflow, found: Rehearsed, lacking: list[Gap]
) -> list[str]:
    def say(key: str, **holes: object) -> str:
        return context.text(f"cli_definitions.rehearse_{key}", **holes)

    nobody = say("nobody")
    lines = [say("head", workflow=workflow.name, org=found.org, who=found.initiator or nobody)]
    for number, one in enumerate(found.steps, 1):
        people = ", ".join(one.people) or nobody
        line = say(
            "step",
            number=number,
            step=one.step.id,
            title=one.step.title(context.locale),
            people=people,
        )
        lines.append(line if one.certain else line + say("if"))
    if found.initiator is None:
        lines.append(say("no_starter", org=found.org))
    lines.append(say("gaps") if lacking else say("no_gaps"))
    for gap in lacking:
        rule = json.dumps(resolved(gap.rule), ensure_ascii=False).replace('"', "")
        lines.append(say("gap", org=gap.org, step=gap.step.id, rule=rule, policy=gap.policy))
    return lines
