"""What surrounds every page: the menu a person may use, counts, language, words."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from flask import Blueprint, g, render_template, request
from markupsafe import Markup

from jingwei import assets
from jingwei.language.organisation import Module
from jingwei.language.text import Text
from jingwei.screens import static
from jingwei.screens.away import standing_in
from jingwei.screens.session import csrf_token, theme
from jingwei.services.commands import Reading
from jingwei.services.definitions import is_for
from jingwei.services.flows.overview import administers_anything
from jingwei.services.listing import may_open
from jingwei.services.named import is_one
from jingwei.services.notices import inbox as notices_of
from jingwei.services.studio.reach import reach
from jingwei.texts import text
from jingwei.web import current, locale

MOST_IN_MENU = 100  # entries of all modules together; beyond it the long ones are folded
FEW_IN_MENU = 12
OWN_ICONS: Mapping[str, str] = {
    "form": "list",
    "dashboard": "layout-dashboard",
    "report": "report",
    "guide": "info-circle",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    title: str
    address: str
    icon: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A titled part of the menu: a module, or a group in it."""

    name: str
    title: str
    icon: str
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...] = ()

    @property
    def all(self) -> tuple[Entry, ...]:
        return (*self.entries, *(e for group in self.groups for e in group.entries))


def register(blueprint: Blueprint) -> None:
    blueprint.app_context_processor(_words)
    # globals, and not context, because macros that are imported see no context
    blueprint.record_once(lambda state: state.app.jinja_env.globals.update(WORDS))


def page(view: Reading, template: str, *, code: int = 200, **context: Any) -> Any:
    """A whole page, or for htmx the part of it that changes (block file `parts/…`)."""
    body = render_template(
        template,
        menu=folded(menu(view)),
        person=view.actor,
        unread=_unread(view),
        todo=todo_count(view),
        standing_in=standing_in(view),
        writes_definitions=reach(view) is not None,
        manage_flows=_manage_flows(view),
        product=view.catalogue.manifest.title(locale()),
        help_address=_help_of(context),
        **context,
    )
    return body, code, {"Cache-Control": "no-store", "Vary": "HX-Request, Cookie"}


def guide_address(pointer: str | None) -> str:
    """Where `help: guide#heading` leads."""
    return f"/guides/{pointer}" if pointer else ""


def _help_of(context: Mapping[str, Any]) -> str:
    """The help of what a page is about."""
    about = (context.get(name) for name in ("form", "dashboard", "report", "indicator"))
    return next((guide_address(getattr(one, "help", None)) for one in about if one is not None), "")


def _manage_flows(view: Reading) -> str:
    """What the menu says for administrators of flows; nothing for others."""
    return text("flow_screens.manage_flows", locale()) if administers_anything(view) else ""


def service(name: str) -> Any:
    """A service module, or None where this installation does not have it."""
    try:
        if importlib.util.find_spec(f"jingwei.services.{name}") is None:
            return None
    except ModuleNotFoundError:
        return None
    return importlib.import_module(f"jingwei.services.{name}")


def _unread(view: Reading) -> int:
    return int(notices_of(view, limit=1).get("unread", 0))


def todo_count(view: Reading) -> int:
    """How many requests wait for this person."""
    known: int | None = g.get("todo_count")
    if known is None:
        tasks = service("tasks")
        known = g.todo_count = int(tasks.counts(view).get("todo", 0)) if tasks else 0
    return known


# --- menu ----------------------------------------------------------------------------------------


def menu(view: Reading) -> list[Group]:
    """Modules and their entries, as far as this person may use them."""
    found = []
    for module in sorted(view.catalogue.modules.values(), key=lambda m: (m.order, m.name)):
        if module.for_ and not is_one(view, module.for_):
            continue
        group = _module(view, module)
        if group.all:
            found.append(group)
    return found


def folded(groups: list[Group]) -> list[Group]:
    """The menu as every page has it. Where it would be longer than anybody reads, a module is a
    link to the page that lists it, beside where the reader is."""
    if sum(len(group.all) for group in groups) <= MOST_IN_MENU:
        return groups
    return [group if len(group.all) <= FEW_IN_MENU else _folded(group) for group in groups]


