"""What is wrong with a record: refusals and warnings by field, in the author's words or ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jingwei.language.form import Form
from jingwei.language.template import Template
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.display import rendered
from jingwei.services.form_paths import all_fields
from jingwei.services.rights import FieldRights

Values = dict[str, Any]


@dataclass(slots=True)
class Found:
    """What is wrong, by field; `warnings` do not stop a save. `closed`: what was sent and is not
    to be written, told to its sender in his own words."""

    refusals: list[FieldRefusal] = field(default_factory=list)
    warnings: list[FieldRefusal] = field(default_factory=list)
    closed: list[FieldRefusal] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        return bool(self.refusals or self.closed)

    def add(self, path: str, code: str, **holes: object) -> None:
        self.refusals.append(FieldRefusal(path, code, holes))

    def judged(self, judged: Found) -> None:
        """What the rules found, but for what was said already: a value that cannot be read, or a
        name that there is not, is not missing as well."""
        said = {(one.path, one.code) for one in self.refusals}
        unread = {one.path for one in (*self.refusals, *self.closed)}
        for one in judged.refusals:
            missing = one.code == "required" and one.path in unread
            if (one.path, one.code) not in said and not missing:
                self.refusals.append(one)
        self.warnings += judged.warnings


def by_author(
    view: Reading,
    form: Form,
    name: str,
    at: str,
    message: Template | None,
    record: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    table: str | None = None,
) -> FieldRefusal:
    """A refusal in the author's own words, where there are any; their holes are filled with what
    the actor may see. `record`: a row of `table`, where one is named. `old`: as it is stored."""
    if message is None:
        return FieldRefusal(at, "rule", {"rule": name})
    rights = _rights(view, form, old)
    if rights is not None:
        record = _without(record, all_fields(form) - (rights.visible - rights.masked), table)
    words = {locale: rendered(view, message, record, locale) for locale in ("zh", "en")}
    return FieldRefusal(at, name, {}, words)


def told(
    view: Reading, form: Form, old: Mapping[str, Any] | None, refusals: Sequence[FieldRefusal]
) -> list[FieldRefusal]:
    """The refusals as the actor may read them: no field is named that he may not see."""
    rights = _rights(view, form, old) if refusals else None
    if rights is None:
        return list(refusals)
    closed = all_fields(form) - rights.visible
    found: list[FieldRefusal] = []
    for one in refusals:
        parts = one.path.split(".")
        if parts[0] in closed or ".".join(p for p in parts if not p.isdigit()) in closed:
            one = FieldRefusal("", "closed-field") if one.words is None else replace(one, path="")
        if one not in found:
            found.append(one)
    return found


def _rights(view: Reading, form: Form, old: Mapping[str, Any] | None) -> FieldRights | None:
    """What the actor sees of a stored record, or of a new one; None where nothing is closed."""
    if not view.rights.hides_anything(view, form.name, old):
        return None
    if old is not None:
        return view.rights.fields(view, form.name, old)
    return view.rights.create_fields(view, form.name)


def _without(
    record: Mapping[str, Any], closed: frozenset[str], table: str | None
) -> dict[str, Any]:
    """The record, or row, as if what is closed were empty; columns of its tables as well."""
    prefix = f"{table}." if table else ""
    found = {n: None if prefix + n in closed else value for n, value in record.items()}
    for name, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            found[name] = [_without(row, closed, name) for row in value]
    return found
