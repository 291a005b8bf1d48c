"""Score sheets as records are written: which rows they have, and until when figures are fetched.

A sheet is scored at each save until its record is submitted (or as `freeze` says); then its figures
stand, and only scores given by hand change it. The effect `score` fetches them again. What the
items earn is answered by a floor above, which knows measures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.catalogue.scorecards import BY_HAND, COLUMNS, is_named
from jingwei.language.form import Field
from jingwei.language.periods import Period
from jingwei.language.standards import Scoring, ScoringItem
from jingwei.refusals import Invalid
from jingwei.services.anchors import anchors_of
from jingwei.services.commands import Reading
from jingwei.services.computing import as_kept
from jingwei.services.found import Found, Values
from jingwei.services.overrides import Overrides
from jingwei.services.plans import FormPlan
from jingwei.services.world import environment


@dataclass(frozen=True, slots=True)
class SheetAsked:
    """One score sheet. `manual`: scores given by hand, by item. `kept`: rows whose figures stand;
    None: they are fetched. `figures`: what they are is asked, not what they come to together."""

    scheme: Scoring
    org: str
    period: Period
    as_of: date | None = None
    manual: Mapping[str, Decimal] = field(default_factory=dict)
    kept: Sequence[Mapping[str, Any]] | None = None
    figures: bool = False


def fill(
    view: Reading,
    plan: FormPlan,
    record: Values,
    overrides: Overrides,
    found: Found,
    *,
    again: Collection[str] = (),
    stands: bool = False,
    by_hand: bool = False,
    saves: bool = True,
) -> None:
    """Set the rows of the record's score sheets. `again`: sheets whose figures are fetched although
    they stand. `stands`: the rows that were sent are those of a version, and stay. `by_hand`: the
    actor says of which org, and is told its figures only where he may read them. `saves`: else it
    is only looked at what would be."""
    for name in plan.scorecards:
        table = plan.form.fields[name]
        if stands and name in overrides.given and name not in again:
            continue
        was = overrides.before or {}
        before = was.get(name) or ()
        given = list(record.get(name) or ())
        ids = {row.get("id") for row in given}
        given += [row for row in before if row["id"] not in ids]  # no item is taken away
        is_kept = name not in again and overrides.is_frozen(table)
        asked = _asked(view, table, record, given, before if is_kept else None, found)
        rows: list[dict[str, Any]] = []
        if by_hand and asked is not None and _is_out_of_reach(view, asked):
            same = overrides.before is not None and asked.org == _of(view, table, was)[1]
            if not same:
                title = view.catalogue.orgs[asked.org].title
                found.add(table.name, "figures-out-of-reach", org=title)
            if not (same and saves):
                asked, is_kept = None, same  # what is read in the record is read here
        if asked is not None:
            _judge_by_hand(view, asked, table, given, before, found)
            rows = _scored(view, table, asked, found)
        elif is_kept:
            rows = [dict(row) for row in before]
        record[name] = _with_own(table, rows, given, before, found)


def _is_out_of_reach(view: Reading, asked: SheetAsked) -> bool:
    """Whether figures would be fetched that the actor may not read."""
    sees = view.beyond.sees_figures
    assert sees is not None  # app.py hands it in
    return asked.kept is None and asked.org in view.catalogue.orgs and not sees(view, asked.org)


def know_rows(plan: FormPlan, sent: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Rows that were sent by their item, as the rows that are there."""
    for name in plan.scorecards:
        ids = {row["item"]: row["id"] for row in before.get(name) or ()}
        for row in sent.get(name) or ():
            if row.get("id") is None and row.get("item") in ids:
                row["id"] = ids[row["item"]]


def changed_items(view: Reading, table: Field, record: Mapping[str, Any]) -> frozenset[str]:
    """The items of a sheet whose sources say something else by now than they did when it was
    scored."""
    scheme, org, period, as_of = _of(view, table, record)
    kept = record.get(table.name) or ()
    if scheme is None or org is None or period is None or not kept:
        return frozenset()
    asked = SheetAsked(scheme, org, period, as_of, figures=True)
    now = {row["item"]: row for row in _scored(view, table, asked, Found())}
    names = ("target", "actual", "base", "automatic")
    return frozenset(
        row["item"]
        for row in kept
        if row["item"] in now and any(row.get(n) != now[row["item"]].get(n) for n in names)
    )


