"""Pasting: what the mask leaves black is the original's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from nano_banana.imaging.mask_images import paste_by_mask


def noise(seed: int, shape: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


@given(some.data(), some.integers(0, 999), some.sampled_from([3, 4]))
@settings(max_examples=60, deadline=None)
def test_outside_the_mask_nothing_changes(data: some.DataObject, seed: int, channels: int) -> None:
    width, height = data.draw(some.tuples(some.integers(1, 60), some.integers(1, 60)))
    left, top = data.draw(some.integers(0, width - 1)), data.draw(some.integers(0, height - 1))
    box = (left, top, data.draw(some.integers(left + 1, width)), data.draw(some.integers(top + 1, height)))
    original = noise(seed, (height, width, channels))
    painted = noise(seed + 1, (data.draw(some.integers(1, 70)), data.draw(some.integers(1, 70)), 3))
    dice = np.random.default_rng(seed + 2)
    cover = (dice.integers(0, 256, (height, width)) * dice.integers(0, 2, (height, width))).astype(np.uint8)
    before, result = np.asarray(original), paste_by_mask(original, painted, Image.fromarray(cover), box)
    after = np.asarray(result)
    inside = np.zeros((height, width), bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    untouched = (cover == 0) | ~inside
    assert (after[untouched] == before[untouched]).all()
    assert (after[..., 3:] == before[..., 3:]).all()
    over = np.asarray(painted.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS))
    whole = cover[box[1] : box[3], box[0] : box[2]] == 255
    assert (after[box[1] : box[3], box[0] : box[2], :3][whole] == over[whole]).all()
    assert result.mode == original.mode


@pytest.mark.parametrize("level", [1, 64, 128, 254])
def test_half_a_mask_is_half_of_both(level: int) -> None:
    black, white = Image.new("RGB", (2, 2), 0), Image.new("RGB", (2, 2), (255, 255, 255))
    mixed = paste_by_mask(black, white, Image.new("L", (2, 2), level), (0, 0, 2, 2))
    assert mixed.getpixel((0, 0)) == (level, level, level)
