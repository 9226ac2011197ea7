"""A browser for the studio's pages, and a server that can be stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.studio.pages.fake_studio import FakeStudio, made_takes


class Open(Protocol):
    """Opens a page of the studio in a new window; `alone` gives it a browser profile of its own."""

    def __call__(self, path: str = "", *, alone: bool = False) -> Page:
        """The page; a review page has its first tiles."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Whichever Chromium is here."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def studio() -> Iterator[FakeStudio]:
    """A studio with sixty takes."""
    with FakeStudio(made_takes(60)) as server:
        yield server


@pytest.fixture
def window(browser: Browser, studio: FakeStudio) -> Iterator[Open]:
    """Opens windows; what a page throws, or what its policy forbids, fails the test."""
    errors: list[str] = []
    with ExitStack() as stack:
        shared = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        stack.callback(shared.close)

        def opened(path: str = "", *, alone: bool = False) -> Page:
            context = shared
            if alone:
                context = browser.new_context(viewport={"width": 1280, "height": 800})
                stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
            page.goto(studio.url + path)
            if not path:
                page.wait_for_selector(".tile")
            return page

        yield opened
    assert errors == []
