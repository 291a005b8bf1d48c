"""A new subsidiary: one file, after the example of a sister org."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from jingwei.authoring.edits import set_values
from jingwei.authoring.outline import Outline
from jingwei.authoring.scaffolds import Files, filled, modeline, path_of, resource, written
from jingwei.language.organisation import Org, OrgTypes
from jingwei.refusals import Malformed, NotFound


def new_org(
    outline: Outline,
    code: str,
    given: Mapping[str, str],
    facts: Mapping[str, str],
    today: date,
    like: str | None = None,
) -> Files:
    """The file of a new org. Type, parent, profile, calendar and posts are those of `like`, or of
    the first place in the tree where one may stand; its people and facts are never copied.

    `facts`: fact → value as written. Raises NotFound, Malformed or Conflict.
    """
    path = path_of(outline, "org", code)
    orgs = outline.checked.of("org")
    if like is not None and like not in orgs:
        raise NotFound("no-such-definition", kind="org", name=like, known=", ".join(orgs))
    sister: Org | None = orgs[like] if like is not None else None
    type_ = given.get("type") or (sister.type if sister else _lowest_type(outline))
    _check_facts(outline, facts)
    holes: dict[str, str | None] = {
        "title_zh": written(given.get("title.zh") or given.get("title") or code),
        "title_en": written(given.get("title.en") or given.get("title") or code),
        "type": type_,
        "parent": given.get("parent") or (sister.parent if sister else _parent(outline, type_)),
        "valid_from": given.get("valid_from") or today.isoformat(),
        "profile": given.get("profile") or _profile(sister),
        "calendar": given.get("calendar") or (sister.calendar if sister else None),
        "facts": ", ".join(f"{name}: {written(value)}" for name, value in facts.items()),
        "posts": ", ".join(sister.posts if sister else _posts(outline, type_)),
    }
    template = resource("org.yaml").read_text(encoding="utf-8")
    rest = {k: v for k, v in given.items() if k not in holes and not k.startswith("title")}
    text = f"{modeline(path, 'org')}\n{filled(template, holes)}"
    return {path: set_values(text, rest).encode()}


def _profile(org: Org | None) -> str | None:
    """The profile it has itself; one it only inherits, the new org inherits too."""
    return org.profile[-1][1] if org is not None and org.profile else None


def _types(outline: Outline) -> OrgTypes | None:
    found: OrgTypes | None = next(iter(outline.checked.of("org_types").values()), None)
    return found


def _lowest_type(outline: Outline) -> str:
    """The type most orgs have: that is what one more of them will be."""
    used = [org.type for org in outline.checked.of("org").values() if org.parent is not None]
    types = _types(outline)
    fallback = next(iter(types.types), "") if types is not None else ""
    return max(used, key=used.count) if used else fallback


def _parent(outline: Outline, type_: str) -> str | None:
    types = _types(outline)
    above = types.types[type_].above if types is not None and type_ in types.types else ()
    orgs = outline.checked.of("org")
    return next((code for code, org in orgs.items() if org.type in above), None)


def _posts(outline: Outline, type_: str) -> list[str]:
    """The posts that orgs of this type may have."""
    posts = outline.checked.of("post")
    return [name for name, post in posts.items() if not post.types or type_ in post.types]


def _check_facts(outline: Outline, facts: Mapping[str, str]) -> None:
    types = _types(outline)
    known = types.facts if types is not None else {}
    for name in facts:
        if name not in known:
            raise Malformed("unknown-org-fact", name=name, known=", ".join(known) or "–")


def facts_of(rows: Iterable[Mapping[str, str]], code: str, outline: Outline) -> dict[str, str]:
    """One org's line of a sheet: its column `org` holds the code; other columns are facts.

    Raises NotFound when the org has no line.
    """
    for row in rows:
        if row.get("org") == code:
            types = _types(outline)
            titles = {
                words: name
                for name, field in (types.facts if types else {}).items()
                for words in (field.title.zh, field.title.en, name)
            }
            return {titles.get(key, key): value for key, value in row.items() if key != "org"}
    raise NotFound("org-not-in-sheet", org=code)
