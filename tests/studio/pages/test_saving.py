"""Decisions are never lost: a server that is away, a reload, several windows, edits elsewhere."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.studio.pages.conftest import Open
from tests.studio.pages.fake_studio import FakeStudio

FIRST = "heads/ana/office/photo/s0"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_forty_decisions_while_the_server_is_away_are_saved_when_it_is_back(window: Open, studio: FakeStudio) -> None:
    page = window()
    studio.stop()
    for key in "px" * 20:
        page.keyboard.press(key)
        page.wait_for_timeout(50)
    expect(page.locator(".saved")).to_have_text("40 not saved")
    assert studio.picks == {}
    studio.start()
    expect(page.locator(".saved")).to_have_text("Saved", timeout=20_000)
    assert [pick["decision"] for pick in studio.picks.values()] == ["keep", "drop"] * 20


def test_a_reload_in_between_loses_nothing(window: Open, studio: FakeStudio) -> None:
    page = window()
    studio.stop()
    press(page, "p", "x", "4")
    page.close()
    studio.start()
    page = window()
    expect(page.locator(".saved")).to_have_text("Saved", timeout=20_000)
    assert [(pick["decision"], pick["stars"]) for pick in studio.picks.values()] == [
        ("keep", 0),
        ("drop", 0),
        (None, 4),
    ]
    assert page.locator('.tile[title$="/s1"]').get_attribute("data-decision") == "drop"


def test_a_page_that_cant_load_says_what_to_do(window: Open, studio: FakeStudio) -> None:
    page = window()
    page.route(
        "**/api/takes",
        lambda route: route.fulfill(status=422, json={"error": "line 3: no such axis", "help": "mend it"}),
    )
    page.reload()
    expect(page.locator("main .empty")).to_contain_text("line 3: no such axis")
    expect(page.locator("main .empty")).to_contain_text("mend it")
    page.unroute("**/api/takes")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile").first).to_be_visible()
    assert studio.picks == {}


def test_two_windows_merge_by_take(window: Open, studio: FakeStudio) -> None:
    one, two = window(), window()
    press(one, "p", "p")
    expect(two.locator('.tile[data-decision="keep"]')).to_have_count(2)
    studio.stop()
    press(two, "End", "x")
    press(one, "x")
    expect(one.get_by_role("button", name="Dropped")).to_have_text("Dropped2")
    studio.start()
    expect(one.locator(".saved")).to_have_text("Saved", timeout=20_000)
    expect(two.locator(".saved")).to_have_text("Saved", timeout=20_000)
    decided = {take.rpartition("/")[2]: pick["decision"] for take, pick in studio.picks.items()}
    assert decided == {"s0": "keep", "s1": "keep", "s2": "drop", "s59": "drop"}


def test_a_clash_shows_both_words_to_choose_from(window: Open, studio: FakeStudio) -> None:
    page = window()
    for number, (key, choice, left) in enumerate([("p", "Yours", "keep"), ("x", "Saved", "drop")]):
        take = ("heads/ana/office/photo/s0", "heads/grace/office/photo/s1")[number]
        studio.picks[take] = {"stage": "picks", "decision": "drop", "stars": 5, "note": "by hand"}
        press(page, key)
        page.get_by_role("button", name="1 decision to settle").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(take)
        expect(dialog).to_contain_text("Dropped, 5 stars, “by hand”")
        dialog.get_by_role("button", name=choice).click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".saved")).to_have_text("Saved")
        assert studio.picks[take]["decision"] == left
        assert studio.picks[take]["stars"] == (0 if choice == "Yours" else 5)


def test_another_browser_is_heard_of_and_clashes_only_about_one_take(window: Open, studio: FakeStudio) -> None:
    here, there = window(), window(alone=True)
    press(there, "p", "x")
    expect(there.locator(".saved")).to_have_text("Saved")
    studio.tell("changed", revision="2")
    expect(here.locator(".tile[data-decision]")).to_have_count(2)
    studio.picks[FIRST] = {"stage": "picks", "decision": "drop", "stars": 0, "note": ""}
    press(here, "s", "p")
    expect(here.locator(".saved")).to_have_text("Saved")
    press(here, "Home", "3")
    expect(here.locator(".saved")).to_have_text("1 decision to settle")
    assert studio.picks[FIRST]["decision"] == "drop"


def test_one_change_that_is_refused_holds_up_no_other(window: Open, studio: FakeStudio) -> None:
    page = window()

    def refuse(route: Route) -> None:
        if FIRST in (route.request.post_data or ""):
            route.fulfill(status=422, json={"error": "no such take", "help": ""})
        else:
            route.continue_()

    page.route("**/api/picks", refuse)
    press(page, "p", "x", "p")
    expect(page.locator(".saved")).to_have_text("1 decision refused")
    assert {take.rpartition("/")[2] for take in studio.picks} == {"s1", "s2"}
    page.get_by_role("button", name="1 decision refused").click()
    page.get_by_role("button", name="Give up: Kept").click()
    expect(page.locator(".saved")).to_have_text("Saved")
    assert page.locator('.tile[title$="/s0"]').get_attribute("data-decision") is None
