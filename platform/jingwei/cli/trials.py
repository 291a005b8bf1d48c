"""Trying definitions out before they are published: rehearse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from jingwei.authoring.resolved import resolved
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import Misused, command, option
from jingwei.cli.people import known_person, open_platform
from jingwei.language.form import Form
from jingwei.language.leaves import plain_data
from jingwei.language.workflow import Workflow, walk
from jingwei.language.written import api_values
from jingwei.problems import Problems, nearest
from jingwei.reading.read import read_file
from jingwei.refusals import FieldRefusal, Invalid, Malformed, NotFound
from jingwei.services.commands import Reading
from jingwei.services.flows.predict import STUCK, Ahead
from jingwei.services.flows.rehearse import Gap, Lack, Rehearsed, gaps
from jingwei.services.flows.rehearse import rehearse as rehearse_flow
from jingwei.services.people import SYSTEM

words = words_of("cli_definitions")


@command(help=words("rehearse_help"))
@click.argument("flow", required=False)
@option("--org", help=words("rehearse_org_help"))
@option(
    "--record", type=click.Path(exists=True, path_type=Path), help=words("rehearse_record_help")
)
@option("--as", "login", help=words("rehearse_as_help"))
@click.pass_obj
def rehearse(
    context: Context, flow: str | None, org: str | None, record: Path | None, login: str | None
) -> int:
    if flow is None and (org or record or login):
        raise Misused("missing", name="FLOW")
    if org is None and (record or login):
        raise Misused("missing", name="--org")
    catalogue = compile_catalogue(context.root)
    if flow is not None:
        asked = [_workflow(catalogue, flow)]
    else:
        asked = list(catalogue.workflows.values())
    with open_platform(context) as platform:
        if login is not None:
            known_person(platform, login)
        with platform.commands.read(SYSTEM) as view:
            # the folder's definitions, asked of the people and posts of the installation
            view = replace(view, installation=replace(view.installation, catalogue=catalogue))
            told = [_rehearsed(context, view, one, org, record, login) for one in asked]
    values = [value for value, _ in told]
    words_ = "\n".join("\n".join(lines) for _, lines in told)
    context.give(values[0] if flow is not None else {"items": values}, words_)
    found = any(not gap["provided"] for value in values for gap in value["nobody"])
    return FOUND_PROBLEMS if found else FINE


def _rehearsed(
    context: Context,
    view: Reading,
    workflow: Workflow,
    org: str | None,
    record: Path | None,
    login: str | None,
) -> tuple[dict[str, Any], list[str]]:
    """One workflow, as JSON and in words."""
    found = None
    if org is not None:
        if record is None:
            found = rehearse_flow(view, workflow, org, {}, login)
        else:
            found = _with_record(context, view, workflow, org, record, login)
    lacking = gaps(view, workflow)
    lines = _rehearsed_lines(context, workflow, found) if found is not None else []
    lines += _gap_lines(context, workflow, lacking, alone=found is None)
    return _rehearsed_json(context, workflow, found, lacking), lines


def _with_record(
    context: Context, view: Reading, workflow: Workflow, org: str, path: Path, login: str | None
) -> Rehearsed:
    """Rehearsed with the record of a file. Raises Invalid with all that is wrong in it."""
    form = view.catalogue.forms[workflow.form]
    data = read_record(path, context.locale)
    refused = _unknown(form, data)
    given = {name: value for name, value in data.items() if name in form.fields or name == "org"}
    try:
        values = api_values(form, given)
    except Invalid as wrong:
        refused += wrong.fields
        amiss = {one.path.partition(".")[0] for one in wrong.fields}
        values = api_values(form, {n: value for n, value in given.items() if n not in amiss})
    try:
        found = rehearse_flow(view, workflow, org, values, login)
    except Invalid as wrong:
        if not wrong.fields:
            raise
        refused += wrong.fields
    if refused:
        raise Invalid("record-file-wrong", fields=refused, file=path)
    return found


def _unknown(form: Form, data: Mapping[str, Any]) -> list[FieldRefusal]:
    """Names that neither the form nor its tables have, each with what was probably meant."""
    found = [
        _no_field(name, name, form.fields) for name in data if name not in (*form.fields, "org")
    ]
    for name, rows in data.items():
        table = form.fields.get(name)
        if table is None or table.type != "table" or not isinstance(rows, list):
            continue
        found += [
            _no_field(f"{name}.{number}.{column}", column, table.fields)
            for number, row in enumerate(rows)
            if isinstance(row, Mapping)
            for column in row
            if column not in (*table.fields, "id")
        ]
    return found


def _no_field(path: str, name: str, known: Iterable[str]) -> FieldRefusal:
    meant = nearest(name, known)
    if meant is None:
        return FieldRefusal(path, "unknown-field", {"name": name})
    return FieldRefusal(path, "unknown-field-meant", {"name": name, "meant": meant})


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
    context: Context, workflow: Workflow, found: Rehearsed | None, lacking: list[Gap]
) -> dict[str, Any]:
    return {
        "workflow": workflow.name,
        "org": found.org if found is not None else None,
        "initiator": found.initiator if found is not None else None,
        "steps": [
            {
                "step": one.ahead.step.id,
                "title": one.ahead.step.title(context.locale),
                "kind": one.ahead.step.kind,
                "people": list(one.ahead.people),
                "on_behalf_of": {who: list(of) for who, of in one.ahead.on_behalf_of.items()},
                "certain": one.ahead.certain,
                "by_itself": one.ahead.by_itself,
                "lacks": [_lack_json(lack) | {"why": lack.why} for lack in one.lacks],
            }
            for one in (found.steps if found is not None else ())
        ],
        "nobody": [
            {
                "step": gap.step.id,
                "title": gap.step.title(context.locale),
                **_lack_json(gap.lack),
                "orgs": list(gap.orgs),
            }
            for gap in lacking
        ],
    }


def _lack_json(lack: Lack) -> dict[str, Any]:
    rules = [resolved(rule) for rule in lack.rules]
    return {"rules": rules, "then": lack.policy, "provided": lack.written}


def _rehearsed_lines(context: Context, workflow: Workflow, found: Rehearsed) -> list[str]:
    def say(key: str, **holes: object) -> str:
        return context.text(f"cli_definitions.rehearse_{key}", **holes)

    nobody = say("nobody")
    lines = [say("head", workflow=workflow.name, org=found.org, who=found.initiator or nobody)]
    for number, asked in enumerate(found.steps, 1):
        one = asked.ahead
        # what only a record can say is said below, and is not nobody
        empty = say("open") if any(lack.why != "nobody" for lack in asked.lacks) else nobody
        line = say(
            "step",
            number=number,
            step=one.step.id,
            title=one.step.title(context.locale),
            people=", ".join(_asked(context, one)) or _no_people(context, one) or empty,
        )
        lines.append(line if one.certain else line + say("if"))
        for lack in asked.lacks:
            then = say(f"then_{lack.policy}") if lack.why == "nobody" else ""
            lines.append(say(f"why_{lack.why}", rule=_rule_words(lack), then=then))
    if found.initiator is None:
        lines.append(say("no_starter", org=found.org))
    return lines


def _asked(context: Context, one: Ahead) -> list[str]:
    """Whom a step asks; who stands in, with whose seat that is."""
    return [
        login
        if owner == login
        else context.text("cli_definitions.rehearse_for", who=login, owner=owner)
        for login in one.people
        for owner in one.on_behalf_of.get(login, (login,))
    ]


def _no_people(context: Context, one: Ahead) -> str:
    """Why a step asks nobody: it is one of no people, or the system would decide it."""
    if one.step.kind in ("wait", "each", "subflow"):
        flow = (one.step.subflow or {}).get("workflow", "")
        return context.text(f"cli_definitions.rehearse_{one.step.kind}", workflow=flow)
    if one.by_itself is None or one.by_itself == STUCK:
        return ""
    reason = context.text(f"flows.reasons.{one.by_itself}")
    word = "rejected" if one.outcome == "rejected" else "passes"
    return context.text(f"cli_definitions.rehearse_{word}", reason=reason)


def _gap_lines(
    context: Context, workflow: Workflow, lacking: list[Gap], *, alone: bool
) -> list[str]:
    """Where a rule finds nobody at any org: once for each step and rule, with its orgs."""

    def say(key: str, **holes: object) -> str:
        return context.text(f"cli_definitions.rehearse_{key}", **holes)

    head = f"{workflow.name}: " if alone else ""
    apart = [
        say("not_looked", step=step.id, workflow=step.subflow["workflow"])
        for step in walk(workflow.steps)
        if step.subflow is not None
    ]
    if not lacking:
        return [head + say("no_gaps"), *apart]
    lines = [head + say("gaps")]
    for gap in lacking:
        provided = say("provided") if gap.lack.written else ""
        lines.append(
            say(
                "gap",
                step=gap.step.id,
                title=gap.step.title(context.locale),
                rule=_rule_words(gap.lack),
                then=say(f"then_{gap.lack.policy}") + provided,
            )
        )
        lines.append(say("gap_orgs", count=len(gap.orgs), orgs=", ".join(gap.orgs)))
    return lines + apart


def _rule_words(lack: Lack) -> str:
    words_ = [json.dumps(resolved(rule), ensure_ascii=False) for rule in lack.rules]
    return ", ".join(words_).replace('"', "")