def _asked(
    view: Reading,
    table: Field,
    record: Mapping[str, Any],
    given: Sequence[Mapping[str, Any]],
    kept: Sequence[Mapping[str, Any]] | None,
    found: Found,
) -> SheetAsked | None:
    """The sheet as the record says; None while it does not say of what it is, or where what stands
    is empty."""
    scheme, org, period, as_of = _of(view, table, record, found)
    if scheme is None or org is None or period is None or (kept is not None and not kept):
        return None
    return SheetAsked(scheme, org, period, as_of, _by_hand(given), kept)


def _by_hand(rows: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    return {row["item"]: row[BY_HAND] for row in rows if row.get(BY_HAND) is not None}


def _of(
    view: Reading, table: Field, record: Mapping[str, Any], found: Found | None = None
) -> tuple[Scoring | None, str | None, Period | None, date | None]:
    """Scheme, org, period and day of a sheet."""
    sheet = table.scorecard
    assert sheet is not None and sheet.scheme is not None and sheet.period is not None
    schemes = view.catalogue.scorings
    env = environment(view, record)
    org = record.get("org")
    if sheet.org is not None:
        org = view.catalogue.closure(sheet.org)(env)
    name = sheet.scheme.source.strip()
    if not is_named(schemes, sheet.scheme):
        name = view.catalogue.closure(sheet.scheme)(env)
        if name is not None and name not in schemes and found is not None:
            found.add(table.name, "no-such-scheme", name=str(name)[:60])
    as_of = None if sheet.as_of is None else view.catalogue.closure(sheet.as_of)(env)
    return schemes.get(name), org, view.catalogue.closure(sheet.period)(env), as_of


def _scored(view: Reading, table: Field, asked: SheetAsked, found: Found) -> list[dict[str, Any]]:
    scorer = view.beyond.scorer
    assert scorer is not None  # app.py hands it in
    try:
        rows: list[dict[str, Any]] = scorer(view, asked)
    except Invalid as refused:
        found.refusals += [replace(one, path=table.name) for one in refused.fields]
        return []
    for index, row in enumerate(rows):
        for column, value in row.items():
            path = f"{table.name}.{index}.{column}"
            row[column] = as_kept(table.fields[column], value, path, found)
    return rows


def _judge_by_hand(
    view: Reading,
    asked: SheetAsked,
    table: Field,
    given: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]],
    found: Found,
) -> None:
    """Only some items are scored by hand, by some people, up to some score."""
    was = {row["item"]: row.get(BY_HAND) for row in before}
    for index, row in enumerate(given):
        points, name = row.get(BY_HAND), row.get("item")
        if points == was.get(name):
            continue
        path = f"{table.name}.{index}.{BY_HAND}"
        item = asked.scheme.items.get(str(name))
        if item is None or item.manual_max is None:
            found.add(path, "not-by-hand")
        elif not _may_score(view, item, asked.org):
            found.add(path, "scored-by-others")
        elif points is not None and not 0 <= points <= item.manual_max:
            found.add(path, "score-out-of-range", most=item.manual_max)


def _may_score(view: Reading, item: ScoringItem, org: str) -> bool:
    """Whether the actor is one of those who score the item, for this org."""
    if view.actor.is_system or not item.manual_who:
        return True
    if any(who.kind == "everyone" for who in item.manual_who):
        return True
    above = set(view.catalogue.tree.ancestors(org, view.today))
    return bool(anchors_of(view, item.manual_who) & above)


def _with_own(
    table: Field,
    rows: Sequence[Mapping[str, Any]],
    given: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]],
    found: Found,
) -> list[Values]:
    """The engine's columns beside those of people, whose row of an item stays the same row. What
    was sent and is no item of the scheme is refused."""
    there = {row["id"] for row in before}
    own = [name for name in table.fields if name not in COLUMNS or name == BY_HAND]
    known = {row["item"]: row for row in before}
    items = {row["item"] for row in rows}
    said = {one.path for one in found.refusals}
    for index, row in enumerate(given):
        if row.get("item") in items:
            known[row["item"]] = row
        elif items and row.get("id") not in there and f"{table.name}.{index}.item" not in said:
            found.add(f"{table.name}.{index}", "not-an-item")
    made: list[Values] = []
    for row in rows:
        mine = known.get(row["item"], {})
        made.append({"id": mine.get("id"), **row, **{name: mine.get(name) for name in own}})
    return made
