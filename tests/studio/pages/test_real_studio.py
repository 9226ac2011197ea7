"""The pages with the real server: a project is reviewed, picked and run."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from playwright.sync_api import Page, expect, sync_playwright

from tests.stories.project import Project
from tests.studio.conftest import Serve
from tests.workspace import Spawned

AWAY = "net::ERR_"
"""What the browser itself says of a server that is away."""

CHOICE = "  - {id: best, choose: judged, keep: {best: 1, per: [scene]}}\n"


@contextmanager
def looking(url: str) -> Iterator[Page]:
    """The studio in a browser; it must not complain. A command can't run inside: the browser's loop is in its way."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(20_000)
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if AWAY not in message.text else None)
        page.goto(url)
        yield page
        assert said == []
        browser.close()


@pytest.fixture
def chosen(project: Project) -> Project:
    """A project that was run, whose takes come to a choice."""
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + CHOICE)
    project.run()
    return project


def test_a_project_is_looked_at_and_picked(chosen: Project, serve: Serve) -> None:
    with serve(chosen) as visit, looking(visit.access.url) as page:
        expect(page.locator(".tile")).to_have_count(4)
        expect(page.locator(".tile img").first).to_have_js_property("complete", value=True)
        page.keyboard.press("f")
        expect(page.locator(".face-candidate img")).to_have_js_property("complete", value=True)
        expect(page.locator(".faces li")).to_have_count(5)
        for view, key in (("loupe", "e"), ("compare", "c"), ("survey", "n"), ("grid", "g")):
            page.keyboard.press(key)
            expect(page.locator("body")).to_have_attribute("data-view", view)
        for key in ("Home", "x", "p", "4"):
            page.keyboard.press(key)
        expect(page.locator(".saved")).to_have_text("Saved")
        picks = chosen.workspace.read("picks.yaml")
        assert "best:" in picks
        for take in ("heads/ana/office/s11", "heads/ana/office/s29"):
            assert take in picks
        chosen.workspace.write("picks.yaml", "picks: {best: {drop: [heads/ana/street/s29]}}\n")
        expect(page.locator('.tile[title$="street/s29"]')).to_have_attribute("data-decision", "drop")
        expect(page.locator('.tile[title$="office/s29"]')).not_to_have_attribute("data-decision", "keep")


def test_a_run_is_started_and_watched(project: Project, serve: Serve) -> None:
    with serve(project) as visit, looking(visit.access.url) as page:
        page.get_by_role("link", name="Run", exact=True).click()
        expect(page.get_by_role("region", name="Plan")).to_contain_text("4 pictures to make")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("heading", name="4 of 4 pictures done")).to_be_visible(timeout=90_000)
        expect(page.locator(".run-picture img").first).to_be_visible()
        expect(page.get_by_role("region", name="Plan")).to_contain_text("Nothing to make")
        page.get_by_role("link", name="History").click()
        expect(page.get_by_role("region", name="Runs")).to_contain_text("4 of 4 pictures")
        page.get_by_role("link", name="Review").click()
        expect(page.locator(".tile img").first).to_be_visible()


def test_decisions_survive_a_killed_server_and_a_reload(chosen: Project) -> None:
    first = chosen.workspace.spawn("studio", "--no-browser")
    with looking(address(first)) as page:
        page.locator(".tile").first.wait_for()
        first.signal(signal.SIGKILL).wait()
        for key in "xpx":
            page.keyboard.press(key)
        expect(page.locator(".saved")).to_have_text("3 not saved")
        again = chosen.workspace.spawn("studio", "--no-browser")
        page.goto(address(again))
        expect(page.locator(".saved")).to_have_text("Saved")
        expect(page.locator('.tile[data-decision="drop"]')).to_have_count(2)
        again.signal(signal.SIGINT).wait()
    picks = yaml.safe_load(chosen.workspace.read("picks.yaml"))["picks"]["best"]
    assert [len(picks["drop"]), len(picks["keep"])] == [2, 1]


def address(studio: Spawned) -> str:
    """The address that the command prints."""
    assert studio.process.stdout is not None
    return studio.process.stdout.readline().removeprefix("studio: ").strip()
