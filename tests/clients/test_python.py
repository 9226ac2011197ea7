"""PyPI's clients of fal, as they are published, against the emulator."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_object
from tests.clients.conftest import PYTHON, Ask, pinned, pip_installed

RESULT = ["images", "seed", "timings", "prompt", "has_nsfw_concepts"]
JPEG = "ffd8"


def story(ask: Ask, name: str, *folders: Path, **variables: str) -> dict[str, object]:
    """What a story saw; it finds these folders' packages, and none of this environment's."""
    command = [sys.executable, "-S", str(PYTHON / "stories.py"), name]
    return dict(ask(command, {"PYTHONPATH": os.pathsep.join(map(str, folders)), **variables}))


def fal_client(version: str) -> tuple[Path, Path]:
    """The folders of this version of fal-client, and of what it needs."""
    needs = pip_installed("fal-client-needs", *pinned("fal-client.txt"))
    return pip_installed(f"fal-client-{version}", f"fal-client=={version}"), needs


@pytest.mark.parametrize("version", ["0.5.9", "0.7.0", "0.10.0", "0.13.2", "0.14.1", "1.0.0", "1.0.3"])
def test_fal_client(ask: Ask, emulator: Emulator, version: str) -> None:
    assert story(ask, "fal_client", *fal_client(version)) == {
        "run": RESULT,
        "events": ["Completed", "started", "done"],
        "picture": JPEG,
        "again": True,
        "status": "Completed",
        "subscribe": [1, "Completed"],
        "stream": [RESULT],
        "upload": "some text",
        "upload_file": "a picture",
        "refused": True,
        "async": ["Completed", 1, 1, [1], True],
    }
    counts = as_object(emulator.control("GET", "counts"))
    assert (counts["failed"], counts["errors"]) == (1, [])


def test_a_realtime_connection_is_refused_in_words(ask: Ask) -> None:
    assert "501" in str(story(ask, "realtime", *fal_client("1.0.3"))["error"])


def test_fal_client_by_its_variables(ask: Ask, emulator: Emulator) -> None:
    """As docs/emulator.md has it; the queue's host had no variable of its own before 0.11."""
    hosts = {"FAL_RUN_HOST": f"{emulator.host}/fal.run", "FAL_QUEUE_RUN_HOST": emulator.host, "HTTPS_PROXY": ""}
    seen = story(ask, "by_variables", *fal_client("1.0.3"), **hosts)
    assert seen == {"run": RESULT, "queue": RESULT}


def test_huggingface_hub(ask: Ask) -> None:
    folder = pip_installed("huggingface_hub", *pinned("huggingface_hub.txt"))
    assert story(ask, "huggingface_hub", folder) == {"text_to_image": [64, 48], "image_to_image": [64, 64]}
