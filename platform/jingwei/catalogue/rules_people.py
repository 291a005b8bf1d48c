"""Roles that a workflow asks and that nobody holds: seen where people come with the application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.who import Who, Whos
from jingwei.language.workflow import Workflow, walk
from jingwei.problems import Position, Problem, Problems

FALLBACK = "flow_admin"


def roles_of_nobody(
    catalogue: Catalogue, people: Iterable[Mapping[str, str | None]]
) -> tuple[Problem, ...]:
    """Warnings. `people`: lines of people sheets, whose `roles` read `clerk@HQ;auditor@G`; where
    there are none, nothing is known of who holds what."""
    lines = list(people)
    held = _held(catalogue, lines)
    problems = Problems()
    for workflow in catalogue.workflows.values() if lines else ():
        for role, at in dict(_asked(workflow)).items():
            if role in catalogue.roles and role not in held:
                problems.add("role-of-nobody", at, severity="warning", role=role)
    return tuple(problems.warnings)


def _held(catalogue: Catalogue, lines: Iterable[Mapping[str, str | None]]) -> frozenset[str]:
    """Roles that somebody holds, or that one he holds includes."""
    held: set[str] = set()
    fresh = [
        part.partition("@")[0].strip()
        for line in lines
        for part in (line.get("roles") or "").split(";")
    ]
    while fresh:
        name = fresh.pop()
        if name not in held:
            held.add(name)
            role = catalogue.roles.get(name)
            fresh += role.includes if role is not None else ()
    return frozenset(held)


def _asked(workflow: Workflow) -> Iterator[tuple[str, Position]]:
    """Each role that a step asks, the last place first, so that the first stands in a mapping."""
    steps = walk(workflow.steps)
    for step in reversed(steps):
        late = [rule for rung in step.overdue for rule in (*rung.values(),)]
        whos = [*step.who, *(w for rule in late if isinstance(rule, tuple) for w in rule)]
        for who in reversed(list(_every(tuple(whos)))):
            if who.kind == "role" and who.name is not None:
                yield who.name, who.at
    falls = any(s.kind in ("approve", "fill") and "empty" not in s.policy for s in steps)
    if falls and workflow.policy.empty == FALLBACK:
        yield FALLBACK, workflow.origin.key("steps")


def _every(whos: Whos) -> Iterator[Who]:
    for who in whos:
        yield who
        yield from _every(who.of)
