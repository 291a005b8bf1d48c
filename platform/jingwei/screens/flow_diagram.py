"""A workflow as a picture: an SVG with a box for every step, drawn from the definition alone.

    figure = diagram(workflow, locale="zh")                      # the studio, as it is typed
    figure = diagram(workflow, stands, locale="zh", ended=…)     # a record: done, now, to come

Every step is a link `<a class="flow-step …" href="#step-ID" data-step="ID" data-line="LINE">`,
which Tab reaches and a screen reader reads out in full (with stands, the gates of blocks are not:
no list of steps has them). On a page with such a list, the link leads to its entry `id="step-ID"`;
where a click should do something else (the studio: jump to the line), listen for it and prevent the
default:

    figure.addEventListener("click", (event) => {
      const step = event.target.closest("[data-line]");
      if (step) { event.preventDefault(); goToLine(Number(step.dataset.line)); }
    });

The page needs `own/flow.css`; `own/flow.js` adds the buttons that make the picture larger and
smaller. There is no inline style, so a strict Content-Security-Policy holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from jingwei.language.who import Who
from jingwei.language.workflow import Branch, Step, Workflow, walk
from jingwei.screens.flow_layout import (
    LINE_HIGH,
    PADDING,
    WIDE,
    Box,
    Edge,
    Label,
    Layout,
    ids_of,
    laid_out,
)
from jingwei.screens.flow_words import details, kind_words, rule_name
from jingwei.texts import has_text, text

Standing = Literal["done", "bad", "now", "ahead", "likely", "otherwise", "maybe", "skipped"]
STANDINGS: tuple[Standing, ...] = (
    *("done", "bad", "now", "ahead", "likely", "otherwise", "maybe", "skipped"),
)
OFTEN = frozenset({"done", "bad", "now", "ahead", "skipped"})  # explained in every picture
SEEN = frozenset({"done", "bad", "now"})
GATES_IN_ORDER = ("branch", "inclusive", "parallel", "each")
TITLE_PIXELS, SMALL_PIXELS = 13.5, 12  # sizes of the letters, as in flow.css
MARK = 20  # pixels of a box that its mark takes
NEVER_FIRST = frozenset("\u3001\uff0c\u3002\uff1b\uff1a\uff09\u201d\uff1f\uff01")  # on a line
WIDEST_UNSCALED = 460  # a wider picture is scrolled and not shrunk until it cannot be read


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one step of a request stands.

    `now`: people are asked; `ahead`: it will come; `likely`: it will, as the values are today;
    `otherwise`: only if they change; `maybe`: nobody can tell yet; `skipped`: it was passed by;
    `bad`: rejected or sent back. `people` and `note` are written under its title, with
    `lines` between them where not everybody decided the same.
    """

    standing: Standing
    people: str = ""
    note: str = ""
    lines: tuple[str, ...] = ()


def diagram(
    workflow: Workflow,
    stands: Mapping[str, Stand] | None = None,
    *,
    locale: str,
    ended: Standing | None = None,
    names: Mapping[str, str] | None = None,
    people: Callable[[Who], str] | None = None,
    flows: Mapping[str, str] | None = None,
    ways: Mapping[str, Collection[str]] | None = None,
) -> Markup:
    """The workflow as `<figure class="flow-figure">`: the SVG, and with `stands` a legend.

    `stands`: by id of the step; a step that is not in it has not been thought of yet (`maybe`), or
    was never reached (`skipped`) where the flow has ended. `ended`: how the end of the flow looks
    (`done`, `bad`), None while it runs. `names`: what fields are called, by path, for conditions.
    `people`: words for a rule of people, shown where there are no stands (`rule_words(catalogue,
    locale)` gives them); without it, the name of the post, role or person as written. `flows`:
    titles of workflows by name, for subflows. `ways`: by block of conditions, the lanes that
    today's values give.
    """
    drawing = _Drawing(workflow, stands, locale, ended, names or {}, people or rule_name)
    drawing.flows = flows or {}
    drawing.ways = ways or {}
    return drawing.figure()


