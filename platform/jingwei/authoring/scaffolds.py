"""A new definition of any kind, as text that checks clean in this application.

The templates lie in `scaffolds/`, one a kind, with `$holes`. A line whose hole has no value here
(no role exists yet, no indicator …) is left out, unless the definition is nothing without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import date
from importlib.resources import files
from string import Template
from typing import Any

from jingwei.authoring.edits import set_values
from jingwei.authoring.outline import Outline
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.language.shapes import CODE_PATTERN, MOST_NAME, NAME_PATTERN
from jingwei.refusals import Conflict, Malformed, NotFound

SCHEMAS = ".jingwei/schemas"
SINGLE = ("manifest", "org_types")  # an application has one of each; `init` writes them
ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin", "flow_admin", "definer")
# holes a definition of the kind is nothing without
NEEDED: Mapping[str, tuple[str, ...]] = {
    "workflow": ("form",),
    "alert": ("form",),
    "dashboard": ("form",),
    "report": ("form",),
    "indicator_set": ("indicator",),
    "module": ("form",),
    "scoring": ("indicator",),
    "scenario": ("indicator",),
    "layer": ("form", "org"),
    "test": ("form", "org"),
    "schedule": ("role",),
}
_HOLE = re.compile(r"\$(?:\{(\w+)\}|([a-z_]+))")
_PLAIN = re.compile(r"[\w\u4e00-\u9fff][\w\u4e00-\u9fff .()（）·/-]*")
_GUESSED = frozenset({"true", "false", "null", "yes", "no", "on", "off"})

Files = dict[str, bytes]


def scaffold(
    outline: Outline, kind: str, name: str, given: Mapping[str, str], today: date
) -> Files:
    """The files of a new definition: path from the application's root → content.

    `given` fills holes (`form=annual_plan`) or sets keys of the result (`title.en=Plan`).
    Raises NotFound, Malformed or Conflict.
    """
    path = path_of(outline, kind, name)
    holes = {**_holes(outline, kind, name, today), **_titles(name, given)}
    used = set(_holes_of(_template(kind)))
    holes.update((key, value) for key, value in given.items() if key in used)
    for hole in NEEDED.get(kind, ()):
        if not holes.get(hole):
            raise NotFound("scaffold-needs", kind=kind, needed=hole)
    text = filled(_template(kind), holes)
    rest = {k: v for k, v in given.items() if k not in used and k not in _TITLES}
    if kind != "guide":
        text = set_values(f"{modeline(path, kind)}\n{text}", rest)
    made: Files = {path: text.encode()}
    if kind == "report":
        made[path.removesuffix(".yaml") + ".docx"] = resource("report.docx").read_bytes()
    if kind == "benchmark":
        made[path.removesuffix(".yaml") + ".csv"] = resource("benchmark.csv").read_bytes()
    return made


def path_of(outline: Outline, kind: str, name: str) -> str:
    """Where a definition of this name goes. Raises when kind, name or place is wrong."""
    every = {**KINDS, **LATER}
    if kind in SINGLE:
        raise Conflict("kind-of-one", kind=kind, file=f"definitions/{kind}.yaml")
    if kind not in every:
        known = ", ".join(one for one in every if one not in SINGLE)
        raise NotFound("no-such-kind", name=kind, known=known)
    pattern = CODE_PATTERN if kind == "org" else NAME_PATTERN
    folder, _, last = name.rpartition("/")
    inside = kind == "layer" and all(
        re.match(CODE_PATTERN, one) and one.strip(".") for one in folder.split("/")
    )
    if (folder and not inside) or not re.match(pattern, last) or len(last) > MOST_NAME:
        raise Malformed("bad-definition-name", name=name, pattern=pattern.strip("^$"))
    path = f"{outline.folder(kind)}/{name}{'.md' if kind == 'guide' else '.yaml'}"
    if path in outline.files or name in outline.names(kind):
        raise Conflict("definition-exists", kind=kind, name=name)
    return path


def modeline(path: str, kind: str) -> str:
    """The first line, by which editors find the schema."""
    up = "../" * path.count("/")
    return f"# yaml-language-server: $schema={up}{SCHEMAS}/{kind}.json"


def resource(name: str) -> Any:
    return files(__package__).joinpath("scaffolds", name)


def _template(kind: str) -> str:
    name = f"{kind}.md" if kind == "guide" else f"{kind}.yaml"
    found: str = resource(name).read_text(encoding="utf-8")
    return found


def holes_of(kind: str) -> set[str]:
    """What the scaffold of a kind names."""
    return set(_holes_of(_template(kind)))


def _holes_of(template: str) -> list[str]:
    return [braced or plain for braced, plain in _HOLE.findall(template)]


def filled(template: str, holes: Mapping[str, str | None]) -> str:
    """The template without the lines that nothing here can fill."""
    kept = [
        line
        for line in template.splitlines(keepends=True)
        if all(holes.get(hole) for hole in _holes_of(line))
    ]
    return Template("".join(kept)).substitute({k: v for k, v in holes.items() if v})


def written(words: str) -> str:
    """Words as they stand in YAML, inside braces too: plain where that is safe, else quoted."""
    plain = _PLAIN.fullmatch(words) and not words[0].isdigit() and words[-1] != " "
    if plain and words.lower() not in _GUESSED:
        return words
    return json.dumps(words, ensure_ascii=False)


_TITLES = frozenset({"title", "title.zh", "title.en"})


def _titles(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """`title`, `title.zh` and `title.en`; a language that is not given borrows the other."""
    spoken = name.rpartition("/")[2].replace("_", " ").strip().capitalize() or name
    both = given.get("title")
    zh = given.get("title.zh") or both or given.get("title.en") or spoken
    en = given.get("title.en") or both or given.get("title.zh") or spoken
    return {"title_zh": written(zh), "title_en": written(en), "title_plain": zh}


def _holes(outline: Outline, kind: str, name: str, today: date) -> dict[str, str | None]:
    """What this application offers for each hole."""
    post, role = _head_post(outline), _role(outline)
    org, _, form = name.rpartition("/")  # a layer may say both by its path
    return {
        "name": name,
        "prefix": "".join(word[0] for word in name.upper().split("_") if word),
        "this_year": str(today.year),
        "form": form if org and form in outline.names("form") else _form(outline, kind, name),
        "dashboard": _first(outline.names("dashboard")),
        "report": _first(outline.names("report")),
        "indicator": _first(outline.names("indicator")),
        "indicator_set": _first(outline.names("indicator_set")),
        "org": org if org in outline.names("org") else _root(outline),
        "org_type": _first(outline.names("org_type")),
        "post": post,
        "role": role,
        "everyone": None if post or role else "everyone",
    }


def grants(outline: Outline) -> list[str]:
    """The lines of permissions that a new form begins with: the scaffold's own."""
    lines = filled(_template("form"), _holes(outline, "form", "new", date.min)).split("\n")
    begin = lines.index("permissions:") + 1
    return [line.strip() for line in lines[begin:] if line.strip()]


def _first(names: Collection[str]) -> str | None:
    return next(iter(names), None)


def _role(outline: Outline) -> str | None:
    names = [name for name in outline.names("role") if name not in ADMINISTRATORS]
    return _first(names) or _first(outline.names("role"))


def _head_post(outline: Outline) -> str | None:
    """A post that every org may have: one without types, else the first."""
    posts = outline.checked.of("post")
    anywhere = [name for name, post in posts.items() if not post.types]
    return _first(anywhere) or _first(outline.names("post"))


def _root(outline: Outline) -> str | None:
    orgs = outline.checked.of("org")
    return next((code for code, org in orgs.items() if org.parent is None), None)


def _form(outline: Outline, kind: str, name: str) -> str | None:
    """The form a scaffold is about: of a workflow one that has none, of a layer its namesake."""
    forms = outline.checked.of("form")
    if name in forms and kind in ("layer", "test", "report", "module"):
        return name
    if kind == "workflow":
        free = [one for one, form in forms.items() if form.workflow is None]
        return _first(free) or _first(forms)
    return _first(forms)
