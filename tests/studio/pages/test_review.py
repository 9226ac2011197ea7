"""The review page: every key and what it does, by mouse and touch too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from nano_banana.model.json_values import as_items, as_object
from tests.studio.pages.conftest import Open
from tests.studio.pages.fake_studio import FakeStudio


def current(page: Page) -> str:
    """The number of the take that is looked at."""
    return (page.locator(".about-name").get_attribute("title") or "").rpartition("/s")[2]


def decision(page: Page, number: int) -> str | None:
    return page.locator(f'.tile[title$="/s{number}"]').get_attribute("data-decision")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def saved(page: Page) -> None:
    expect(page.locator(".saved")).to_have_text("Saved")


def test_keep_drop_unset_and_stars_by_key(window: Open, studio: FakeStudio) -> None:
    page = window()
    press(page, "p", "x", "s", "p", "Home", "3")
    assert [decision(page, number) for number in range(5)] == ["keep", "drop", None, "keep", None]
    press(page, "ArrowRight", "u", "5", "5")
    assert decision(page, 1) is None
    saved(page)
    assert {take.rpartition("/")[2]: (pick["decision"], pick["stars"]) for take, pick in studio.picks.items()} == {
        "s0": ("keep", 3),
        "s1": (None, 0),
        "s3": ("keep", 0),
    }
    assert studio.picks["heads/ana/office/photo/s0"]["stage"] == "picks"


def test_arrows_move_and_stop_at_the_ends(window: Open) -> None:
    page = window()
    press(page, "ArrowLeft", "ArrowUp")
    assert current(page) == "0"
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown")
    columns = int(current(page)) - 1
    assert columns > 2
    press(page, "End", "ArrowRight", "ArrowDown")
    assert current(page) == "59"
    expect(page.locator('.tile[title$="/s59"]')).to_be_in_viewport()
    press(page, "Home")
    assert current(page) == "0"


def test_auto_advance_goes_to_the_next_undecided_and_never_back_to_the_start(window: Open) -> None:
    page = window()
    press(page, "ArrowRight", "p", "ArrowLeft", "ArrowLeft", "x")
    assert current(page) == "2"
    press(page, "End", "p")
    assert current(page) == "59"
    expect(page.locator(".toast")).to_have_text("No undecided takes after this one")
    press(page, "Home", "ArrowRight", "ArrowRight", "a", "p", "u")
    assert current(page) == "2"
    press(page, "a", "p")
    assert current(page) == "3"


def test_views_by_key(window: Open) -> None:
    page = window()
    for key, view in zip("eg  cn", ("loupe", "grid", "loupe", "grid", "compare", "survey"), strict=True):
        press(page, key)
        expect(page.locator("body")).to_have_attribute("data-view", view)
        expect(page.locator(f".{view}-view, .view.{view}").first).to_be_visible()
    press(page, "Escape")
    expect(page.locator("body")).to_have_attribute("data-view", "grid")
    press(page, "Enter")
    expect(page.locator("body")).to_have_attribute("data-view", "loupe")


def test_the_loupe_steps_through_takes_and_their_tries(window: Open) -> None:
    page = window()
    press(page, "e", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    badge, image = page.locator(".loupe-badge"), page.locator(".zoom-stage img").last
    expect(badge).to_have_text("Repair 2 · 3 of 3 · stands")
    expect(image).to_have_attribute("src", re.compile("0000000402"))
    press(page, "ArrowUp", "ArrowUp", "ArrowUp")
    expect(badge).to_have_text("First try · 1 of 3")
    expect(image).to_have_attribute("src", re.compile("0000000400"))
    page.get_by_role("button", name="Retry 1").click()
    expect(badge).to_have_text("Retry 1 · 2 of 3")
    press(page, "x")
    assert current(page) == "5"


def test_the_first_picture_of_the_loupe_is_sharp(window: Open) -> None:
    page = window()
    press(page, "e")
    expect(page.locator(".loupe .zoom-stage img").last).to_have_attribute("src", re.compile("thumb/(640|1280)/"))


def test_z_zooms_to_the_face_and_back(window: Open) -> None:
    page = window()
    press(page, "z")
    expect(page.locator("body")).to_have_attribute("data-view", "loupe")
    expect(page.locator(".loupe .zoom-pane")).to_have_class(re.compile("is-zoomed"))
    press(page, "z")
    expect(page.locator(".loupe .zoom-pane")).not_to_have_class(re.compile("is-zoomed"))


def test_linked_panes_zoom_and_move_together(window: Open) -> None:
    page = window()
    press(page, "c")
    panes = page.locator(".compare .zoom-stage")
    before = panes.nth(0).bounding_box()
    page.locator(".compare .zoom-pane").nth(1).hover()
    page.mouse.wheel(0, -400)
    first, second = panes.nth(0).bounding_box(), panes.nth(1).bounding_box()
    assert before
    assert first
    assert second
    assert first["width"] == pytest.approx(second["width"])
    assert first["width"] > before["width"]
    page.mouse.down()
    page.mouse.move(500, 500, steps=3)
    page.mouse.up()
    moved, other = panes.nth(0).bounding_box(), panes.nth(1).bounding_box()
    assert moved
    assert other
    assert moved["x"] != first["x"]
    assert moved["x"] - first["x"] == pytest.approx(other["x"] - second["x"], abs=1)
    page.get_by_role("button", name="Zoom and position linked").click()
    page.locator(".compare .zoom-pane").nth(1).hover()
    page.mouse.wheel(0, 2000)
    alone = panes.nth(0).bounding_box()
    assert alone
    assert alone["width"] == pytest.approx(moved["width"])


def test_comparing_decides_about_the_active_pane(window: Open, studio: FakeStudio) -> None:
    page = window()
    press(page, "c", "x")
    page.locator(".pane-caption").first.click()
    press(page, "p")
    saved(page)
    assert {take.rpartition("/")[2]: pick["decision"] for take, pick in studio.picks.items()} == {
        "s0": "keep",
        "s2": "drop",
    }


def test_a_survey_of_a_selection(window: Open) -> None:
    page = window()
    press(page, "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "n")
    expect(page.locator(".survey-cell")).to_have_count(4)
    press(page, "Home", "p")
    page.get_by_role("button", name="Take heads/ana/street/photo/s2 out of the survey").click()
    expect(page.locator(".survey-cell")).to_have_count(3)
    expect(page.locator('.survey-cell[data-decision="keep"]')).to_have_count(1)


def test_the_face_strip_shows_the_face_beside_the_photos(window: Open) -> None:
    page = window()
    press(page, "f")
    strip = page.locator(".face-strip")
    expect(strip.locator(".face-candidate img")).to_be_visible()
    expect(strip.locator(".faces li")).to_have_count(5)
    expect(strip).to_contain_text("needs 0.55")
    expect(strip.locator(".face-ruling")).to_have_text("Rejected")
    press(page, "f")
    expect(strip).to_be_hidden()


def test_undo_without_limit_and_redo(window: Open, studio: FakeStudio) -> None:
    page = window()
    press(page, *"pxpxpx", "4", *["Control+z"] * 9)
    assert [decision(page, number) for number in range(6)] == [None] * 6
    assert current(page) == "0"
    press(page, *["Control+Shift+Z"] * 2)
    assert [decision(page, number) for number in range(3)] == ["keep", "drop", None]
    saved(page)
    kept = {take.rpartition("/")[2]: pick["decision"] for take, pick in studio.picks.items() if pick["decision"]}
    assert kept == {"s0": "keep", "s1": "drop"}


def test_a_bulk_decision_is_one_undo(window: Open, studio: FakeStudio) -> None:
    page = window()
    press(page, "x", "Control+a", "p")
    saved(page)
    assert [pick["decision"] for pick in studio.picks.values()] == ["keep"] * 60
    press(page, "Control+z")
    saved(page)
    assert [take.rpartition("/")[2] for take, pick in studio.picks.items() if pick["decision"]] == ["s0"]
    assert studio.picks["heads/ana/office/photo/s0"]["decision"] == "drop"


def test_a_range_by_shift_and_click(window: Open) -> None:
    page = window()
    page.locator('.tile[title$="/s1"]').click()
    page.locator('.tile[title$="/s7"]').click(modifiers=["Shift"])
    expect(page.locator('.tile[aria-selected="true"]')).to_have_count(7)
    page.locator('.tile[title$="/s3"]').click(modifiers=["Control"])
    page.get_by_role("button", name="Keep").click()
    expect(page.locator('.tile[data-decision="keep"]')).to_have_count(6)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator('.tile[data-decision="keep"]')).to_have_count(0)


def test_everything_by_mouse(window: Open, studio: FakeStudio) -> None:
    page = window()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="Drop", exact=True).click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="2 stars").click()
    page.locator('.tile[title$="/s3"]').dblclick()
    expect(page.locator("body")).to_have_attribute("data-view", "loupe")
    for view in ("Compare", "Survey", "Grid"):
        page.get_by_role("button", name=view, exact=True).click()
        expect(page.locator("body")).to_have_attribute("data-view", view.lower())
    page.get_by_role("button", name="Face strip").click()
    expect(page.locator(".face-strip")).to_be_visible()
    saved(page)
    assert [(pick["decision"], pick["stars"]) for pick in studio.picks.values()] == [
        ("keep", 0),
        ("drop", 0),
        (None, 2),
    ]
    press(page, " ")
    expect(page.locator("body")).to_have_attribute("data-view", "loupe")


def test_keys_are_off_while_typing_and_can_be_switched_off(window: Open) -> None:
    page = window()
    press(page, "/")
    page.keyboard.type("street px")
    expect(page.locator(".empty")).to_have_text("No takes match. Clear a filter or the search.")
    press(page, "Escape", "Escape")
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator('.tile[data-decision="keep"]')).to_have_count(0)
    press(page, "?")
    page.get_by_label("Single keys").uncheck()
    press(page, "Escape", "p", "x", "e")
    expect(page.locator("body")).to_have_attribute("data-view", "grid")
    expect(page.locator(".tile[data-decision]")).to_have_count(0)
    page.reload()
    press(page, "p")
    expect(page.locator(".tile[data-decision]")).to_have_count(0)


def test_filters_search_and_decisions(window: Open) -> None:
    page = window()
    press(page, "p", "x")
    count = page.locator(".grid")
    page.get_by_role("button", name=re.compile("^Undecided")).click()
    expect(page.locator(".tab[aria-pressed=true] .tab-count")).to_have_text("58")
    press(page, "Home", "p")
    assert current(page) == "3"
    expect(page.locator('.tile[title$="/s2"]')).to_be_hidden()
    press(page, "Control+z")
    assert current(page) == "2"
    page.get_by_role("button", name=re.compile("^All")).click()
    page.get_by_role("button", name="Filters", exact=True).click()
    page.get_by_role("checkbox", name="grace").check()
    page.get_by_role("checkbox", name="Failed").check()
    expect(page.locator(".tile:visible")).to_have_count(1)
    expect(count).to_contain_text("Failed")
    page.get_by_role("button", name="Clear all").click()
    page.get_by_label("Lowest likeness").fill("0.8")
    press(page, "Tab")
    expect(page.locator(".tile:visible").first).to_contain_text(re.compile(r"0\.[89]"))


def test_near_identical_takes_share_a_tile(window: Open) -> None:
    page = window()
    page.get_by_role("button", name="Group near-identical").click()
    expect(page.locator(".tile:visible")).to_have_count(15)
    page.locator(".tile-group:visible").first.click()
    expect(page.locator(".tile:visible")).to_have_count(18)


def test_a_note_is_kept_with_the_take_it_was_typed_at(window: Open, studio: FakeStudio) -> None:
    page = window()
    press(page, "e")
    page.get_by_role("textbox", name="Note").fill("the smile")
    page.locator(".loupe-next").click()
    expect(page.get_by_role("textbox", name="Note")).to_have_value("")
    saved(page)
    assert {take.rpartition("/")[2]: pick["note"] for take, pick in studio.picks.items()} == {"s0": "the smile"}


def test_a_take_that_failed_says_why(window: Open) -> None:
    page = window()
    page.locator(".grid").press("End")
    page.locator('.tile[title$="/s39"]').dblclick()
    expect(page.locator(".loupe .no-picture")).to_contain_text("returned no file")


def test_thousands_of_takes_are_a_few_elements(window: Open, studio: FakeStudio) -> None:
    from tests.studio.pages.fake_studio import made_takes

    studio.takes = made_takes(10_000)
    page = window()
    assert page.locator(".tile").count() < 200
    press(page, "End")
    expect(page.locator('.tile[title$="/s9999"]')).to_be_in_viewport()
    expect(page.locator('.tile[title$="/s9998"] img')).to_be_visible()
    assert page.locator(".tile").count() < 250
    assert page.locator(".tile[aria-posinset='10000']").get_attribute("aria-setsize") == "10000"


def test_what_is_saved_has_what_it_was_before(window: Open, studio: FakeStudio) -> None:
    studio.picks["heads/ana/office/photo/s0"] = {"stage": "picks", "decision": "drop", "stars": 2, "note": "old"}
    page = window()
    assert decision(page, 0) == "drop"
    press(page, "p")
    saved(page)
    change = as_object(as_items(studio.posts[0])[0])
    assert change["base"] == {"decision": "drop", "stars": 2, "note": "old"}
    assert (change["decision"], change["stars"], change["note"]) == ("keep", 2, "old")


def test_the_details_tell_how_a_take_was_made(window: Open) -> None:
    page = window()
    press(page, "e")
    page.get_by_text("How it was made").click()
    expect(page.locator(".story")).to_contain_text("made by fal-ai/flux-lora")
    press(page, "ArrowRight")
    expect(page.locator(".story")).not_to_contain_text("fal-ai")
