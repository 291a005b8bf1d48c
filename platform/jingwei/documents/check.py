"""What is wrong with the templates of an application, found before anything is filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.documents import page_templates, word_templates
from jingwei.documents.template_language import BESIDE, REPORT, Fault, opinion_names
from jingwei.language.form import SHOWN_SYSTEM, Field, Form
from jingwei.language.output import BLOCK_HEADS, DataBlock, Report, across_name
from jingwei.problems import DefinitionErrors, Position, Problem, nearest

READERS = {".docx": word_templates.template_faults, ".html": page_templates.template_faults}


def template_problems(catalogue: Catalogue) -> list[Problem]:
    """Every fault of every template, with its paragraph (Word) or line (HTML)."""
    return [
        problem
        for report in catalogue.reports.values()
        for problem in _of_report(catalogue, report)
    ]


def check_templates(catalogue: Catalogue) -> None:
    """Raises DefinitionErrors listing every fault of every template."""
    found = template_problems(catalogue)
    if found:
        raise DefinitionErrors(found)


def template_path(report: Report) -> str:
    """From the root of the application."""
    return (PurePosixPath(report.origin.file).parent / report.template).as_posix()


def _of_report(catalogue: Catalogue, report: Report) -> Iterator[Problem]:
    path = template_path(report)
    reader = READERS.get(PurePosixPath(path).suffix)
    content = catalogue.files.get(path)
    if reader is None or content is None:
        return
    known = known_names(catalogue, report)
    said: set[str] = set()
    for fault in reader(content, known):
        root = fault.name.partition(".")[0]
        if fault.code == "template-unknown-name" and root not in known:
            if root in said:
                continue
            said.add(root)  # what is behind it, and the rows of a loop over it, is not known either
            fault = replace(fault, name=root)
        yield _problem(path, content, fault, known)


def _problem(path: str, content: bytes, fault: Fault, known: Mapping[str, Any]) -> Problem:
    if path.endswith(".docx"):
        at = Position(path, paragraph=fault.line)
    else:
        at = _place(path, content, fault)
    holes = {"name": fault.name, "report": path}
    suggestion = None
    if fault.code == "template-unknown-name":
        offered = list(_offered(fault.name, known))
        suggestion = nearest(fault.name.rpartition(".")[2], offered)
        holes["known"] = ", ".join(offered) or "–"
    return Problem(fault.code, at, holes, "error", suggestion)


def _place(path: str, content: bytes, fault: Fault) -> Position:
    """The word of a page's template that is wrong, or the beginning of its line."""
    number = max(fault.line, 1)
    if fault.column:
        return Position(path, number, fault.column, fault.column + len(fault.name))
    lines = content.decode("utf-8", "replace").split("\n")
    line = lines[number - 1] if number <= len(lines) else ""
    word = fault.name.rpartition(".")[2]
    found = re.search(rf"\b{word}\b", line) if word.isidentifier() else None
    column = found.start() + 1 if found else 0
    return Position(path, number, max(column, 1), column + len(word) if column else 0)


def _offered(name: str, known: Mapping[str, Any]) -> Iterator[str]:
    """The names where a path stops being known."""
    here: Any = known
    for part in name.split("."):
        while isinstance(here, list):
            here = here[0] if here else None
        if part == "*":
            continue
        if not isinstance(here, Mapping) or part not in here:
            break
        here = here[part]
    if isinstance(here, Mapping):
        yield from here


# --- the names a report gives its template -------------------------------------------------------


def known_names(catalogue: Catalogue, report: Report) -> dict[str, Any]:
    """Every name a template of this report may ask for, whoever reads it."""
    names: dict[str, Any] = {
        "report": dict.fromkeys(REPORT),
        "charts": dict.fromkeys(report.charts),
        "narrative": dict.fromkeys(report.narrative),
    }
    names.update(dict.fromkeys(report.parameters))
    if report.of is not None and _is_approved(catalogue, report.of):
        names["approvals"] = opinion_names()
    for name, block in report.data.items():
        names[name] = _of_block(catalogue, block)
    if report.of is not None:
        names["record"] = _of_record(catalogue.forms[report.of])
    return names


def _is_approved(catalogue: Catalogue, form: str) -> bool:
    return any(workflow.form == form for workflow in catalogue.workflows.values())


def _of_record(form: Form) -> dict[str, Any]:
    names: dict[str, Any] = dict.fromkeys(SHOWN_SYSTEM)
    for name, field in form.fields.items():
        names[name] = _rows(field.fields) if field.type == "table" else None
    return names


def _rows(columns: Mapping[str, Field] | list[str]) -> list[Any]:
    return [{**dict.fromkeys(columns), "cells": [None]}]


def _of_block(catalogue: Catalogue, block: DataBlock) -> dict[str, Any]:
    if block.form is not None:
        return _table(_form_columns(catalogue, block))
    row = _table([*BLOCK_HEADS, *BESIDE, *block.measured])
    across = [
        across_name(indicator, name, index)
        for indicator in _members(catalogue, block)
        for index, name in enumerate(block.measured)
    ]
    return {**row, "across": _table(["org", "period", *across])}


def _table(columns: list[str]) -> dict[str, Any]:
    head = {"name": None, "title": None, "unit": None}
    return {"columns": [head], "rows": _rows(columns), "notes": [None]}


def _members(catalogue: Catalogue, block: DataBlock) -> list[str]:
    found: list[str] = []
    for name in block.indicators:
        if name.startswith("set."):
            found += catalogue.indicator_sets[name.removeprefix("set.")].members
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def _form_columns(catalogue: Catalogue, block: DataBlock) -> list[str]:
    assert block.form is not None
    if block.group or block.values or block.by:
        by = ["period"] if block.by else []
        return [*block.group, *by, *block.values]
    if block.columns:
        return [name for name, _ in block.columns]
    name, _, table = block.form.partition(".")
    form = catalogue.forms[name]
    if table:
        return list(form.tables[table].fields)
    return list(form.list.columns or ("number", "org", "status"))
