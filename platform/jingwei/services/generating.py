"""Rows that a table makes by itself: `generate: {each, set}`. Where it is `locked`, people neither
add nor take away any, and fill in what is left open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jingwei.language.form import Field
from jingwei.language.values import Formula, Literal_
from jingwei.services.commands import Reading
from jingwei.services.computing import as_kept
from jingwei.services.found import Found, Values
from jingwei.services.plans import FormPlan
from jingwei.services.world import environment
from jingwei.texts import Several

MOST_ROWS = 5_000


def begin(
    view: Reading,
    plan: FormPlan,
    record: Values,
    given: Collection[str],
    found: Found,
    *,
    by_people: bool = True,
) -> None:
    """The rows of a new record; a table that was sent keeps what was sent. Of a locked one people
    fill in the rows that it makes."""
    for name, table in plan.form.tables.items():
        if table.generate is None:
            continue
        sent = (record.get(name) or ()) if name in given else ()
        if not sent:
            record[name] = _rows(view, plan, table, record, found)
        elif table.generate.locked and by_people:
            record[name] = _filled_in(_rows(view, plan, table, record, found), sent, table, found)


def _filled_in(
    made: Sequence[Values], sent: Sequence[Values], table: Field, found: Found
) -> list[Values]:
    """The rows that were sent, each as the one that it names, then those of which nothing was
    said."""
    assert table.generate is not None
    names, left, rows = table.generate.set, list(made), []
    for index, row in enumerate(sent):
        mine = _named(row, left, names)
        if mine is None:
            found.add(f"{table.name}.{index}", "row-not-made", columns=_titles(table))
            continue
        left = [one for one in left if one is not mine]
        rows.append({**mine, **row, **{name: mine[name] for name in names}})
    return [*rows, *left]


def know_rows(plan: FormPlan, sent: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Rows of locked tables that were sent by what they are made of, as the rows that are there."""
    for name, table in plan.form.tables.items():
        if table.generate is None or not table.generate.locked or not sent.get(name):
            continue
        taken = {row.get("id") for row in sent[name]}
        left = [row for row in before.get(name) or () if row["id"] not in taken]
        for row in sent[name]:
            mine = None if row.get("id") is not None else _named(row, left, table.generate.set)
            if mine is not None:
                row["id"] = mine["id"]
                left = [one for one in left if one is not mine]


def as_they_are(plan: FormPlan, sent: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Have a version leave the rows of locked tables that are there, and what they are made of."""
    for name, table in plan.form.tables.items():
        if table.generate is None or not table.generate.locked or name not in sent:
            continue
        there = {row["id"]: row for row in before.get(name) or ()}
        rows = [
            {n: v for n, v in row.items() if row["id"] not in there or n not in table.generate.set}
            for row in sent[name] or ()
        ]
        ids = {row["id"] for row in rows}
        sent[name] = [*rows, *({"id": id_} for id_ in there if id_ not in ids)]


def _named(
    row: Mapping[str, Any], among: Sequence[Values], names: Collection[str]
) -> Values | None:
    """The row that another names by some of what it is made of, as far as it says that."""
    said = {name: row[name] for name in names if row.get(name) is not None}
    if not said:
        return None
    return next((one for one in among if all(one.get(n) == v for n, v in said.items())), None)


def judge(
    view: Reading,
    plan: FormPlan,
    before: Mapping[str, Any],
    after: Values,
    sent: Mapping[str, Any],
    found: Found,
) -> None:
    """Of locked tables nobody adds rows, takes them away or changes what they are made of; but for
    rows that would not be made any more, where they are made anew."""
    for name, table in plan.form.tables.items():
        if name not in sent or table.generate is None or not table.generate.locked:
            continue
        was = {row["id"]: row for row in before.get(name) or ()}
        for index, row in enumerate(sent[name] or ()):
            if row.get("id") is None:
                found.add(f"{name}.{index}", "row-not-made", columns=_titles(table))
        for index, row in enumerate(after[name]):
            for column in table.generate.set:
                there = was.get(row.get("id"), row)
                if row.get(column) != there.get(column):
                    found.add(f"{name}.{index}.{column}", "cell-made")
        there_still = {row.get("id") for row in after[name]}
        gone = [row for id_, row in was.items() if id_ not in there_still]
        if gone and (kept := _still_made(view, plan, table, after, gone)):
            found.add(name, "row-made", row=1 + list(was).index(kept[0]["id"]))


def _still_made(
    view: Reading, plan: FormPlan, table: Field, record: Values, rows: Sequence[Values]
) -> Sequence[Values]:
    """Those of these rows that the table would make now; of one that makes none anew, all."""
    assert table.generate is not None
    if table.generate.refresh == "never":
        return rows
    names = table.generate.set
    made = {_key(row, names) for row in _rows(view, plan, table, record, Found())}
    return [row for row in rows if _key(row, names) in made]


def _titles(table: Field) -> Several:
    assert table.generate is not None
    return Several([table.fields[name].title for name in table.generate.set])


def refresh(view: Reading, plan: FormPlan, record: Values, found: Found) -> None:
    """Rows that are wanted by now and not yet there. Nothing is taken away, and nothing filled in
    is overwritten."""
    for name, table in plan.form.tables.items():
        if table.generate is None or table.generate.refresh == "never":
            continue
        rows = list(record.get(name) or ())
        there = {_key(row, table.generate.set) for row in rows}
        wanted = _rows(view, plan, table, record, found)
        record[name] = rows + [r for r in wanted if _key(r, table.generate.set) not in there]


def _rows(
    view: Reading, plan: FormPlan, table: Field, record: Values, found: Found
) -> list[Values]:
    generate = table.generate
    assert generate is not None
    around = environment(view, record)
    elements = view.catalogue.closure(generate.each)(around) or ()
    rows: list[Values] = []
    for element in list(elements)[:MOST_ROWS]:
        held = element if isinstance(element, Mapping) else None
        env = environment(view, record, row=held)
        env.variables = {**env.variables, "row": element}
        row: Values = {}
        for name, value in generate.set.items():
            if isinstance(value, Formula):
                worked_out = view.catalogue.closure(value)(env)
            else:
                assert isinstance(value, Literal_)
                worked_out = value.value
            path = f"{table.name}.{len(rows)}.{name}"
            row[name] = as_kept(table.fields[name], worked_out, path, found)
        for name, column in plan.tables[table.name].items():
            if name not in row:
                inside = env.inside(record)
                inside.record = row
                row[name] = column.default(inside) if column.default is not None else None
        rows.append(row)
    return rows


def _key(row: Mapping[str, Any], names: Collection[str]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)
