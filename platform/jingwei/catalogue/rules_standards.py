"""What must hold of benchmarks and scoring schemes."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import unknown
from jingwei.catalogue.rules_scoring import check_scheme
from jingwei.catalogue.standard_values import sheet_of, sheet_path
from jingwei.language.standards import Scoring, ScoringItem
from jingwei.problems import Position, Problems, nearest


def check_standards(catalogue: Catalogue, problems: Problems) -> None:
    for benchmark in catalogue.benchmarks.values():
        path = sheet_path(benchmark)
        if path not in catalogue.files:
            problems.add("benchmark-source", benchmark.origin.value("source"), path=path)
            continue
        header, _ = sheet_of(catalogue, benchmark)
        for column in (*benchmark.keys, *benchmark.tiers):
            if column not in header:
                problems.add("benchmark-column", Position(path), path=path, column=column)
    for scoring in catalogue.scorings.values():
        _check_scoring(catalogue, scoring, problems)
        check_scheme(catalogue, scoring, problems)


def benchmark_of(catalogue: Catalogue, item: ScoringItem) -> str | None:
    """The benchmark an item is judged by: its rule's own, else its indicator's."""
    if item.rule is not None and item.rule.benchmark is not None:
        return item.rule.benchmark
    indicator = catalogue.indicators.get(item.name)
    named = (indicator.benchmark or {}).get("set") if indicator is not None else None
    return named if isinstance(named, str) else None


def _check_scoring(catalogue: Catalogue, scoring: Scoring, problems: Problems) -> None:
    grades = [grade for grade, _ in scoring.grades]
    for index, veto in enumerate(scoring.veto):
        if veto.grade_max not in grades:
            at = scoring.origin.value("veto", index, "grade_max")
            suggestion = nearest(veto.grade_max, grades)
            known = ", ".join(grades)
            problems.add(
                "unknown-grade", at, suggestion=suggestion, name=veto.grade_max, known=known
            )
    for index, name in enumerate(scoring.rank.get("tiebreak", ())):
        if name not in scoring.items:
            at = scoring.origin.value("rank", "tiebreak", index)
            unknown(problems, at, name, scoring.items, scoring.name)
    for item in scoring.items.values():
        if item.rule is not None and item.rule.type == "efficiency_coefficient":
            _check_efficiency(catalogue, scoring, item, problems)


def _check_efficiency(
    catalogue: Catalogue, scoring: Scoring, item: ScoringItem, problems: Problems
) -> None:
    assert item.rule is not None
    at = scoring.origin.key("items", item.name, "rule")
    name = benchmark_of(catalogue, item)
    if name is None or name not in catalogue.benchmarks:
        problems.add("rule-needs-benchmark", at, item=item.name)
        return
    tiers = catalogue.benchmarks[name].tiers
    if len(tiers) != len(item.rule.tiers):
        given, known = len(item.rule.tiers), len(tiers)
        problems.add("tiers-differ", at, given=given, benchmark=name, known=known)
