"""Pages in a real browser: what is there, what a keyboard does, what can't happen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.stories.gated import gated
from tests.stories.project import Project
from tests.web.conftest import Look

EVIL = "</script><img src=x onerror=document.title='gone'><b>&amp;"


def made(project: Project, *argv: str) -> Path:
    project.run()
    project.workspace.expect("sheet", *argv)
    return project.root / "out" / "portraits" / "sheet.html"


def shown(page: Page) -> list[str]:
    """The takes that a person sees, by what a screen reader says of them."""
    return [take.get_attribute("aria-label") or "" for take in page.locator(".take:visible").all()]


def focused(page: Page) -> str:
    named = "document.activeElement.getAttribute('aria-label') || document.activeElement.name"
    return str(page.evaluate(named)).partition(",")[0]


def test_every_take_with_its_picture_and_its_verdict(project: Project, look: Look) -> None:
    gated(project)
    with look(made(project)) as page:
        assert len(shown(page)) == 4
        assert page.locator("#count").inner_text() == "4 takes"
        assert page.locator("tbody th").all_inner_texts() == [] or page.locator("thead th").count() == 4
        assert "accepted" in page.locator(".take").first.inner_text()
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        assert {"accepted", "rejected"} <= set(
            page.evaluate("[...document.querySelectorAll('.take')].map(t => t.dataset.state)")
        )


def test_the_panel_tells_what_the_manifest_tells(project: Project, look: Look) -> None:
    gated(project)
    file = made(project)
    lines = project.workspace.read("recipe.yaml").splitlines()
    line = next(at for at, text in enumerate(lines, start=1) if text.startswith("  heads:"))
    manifest = {
        take["id"]: take for take in json.loads(file.with_name("manifest.json").read_text(encoding="utf-8"))["takes"]
    }
    with look(file) as page:
        for at in range(4):
            page.locator(".take").nth(at).click()
            take = manifest[page.locator("#name").inner_text()]
            facts = page.locator("#facts").inner_text()
            drawn = next(call for call in take["calls"] if call["provider"] != "compute")
            assert drawn["arguments"]["prompt"] in facts
            assert drawn["endpoint"] in facts
            assert str(take["verdict"]["ruling"]) in facts
            if take["verdict"]["score"] is not None:
                assert f"{take['verdict']['score']:.4f}" in facts
            assert "adapter likeness/ana" in facts
            assert f"recipe.yaml:{line}" in facts
            page.locator("#facts summary").first.click()
            told = json.loads(page.locator("#facts pre").first.inner_text())
            assert {name: told[name] for name in drawn["arguments"]} == drawn["arguments"]
            page.keyboard.press("Escape")


def test_the_full_picture_where_it_is_and_the_small_one_where_it_is_not(project: Project, look: Look) -> None:
    file = made(project)
    with look(file) as page:
        page.locator(".take").first.click()
        page.locator("#view img").wait_for()
        assert str(page.locator("#view img").get_attribute("src")).startswith("takes/heads_ana_")
        _, window, large, again = widths(page)
        assert window > 1.3
        assert large > 1.9
        assert again == 1
    (project.root / "moved").mkdir()
    moved = file.rename(project.root / "moved" / "sheet.html")
    with look(moved, loud="ERR_FILE_NOT_FOUND") as page:
        page.evaluate("document.querySelectorAll('.take')[1].click()")
        page.wait_for_selector("#view p:visible")
        assert "small copy" in page.locator("#view p").inner_text()
        assert str(page.locator("#view img").get_attribute("src")).startswith("data:image/webp")


def widths(page: Page) -> list[float]:
    """How wide the open picture is at each press of `z`, by its width in the panel."""
    found = []
    for _ in range(4):
        box = page.locator("#view .room > *").bounding_box()
        assert box is not None
        found.append(box["width"])
        page.keyboard.press("z")
    return [width / found[0] for width in found]


@pytest.mark.parametrize(("width", "height"), [(390, 800), (1400, 1000), (2560, 1400)])
def test_the_pictures_fill_the_pages_width(project: Project, look: Look, width: int, height: int) -> None:
    with look(made(project)) as page:
        page.set_viewport_size({"width": width, "height": height})
        boxes = [box for take in page.locator(".take").all() if (box := take.bounding_box())]
        right = max(box["x"] + box["width"] for box in boxes)
        assert right > width * 0.9
        # A phone shows two at a time; the next one is cut by the screen's edge, so that one sees that there are more.
        assert right <= width or any(box["x"] < width - 8 < width < box["x"] + box["width"] for box in boxes)


def test_two_columns_with_labels_fit_on_a_phone(project: Project, look: Look) -> None:
    text = project.workspace.read("recipe.yaml")
    sheet = "outputs:\n  sheet: {contact_sheet: takes, rows: scene, columns: seed}\n"
    project.workspace.write("recipe.yaml", text + sheet)
    with look(made(project), width=390) as page:
        boxes = [box for take in page.locator(".take").all() if (box := take.bounding_box())]
        assert max(box["x"] + box["width"] for box in boxes) <= 390 - 8


def test_filters_leave_what_is_asked_for(project: Project, look: Look) -> None:
    gated(project)
    with look(made(project)) as page:
        page.locator("input[name=state][value=rejected]").uncheck()
        assert len(shown(page)) == page.locator(".take[data-state=accepted]").count()
        assert page.locator("#count").inner_text() == f"{len(shown(page))} of 4 takes"
        page.get_by_text("show all").click()
        page.locator(".take:visible").nth(3).wait_for()
        page.locator("select[data-axis=scene]").select_option("street")
        assert all("street" in take for take in shown(page))
        page.get_by_text("show all").click()
        page.locator(".take:visible").nth(3).wait_for()
        page.locator("input[name=text]").fill("OFFICE s11")
        assert len(shown(page)) == 1
        page.locator("input[name=text]").fill("nothing is called so")
        assert page.locator("#empty").is_visible()
        page.locator("input[name=text]").fill("")
        page.locator("input[name=low]").fill("0.5")
        assert all("accepted" in take for take in shown(page))
        page.locator("input[name=low]").fill("")
        page.locator("input[name=high]").fill("0.5")
        assert not any("accepted" in take for take in shown(page))


def test_all_of_it_by_keyboard(project: Project, look: Look) -> None:
    with look(made(project, "--rows", "scene", "--columns", "seed")) as page:
        for _ in range(30):
            page.keyboard.press("Tab")
            if "heads" in focused(page):
                break
        assert focused(page) == "heads ana office s11"
        page.keyboard.press("ArrowRight")
        assert focused(page) == "heads ana office s29"
        page.keyboard.press("ArrowDown")
        assert focused(page) == "heads ana street s29"
        page.keyboard.press("Home")
        assert focused(page) == "heads ana street s11"
        page.keyboard.press("ArrowUp")
        page.keyboard.press("End")
        assert focused(page) == "heads ana office s29"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.locator("#name").inner_text() == "heads/ana/office/s29"
        page.keyboard.press("ArrowRight")
        assert page.locator("#name").inner_text() == "heads/ana/street/s11"
        page.keyboard.press("Escape")
        page.locator('.take[aria-label^="heads ana street s11"]:focus').wait_for()
        page.keyboard.press("/")
        assert focused(page) == "text"
        page.keyboard.press("Escape")
        assert focused(page) == "heads ana street s11"
        page.keyboard.press("?")
        assert page.locator("#help").is_visible()


def test_arrows_begin_at_the_first_take(project: Project, look: Look) -> None:
    with look(made(project)) as page:
        page.keyboard.press("ArrowRight")
        assert focused(page) == "heads ana office s11"
        page.keyboard.press("Enter")
        assert page.locator("#name").inner_text() == "heads/ana/office/s11"


def test_names_and_prompts_stay_text(project: Project, look: Look) -> None:
    project.edit("headshot, {{ scene }}", f"{EVIL} {{{{ scene }}}}")
    with look(made(project)) as page:
        page.locator(".take").first.click()
        assert EVIL in page.locator("#facts blockquote").inner_text()
        assert page.title() == "portraits: contact sheet"
        assert page.locator("#facts img, #facts b").count() == 0


def test_the_page_may_reach_nobody_and_run_nothing_else(project: Project, look: Look) -> None:
    file = made(project)
    text = file.read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    with look(file) as page:
        policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
        assert "unsafe" not in policy
        assert page.evaluate("Boolean(document.querySelector('style').sheet.cssRules.length)")
    # What is refused is refused aloud: the page itself is silent.
    file.write_text(text.replace("</main>", "<script>document.title = 'gone'</script></main>"), encoding="utf-8")
    with look(file, loud="Content Security Policy") as page:
        assert page.title() == "portraits: contact sheet"
        assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"


def test_a_phone_the_dark_and_paper(project: Project, look: Look) -> None:
    file = made(project)
    with look(file, width=360, dark=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert not page.locator("#more .tools").is_visible()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(23, 22, 20)"
        page.locator(".take").first.click()
        box = page.locator("#panel").bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, 360)
        page.keyboard.press("Escape")
        page.emulate_media(media="print")
        assert not page.locator("#tools").is_visible()


def test_two_runs_beside_each_other(project: Project, look: Look) -> None:
    project.run()
    project.edit("headshot, {{ scene }}", "portrait, {{ scene }}").edit("seeds: [11, 29]", "seeds: [11, 31]")
    with look(made(project, "--against", "latest~1")) as page:
        assert page.locator(".take.changed").count() == 4
        assert page.locator(".old:visible").count() == 0
        page.locator("input[name=view][value=both]").check()
        assert page.locator(".old:visible").count() == 4
        assert page.locator(".changed .side > i:visible").all_inner_texts() == ["now", "before"] * 4
        boxes = [side.bounding_box() for side in page.locator(".changed .side > :first-child").all()]
        assert len({(round(box["width"]), round(box["height"])) for box in boxes if box}) == 1
        page.locator("input[name=view][value=before]").check()
        assert (page.locator(".old:visible").count(), page.locator(".new:visible").count()) == (4, 0)
        page.locator("input[name=changed]").check()
        assert len(shown(page)) == 4
        page.locator(".take").nth(1).click()
        facts = page.locator("#facts").inner_text()
        assert "takes: prompt" in facts
        assert "anqz7 woman, headshot, office" in facts
        assert "29" in facts
        assert page.locator("#view .tag").all_inner_texts() == ["before", "now"]
        slide = page.locator(".slide")
        slide.fill("20")
        assert "80%" in str(page.locator(".stack img").nth(1).evaluate("image => image.style.clipPath"))


def test_a_run_whose_bytes_are_gone(project: Project, look: Look) -> None:
    project.run()
    before = project.pictures()
    digests = [take["sha256"] for take in json.loads((before[0].parents[1] / "manifest.json").read_text())["takes"]]
    project.edit("headshot, {{ scene }}", "portrait, {{ scene }}")
    project.run()
    for digest in digests:
        (project.root / ".nano-banana" / "blobs" / digest[:2] / digest[2:]).unlink()
    project.workspace.expect("sheet", "--against", "latest~1")
    with look(before[0].parents[1] / "sheet.html") as page:
        page.locator("input[name=view][value=both]").check()
        assert page.locator(".old").first.inner_text().split("\n") == ["file deleted", "before"]
