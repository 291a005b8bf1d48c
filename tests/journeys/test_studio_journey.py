"""The studio: a form is edited, its error seen and mended, previewed, planned, applied, listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import PHONE, Visit, barriers, sideways_pixels
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
FORM = "forms/work_item.yaml"
WRONG = "  journey_remark: {type: txet, title: {zh: 备忘, en: Memo}}"
CHECKED_MS = 20_000  # on a machine that does much else


def find(page: Page, words: str) -> None:
    """Select the next place with these words, as Ctrl+F does; lines out of sight are not drawn."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+f")
    expect(page.locator(".cm-search input[name=search]")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".cm-content")).to_be_focused()


def write_behind(page: Page, words: str, text: str) -> None:
    find(page, words)
    page.keyboard.press("ArrowRight")
    page.keyboard.insert_text(text)


def open_file(visit: Visit, path: str) -> Page:
    page = visit.go(f"/studio?file={path}")
    page.wait_for_selector("#studio[data-ready]")
    expect(page.locator("#path")).to_have_text(path)
    return page


def test_a_field_is_added_to_a_form_and_its_list_shows_it(as_person: Open) -> None:
    visit = as_person("biz.admin")
    page = open_file(visit, FORM)
    assert barriers(page) == []

    write_behind(page, "required: true, default: =me}", "\n" + WRONG)
    wrong = page.locator("#problems-list li.error").first
    expect(wrong).to_contain_text("txet", timeout=CHECKED_MS)
    expect(page.locator(".cm-lintRange-error")).to_be_visible()
    page.click("#preview-go")
    expect(page.locator("#preview-said")).to_contain_text("先改正错误")
    wrong.locator("button").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("journey_remark")

    find(page, "txet")
    page.keyboard.insert_text("text")
    expect(page.locator("#problems-list li.error")).to_have_count(0, timeout=CHECKED_MS)
    find(page, "columns: [")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("journey", delay=40)
    offer = page.locator(".cm-tooltip-autocomplete li", has_text="journey_remark").first
    offer.click(timeout=CHECKED_MS)
    expect(page.locator(".cm-activeLine")).to_contain_text("[journey_remark")
    page.keyboard.insert_text(", ")
    expect(page.locator("#problems-list li.error")).to_have_count(0, timeout=CHECKED_MS)
    expect(page.locator("#state")).to_have_text("草稿已保存", timeout=CHECKED_MS)

    page.select_option("#preview-as", "group.ops")
    page.locator("#preview-form [value=phone]").check(force=True)
    page.click("#preview-go")
    frame = page.frame_locator("#preview-frame iframe")
    expect(frame.locator(".preview-notice")).to_contain_text("周运", timeout=CHECKED_MS)
    assert page.evaluate("document.querySelector('#preview-frame iframe').width") == "390"

    page.click("#to-plan")
    expect(page.locator("h1")).to_have_text("计划")
    expect(page.locator("main")).to_contain_text("journey_remark")
    assert barriers(page) == []
    page.fill("[name=comment]", "加备忘")
    page.click("#apply button")
    expect(page.locator("#apply-said")).to_contain_text("已发布", timeout=CHECKED_MS)

    shown = as_person("group.ops").go("/f/work_item")
    expect(shown.locator("thead")).to_contain_text("备忘", timeout=CHECKED_MS)
    releases = visit.go("/studio/releases")
    expect(releases.locator("tbody tr").first).to_contain_text("加备忘")
    assert barriers(releases) == []

    releases.locator("tbody tr").nth(1).locator("a[href$='/back']").click()
    expect(page.locator("main")).to_contain_text("journey_remark")
    assert barriers(page) == [], "what goes is shown, and nothing happens before one agrees"
    page.check("[name=accepted]")
    page.click("#back button")
    expect(page.locator("#apply-said")).to_contain_text("已重新发布", timeout=CHECKED_MS)
    retired = visit.go("/studio/retired")
    expect(retired.locator("tbody")).to_contain_text("work_item.journey_remark")
    assert barriers(retired) == []
    assert visit.complaints == []


def paste(page: Page, text: str) -> None:
    """In the place of everything, as Ctrl+A and Ctrl+V do."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.locator(".cm-content").evaluate(
        """(box, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const how = { clipboardData, bubbles: true, cancelable: true };
          box.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        text,
    )


def test_what_no_definition_can_be_holds_nobody_up_and_is_named(as_person: Open) -> None:
    visit = as_person("biz.admin")
    page = open_file(visit, "definitions/roles/group_leader.yaml")
    problems = page.locator("#problems-list")
    paste(page, "a: " + "[" * 5_000)
    expect(problems).to_contain_text("嵌套超过", timeout=CHECKED_MS)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("kind: role\n")  # over a selection, which the browser would style
    expect(problems).not_to_contain_text("嵌套超过", timeout=CHECKED_MS)
    assert visit.complaints == []
    paste(page, "  line: {type: text, title: x}\n" * 32_000)
    expect(problems).to_contain_text("256 KB", timeout=CHECKED_MS)
    page.keyboard.type("xyz")
    expect(page.locator(".cm-activeLine")).to_contain_text("xyz")
    page.click("#discard")
    page.click("#ask-yes")
    expect(page.locator("#state")).to_have_text("与运行中的一致", timeout=CHECKED_MS)
    assert [one for one in visit.complaints if "422" not in one] == []


