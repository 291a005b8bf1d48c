"""Every kind of page on a desk and on a phone: no barriers, no sideways scroll, nothing refused.

`PICTURES=1` keeps the pictures in docs/images, where the README shows them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import DESK, PHONE, Visit, barriers, sideways_pixels, small_targets
from journeys_server import Installation

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 300_000
WHERE = "org=JW&period=2026-10"
PAGES = (
    "/",
    "/tasks",
    "/notices",
    "/m/planning",
    "/f/annual_plan?f.year=2026",
    "/f/annual_plan/{plan}",
    f"/d/leader_cockpit?{WHERE}",
    "/indicators",
    f"/indicators/revenue?{WHERE}",
    f"/indicators/revenue/drill?{WHERE}",
    "/reports",
    f"/reports/monthly_analysis?{WHERE}",
    "/f/nothing_here",
)
# a phone gets other boxes here than a desk does
LAID_OUT_ANEW = ("/tasks", PAGES[4], PAGES[5], PAGES[6], PAGES[11])


@pytest.fixture(scope="module")
def plan(installation: Installation) -> int:
    """A plan that waits for finance."""
    rows = [
        {"indicator": "revenue", "org": "S601668", "last_year": "2265500000000",
         "amount": "2350000000000", "weight": "60"},
        {"indicator": "total_profit", "org": "S601668", "last_year": "92000000000",
         "amount": "95000000000", "weight": "40"},
    ]  # fmt: skip
    values = {"org": "S601668", "year": "2026", "targets": rows}
    made = installation.post("/api/v1/forms/annual_plan/records", "li.na", values)
    installation.post(f"/api/v1/forms/annual_plan/records/{made['id']}/submit", "li.na")
    return int(made["id"])


@pytest.mark.parametrize(("size", "lang"), [(DESK, "zh"), (PHONE, "en")])
def test_no_page_has_barriers_or_scrolls_sideways(
    as_person: Open, plan: int, size: tuple[int, int], lang: str
) -> None:
    visit = as_person("group.ops", size=size, lang=lang)
    found: dict[str, list[str]] = {}
    for path in PAGES:
        page = visit.go(path.format(plan=plan))
        problems = barriers(page) if size == DESK or path in LAID_OUT_ANEW else []
        if sideways_pixels(page):
            problems.append(f"scrolls {sideways_pixels(page)} px sideways")
        if size == PHONE:
            problems += small_targets(page)
        if path != "/f/nothing_here":
            problems += visit.complaints
        visit.complaints.clear()
        if problems:
            found[path] = problems
    assert found == {}


def test_forms_and_the_door_have_no_barriers_in_light_and_dark(as_person: Open) -> None:
    found: dict[str, list[str]] = {}
    for size, theme in ((DESK, "light"), (PHONE, "dark")):
        planner = as_person("zj.planner", size=size, theme=theme)
        page = planner.go("/f/annual_plan/new")
        page.locator('[data-table="targets"] [data-add]').click()
        door = as_person(None, size=size, theme=theme).go("/sign-in")
        for name, one in (("form", page), ("door", door)):
            problems = barriers(one)
            if sideways_pixels(one):
                problems.append("scrolls sideways")
            if size == PHONE:
                problems += small_targets(one)
            if problems:
                found[f"{name} {theme}"] = problems
        assert planner.complaints == []
    assert found == {}


def test_the_first_load_of_a_form_stays_under_160_kilobytes(as_person: Open) -> None:
    visit = as_person("zj.planner", fresh=True)
    sizes: list[int] = []
    network = visit.page.context.new_cdp_session(visit.page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visit.go("/f/annual_plan/new")
    visit.page.wait_for_load_state("networkidle")
    assert 20_000 < sum(sizes) < 160_000


def test_pictures_of_the_readme_can_be_taken(as_person: Open, plan: int, tmp_path: Path) -> None:
    kept = IMAGES if os.environ.get("PICTURES") == "1" else tmp_path
    kept.mkdir(parents=True, exist_ok=True)

    def picture(visit: Visit, path: str, name: str, whole: bool = False) -> None:
        page = visit.go(path)
        assert visit.complaints == [], name
        page.screenshot(path=kept / f"{name}.png", full_page=whole, animations="disabled")
        assert (kept / f"{name}.png").stat().st_size < MOST_BYTES, name

    finance = as_person("chen.jie")
    picture(finance, f"/f/annual_plan/{plan}", "record")
    leader = as_person("zhao.lin")
    picture(leader, f"/d/leader_cockpit?{WHERE}", "cockpit")
    picture(leader, f"/reports/monthly_analysis?{WHERE}", "report")
    picture(leader, f"/indicators/revenue/drill?{WHERE}", "drill")
    small = as_person("zhao.lin", size=PHONE)
    picture(small, f"/d/leader_cockpit?{WHERE}", "cockpit-phone")
    picture(as_person("chen.jie", size=PHONE), "/tasks", "inbox-phone")

    planner = as_person("zj.planner")
    page = planner.go("/f/annual_plan/new")
    page.locator('[data-field="year"] select').select_option("2026")
    rows = (("revenue", "198000", "210000"), ("total_profit", "9800", "10500"))
    for number, (indicator, last, amount) in enumerate(rows):
        page.locator('[data-table="targets"] [data-add]').click()
        line = page.locator('[data-table="targets"] [data-row]').nth(number)
        line.locator('[data-column="indicator"] select').select_option(indicator, force=True)
        for column, value in (("last_year", last), ("amount", amount), ("weight", "50")):
            line.locator(f'[data-column="{column}"] input').fill(value)
    page.locator("h1").click()
    page.screenshot(path=kept / "plan-form.png", animations="disabled")
    assert (kept / "plan-form.png").stat().st_size < MOST_BYTES