class _Drawing:
    def __init__(
        self,
        workflow: Workflow,
        stands: Mapping[str, Stand] | None,
        locale: str,
        ended: Standing | None,
        names: Mapping[str, str],
        people: Callable[[Who], str],
    ) -> None:
        self.workflow = workflow
        self.stands = stands
        self.locale = locale
        self.ended = ended
        self.names = names
        self.people = people
        self.flows: Mapping[str, str] = {}
        self.ways: Mapping[str, Collection[str]] = {}

    def figure(self) -> Markup:
        layout = laid_out(self.workflow.steps, lambda s: len(self._written(s)), self._lane)
        label = self._word("label", title=self.workflow.title(self.locale))
        size = "wide" if layout.wide > WIDEST_UNSCALED else "narrow"
        return Markup(
            '<figure class="flow-figure" data-flow="{name}" data-larger="{larger}" '
            'data-smaller="{smaller}" data-fitted="{fitted}" data-zoom="{zoom}">'
            '<div class="flow-paper" data-flow-paper tabindex="0" role="region" '
            'aria-label="{label}">{svg}</div>{legend}</figure>'
        ).format(
            name=self.workflow.name,
            **{key: self._word(key) for key in ("larger", "smaller", "fitted", "zoom")},
            label=label,
            svg=self._svg(layout, label, size),
            legend=self._legend() if self.stands is not None else "",
        )

    def _svg(self, layout: Layout, label: str, size: str) -> Markup:
        wide, high = _number(layout.wide), _number(layout.high)
        parts = [self._edge(edge) for edge in layout.edges]
        # frames first, so that boxes lie over them
        parts += [self._box(box) for box in layout.boxes]
        parts += [self._label(one) for one in layout.labels]
        return Markup(
            '<svg class="flow-svg {size}" role="group" aria-label="{label}" width="{wide}" '
            'height="{high}" viewBox="0 0 {wide} {high}" data-wide="{wide}">{parts}</svg>'
        ).format(size=size, label=label, wide=wide, high=high, parts=Markup("").join(parts))

    # --- boxes

    def _box(self, box: Box) -> Markup:
        if box.kind in ("start", "end"):
            return self._round(box)
        if box.kind == "join":
            return Markup('<circle class="flow-join" cx="{}" cy="{}" r="{}"></circle>').format(
                _number(box.x + box.wide / 2), _number(box.y + box.high / 2), _number(box.wide / 2)
            )
        if box.kind == "frame":
            return _rectangle(box, "flow-frame", 10)
        assert box.step is not None
        return self._gate(box, box.step) if box.kind == "gate" else self._step(box, box.step)

    def _round(self, box: Box) -> Markup:
        standing: str = ""
        if self.stands is not None:
            standing = "done" if box.kind == "start" else (self.ended or "ahead")
        shape = _rectangle(box, "flow-round", box.high / 2)
        words = _words(
            self._word(box.kind),
            box.x + box.wide / 2,
            box.y + box.high / 2 + 4.5,
            "flow-small",
            middle=True,
        )
        return Markup('<g class="flow-end {}">{}{}</g>').format(standing, shape, words)

    def _gate(self, box: Box, step: Step) -> Markup:
        standing = self._standing(step)
        title = self._title(step)
        sign = self._word(f"gates.{step.kind}")
        wide = width_of(sign, SMALL_PIXELS) + 14
        left, middle = box.x + 6, box.y + box.high / 2
        room = box.wide - wide - 6 - 2 * 8
        words = _words(
            fit(title, room, SMALL_PIXELS),
            left + wide + 8 + room / 2,
            middle + 4.5,
            "flow-small",
            middle=True,
        )
        shape = _rectangle(box, "flow-box", box.high / 2)
        around = _rectangle(Box("gate", left, middle - 11, wide, 22), "flow-gate-mark", 11)
        mark = _words(sign, left + wide / 2, middle + 4.5, "flow-small", middle=True)
        said = [title, self._word(f"gates_said.{step.kind}")]
        return self._link(step, standing, "flow-gate", [shape, around, mark, words], said)

    def _step(self, box: Box, step: Step) -> Markup:
        standing = self._standing(step)
        left = box.x + 12 + (MARK if standing else 0)
        y = box.y + PADDING + 13.5
        parts = [_rectangle(box, "flow-box", 8)]
        if standing:
            parts.append(_mark(standing, box.x + 19, y - 4.5))
        for number, (line, css) in enumerate(self._written(step)):
            parts.append(_words(line, left, y + number * LINE_HIGH, css))
        return self._link(step, standing, "", parts, [self._title(step), *self._lines(step)])

    def _written(self, step: Step) -> list[tuple[str, str]]:
        """The lines in the box of a step, each with its class: what is too long goes on below."""
        room = WIDE - 24 - (MARK if self._standing(step) else 0)
        found = [(line, "flow-title") for line in wrapped(self._title(step), room, TITLE_PIXELS)]
        for words in self._lines(step):
            found += [(line, "flow-small") for line in wrapped(words, room, SMALL_PIXELS)]
        return found

    def _link(
        self, step: Step, standing: str, css: str, parts: list[Markup], said: list[str]
    ) -> Markup:
        if standing:
            said = [*said, self._word(f"standings.{standing}")]
        whole = self._word("joint").join(said)
        if self.stands is not None and css == "flow-gate":  # no list of steps has an entry for it
            return Markup(
                '<g class="flow-step {} {}" role="img" data-step="{}" aria-label="{}">{}</g>'
            ).format(css, standing, step.id, whole, Markup("").join(parts))
        return Markup(
            '<a class="flow-step {css} {standing}" href="#step-{id}" data-step="{id}" '
            'data-line="{line}" aria-label="{said}"{current}><title>{said}</title>{parts}</a>'
        ).format(
            css=css,
            standing=standing,
            id=step.id,
            line=step.at.line,
            said=whole,
            current=Markup(' aria-current="step"') if standing == "now" else "",
            parts=Markup("").join(parts),
        )

    # --- words

    def _title(self, step: Step) -> str:
        title = step.title(self.locale)
        if title and title != step.id:
            return title
        if step.kind in ("return", "end"):
            return kind_words(self.workflow, step, self.locale, self.flows)
        return self._word(f"kinds.{step.kind}")

    def _lines(self, step: Step) -> list[str]:
        """What stands under the title."""
        known = (self.stands or {}).get(step.id)
        if known is not None and (known.people or known.note):
            return [line for line in (known.people, *known.lines, known.note) if line]
        kind = kind_words(self.workflow, step, self.locale, self.flows)
        lines = [] if kind == self._title(step) else [kind]
        if self.stands is None:
            if step.who:
                lines.append(self._word("listing").join(self.people(one) for one in step.who))
            lines += details(self.workflow, step, self.locale, self._condition)
        return lines

    def _lane(self, step: Step, branch: Branch | None) -> str:
        if branch is None:
            return self._condition(step.of.source if step.of else "")
        if step.kind == "parallel":
            return branch.title(self.locale) if branch.title else branch.name
        return self._word("else") if branch.when is None else self._condition(branch.when.source)

    def _condition(self, source: str) -> str:
        return condition_words(source, self.names)

    def _word(self, key: str, **holes: object) -> str:
        whole = f"flow_diagram.{key}"
        return text(whole, self.locale, **holes) if has_text(whole) else key

    # --- standing

    def _standing(self, step: Step) -> str:
        """The step's own; a block stands as what is inside it. Nothing for a bare definition."""
        if self.stands is None:
            return ""
        own = self.stands.get(step.id)
        if own is not None:
            return own.standing
        inside = [self.stands[one] for one in ids_of([step])[1:] if one in self.stands]
        for standing in ("now", "bad", "done"):
            if any(one.standing == standing for one in inside):
                return standing
        if inside and not self.ended:
            return "ahead"
        return "skipped" if self.ended else "maybe"

    def _seen(self, ids: tuple[str, ...]) -> bool:
        known = self.stands or {}
        return any(one in known and known[one].standing in SEEN for one in ids)

    def _edge(self, edge: Edge) -> Markup:
        css = "flow-edge"
        if self.stands is not None:
            if edge.into == ("@end",):
                walked = self.ended == "done"
            elif edge.into:
                walked = self._seen(edge.into)
            else:
                walked = self._left(edge.out_of)
            css += " walked" if walked else " likely" if self._is_likely(edge.into) else ""
        path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in edge.points)
        line = Markup('<path class="{}" d="{}"></path>').format(css, path)
        return line + _arrow(edge, css) if edge.arrow else line

    def _is_likely(self, ids: tuple[str, ...]) -> bool:
        first = (self.stands or {}).get(ids[0]) if ids else None
        return first is not None and first.standing == "likely"

    def _left(self, ids: tuple[str, ...]) -> bool:
        """Whether a lane was walked to its end: something in it is done and nothing is open."""
        known = self.stands or {}
        inside = [known[one].standing for one in ids if one in known]
        return "done" in inside and "now" not in inside

    def _label(self, one: Label) -> Markup:
        words = fit(one.words, one.wide, SMALL_PIXELS)
        wide = min(one.wide + 4, width_of(words, SMALL_PIXELS) + 10)
        block, lane = one.way
        standing = ""
        if block in self.ways:
            standing = "likely" if lane in self.ways[block] else "otherwise"
        said = [one.words, self._word(f"standings.{standing}")] if standing else [one.words]
        return Markup(
            '<g class="flow-label{standing}"><title>{whole}</title><rect x="{x}" y="{y}" '
            'width="{wide}" height="18" rx="4"></rect>{words}</g>'
        ).format(
            standing=f" {standing}" if standing else "",
            whole=self._word("joint").join(said),
            x=_number(one.x - wide / 2),
            y=_number(one.y - 13),
            wide=_number(wide),
            words=_words(words, one.x, one.y, "flow-small", middle=True),
        )

    def _legend(self) -> Markup:
        used = {self._standing(step) for step in walk(self.workflow.steps)}
        entries = Markup("").join(
            Markup(
                '<li><svg class="flow-key {standing}" width="18" height="18" viewBox="0 0 18 18" '
                'aria-hidden="true">{mark}</svg>{words}</li>'
            ).format(
                standing=standing,
                mark=_mark(standing, 9, 9),
                words=self._word(f"standings.{standing}"),
            )
            for standing in STANDINGS
            if standing in OFTEN or standing in used
        )
        every = Markup('<figcaption><ul class="flow-legend">{}{}</ul></figcaption>')
        return every.format(entries, self._gate_legend())

    def _gate_legend(self) -> Markup:
        """What the marks of the blocks mean that are in the picture."""
        kinds = {step.kind for step in walk(self.workflow.steps)}
        return Markup("").join(
            Markup('<li><span class="flow-gate-key">{}</span>{}</li>').format(
                self._word(f"gates.{kind}"), self._word(f"gates_said.{kind}")
            )
            for kind in GATES_IN_ORDER
            if kind in kinds
        )


