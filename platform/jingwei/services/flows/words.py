"""What a refusal of an approval calls things: in the reader's language, never by their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jingwei.language.workflow import Step
from jingwei.problems import nearest
from jingwei.refusals import Refused
from jingwei.services.flows.plan import FlowPlan
from jingwei.texts import DEFAULT_LOCALE, has_text, text


@dataclass(frozen=True, slots=True)
class Word:
    """The text of one value, as a hole of a refusal; a value without a text stands as it is."""

    key: str
    value: str

    def __call__(self, locale: str = DEFAULT_LOCALE) -> str:
        key = f"{self.key}.{self.value}"
        return text(key, locale) if has_text(key, locale) else self.value

    __str__ = __call__


@dataclass(frozen=True, slots=True)
class Listed:
    """Several words, in order."""

    words: tuple[object, ...]

    def __call__(self, locale: str = DEFAULT_LOCALE) -> str:
        said = [str(w(locale) if callable(w) else w) for w in self.words]
        return text("screens.joint", locale).join(said) or "—"

    __str__ = __call__


def action_word(action: str) -> Word:
    return Word("flows.actions", action)


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the catalogue with its holes, as a hole of a refusal."""

    key: str
    holes: Mapping[str, object]

    def __call__(self, locale: str = DEFAULT_LOCALE) -> str:
        return text(self.key, locale, **self.holes)

    __str__ = __call__


def no_such_action(action: str, known: Iterable[str]) -> Refused:
    """Of an action that does not exist, with the one that was probably meant."""
    meant = nearest(action, known)
    hint = "" if meant is None else Said("flows.refused.meant", {"meant": meant})
    return Refused("flow-no-such-action", action=action[:60], hint=hint)


def outcome_word(outcome: str | None) -> Word:
    return Word("flows.outcomes", outcome or "")


def flow_status_word(status: str) -> Word:
    return Word("flows.statuses", status)


def positions_word(positions: Iterable[str]) -> Listed:
    return Listed(tuple(Word("flows.positions", one) for one in positions))


def step_words(step: Step, locale: str = DEFAULT_LOCALE) -> str:
    """The title of a step; what kind it is, where its author gave it none."""
    return titled(step.id, step.title(locale), step.kind, locale)


def titled(step: str, title: str, kind: str, locale: str = DEFAULT_LOCALE) -> str:
    """A title that is no more than the id of its step says nothing to people."""
    key = f"flow_diagram.kinds.{kind}"
    return title if title not in ("", step) or not has_text(key) else text(key, locale)


def step_word(plan: FlowPlan, step: str) -> object:
    """The title of a step; a name that no step has stands as it is."""
    place = plan.places.get(step)
    return step if place is None else place.step.title


def steps_word(plan: FlowPlan, steps: Iterable[str]) -> Listed:
    return Listed(tuple(step_word(plan, one) for one in steps))
