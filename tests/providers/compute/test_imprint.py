"""`imprint`: a mark in the pixels, the same each time; what is see-through stays so."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Unusable
from nano_banana.provenance.pixel_watermarks import match_message, read_watermark
from nano_banana.provenance.watermark_messages import OWN_MESSAGE
from nano_banana.providers.compute.compute_provider import perform_compute
from nano_banana.providers.workers import WorkResult
from tests.people import astronaut_file


def imprint(path: Path, arguments: JSONObject | None = None) -> WorkResult:
    return perform_compute("imprint", json.dumps(arguments or {}).encode(), {"image": path})


def opened(result: WorkResult) -> Image.Image:
    return Image.open(io.BytesIO(result[1]["image"][0]))


def test_writes_the_programs_own_mark_and_the_same_bytes_each_time() -> None:
    result = imprint(astronaut_file())
    marked = opened(result)
    assert (marked.mode, marked.size) == ("RGB", (512, 512))
    assert result[0] == {"message": OWN_MESSAGE, "agree": 32, "strength": 1.0}
    assert match_message(read_watermark(np.asarray(marked)), "own", OWN_MESSAGE).certain
    assert imprint(astronaut_file()) == result


def test_keeps_what_is_see_through(tmp_path: Path) -> None:
    picture = Image.open(astronaut_file()).convert("RGBA")
    alpha = Image.linear_gradient("L").resize(picture.size)
    picture.putalpha(alpha)
    picture.save(tmp_path / "a.png")
    result = imprint(tmp_path / "a.png", {"message": "c0ffee42"})
    assert opened(result).getchannel("A").tobytes() == alpha.tobytes()
    assert result[0]["message"] == "c0ffee42"


def test_refuses_what_is_no_message() -> None:
    with pytest.raises(CallFailed) as failed:
        imprint(astronaut_file(), {"message": "coffee"})
    assert failed.value.problems[0].kind == "compute_argument"


def test_a_picture_that_does_not_hold_a_mark_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nano_banana.provenance.pixel_watermarks.STRENGTHS", (0.0,))
    with pytest.raises(CallFailed) as failed:
        imprint(astronaut_file())
    assert failed.value.problems[0].kind == "mark_not_held"


def test_needs_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(Unusable) as failed:
        imprint(astronaut_file())
    assert failed.value.problems[0].kind == "marks_missing"
