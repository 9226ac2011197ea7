"""npm's clients of fal, as they are published, against the emulator."""

from __future__ import annotations

import pytest

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_items, as_object
from tests.clients.conftest import Ask, npm_installed

RESULT = ["images", "seed", "timings", "prompt", "has_nsfw_concepts"]
STORIES: dict[str, dict[str, object]] = {
    "run": {"images": 2},
    "stream": {"events": 1, "done": RESULT},
    "stream_with_a_token": {"done": RESULT},
    "queue": {"images": 1, "cancelled": 400},
    "refused": {each: ["ValidationError", 422, ["num_images", "prompt"]] for each in ("run", "subscribe")},
    "upload": {"small": "small", "large": 91 << 20},
    "proxied": {"images": 1, "direct": 1},
    "client_1_0": {"images": 1, "direct": 1, "size": 1},
    "serverless_client": {"images": 1, "direct": 1, "size": 1},
    "ai_sdk": {"images": 2, "type": "image/jpeg"},
    "tanstack": {"images": 2},
    "subscribe": {},
    "subscribe_streaming": {"status": "COMPLETED", "images": 1},
}


@pytest.mark.parametrize("name", STORIES)
def test_a_client(ask: Ask, emulator: Emulator, name: str) -> None:
    seen = ask(["node", str(npm_installed() / "stories.mjs"), name], {})
    assert {key: seen[key] for key in STORIES[name]} == STORIES[name]
    if name == "subscribe":
        assert as_items(seen["states"])[-1] == "COMPLETED"
    if name == "subscribe_streaming":
        steps = [f"step {step}/20" for step in range(2, 21, 2)]
        assert seen["lines"] == ["started", *steps, "done"]
    assert as_object(emulator.control("GET", "counts"))["errors"] == []