def _folded(group: Group) -> Group:
    here_ = tuple(entry for entry in group.all if entry.active)
    every = t("record.all_related", total=len(group.all))
    door = Entry(every, f"/m/{group.name}", "list", request.path == f"/m/{group.name}")
    return Group(group.name, group.title, group.icon, (*here_, door))


def _module(view: Reading, module: Module) -> Group:
    entries: list[Entry] = []
    groups: list[Group] = []
    for one in module.menu:
        if isinstance(one, str):
            entries += _entries(view, (one,))
        else:
            title, inside = one
            inner = _entries(view, inside)
            if inner:
                groups.append(Group("", _said(title), "folder", tuple(inner)))
    if module.home is not None and f"dashboard/{module.home}" not in module.menu:
        entries = [*_entries(view, (f"dashboard/{module.home}",)), *entries]
    icon = module.icon if module.icon in icon_names() else "folder"
    return Group(module.name, module.title(locale()), icon, tuple(entries), tuple(groups))


def _entries(view: Reading, names: Sequence[str]) -> list[Entry]:
    found = (_entry(view, *name.split("/", 1)) for name in names if "/" in name)
    return [entry for entry in found if entry is not None]


def _entry(view: Reading, kind: str, name: str) -> Entry | None:
    catalogue = view.catalogue
    if kind == "form":
        form = catalogue.forms.get(name)
        if form is None or not may_open(view, name):
            return None
        title, address = form.title, f"/f/{name}"
    elif kind == "dashboard":
        dashboard = catalogue.dashboards.get(name)
        if dashboard is None or not is_for(view, dashboard.for_):
            return None
        title, address = dashboard.title, f"/d/{name}"
    elif kind == "report":
        report = catalogue.reports.get(name)
        if report is None or not is_for(view, report.for_):
            return None
        title, address = report.title, f"/reports/{name}"
    elif kind == "guide" and name in catalogue.guides:
        address = f"/guides/{name}"
        active = request.path == address
        return Entry(catalogue.guides[name].title, address, OWN_ICONS[kind], active)
    else:
        return None
    active = request.path == address or request.path.startswith(f"{address}/")
    return Entry(title(locale()), address, OWN_ICONS[kind], active)


@cache
def icon_names() -> frozenset[str]:
    """Icons of the built sprite."""
    sprite = assets.VENDOR / "icons.svg"
    if not sprite.exists():
        return frozenset()
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text(encoding="utf-8")))


def _said(title: Text | Any) -> str:
    return title(locale()) if callable(title) else str(title)


# --- words of the templates ----------------------------------------------------------------------


def t(key: str, **holes: object) -> str:
    """A text of the screens in the language of the page."""
    return text(f"screens.{key}", locale(), **holes)


def icon(name: str, css: str = "") -> Markup:
    """One icon of the sprite; decoration only, the words stand beside it."""
    return _icon(static.vendor("icons.svg"), name, css)


@lru_cache(maxsize=4_096)
def _icon(address: str, name: str, css: str) -> Markup:
    """Kept: a long menu has thousands."""
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        css, address, name
    )


def here(**changed: object) -> str:
    """This address with some parameters changed; None takes one away."""
    kept = {k: v for k, v in request.args.items() if k not in changed and k != "lang"}
    kept.update({k: str(v) for k, v in changed.items() if v is not None})
    query = "&".join(f"{quote(k, safe='.')}={quote(v, safe='')}" for k, v in kept.items())
    return f"{request.path}?{query}" if query else request.path


WORDS: Mapping[str, Any] = {
    "t": t,
    "icon": icon,
    "here": here,
    "vendor": static.vendor,
    "own": static.own,
    "quote": quote,
}


def _words() -> dict[str, Any]:
    return {
        "locale": locale(),
        "theme": theme(),
        "csrf": csrf_token(),
        "zone": current().settings.timezone,
        "this_address": here(),
        "preview_notice": g.get("preview_notice"),
    }