def test_a_local_administrator_begins_a_layer_of_the_own_org(as_person: Open) -> None:
    visit = as_person("biz.local")
    page = open_file(visit, FORM)
    expect(page.locator("#state")).to_have_text("只读")
    page.click("#new")
    page.select_option("#new-dialog [name=form]", "work_item")
    page.click("#new-dialog .btn-primary")
    expect(page.locator("#path")).to_have_text("definitions/layers/S601668/work_item.yaml")
    expect(page.locator("#problems-count")).to_have_text("没有问题", timeout=CHECKED_MS)
    page.click("#tab-plan")
    expect(page.locator("#plan")).to_contain_text("layers/S601668", timeout=CHECKED_MS)
    assert barriers(page) == []
    page.click("#discard")
    page.click("#ask-yes")
    expect(page.locator("#nothing")).to_be_visible()
    assert visit.complaints == []


ROLE = "definitions/roles/group_ops.yaml"


def describe(visit: Visit, words: str) -> None:
    """Add a line to the role, and wait until the draft is kept."""
    page = open_file(visit, ROLE)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"description: {words}\n")
    expect(page.locator("#state")).to_have_text("草稿已保存", timeout=CHECKED_MS)


def test_a_second_author_sees_the_difference_before_publishing(as_person: Open) -> None:
    first, second = as_person("biz.admin"), as_person("biz.second", size=PHONE)
    describe(second, "乙写的说明")
    describe(first, "甲写的说明")
    page = first.go("/studio/plan")
    page.click("#apply button")
    expect(page.locator("#apply-said")).to_contain_text("已发布", timeout=CHECKED_MS)

    page = second.go("/studio/plan")
    expect(page.locator("main")).to_contain_text("他人已发布其中一些文件")
    assert barriers(page) == []
    page.click("main .alert a")
    conflict = page.locator("section.conflict")
    expect(conflict).to_contain_text("biz.admin")
    sides = conflict.locator(".conflict-sides > div")
    expect(sides.nth(0)).to_contain_text("甲写的说明")
    expect(sides.nth(1)).to_contain_text("乙写的说明")
    assert barriers(page) == []
    assert sideways_pixels(page) == 0
    text = conflict.locator("textarea").input_value()
    assert "<<<<<<<" in text, "nobody's line is taken unseen"
    kept = [line for line in text.split("\n") if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>")]
    both = "\n".join(line for line in kept if "乙写的" not in line)
    conflict.locator("textarea").fill(both.replace("甲写的说明", "甲和乙写的说明"))
    conflict.locator("[data-how=merge]").click()
    expect(page.locator("main")).to_contain_text("没有冲突", timeout=CHECKED_MS)

    page = second.go("/studio/plan")
    page.click("#apply button")
    expect(page.locator("#apply-said")).to_contain_text("已发布", timeout=CHECKED_MS)
    page = open_file(first, ROLE)
    expect(page.locator(".cm-content")).to_contain_text("甲和乙写的说明")
    assert (first.complaints, second.complaints) == ([], [])


def test_the_studio_is_read_on_a_phone(as_person: Open) -> None:
    visit = as_person("biz.admin", size=PHONE, lang="en")
    page = open_file(visit, "workflows/annual_plan_approval.yaml")
    assert sideways_pixels(page) == 0
    page.click("[data-pane-to=beside]")
    page.click("#tab-flow")
    step = page.locator("#flow [data-line]").first
    expect(step).to_be_visible(timeout=CHECKED_MS)
    line = step.get_attribute("data-line")
    step.click()
    expect(page.locator(".cm-activeLineGutter").first).to_have_text(str(line))
    page.keyboard.insert_text("[")  # what cannot be read leaves the picture, and says where
    page.click("[data-pane-to=beside]")
    said = page.locator("#flow-said")
    expect(said).to_contain_text("Below is the picture from before.", timeout=CHECKED_MS)
    expect(said).to_contain_text("Line ")
    expect(page.locator("#flow.stale [data-step=finance]")).to_be_visible()
    page.click("[data-pane-to=edit]")
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+z")
    page.click("[data-pane-to=beside]")
    expect(said).to_contain_text("Drawn as you type", timeout=CHECKED_MS)
    page.click("#tab-lineage")
    page.fill("#lineage-name", "annual_plan.total_amount")
    page.click("#lineage-form button")
    expect(page.locator(".lineage-box.middle")).to_be_visible(timeout=CHECKED_MS)
    assert sideways_pixels(page) == 0
    assert barriers(page) == []
    assert visit.complaints == []
