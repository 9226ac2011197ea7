"""A project with a hand at work in it, and a real browser to look at its pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.stories.hand import at_work
from tests.stories.project import Project
from tests.workspace import Workspace


class Look(Protocol):
    """Opens a page in Chromium; it must ask for nothing but itself and pictures.

    It complains of nothing but what has to be `loud`. Runs of the program have no place inside: the browser's loop is
    in their way.
    """

    def __call__(
        self, file: Path, *, width: int = 1280, dark: bool = False, loud: str = ""
    ) -> AbstractContextManager[Page]:
        """The page, looked at; closed at the end of a `with` block."""


@pytest.fixture
def project(workspace: Workspace) -> Iterator[Project]:
    """A recipe with photos, whose calls a hand answers."""
    with at_work():
        yield Project(workspace)


@pytest.fixture
def look() -> Look:
    """Looks at pages with whichever Chromium is here."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")

    @contextmanager
    def opened(file: Path, *, width: int = 1280, dark: bool = False, loud: str = "") -> Iterator[Page]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            page.set_default_timeout(10_000)
            said: list[str] = []
            asked: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(file.as_uri())
            yield page
            ours = ("data:", file.parent.as_uri())
            assert [words for words in said if not loud or loud not in words] == []
            assert bool(said) is bool(loud)
            assert [url for url in asked if not url.startswith(ours)] == []
            browser.close()

    return opened
