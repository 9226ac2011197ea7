"""The pages for everybody: axe finds nothing, narrow and wide, light and dark; focus; touch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nano_banana.model.json_values import JSONObject, JSONValue
from tests.clients.conftest import npm_installed
from tests.studio.pages.conftest import Open
from tests.studio.pages.fake_studio import FakeStudio, picture_of

RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
FOUND = ".then((found) => found.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html + ' ' + n.failureSummary)]))"


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    folder = npm_installed(Path(__file__).parent / "axe", "axe")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(params=[(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request: pytest.FixtureRequest, browser: Browser, studio: FakeStudio) -> Iterator[Page]:
    width, scheme = request.param
    found = browser.new_page(
        viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce", has_touch=width < 500
    )
    found.set_default_timeout(10_000)
    found.goto(studio.url)
    found.wait_for_selector(".tile img")
    yield found
    found.close()


def violations(page: Page, axe: str) -> JSONValue:
    page.evaluate(axe)
    found: JSONValue = page.evaluate(RULES + FOUND)
    return found


def test_axe_finds_nothing_on_the_review_page(page: Page, axe: str) -> None:
    for key in "px3":
        page.keyboard.press(key)
    page.keyboard.press("Home")
    page.get_by_role("button", name="Filters", exact=True).click()
    assert violations(page, axe) == []
    page.get_by_role("button", name="Close the filters").click()
    for keys in (["f"], ["e", *["ArrowRight"] * 4], ["c"], ["n"], ["g", "Control+a"], ["?"]):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert (keys, violations(page, axe)) == (keys, [])


def test_axe_finds_nothing_where_there_is_nothing_to_show(page: Page, axe: str, studio: FakeStudio) -> None:
    page.keyboard.press("/")
    page.keyboard.type("nosuch")
    expect(page.locator(".grid-view .empty")).to_be_visible()
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".tile").first).to_be_visible()
    studio.stop()
    page.keyboard.press("p")
    expect(page.locator(".saved")).to_have_text("1 not saved")
    assert violations(page, axe) == []
    page.route("**/api/takes", lambda route: route.abort())
    studio.start()
    page.reload()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert violations(page, axe) == []


def test_axe_finds_nothing_on_the_run_page(page: Page, axe: str, studio: FakeStudio) -> None:
    page.goto(f"{studio.url}run")
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert violations(page, axe) == []
    studio.tell("run", phase="started", run="r1", by="studio")
    studio.tell("call", stage="takes", take="", state="planned", count=3)
    studio.tell("call", stage="takes", take="heads/ana/s1", state="running", count=1)
    studio.tell("picture", take="heads/ana/s2", picture=picture_of(2))
    studio.tell("verdict", take="heads/ana/s2", verdict={"ruling": "unsure", "score": 0.48})
    studio.tell("problem", take="heads/ana/s1", text="the provider refused the prompt", help="change it")
    expect(page.get_by_role("list", name="Problems")).to_contain_text("refused")
    assert violations(page, axe) == []


def test_axe_finds_nothing_on_the_history_page(page: Page, axe: str, studio: FakeStudio) -> None:
    run: JSONObject = {
        "run": "r1",
        "recipe": "r",
        "status": "done",
        "begun_at": 1.7e9,
        "ended_at": 1.7e9,
        "summary": {},
    }
    studio.runs = [run]
    page.goto(f"{studio.url}history")
    expect(page.get_by_role("heading", name="1 run")).to_be_visible()
    assert violations(page, axe) == []


def test_nothing_is_wider_than_the_page(page: Page, studio: FakeStudio) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for key in ("f", "e", "c", "n", "g", "?"):
        page.keyboard.press(key)
        page.wait_for_timeout(50)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
        page.keyboard.press("Escape")
    page.goto(f"{studio.url}run")
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_the_take_that_has_the_focus_is_told_to_screen_readers(window: Open) -> None:
    page = window()
    page.keyboard.press("p")
    grid = page.get_by_role("listbox", name="Takes")
    expect(grid).to_be_focused()
    active = grid.get_attribute("aria-activedescendant")
    label = page.locator(f"#{active}").get_attribute("aria-label")
    assert label == "heads/grace/office/photo/s1, Accepted, likeness 0.75, undecided"
    expect(page.locator("[role=status]")).to_have_text("Kept")


def test_by_touch(browser: Browser, studio: FakeStudio) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(studio.url)
    page.locator('.tile[title$="/s1"]').tap()
    page.get_by_role("button", name="Keep", exact=True).tap()
    expect(page.locator('.tile[title$="/s1"]')).to_have_attribute("data-decision", "keep")
    page.locator('.tile[title$="/s3"]').tap()
    page.locator('.tile[title$="/s3"]').tap()
    expect(page.locator("body")).to_have_attribute("data-view", "loupe")
    page.get_by_role("button", name="Grid", exact=True).tap()
    page.get_by_role("button", name="Filters", exact=True).tap()
    page.get_by_role("button", name="Select", exact=True).tap()
    page.get_by_role("button", name="Close the filters").tap()
    page.locator('.tile[title$="/s2"]').tap()
    page.get_by_role("button", name="Drop", exact=True).tap()
    expect(page.locator('.tile[data-decision="drop"]')).to_have_count(2)
    page.close()
