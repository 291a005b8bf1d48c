"""What must hold of `each` in a workflow: the row decides who is asked, or what about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.values import Formula
from jingwei.language.who import Whos
from jingwei.language.workflow import Step, walk
from jingwei.problems import Problems

_ROW = re.compile(r"\brow\b")
_ASKED = frozenset({"fill", "approve", "acknowledge"})


def check_rows(catalogue: Catalogue, step: Step, places: StepPlaces, problems: Problems) -> None:
    """Warns of rows that hide those around them, and of people who are asked once for every row,
    each time the same question."""
    if step.of is None or catalogue.expressions.get(step.of) is None:
        return  # what is wrong is said elsewhere
    around = [b for b, _ in places.chains.get(step.id, ()) if places.by_id[b].of is not None]
    if around and not _reads_row(step.of):
        problems.add("row-hides-row", step.of.at, severity="warning", id=step.id, outer=around[-1])
    key = step.distinct
    if key is not None and catalogue.expressions.get(key) is not None and not _reads_row(key):
        problems.add("distinct-not-of-row", key.at, severity="warning", id=step.id)
    if any(_names_row(path) for path in step.fields.write):
        return
    inside = walk(step.steps)
    if any(_row_decides(inner) for inner in inside):
        return
    for inner in inside:
        if inner.kind in _ASKED:
            at = inner.who[0].at if inner.who else inner.at
            problems.add("row-not-asked", at, severity="warning", id=inner.id, each=step.id)
            return


def _row_decides(step: Step) -> bool:
    formulas = [step.when, step.of, step.due.date if step.due is not None else None]
    formulas += [branch.when for branch in step.branches]
    formulas += list(_formulas(step.who))
    written = (*step.fields.write, *step.fields.require)
    return any(_reads_row(one) for one in formulas) or any(_names_row(path) for path in written)


def _formulas(whos: Whos) -> Iterator[Formula | None]:
    for who in whos:
        yield from (who.org, who.covering, who.path)
        yield from _formulas(who.of)
        yield from _formulas(who.exclude)


def _reads_row(formula: Formula | None) -> bool:
    return formula is not None and _ROW.search(formula.source) is not None


def _names_row(path: str) -> bool:
    return path.startswith("row.")
