"""From text to a running application's catalogue, one stage after another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.check_files import Checked, check_files, note_name
from jingwei.catalogue.currency import with_currency
from jingwei.catalogue.formulas import type_formulas
from jingwei.catalogue.guides import check_help, read_guides
from jingwei.catalogue.link import check_references
from jingwei.catalogue.org_tree import OrgTree
from jingwei.catalogue.rules import check_fields, check_rules
from jingwei.catalogue.rules_layers import check_layers
from jingwei.catalogue.rules_trials import check_trials
from jingwei.catalogue.scorecards import with_scorecards
from jingwei.catalogue.shared_rows import with_shared_rows
from jingwei.catalogue.sound import sound_parts
from jingwei.catalogue.sources import (
    MANIFEST,
    application_files,
    definition_files,
    is_misspelt,
)
from jingwei.garbage import collecting_later
from jingwei.language.kinds.table import KINDS
from jingwei.language.organisation import Manifest
from jingwei.problems import Position, Problem, Problems, nearest
from jingwei.reading.read import read_file, read_parts


def compile_catalogue(application: Path) -> Catalogue:
    """An application's YAML files as one linked, immutable catalogue.

    Raises DefinitionErrors listing every problem, but for what only follows from another one.
    """
    problems = Problems()
    files = application_files(application, problems)
    problems.stop_here_if_any()
    return _compile(files, problems)


def compile_texts(files: Mapping[str, bytes]) -> Catalogue:
    """The same from a release. `files`: path from the application's root → content."""
    problems = Problems()
    if MANIFEST not in files:
        problems.add("no-manifest", Position(MANIFEST))
    problems.stop_here_if_any()
    return _compile(files, problems)


@collecting_later()
def _compile(files: Mapping[str, bytes], problems: Problems) -> Catalogue:
    manifest = read_manifest(files[MANIFEST], problems)
    problems.stop_here_if_any()
    names = definition_files(files, problems)
    read = read_parts(((name, files[name]) for name in names), problems)
    folders = manifest.folders if manifest else {}
    checked = check_files(read, folders, problems)
    for name in files:
        if is_misspelt(name):
            note_name(name, checked)
    return linked(checked, files, folders, problems)


def linked(
    checked: Checked, files: Mapping[str, bytes], folders: Mapping[str, str], problems: Problems
) -> Catalogue:
    """What was read of these files as one catalogue. Raises DefinitionErrors."""
    guides = read_guides(files, folders, checked, problems)
    check_references(checked, problems)
    check_help(checked, guides, problems)
    if problems.errors or not checked.complete:
        rest = _look_at_the_rest(checked, files, folders, problems)
        problems.stop_here_if_any(rest)
    catalogue = _with(_assembled(checked, files, problems), guides=guides)
    expressions = type_formulas(catalogue, checked, problems)
    catalogue = _with(catalogue, expressions=expressions)
    check_rules(catalogue, problems)
    check_layers(catalogue, problems)
    wrong = {problem.at.file for problem in problems.errors}
    trials = Problems()
    check_trials(catalogue, checked.of("test"), trials)
    tested = (*catalogue.forms.values(), *catalogue.workflows.values())
    sure = wrong.isdisjoint(one.origin.file for one in tested)
    problems.extend(one for one in trials if sure or one.suggestion)
    wrong |= {problem.at.file for problem in problems.errors}
    problems.stop_here_if_any(_with_reports_of(catalogue, checked.files.keys() - wrong))
    # what the layers were resolved to while they were checked is kept, but for whole catalogues:
    # those belong to the one that is made here
    kept = {key: found for key, found in catalogue._layered.items() if key[0] != "catalogue"}
    return _with(catalogue, warnings=tuple(problems.warnings), _layered=kept)


def _with_reports_of(catalogue: Catalogue, files: Collection[str]) -> Catalogue:
    """The catalogue with those reports only that stand in these files."""
    reports = catalogue.reports.items()
    return _with(catalogue, reports={n: one for n, one in reports if one.origin.file in files})


