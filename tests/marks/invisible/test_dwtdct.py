"""The watermark of Stable Diffusion's and BFL's code: found where it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from nano_banana.provenance.pixel_watermarks import (
    MAX_DECODED_PIXELS,
    chroma_plane,
    dwt_blocks,
    find_known_watermarks,
    largest_votes,
    majority_bits,
    outlier_votes,
)
from nano_banana.provenance.watermark_messages import WatermarkMatch
from tests.marks.invisible.encoder import BITS, marked
from tests.marks.invisible.pictures import Pixels, compressed, made_up, photos, scaled

PHOTOS = photos()


def match(rgb: Pixels, name: str) -> WatermarkMatch:
    return next(one for one in find_known_watermarks(rgb) if one.name == name)


def found(rgb: Pixels) -> list[str]:
    return [one.name for one in find_known_watermarks(rgb) if one.found]


def test_there_are_photos_enough() -> None:
    assert len(PHOTOS) >= 12


def test_the_messages_are_the_references() -> None:
    assert {name: len(bits) for name, bits in BITS.items()} == {"bfl": 46, "sdxl": 48, "sd1": 136}
    assert np.packbits(BITS["sd1"]).tobytes() == b"StableDiffusionV1"


@pytest.mark.parametrize("name", BITS)
def test_is_found_in_every_picture_that_carries_it(name: str) -> None:
    assert {photo: found(marked(rgb, name)) for photo, rgb in PHOTOS.items()} == {photo: [name] for photo in PHOTOS}


def test_is_found_where_red_was_taken_for_blue() -> None:
    assert found(marked(PHOTOS["astronaut.png"], "sdxl", swapped=True)) == ["sdxl"]


def test_is_read_where_the_references_own_way_fails() -> None:
    """In plain areas the mark makes the largest coefficient smaller than another, which is then read."""
    carrying, message = marked(PHOTOS["coffee.png"], "bfl"), np.array(BITS["bfl"], bool)
    as_reference = dwt_blocks(chroma_plane(carrying, swapped=False, whole=True))
    as_written = dwt_blocks(chroma_plane(carrying, swapped=False, whole=False))
    assert (majority_bits(largest_votes(as_reference), 46) == message).sum() < 36
    assert (majority_bits(largest_votes(as_written), 46) == message).sum() < 36
    assert (majority_bits(outlier_votes(as_written), 46) == message).all()


def test_survives_a_jpeg_with_all_its_colours_and_no_other() -> None:
    carrying = marked(PHOTOS["astronaut.png"], "sdxl")
    assert found(compressed(carrying, 95, 0)) == ["sdxl"]
    assert found(compressed(carrying, 95)) == []
    assert found(compressed(carrying, 75)) == []
    assert found(scaled(carrying, 0.9)) == []


def test_clean_pictures_are_not_accused() -> None:
    pictures = [*PHOTOS.values(), *(compressed(rgb, 75) for rgb in PHOTOS.values()), *made_up()]
    assert [found(rgb) for rgb in pictures] == [[]] * len(pictures)


def test_a_small_picture_is_not_read() -> None:
    assert find_known_watermarks(np.zeros((200, 200, 3), np.uint8)) == ()


def test_a_strip_has_too_few_blocks_for_a_long_message() -> None:
    assert [one.name for one in find_known_watermarks(np.zeros((8, 8200, 3), np.uint8))] == ["bfl", "sdxl", "sd1"]
    assert find_known_watermarks(np.zeros((7, 70000, 3), np.uint8)) == ()


def test_of_a_huge_picture_the_top_is_read() -> None:
    rgb = PHOTOS["astronaut.png"]
    rows = MAX_DECODED_PIXELS // rgb.shape[1]
    tall = np.concatenate([rgb] * (2 + rows // rgb.shape[0]))
    assert find_known_watermarks(tall) == find_known_watermarks(tall[:rows])


def test_a_match_says_how_sure_it_is() -> None:
    likely = WatermarkMatch(name="sdxl", agree=37, length=48, least=36, sure=44)
    assert (likely.found, likely.certain, round(likely.rate, 2)) == (True, False, 0.77)
