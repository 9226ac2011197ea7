"""Texts from recipes, prompts, file names and providers are shown as they are, and never run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from tests.studio.pages.conftest import Open
from tests.studio.pages.fake_studio import FakeStudio, made_takes

EVIL = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\"'javascript:\u202e&lt;b&gt;"
)
KEPT = {"digest", "media", "state", "ruling", "kind", "hash"}


def spoiled(value: JSONValue, name: str = "") -> JSONValue:
    """The value with an attack in every text."""
    if isinstance(value, dict):
        return {key if key in STRUCTURE else key + EVIL: spoiled(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [spoiled(one, name) for one in value]
    return value + EVIL if isinstance(value, str) and name not in KEPT else value


STRUCTURE = {
    *("id", "subjects", "shot", "template", "axes", "seed", "turn", "stage", "state", "prompt", "picture", "file"),
    *(
        "verdict",
        "tries",
        "cost_usd",
        "pick_stage",
        "problems",
        "hash",
        "made_at",
        "digest",
        "width",
        "height",
        "media",
    ),
    *("gate", "ruling", "score", "threshold", "reasons", "second", "number", "kind", "stands", "name", "recipe"),
    *("provider", "stages", "picks", "ask_above_usd", "revision"),
}


@pytest.fixture
def studio() -> Iterator[FakeStudio]:
    with FakeStudio([as_object(spoiled(take)) for take in made_takes(60)]) as server:
        server.project = as_object(spoiled(server.project))
        evil: JSONObject = {"stage": EVIL, "decision": "keep", "stars": 2, "note": EVIL}
        server.picks = {str(take["id"]): dict(evil) for take in server.takes[:5]}
        yield server


def test_no_text_becomes_markup(window: Open, studio: FakeStudio) -> None:
    page = window()
    page.get_by_role("button", name="Filters", exact=True).click()
    for key in ["f", "?", "Escape", "e", *["ArrowRight"] * 4, "c", "n", "z", "g", "Control+a", "p", "Escape"]:
        page.keyboard.press(key)
        page.wait_for_timeout(30)
    studio.picks = {
        str(take["id"]): {"stage": "", "decision": "drop", "stars": 1, "note": EVIL} for take in studio.takes
    }
    page.keyboard.press("x")
    page.keyboard.press("Home")
    page.keyboard.press("1")
    page.locator(".saved[data-state=clash]").click()
    expect(page.get_by_role("dialog")).to_contain_text("<script>")
    assert page.locator("img[src='x'], body script, b, [onerror]").count() == 0
    assert not page.title().startswith("owned")
    assert page.title().startswith("portraits<img")
