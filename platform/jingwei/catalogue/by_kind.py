"""Every definition by `kind/name`, as fields of type `definition` name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from jingwei.language.form import Field
from jingwei.language.text import Text

# kind → where a catalogue has the definitions of it. What is made of others, or never chosen, is
# not here: the manifest, types of organisations, layers, tests.
PLACES: Mapping[str, str] = {
    "org": "orgs",
    "profile": "profiles",
    "role": "roles",
    "post": "posts",
    "calendar": "calendars",
    "code_list": "code_lists",
    "module": "modules",
    "guide": "guides",
    "form": "forms",
    "rows": "rows",
    "workflow": "workflows",
    "indicator": "indicators",
    "indicator_set": "indicator_sets",
    "benchmark": "benchmarks",
    "classification": "classifications",
    "scoring": "scorings",
    "scenario": "scenarios",
    "source": "sources",
    "schedule": "schedules",
    "alert": "alerts",
    "report": "reports",
    "dashboard": "dashboards",
}


class Titled(Protocol):
    """What of a definition is asked by its name alone."""

    @property
    def title(self) -> Text: ...
    @property
    def retired(self) -> date | None: ...
    @property
    def renamed_from(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class _Guide:
    title: Text
    retired: date | None = None
    renamed_from: str | None = None


def by_kind(catalogue: Any) -> Iterator[tuple[str, Titled]]:
    """Every definition that may be named, kind after kind."""
    for kind, place in PLACES.items():
        for name, one in getattr(catalogue, place).items():
            yield f"{kind}/{name}", _Guide(Text.plain(one.title)) if kind == "guide" else one


def kinds_of(field: Field) -> tuple[str, ...]:
    """The kinds whose definitions a field of type `definition` may name."""
    return field.of or tuple(PLACES)


def definitions_of(catalogue: Any, field: Field) -> dict[str, Titled]:
    """What a field of type `definition` may hold, by `kind/name`."""
    kinds = kinds_of(field)
    known: Mapping[str, Titled] = catalogue.definitions
    return {named: one for named, one in known.items() if named.partition("/")[0] in kinds}


def named_kinds(catalogue: Any) -> frozenset[str]:
    """The kinds that some field of the application names definitions of, in layers too."""
    found: set[str] = set()
    for form in catalogue.forms.values():
        for outer in form.fields.values():
            for field in (outer, *outer.fields.values()):
                if field.type == "definition":
                    found.update(kinds_of(field))
    for layer in catalogue.layers.values():
        if any("definition" in str(one.value) for one in layer.adds):
            found.update(PLACES)  # which of them it names is known once it is resolved
    return frozenset(found)
