"""Definition tests name what exists: forms, fields, choices, rules, actions, steps and people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.named_values import check_name
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import STATUSES, SYSTEM_FIELDS, Field, Form
from jingwei.language.meant import meant_value
from jingwei.language.small import whole_number
from jingwei.language.trial import LIFECYCLE, TASK_ACTIONS, Trial, TrialCase, TrialStep
from jingwei.language.values import Literal_
from jingwei.language.workflow import walk
from jingwei.language.written import AS_DATA
from jingwei.problems import Phrase, Position, Problems, nearest
from jingwei.texts import has_text

SYSTEM = "system"
_WHICHEVER = frozenset({"", "true"})  # `approve: true`: whichever step waits
_LAYERED = "x_"  # what a layer adds is there for its orgs alone
_NAME = re.compile("[a-z][a-z0-9_]*")
Path = tuple[str | int, ...]


def check_trials(catalogue: Catalogue, trials: Mapping[str, Trial], problems: Problems) -> None:
    for trial in trials.values():
        _Trial(catalogue, trial, problems).check()


class _Trial:
    def __init__(self, catalogue: Catalogue, trial: Trial, problems: Problems) -> None:
        self.catalogue = catalogue
        self.trial = trial
        self.problems = problems

    def check(self) -> None:
        for login, person in self.trial.people.items():
            for key, known in (("posts", self.catalogue.posts), ("roles", self.catalogue.roles)):
                name = str(person.get(key, ""))
                if _NAME.fullmatch(name) and name not in known:
                    at = self.at("people", login, key)
                    self.unknown(at, name, known)
        for name, record in self.trial.records.items():
            form = self.catalogue.forms.get(record.form)
            if form is not None:
                self.values(form, record.values, ("records", name))
            self.person(record.values.get("owner"), ("records", name, "owner"))
        for name, case in self.trial.cases.items():
            self.case(case, ("cases", name))

    def at(self, *path: str | int) -> Position:
        return self.trial.origin.value(*path)

    def unknown(self, at: Position, name: str, known: Collection[str]) -> None:
        self.problems.add(
            "unknown-value",
            at,
            suggestion=nearest(name, known),
            value=name[:60],
            known=", ".join(list(known)[:12]),
        )

    def person(self, login: object, path: Path) -> None:
        """A login that is nearly one of the test's people. Others may be of those that the
        application brings along."""
        people = self.trial.people
        if not isinstance(login, str) or not people or login in people or login == SYSTEM:
            return
        meant = nearest(login, people)
        if meant is not None:
            at = self.at(*path)
            self.problems.add(
                "test-person-unknown", at, severity="warning", suggestion=meant, login=login[:60]
            )

    # -- one case

    def case(self, case: TrialCase, path: Path) -> None:
        self.person(case.as_, (*path, "as"))
        given = [self.trial.records[name].form for name in case.given]
        current = self.catalogue.forms.get(given[0]) if given else None
        forms = {name: self.catalogue.forms[name] for name in given if name in self.catalogue.forms}
        refused = str(case.then.get("refused", ""))
        for index, step in enumerate(case.when):
            here = (*path, "when", index)
            self.person(step.as_, (*here, "as"))
            if step.verb == "create" and isinstance(step.argument, Mapping):
                current = self.created(step, here, refused) or current
                forms |= {current.name: current} if current is not None else {}
                continue
            record = self.trial.records.get(str(step.more.get("record")))
            form = self.catalogue.forms.get(record.form) if record is not None else current
            if form is not None:
                self.step(step, form, forms, here, refused)
        self.outcome(case, current, path)

    def created(self, step: TrialStep, path: Path, refused: str) -> Form | None:
        name = str(step.argument.get("form", ""))
        form = self.catalogue.forms.get(name)
        if form is None:
            self.unknown(self.at(*path, "create", "form"), name, self.catalogue.forms)
        elif not refused:  # what is refused may be wrong on purpose
            self.values(form, step.argument, (*path, "create"))
        return form

    def step(
        self, step: TrialStep, form: Form, forms: Mapping[str, Form], path: Path, refused: str
    ) -> None:
        if step.verb == "do":
            known = (*form.actions, *LIFECYCLE)
            self.name(str(step.argument), known, (*path, "do"))
        elif step.verb == "change" and isinstance(step.argument, Mapping) and not refused:
            self.values(form, step.argument, (*path, "change"))
        elif step.verb in TASK_ACTIONS:
            key = "step" if "step" in step.more else step.verb
            wanted = str(step.more.get("step", step.argument))
            steps = [
                one.id
                for flow in self.catalogue.workflows.values()
                if flow.form in forms or flow.form == form.name
                for one in walk(flow.steps)
            ]
            if steps and wanted not in _WHICHEVER:
                self.name(wanted, steps, (*path, key))
            fields = step.more.get("fields")
            if isinstance(fields, Mapping) and not refused:
                self.values(form, fields, (*path, "fields"))

    def name(self, name: str, known: Collection[str], path: Path) -> None:
        if name not in known and not name.startswith(_LAYERED):
            self.unknown(self.at(*path), name, known)

    def outcome(self, case: TrialCase, form: Form | None, path: Path) -> None:
        then = (*path, "then")
        for key in ("waiting_for", "sent"):
            for index, login in enumerate(case.then.get(key, ())):
                self.person(login, (*then, key, index))
        if (status := case.then.get("status")) is not None:
            self.name(status, STATUSES, (*then, "status"))
        for name in case.then.get("records", {}):
            if name not in self.catalogue.forms:
                at = self.trial.origin.key(*then, "records", name)
                self.unknown(at, name, self.catalogue.forms)
        if (refused := case.then.get("refused")) is not None:
            self.refusal(refused, form, (*then, "refused"))
        if form is None:
            return
        if (state := case.then.get("state")) is not None:
            self.name(state, form.states, (*then, "state"))
        for index, name in enumerate(case.then.get("hidden", ())):
            known = (*form.fields, *SYSTEM_FIELDS)
            self.name(name.partition(".")[0], known, (*then, "hidden", index))
        self.values(form, case.then.get("value", {}), (*then, "value"))

    def refusal(self, word: str, form: Form | None, path: Path) -> None:
        """The code of a refusal, or the rule, field or action that it is about."""
        if has_text(f"refusals.{word}") or "." in word:
            return
        every = {name for one in self.catalogue.forms.values() for name in _refusing(one)}
        own = list(_refusing(form)) if form is not None else []
        if word not in every and not word.startswith(_LAYERED):
            self.unknown(self.at(*path), word, own or sorted(every))

    # -- values of a record

    def values(self, form: Form, values: Mapping[str, Any], path: Path) -> None:
        fields = form.fields
        for name, value in values.items():
            here = (*path, name)
            if name in fields:
                self.value(fields[name], value, here)
            elif name == "org":
                self.name(str(value), self.catalogue.orgs, here)
            elif name not in (*SYSTEM_FIELDS, "form", "display") and name[:2] != _LAYERED:
                self.no_field(name, form.name, fields, here)

    def no_field(self, name: str, place: str, fields: Mapping[str, Field], path: Path) -> None:
        self.problems.add(
            "no-such-field",
            self.trial.origin.key(*path),
            suggestion=nearest(name, fields),
            name=name,
            place=place,
            known=", ".join(fields),
        )

    def value(self, field: Field, value: Any, path: Path) -> None:
        if field.type == "table" and isinstance(value, list):
            for index, row in enumerate(value):
                for name, cell in row.items() if isinstance(row, Mapping) else ():
                    if name in field.fields:
                        self.value(field.fields[name], cell, (*path, index, name))
                    elif name[:2] != _LAYERED and name != "id":
                        self.no_field(name, field.name, field.fields, (*path, index, name))
            return
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one:
                self.scalar(field, one, self.at(*path))

    def scalar(self, field: Field, value: str, at: Position) -> None:
        if field.type == "link" and value in self.trial.records:
            return
        codes = self.codes(field)
        if codes is not None:
            if value not in codes and not value.startswith(_LAYERED):
                self.problems.add(
                    "default-not-a-choice",
                    at,
                    suggestion=nearest(value, codes),
                    value=value[:40],
                    known=", ".join(list(codes)[:12]),
                )
            return
        if field.type in ("org", "role", "post", "indicator", "form", "definition"):
            check_name(self.catalogue, None, field, Literal_(value, at), self.problems)
            return
        self.typed(field, value, at)

    def codes(self, field: Field) -> Collection[str] | None:
        if field.type != "choice":
            return None
        if isinstance(field.choices, str):
            code_list = self.catalogue.code_lists.get(field.choices)
            return None if code_list is None or code_list.source else code_list.items
        return [choice.code for choice in field.choices] if field.choices else None

    def typed(self, field: Field, value: str, at: Position) -> None:
        if field.type in AS_DATA or (field.type == "link" and whole_number(value) is not None):
            return
        try:
            FIELD_TYPES[field.type].written(field, value)
        except ValueRefused as refused:
            why = Phrase(f"refusals.{refused.code}", tuple(refused.holes.items()), bare=True)
            linked = nearest(value, self.trial.records) if field.type == "link" else None
            meant = linked or meant_value(refused.code, value)
            self.problems.add("bad-value", at, suggestion=meant, value=value[:40], why=why)


def _refusing(form: Form) -> Iterator[str]:
    for field in form.fields.values():
        yield from (field.name, *field.fields)
    yield from (*form.rules, *form.actions)
