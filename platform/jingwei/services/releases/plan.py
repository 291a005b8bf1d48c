"""A plan as people read it: tables, data, running flows, readers, and who sees more or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

import orjson

from jingwei.language.text import Text
from jingwei.storage.plan import FileChange, Plan
from jingwei.storage.plan_step import GROUPS, Group, Step
from jingwei.texts import text

MOST_SHOWN = 20  # people of one form, where somebody reads; `--json` tells of more
SCHEMA = 1  # of the JSON; keys are only ever added to it


@dataclass(frozen=True, slots=True)
class FlowTouch:
    """One running request whose workflow changes. It goes on by the text it began with; where that
    text fits the forms no more, it waits until it is migrated. `moves`: every open step has a
    counterpart in the new workflow; `stuck`: those that have none. `is_gone`: there is no such
    workflow any more."""

    flow: int
    workflow: str
    form: str
    record: int
    number: str | None
    steps: tuple[str, ...]  # that are open
    fate: Literal["goes_on", "needs_migration"]
    moves: bool
    stuck: tuple[str, ...] = ()
    is_gone: bool = False

    def to_json(self, locale: str) -> dict[str, Any]:
        return {
            "flow": self.flow,
            "workflow": self.workflow,
            "form": self.form,
            "record": self.record,
            "number": self.number,
            "steps": list(self.steps),
            "fate": self.fate,
            "moves": self.moves,
            "stuck": list(self.stuck),
            "message": self.message(locale) + text("plan.flow_and", locale) + self.how(locale),
        }

    def message(self, locale: str) -> str:
        return text(
            f"plan.flow_{self.fate}",
            locale,
            workflow=self.workflow,
            number=self.number or f"#{self.record}",
            steps=", ".join(self.steps) or "–",
        )

    def how(self, locale: str) -> str:
        """Whether it could move to the new workflow, and by which command."""
        key = "gone" if self.is_gone else "moves" if self.moves else "stuck"
        words = " ".join(f"--map {step}=…" for step in self.stuck)
        steps = ", ".join(self.stuck)
        return text(f"plan.flow_{key}", locale, workflow=self.workflow, steps=steps, map=words)

    def to_lines(self, locale: str) -> list[str]:
        """For a terminal."""
        return [f"  - {self.message(locale)}", f"      → {self.how(locale)}"]


@dataclass(frozen=True, slots=True)
class PersonSight:
    """What one person sees more or less of one form: records, and fields by path."""

    login: str
    name: str
    gained: int = 0
    lost: int = 0
    fields_gained: tuple[str, ...] = ()
    fields_lost: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "login": self.login,
            "name": self.name,
            "gained": self.gained,
            "lost": self.lost,
            "fields_gained": list(self.fields_gained),
            "fields_lost": list(self.fields_lost),
        }


@dataclass(frozen=True, slots=True)
class FormSight:
    """Who gains or loses sight of a form's records. `gained`, `lost`: records × people. `people`:
    who loses first; `capped` when not all of the `touched` are among them. `unjudged`: people whose
    records were not counted for want of time."""

    form: str
    title: Text
    people_gaining: int
    people_losing: int
    gained: int
    lost: int
    people: tuple[PersonSight, ...]
    touched: int = 0
    unjudged: int = 0

    def to_json(self, locale: str) -> dict[str, Any]:
        return {
            "form": self.form,
            "title": self.title(locale),
            "people_gaining": self.people_gaining,
            "people_losing": self.people_losing,
            "gained": self.gained,
            "lost": self.lost,
            "capped": self.touched > len(self.people),
            "touched": self.touched,
            "unjudged": self.unjudged,
            "people": [person.to_json() for person in self.people],
            "message": self.message(locale),
        }

    def message(self, locale: str) -> str:
        return text(
            "plan.sight",
            locale,
            form=self.title(locale),
            gaining=self.people_gaining,
            losing=self.people_losing,
            gained=self.gained,
            lost=self.lost,
        )

    def to_lines(self, locale: str) -> list[str]:
        lines = [f"  - {self.message(locale)}"]
        for person in self.people[:MOST_SHOWN]:
            words = [f"+{person.gained}" if person.gained else ""]
            words += [f"-{person.lost}" if person.lost else ""]
            words += [f"+{name}" for name in person.fields_gained]
            words += [f"-{name}" for name in person.fields_lost]
            shown = " ".join(word for word in words if word)
            lines.append(f"      {person.name} ({person.login}): {shown}")
        more = self.touched - MOST_SHOWN
        if self.people and more > 0:
            lines.append("      " + text("plan.sight_more", locale, people=more))
        if self.unjudged:
            lines.append("      " + text("plan.sight_unjudged", locale, people=self.unjudged))
        return lines


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """Everything that publishing would do. `flows`: the first `MOST_FLOWS` of `flows_total`."""

    tables: Plan
    steps: tuple[Step, ...]
    flows: tuple[FlowTouch, ...] = ()
    flows_total: int = 0
    sight: tuple[FormSight, ...] = ()
    is_short: bool = False  # values, numbers and people were left out

    def without_values(self) -> ReleasePlan:
        """Counts only: what may be kept, or shown to who may not read the records."""
        return replace(
            self,
            steps=tuple(step.without_values() for step in self.steps),
            flows=(),
            sight=tuple(replace(form, people=()) for form in self.sight),
            is_short=True,
        )

    @property
    def base(self) -> int | None:
        """The release it is against; None: nothing was published yet."""
        return self.tables.base

    @property
    def fingerprint(self) -> str:
        """Of the definitions that would be published."""
        return self.tables.fingerprint

    @property
    def files(self) -> tuple[FileChange, ...]:
        return self.tables.files

    @property
    def statements(self) -> tuple[str, ...]:
        return self.tables.statements

    @property
    def is_empty(self) -> bool:
        return self.tables.is_empty

    @property
    def blocked_by(self) -> tuple[Step, ...]:
        """What must be mended or accepted first."""
        return tuple(step for step in self.steps if step.blocks)

    @property
    def is_destructive(self) -> bool:
        return any(step.group == "destructive" for step in self.steps)

    @property
    def destroyed(self) -> int | None:
        """How many rows and values go for good; None where nothing was named for it."""
        if not self.tables.purges:
            return None
        return sum(step.rows or 0 for step in self.steps if step.is_gone)

    def group(self, group: Group) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.group == group)

    @property
    def hash(self) -> str:
        """Moves when the base, the definitions, or what the data say against them moves. How many
        rows are merely hidden or carried over is not part of it: people go on working."""
        facts = [
            (step.group, step.code, step.path, step.rows if step.counts else None, step.blocks)
            for step in self.steps
        ]
        held = [self.base, self.fingerprint, sorted(facts, key=repr), list(self.statements)]
        return sha256(orjson.dumps(held, default=str)).hexdigest()

    def to_json(self, locale: str) -> dict[str, Any]:
        """For `--json`, the API, a saved plan, and the release that it becomes."""
        return {
            "schema": SCHEMA,
            "base": self.base,
            "fingerprint": self.fingerprint,
            "hash": self.hash,
            "empty": self.is_empty,
            "blocked": bool(self.blocked_by),
            "destructive": self.is_destructive,
            "files": [{"path": f.path, "change": f.change} for f in self.files],
            "steps": [step.to_json(locale) for step in self.steps],
            "flows": [flow.to_json(locale) for flow in self.flows],
            "flows_total": self.flows_total,
            "sight": [form.to_json(locale) for form in self.sight],
            "statements": list(self.statements),
            "destroy": sorted(self.tables.wish.destroy),
            "restore": sorted(self.tables.wish.restore),
            "back_to": self.tables.back_to,
            "left_out": text("plan.left_out", locale) if self.is_short else None,
        }

    def to_text(self, locale: str) -> str:
        """For a terminal: files, effects by group, flows, sight, statements."""
        if self.is_empty:
            return text("plan.nothing", locale)
        lines = [] if self.tables.back_to is None else [self._back(locale), ""]
        lines.append(text("plan.files", locale))
        lines += [f"  {MARKS[f.change]} {f.path}" for f in self.files]
        for group in GROUPS:
            for is_gone in (False, True):
                steps = [step for step in self.group(group) if step.is_gone is is_gone]
                if steps:
                    key = "gone" if is_gone else group
                    lines += ["", text(f"plan.group_{key}", locale)]
                    lines += [line for step in steps for line in step.to_lines(locale)]
        if self.flows:
            lines += ["", text("plan.flows", locale, total=self.flows_total)]
            lines += [line for flow in self.flows for line in flow.to_lines(locale)]
            if self.flows_total > len(self.flows):
                lines.append(f"  … {self.flows_total - len(self.flows)}")
        if self.sight:
            lines += ["", text("plan.sights", locale)]
            lines += [line for form in self.sight for line in form.to_lines(locale)]
        if self.statements:
            lines += ["", text("plan.statements", locale)]
            lines += [f"  {statement};" for statement in self.statements]
        if self.blocked_by:
            lines += ["", text("plan.blocked", locale, steps=len(self.blocked_by))]
        return "\n".join(lines)

    def _back(self, locale: str) -> str:
        return text("plan.back", locale, release=self.tables.back_to, base=self.base)


MARKS: Mapping[str, str] = {"added": "+", "changed": "~", "removed": "-"}