def _look_at_the_rest(
    checked: Checked, files: Mapping[str, bytes], folders: Mapping[str, str], problems: Problems
) -> Catalogue | None:
    """What else is wrong, in the parts that are sound: formulas and fields wherever they stand,
    rules where nothing around has a mistake, for what a rule misses may be what that was meant for.
    """
    sound = sound_parts(checked, folders, problems)
    if sound is None or not all(
        sound.checked.of(kind) for kind in ("manifest", "org_types", "org")
    ):
        return None
    found = Problems()
    catalogue = _assembled(sound.checked, files, found)
    expressions = type_formulas(catalogue, sound.checked, found)
    catalogue = _with(catalogue, expressions=expressions)
    check_fields(catalogue, found)
    rules = Problems()
    check_rules(catalogue, rules)
    trials = Problems()
    check_trials(catalogue, sound.checked.of("test"), trials)
    layers = Problems()
    check_layers(catalogue, layers, whole=False)
    apart = sound.apart_from_the_wrong()
    texts = {path: file.text for path, file in checked.files.items()}
    said = {_line_or_place(problem, checked) for problem in problems.errors}
    unknown = [problem for problem in problems.errors if problem.code == "unknown-key"]
    misspelt = {(one.at.file, one.suggestion) for one in unknown if one.suggestion}

    unread = {one.at.file for one in problems.errors if one.code != "unknown-reference"}
    tested = sound.tested_is_sound(checked)
    more = [
        *found,
        *(one for one in rules.errors if one.at.file in apart or sound.is_sure(one, unread)),
        *(one for one in layers.errors if one.at.file in apart),
        *(one for one in trials.errors if one.at.file in apart and (tested or one.suggestion)),
    ]
    problems.extend(
        problem
        for problem in more
        if _line_or_place(problem, checked) not in said
        and (problem.at.file, problem.holes.get("key")) not in misspelt
        and not sound.is_follow_up(problem, texts.get(problem.at.file, ""))
    )
    return _with_reports_of(catalogue, apart)


def _line_or_place(problem: Problem, checked: Checked) -> tuple[str, int, int]:
    """What one problem is said about: of a file that was hard to read, the whole line."""
    at = problem.at
    file = checked.files.get(at.file)
    return at.file, at.line, 0 if file is not None and file.broken else at.column


def read_manifest(content: bytes, problems: Problems) -> Manifest | None:
    """The manifest by itself: it says where the other kinds live."""
    file = read_file(MANIFEST, content, problems)
    if file is None:
        return None
    alone = check_files([file], {}, problems)
    manifest = alone.of("manifest").get("manifest")
    for kind in manifest.folders if manifest is not None else ():
        if kind not in KINDS:
            at = file.key_at(("folders", kind))
            known = ", ".join(KINDS)
            guess = nearest(kind, KINDS)
            problems.add("unknown-kind", at, suggestion=guess, name=kind[:40], known=known)
    if manifest is None and not problems.errors:
        problems.add("no-manifest", Position(MANIFEST))
    return manifest


def _assembled(checked: Checked, files: Mapping[str, bytes], problems: Problems) -> Catalogue:
    org_types = checked.of("org_types")
    if not org_types:
        problems.add("no-org-types", Position(MANIFEST))
    if not checked.of("org"):
        problems.add("no-org", Position(MANIFEST))
    if not org_types or not checked.of("org"):
        problems.stop_here_if_any()
    return Catalogue(
        manifest=checked.of("manifest")["manifest"],
        org_types=next(iter(org_types.values())),
        orgs=checked.of("org"),
        tree=OrgTree(checked.of("org")),
        expressions={},
        files=dict(files),
        fingerprint=fingerprint(files),
        profiles=checked.of("profile"),
        roles=checked.of("role"),
        posts=checked.of("post"),
        calendars=checked.of("calendar"),
        code_lists=checked.of("code_list"),
        forms=with_currency(
            with_scorecards(
                with_shared_rows(checked.of("form"), checked.of("rows")),
                checked.of("scoring"),
                checked.of("indicator"),
            ),
            checked.of("manifest")["manifest"].currency,
        ),
        workflows=checked.of("workflow"),
        indicators=checked.of("indicator"),
        indicator_sets=checked.of("indicator_set"),
        alerts=checked.of("alert"),
        reports=checked.of("report"),
        dashboards=checked.of("dashboard"),
        modules=checked.of("module"),
        benchmarks=checked.of("benchmark"),
        classifications=checked.of("classification"),
        scorings=checked.of("scoring"),
        rows=checked.of("rows"),
        sources=checked.of("source"),
        schedules=checked.of("schedule"),
        scenarios=checked.of("scenario"),
        layers=checked.of("layer"),
    )


def _with(catalogue: Catalogue, **changes: Any) -> Catalogue:
    kept = {name: getattr(catalogue, name) for name in Catalogue.__slots__ if name[0] != "_"}
    return Catalogue(**{**kept, **changes})


def fingerprint(files: Mapping[str, bytes]) -> str:
    """The sha256 over all files: the same for the same text, whatever the machine."""
    whole = sha256()
    for path in sorted(files):
        whole.update(path.encode() + b"\0" + sha256(files[path]).digest())
    return whole.hexdigest()


def form_fingerprint(catalogue: Catalogue, form: str) -> str:
    """Changes when the form, or what its page is drawn from, changes."""
    whole = sha256(catalogue.forms[form].fingerprint.encode())
    for name in sorted(_lists_of(catalogue, form)):
        whole.update(catalogue.code_lists[name].fingerprint.encode())
    return whole.hexdigest()


def _lists_of(catalogue: Catalogue, form: str) -> set[str]:
    fields = list(catalogue.forms[form].fields.values())
    fields += [column for table in fields for column in table.fields.values()]
    return {field.choices for field in fields if isinstance(field.choices, str)}
