"""What is wrong with a record: refusals and warnings by field, in the author's words or ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.template import Template
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.display import rendered

Values = dict[str, Any]


@dataclass(slots=True)
class Found:
    """What is wrong, by field; `warnings` do not stop a save."""

    refusals: list[FieldRefusal] = field(default_factory=list)
    warnings: list[FieldRefusal] = field(default_factory=list)

    def add(self, path: str, code: str, **holes: object) -> None:
        self.refusals.append(FieldRefusal(path, code, holes))

    def judged(self, judged: Found) -> None:
        """What the rules found, but for what was said already: a value that cannot be read, or a
        name that there is not, is not missing as well."""
        said = {(one.path, one.code) for one in self.refusals}
        unread = {one.path for one in self.refusals}
        for one in judged.refusals:
            missing = one.code == "required" and one.path in unread
            if (one.path, one.code) not in said and not missing:
                self.refusals.append(one)
        self.warnings += judged.warnings


def by_author(
    view: Reading, name: str, at: str, message: Template | None, record: Mapping[str, Any]
) -> FieldRefusal:
    """A refusal in the author's own words, where there are any."""
    if message is None:
        return FieldRefusal(at, "rule", {"rule": name})
    words = {locale: rendered(view, message, record, locale) for locale in ("zh", "en")}
    return FieldRefusal(at, name, {}, words)
