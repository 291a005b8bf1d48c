"""The rows of a score sheet in a record: what its items earned, what the scheme adds or takes, and
the total with its grade, each with its rule and its reason in words.

A sheet that stands keeps the figures it was made of: only what people score, and what the items
make together, is worked out again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from jingwei.catalogue.scorecards import BONUS, DEDUCTIONS, MULTIPLIER, TOTAL
from jingwei.cube.cube import Cube
from jingwei.cube.scoring import rounded_score
from jingwei.language.data_versions import Wanted
from jingwei.language.periods import Period
from jingwei.language.standards import Scoring, ScoringItem, ScoringRule
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services.commands import Reading
from jingwei.services.measures import Measures, readable_orgs
from jingwei.services.people import SYSTEM
from jingwei.services.score_words import explained, plain
from jingwei.services.scorecards import SheetAsked
from jingwei.services.scores import (
    ONE,
    ZERO,
    Line,
    Sheet,
    applies,
    concluded,
    deductions_of,
    lines_of,
    multiplier_of,
)
from jingwei.texts import text

Row = dict[str, Any]
_FIGURES = ("weight", "target", "actual", "base", "automatic")


def rows_of(view: Reading, asked: SheetAsked) -> list[Row]:
    """The engine's columns of each row, in order. Raises Invalid where the scheme is not for the
    org in this period."""
    system = replace(view, actor=SYSTEM)
    if asked.as_of is not None:
        system = replace(system, today=asked.as_of)
    told = _Told(view.catalogue.manifest.locales[0])
    if asked.kept is not None:
        return _kept_rows(system, asked, asked.kept, told)
    if not applies(system, asked.scheme, asked.org, asked.period):
        holes: dict[str, object] = {
            "scheme": asked.scheme.title,
            "org": view.catalogue.orgs[asked.org].title,
        }
        raise Invalid("invalid", fields=[FieldRefusal("org", "scheme-not-for-org", holes)])
    lines = lines_of(system, _measures(system, asked), asked.scheme, asked.org, asked.period)
    if asked.figures:
        return [told.figures(line) for line in lines]
    words = {line.item.name: told.earned(line) for line in lines}
    sheet = Sheet(asked.scheme, asked.org, asked.period, lines)
    _score_by_hand(lines, asked.manual)
    sheet.multiplier = factor = multiplier_of(system, sheet)
    sheet.deducted = deductions_of(system, asked.scheme, asked.org, asked.period)
    concluded(system, sheet)
    rows = [told.item(line, words[line.item.name], asked.manual) for line in lines]
    return [*rows, *told.beside(sheet, factor)]


def may_read(view: Reading, org: str) -> bool:
    """Whether the actor may read the figures of an org."""
    orgs = readable_orgs(view)
    return orgs is None or org in orgs


def _measures(view: Reading, asked: SheetAsked) -> Measures:
    """Figures as they are known; with a day, without what was restated after it."""
    measures = Measures(view)
    if asked.as_of is not None:
        month = Period(asked.as_of.year, "month", asked.as_of.month)
        measures.cube = Cube(view.catalogue, measures.facts, Wanted(known_at=month))
    return measures


def _score_by_hand(lines: Sequence[Line], manual: Mapping[str, Decimal]) -> None:
    """What people score stands instead of what the rule gives."""
    for line in lines:
        points = manual.get(line.item.name)
        if points is not None:
            line.score, line.reason = points, None


def _kept_rows(
    view: Reading, asked: SheetAsked, kept: Sequence[Mapping[str, Any]], told: _Told
) -> list[Row]:
    """The rows with what people score by now; figures, rules and reasons are those that stand."""
    known = {row["item"]: row for row in kept}
    if all(row.get("manual") == asked.manual.get(row["item"]) for row in kept):
        return [{name: row.get(name) for name in told.columns} for row in kept]
    lines = [_kept_line(view, asked.scheme, row) for row in kept if "." not in row["item"]]
    sheet = Sheet(asked.scheme, asked.org, asked.period, lines)
    _score_by_hand(lines, asked.manual)
    sheet.multiplier = factor = known.get(MULTIPLIER, {}).get("base") or ONE
    sheet.deducted = known.get(DEDUCTIONS, {}).get("actual") or ZERO
    concluded(view, sheet)
    rows = [
        {
            **told.item(line, known[line.item.name]["explanation"] or "", asked.manual),
            "rule": known[line.item.name]["rule"],
        }
        for line in lines
    ]
    return [*rows, *told.beside(sheet, factor)]


def _kept_line(view: Reading, scheme: Scoring, row: Mapping[str, Any]) -> Line:
    item = scheme.items.get(row["item"]) or ScoringItem(name=row["item"])
    line = Line(item, row["weight"] or ZERO)
    line.target, line.actual, line.base = row["target"], row["actual"], row["base"]
    line.automatic = line.score = row["automatic"]
    return line


class _Told:
    """Rows and their words, in the first language of the house: what stands in a record is read by
    all as it was scored."""

    columns = (
        *("item", "weight", "target", "actual", "base", "rule"),
        *("automatic", "manual", "score", "explanation", "source_changed"),
    )

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def _say(self, key: str, **holes: Any) -> str:
        said = {name: plain(value) for name, value in holes.items()}
        return text(f"scorecards.{key}", self._locale, **said)

    def _row(self, item: str, **cells: Any) -> Row:
        empty: Row = {**dict.fromkeys(self.columns), "source_changed": False}
        return {**empty, "item": item, **cells}

    # --- items ----------------------------------------------------------------------------------

    def earned(self, line: Line) -> str:
        """How the rule came to its score, or why it could not."""
        if line.reason is not None and line.score is None:
            return self._say("told.pending", reason=self._reason(line.reason))
        return explained(line, self._locale)

    def _reason(self, name: str) -> str:
        return text(f"measures.reason.{name}", self._locale)

    def figures(self, line: Line) -> Row:
        """What is fetched, without a word on it."""
        return {"item": line.item.name, **{name: getattr(line, name) for name in _FIGURES}}

    def item(self, line: Line, words: str, manual: Mapping[str, Decimal]) -> Row:
        points = manual.get(line.item.name)
        if line.automatic is None and line.item.is_manual:
            pending = self._say("told.pending", reason=self._reason("by-hand"))
            words = pending if points is None else self._say("told.by_hand", score=points)
        return self._row(
            line.item.name,
            weight=line.weight,
            target=line.target,
            actual=line.actual,
            base=line.base,
            rule=self._rule(line.item),
            automatic=line.automatic,
            manual=points,
            score=line.score,
            explanation=words,
        )

    def _rule(self, item: ScoringItem) -> str:
        rule = "" if item.rule is None else self._rule_words(item.rule)
        if item.manual_max is None:
            return rule
        if not rule:
            return self._say("rules.by_hand", most=item.manual_max)
        return self._say("rules.or_by_hand", rule=rule, most=item.manual_max)

    def _rule_words(self, rule: ScoringRule) -> str:
        none = self._say("rules.no_cap")
        unit = "pp" if rule.per_points else "%"
        holes = {
            "per": "" if rule.per is None else plain(rule.per * 100) + unit,
            "points": rule.points,
            "cap": none if rule.cap is None else rule.cap,
            "cap_up": none if rule.cap_up is None else rule.cap_up,
            "cap_down": none if rule.cap_down is None else rule.cap_down,
            "of": rule.of,
            "tiers": " / ".join(plain(tier) for tier in rule.tiers),
            "formula": "" if rule.score is None else rule.score.source,
        }
        key = str(rule.type)
        if key == "step" and rule.steps == "proportional":
            key = "step_proportional"
        elif key == "bands" and rule.of != "attainment":
            key = "bands_of"
        elif key == "proportional" and rule.cap is not None:
            key = "proportional_capped"
        elif key == "deduct" and rule.cap is None:
            key = "deduct_all"
        return self._say(f"rules.{key}", **holes)

    # --- what the scheme adds and takes ---------------------------------------------------------

    def beside(self, sheet: Sheet, factor: Decimal) -> list[Row]:
        """A row for each thing by which the total is not the sum of the items, and the total.
        `factor`: the multiplier before guards took it away."""
        scheme = sheet.scheme
        rows: list[Row] = []
        if scheme.bonus_max is not None:
            words = self._say("told.bonus_max", most=scheme.bonus_max)
            score = None if sheet.total is None else -sheet.beyond
            rows.append(self._row(BONUS, score=score, rule=words))
        if scheme.multiplier is not None or sheet.multiplier != ONE:
            rows.append(self._multiplied(sheet, factor))
        if scheme.deductions is not None:
            words = self._say("told.deductions", points=sheet.deducted)
            points = sheet.deducted
            rows.append(self._row(DEDUCTIONS, actual=points, score=-points, explanation=words))
        return [*rows, self._total(sheet)]

    def _multiplied(self, sheet: Sheet, before: Decimal) -> Row:
        factor, items = sheet.multiplier, sheet.items_total
        if items is None:
            return self._row(MULTIPLIER, actual=factor, base=before)
        gained = rounded_score(items * factor - items, sheet.scheme.total_places)
        words = self._say("told.multiplier", items=items, multiplier=factor)
        cells = {"actual": factor, "base": before, "score": gained, "explanation": words}
        return self._row(MULTIPLIER, **cells)

    def _total(self, sheet: Sheet) -> Row:
        """The grade is the explanation alone, so that expressions can ask for it; the rule tells
        what both came from."""
        scheme, mark = sheet.scheme, self._say("told.mark")
        grades = (f"{name} ≥ {plain(least)}" for name, least in scheme.grades)
        said = [self._say("told.joint").join(grades)]
        if scheme.missing != "pending" and any(line.score is None for line in sheet.lines):
            said.append(self._say(f"told.missing_{scheme.missing}"))
        for number in sheet.guards:
            said.append(self._say("told.guarded", when=scheme.guards[number].when.source))
        for number in sheet.vetoes:
            veto = scheme.veto[number]
            said.append(self._say("told.vetoed", grade=veto.grade_max, when=veto.when.source))
        version = scheme.fingerprint[:12]
        said.append(self._say("told.scheme", title=scheme.title(self._locale), version=version))
        words = mark.join(one for one in said if one)
        return self._row(TOTAL, score=sheet.total, rule=words, explanation=sheet.grade)
