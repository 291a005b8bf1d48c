"""A real Chromium at a real server: one visit is one person's page, and what it complains of.

A window is used again by the next visit of its size: it forgets who sat there and what they typed,
and keeps the style sheets and scripts it has loaded. That halves the work of a visit.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESK, PHONE = (1440, 900), (390, 844)
TOUCH_PIXELS = 43.5  # 44, less what rounding takes
_AXE = Axe()
# windows of a browser that nobody uses now, by size and language
_free: WeakKeyDictionary[Browser, dict[Any, list[BrowserContext]]] = WeakKeyDictionary()


def find_chromium() -> str | None:
    """Where a Chromium is installed, if one is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A running Chromium; the test is skipped where there is none, unless REQUIRE_BROWSER=1."""
    path = find_chromium()
    if path is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("a Chromium is required here and none is installed")
        pytest.skip("no Chromium is installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class Visit:
    """A signed-in page. `complaints`: errors of the console and of scripts, refused requests."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    leave: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._failed)

    def deaf(self) -> None:
        """Hear no more."""
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._failed)

    def _failed(self, error: Exception) -> None:
        self.complaints.append(f"script: {error}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.complaints.append(f"console: {message.text} {where}")

    def go(self, path: str) -> Page:
        """Open a path and wait until its scripts have run."""
        try:
            self.page.goto(self.address + path)
        except Error as error:
            # a page that comes anew after a click may do so just now: ours is asked for once more
            came = "interrupted by another navigation" in error.message
            if not came and self.page.url == self.address + path:
                raise
            self.page.wait_for_load_state("load")
            self.page.goto(self.address + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        self.page.wait_for_load_state("load")
        if self.page.locator("form#form").count():
            self.page.wait_for_selector("form#form[data-ready]")
        if self.page.locator("[data-chart]").count():
            self.page.wait_for_selector("body[data-charts=drawn]")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text().strip()

    def close(self) -> None:
        if self.leave is None:
            self.page.context.close()
        else:
            self.leave()


def visit(
    browser: Browser,
    address: str,
    login: str | None,
    password: str,
    *,
    size: tuple[int, int] = DESK,
    lang: str = "zh",
    theme: str = "light",
    fresh: bool = False,
) -> Visit:
    """A browser window of this person, who has signed in. `fresh`: one that has loaded nothing, and
    that nobody uses afterwards."""
    kept = _free.setdefault(browser, {}).setdefault((size, lang), [])
    context = kept.pop() if kept and not fresh else _window(browser, size, lang)
    _cookies(context, address, lang=lang, theme=theme)
    if login is not None:
        answer = context.request.post(
            f"{address}/sign-in", form={"login": login, "password": password}, max_redirects=0
        )
        assert answer.status == 302, answer.text()[:500]
    found = Visit(context.pages[0] if context.pages else context.new_page(), address)
    if not fresh:
        found.leave = lambda: kept.append(_left(context, found, size))
    return found


def _left(context: BrowserContext, seen: Visit, size: tuple[int, int]) -> BrowserContext:
    """The window as the next person finds it."""
    first, *others = context.pages
    for one in others:
        one.close()
    seen.deaf()
    first.set_viewport_size({"width": size[0], "height": size[1]})
    session = context.new_cdp_session(first)
    wiped = {"origin": seen.address, "storageTypes": "cookies,local_storage,indexeddb"}
    session.send("Storage.clearDataForOrigin", wiped)
    session.detach()
    if first.url != "about:blank":
        first.evaluate("sessionStorage.clear()")
        first.on("dialog", _leave_all_the_same)
        first.goto("about:blank")
        first.remove_listener("dialog", _leave_all_the_same)
    context.clear_cookies()
    return context


def _leave_all_the_same(dialog: Dialog) -> None:
    """A form asks before what was typed is lost."""
    dialog.accept()


def _window(browser: Browser, size: tuple[int, int], lang: str) -> BrowserContext:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if lang == "zh" else "en-GB",
        timezone_id="Asia/Shanghai",
        has_touch=width < 600,
        is_mobile=width < 600,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    return context


def _cookies(context: BrowserContext, address: str, **values: str) -> None:
    context.add_cookies([{"name": n, "value": v, "url": address} for n, v in values.items()])


def sideways_pixels(page: Page) -> int:
    """How far the page can be scrolled sideways: it should be nothing."""
    found: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


def small_targets(page: Page) -> list[str]:
    """What one is to touch and is lower than a finger needs."""
    found: list[str] = page.evaluate(
        """(least) => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
        .filter((e) => {
          const box = e.getBoundingClientRect();
          const isSeen = box.width > 1 && box.height > 1;
          return isSeen && box.height < least && !["checkbox", "radio"].includes(e.type)
            && !e.closest(".visually-hidden, .skip, .ts-wrapper");
        })
        .map((e) => {
          const words = (e.textContent || e.name || "").trim().slice(0, 20);
          return `${e.tagName} ${words} ${Math.round(e.getBoundingClientRect().height)}`;
        })""",
        TOUCH_PIXELS,
    )
    return found


def barriers(page: Page) -> list[str]:
    """What keeps people out who see, hear or point differently: axe, serious and worse."""
    # without `preload` no style sheet is fetched again to look for locked orientations
    options = {"resultTypes": ["violations"], "preload": False}
    found: dict[str, Any] = _AXE.run(page, options=options).response
    return [
        f"{one['impact']}: {one['id']} {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