# --- shapes --------------------------------------------------------------------------------------

# what is drawn in the circle of a mark, around its middle; shape and colour say the same
_SIGNS: Mapping[str, str] = {
    "done": "M-3.2 0.2L-0.9 2.5L3.4-2.4",
    "bad": "M-2.6-2.6L2.6 2.6M2.6-2.6L-2.6 2.6",
    "skipped": "M-3 0L3 0",
    "likely": "M-1.5-3L1.8 0L-1.5 3",
}


def _mark(standing: str, x: float, y: float) -> Markup:
    at = f"translate({_number(x)} {_number(y)})"
    if standing == "now":
        sign = Markup('<circle class="flow-sign" r="3"></circle>')
    elif standing in _SIGNS:
        sign = Markup('<path class="flow-sign" d="{}"></path>').format(_SIGNS[standing])
    else:
        sign = Markup("")
    return Markup('<g class="flow-mark" transform="{}"><circle r="7"></circle>{}</g>').format(
        at, sign
    )


def _rectangle(box: Box, css: str, radius: float) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"></rect>').format(
        css, *(_number(n) for n in (box.x, box.y, box.wide, box.high, radius))
    )


def _words(words: str, x: float, y: float, css: str, *, middle: bool = False) -> Markup:
    anchor = Markup(' text-anchor="middle"') if middle else ""
    return Markup('<text class="{}" x="{}" y="{}"{}>{}</text>').format(
        css, _number(x), _number(y), anchor, escape(words)
    )


def _arrow(edge: Edge, css: str) -> Markup:
    x, y = edge.points[-1]
    tip = f"M{_number(x - 4)} {_number(y - 7)}L{_number(x)} {_number(y - 1)}L{_number(x + 4)} "
    return Markup('<path class="{} flow-arrow" d="{}"></path>').format(
        css, f"{tip}{_number(y - 7)}"
    )


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


# --- letters -------------------------------------------------------------------------------------


def width_of(words: str, size: float) -> float:
    """About how many pixels these words take."""
    return sum(size if unicodedata.east_asian_width(c) in "WFA" else size * 0.6 for c in words)


def fit(words: str, room: float, size: float) -> str:
    """As much of the words as there is room for; the whole is in the step's `<title>`."""
    if width_of(words, size) <= room:
        return words
    kept = ""
    for letter in words:
        if width_of(f"{kept}{letter}…", size) > room:
            break
        kept += letter
    return f"{kept.rstrip()}…"


def wrapped(words: str, room: float, size: float) -> list[str]:
    """The words on one line or two; between words where there are spaces."""
    if width_of(words, size) <= room:
        return [words]
    first = ""
    for place, letter in enumerate(words):
        if letter in NEVER_FIRST:
            continue
        breaks = letter == " " or unicodedata.east_asian_width(letter) in "WFA"
        if breaks and width_of(words[:place], size) <= room:
            first = words[:place]
    rest = words[len(first) :].lstrip()
    return [first.rstrip(), fit(rest, room, size)] if first.strip() else [fit(words, room, size)]


def condition_words(source: str, names: Mapping[str, str]) -> str:
    """The expression with the names of fields in place of their paths."""
    return re.sub(r"[A-Za-z_][\w.]*", lambda found: names.get(found[0], found[0]), source.strip())
