"""Regions: each part where a person sees it, for whoever is meant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.face import PARTS, WHOLE_PICTURE_PARTS, Face
from nano_banana.faces.networks import FACE_WEIGHTS, weights_file
from nano_banana.faces.regions import FoundRegions, find_regions, pick_faces
from tests.people import astronaut, hopper, together

pytestmark = pytest.mark.skipif(
    any(weights_file(name) is None for name in FACE_WEIGHTS), reason="`nano-banana setup` fetches these weights"
)

Box = tuple[int, int, int, int]
Mask = NDArray[np.float64]


def small() -> Image.Image:
    canvas = Image.new("RGB", (2000, 1500), (120, 150, 110))
    canvas.paste(astronaut().resize((300, 300), Image.Resampling.LANCZOS), (900, 700))
    return canvas


PICTURES: Mapping[str, Callable[[], Image.Image]] = {
    "astronaut": astronaut,
    "hopper": hopper,
    "mirrored": lambda: astronaut().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "tilted": lambda: astronaut().rotate(-15, resample=Image.Resampling.BICUBIC, fillcolor=(180, 175, 170)),
    "small": small,
    "two": lambda: together(astronaut(), hopper()),
}


@functools.cache
def found(name: str, part: str, which: str | int = "largest", order: str = "size") -> FoundRegions:
    return find_regions(np.asarray(PICTURES[name]()), part, which=which, order=order)


@functools.cache
def mask(name: str, part: str, which: str | int = "largest", order: str = "size") -> Mask:
    picture = PICTURES[name]()
    canvas = np.zeros((picture.height, picture.width))
    for region in found(name, part, which, order).regions:
        high, wide = region.mask.shape
        part_of = canvas[region.top : region.top + high, region.left : region.left + wide]
        np.maximum(part_of, region.mask / 255, out=part_of)
    return canvas


def box(drawn: Mask) -> Box:
    rows, columns = np.flatnonzero((drawn > 0.5).any(axis=1)), np.flatnonzero((drawn > 0.5).any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (one, other)]
    return shared / (sum(areas) - shared)


def likeness(one: Mask, other: Mask) -> float:
    """Soft intersection over union."""
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())


def inside(inner: Mask, outer: Mask) -> float:
    return float(np.minimum(inner, outer).sum() / inner.sum())


@pytest.mark.parametrize(
    ("name", "part", "measured", "least"),
    [
        # Boxes read off the photos by eye.
        ("astronaut", "face", (180, 69, 272, 178), 0.85),
        ("astronaut", "eyes", (194, 95, 258, 108), 0.6),
        ("astronaut", "mouth", (202, 137, 247, 155), 0.65),
        ("astronaut", "hair", (153, 15, 302, 136), 0.8),
        ("astronaut", "skin", (178, 75, 280, 195), 0.75),
        ("astronaut", "clothes", (25, 148, 512, 512), 0.85),
        ("astronaut", "person", (25, 15, 512, 512), 0.9),
        ("hopper", "face", (183, 131, 357, 334), 0.85),
        ("hopper", "eyes", (200, 176, 327, 202), 0.6),
        ("hopper", "mouth", (231, 269, 302, 290), 0.65),
        ("hopper", "skin", (153, 131, 376, 408), 0.75),
        ("hopper", "clothes", (12, 312, 512, 600), 0.85),
        ("hopper", "person", (12, 23, 512, 600), 0.9),
    ],
)
def test_each_part_is_where_a_person_sees_it(name: str, part: str, measured: Box, least: float) -> None:
    assert overlap(box(mask(name, part)), measured) > least
    assert not found(name, part).rough


@pytest.mark.parametrize("name", ["astronaut", "hopper", "tilted", "small"])
def test_parts_of_a_face_lie_in_it_and_skin_leaves_them_out(name: str) -> None:
    face, eyes, mouth, skin = (mask(name, part) for part in ("face", "eyes", "mouth", "skin"))
    assert inside(eyes, face) > 0.97
    assert inside(mouth, face) > 0.97
    assert inside(eyes, skin) < 0.25
    assert inside(mouth, skin) < 0.25
    assert inside(face, skin) > 0.6
    assert np.minimum(eyes, mouth).sum() == 0


@pytest.mark.parametrize("name", ["astronaut", "tilted", "small"])
def test_hair_is_above_the_face_and_clothes_are_below(name: str) -> None:
    face, hair, clothes = (mask(name, part) for part in ("face", "hair", "clothes"))
    rows = np.arange(face.shape[0])[:, None]
    middle_of_face, middle_of_hair, middle_of_clothes = (
        float((rows * part).sum() / part.sum()) for part in (face, hair, clothes)
    )
    assert middle_of_hair < middle_of_face < middle_of_clothes
    assert inside(face, hair) < 0.2
    assert inside(face, clothes) < 0.02
    assert inside(hair, mask(name, "person")) > 0.9
    assert 0.4 < hair.sum() / face.sum() < 2


def test_hair_has_no_hole_where_it_shines() -> None:
    assert mask("astronaut", "hair")[45, 240] > 0.9


@pytest.mark.parametrize("name", ["astronaut", "two", "small"])
def test_person_and_background_are_all(name: str) -> None:
    both = mask(name, "person") + mask(name, "background")
    assert np.abs(both - 1).max() < 0.04
    assert found(name, "person").faces == ()


@pytest.mark.parametrize("part", PARTS)
def test_a_mirrored_picture_has_the_mirrored_region(part: str) -> None:
    least = 0.75 if part in {"eyes", "mouth"} else 0.9
    assert likeness(mask("mirrored", part)[:, ::-1], mask("astronaut", part)) > least


@pytest.mark.parametrize("part", ["face", "hair", "mouth"])
def test_a_small_face_has_the_same_parts(part: str) -> None:
    large = Image.fromarray((mask("astronaut", part) * 255).astype(np.uint8)).resize((300, 300))
    assert likeness(mask("small", part)[700:1000, 900:1200], np.asarray(large) / 255) > 0.75


@pytest.mark.parametrize("part", ["hair", "clothes"])
def test_the_same_picture_has_the_same_bytes(part: str) -> None:
    again = find_regions(np.asarray(astronaut()), part)
    assert [region.mask.tobytes() for region in again.regions] == [
        region.mask.tobytes() for region in found("astronaut", part).regions
    ]


@pytest.mark.parametrize("part", sorted(set(PARTS) - set(WHOLE_PICTURE_PARTS)))
def test_of_two_people_the_one_that_is_meant(part: str) -> None:
    # The astronaut stands on the left, and her face is half as wide.
    left, right = mask("two", part, 1, "left_to_right"), mask("two", part, 2, "left_to_right")
    assert left[:, 540:].sum() < 0.05 * left.sum()
    assert right[:, :490].sum() < 0.05 * right.sum()


@pytest.mark.parametrize("part", ["mouth", "hair"])
def test_all_are_each_of_them(part: str) -> None:
    left, right = mask("two", part, 1, "left_to_right"), mask("two", part, 2, "left_to_right")
    assert (np.maximum(left, right) == mask("two", part, "all")).all()
    assert len(found("two", part, "all").faces) == 2


@pytest.mark.parametrize(
    ("which", "order", "same"),
    [
        ("largest", "size", 2),
        ("smallest", "size", 1),
        (1, "size", 2),
        (2, "size", 1),
        (1, "right_to_left", 2),
        (1, "top_to_bottom", 1),
    ],
)
def test_which_and_order_pick(which: str | int, order: str, same: int) -> None:
    assert (mask("two", "face", which, order) == mask("two", "face", same, "left_to_right")).all()


def test_a_face_that_is_not_there_has_no_region() -> None:
    third = found("two", "face", 3)
    assert (third.regions, third.counted) == ((), 2)
    wall = np.full((300, 200, 3), 120, np.uint8)
    assert all(find_regions(wall, part).regions == () for part in PARTS)


def test_a_face_in_the_background_is_never_meant() -> None:
    canvas = hopper().resize((1024, 1200))
    canvas.paste(hopper().resize((128, 150)), (0, 0))
    assert found_boxes(canvas) == 1


def found_boxes(picture: Image.Image) -> int:
    return len(find_regions(np.asarray(picture), "face", which="all").regions)


def test_hair_under_a_bald_head_is_none() -> None:
    # Skin goes on where hair would be.
    rgb = np.asarray(astronaut()).copy()
    head = mask("astronaut", "hair") > 0.2
    rgb[head] = rgb[120:130, 185:190].reshape(-1, 3).mean(axis=0).astype(np.uint8)
    assert find_regions(rgb, "hair").regions == ()


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_pictures_of_a_pixel_or_a_line_have_nobody(size: tuple[int, int]) -> None:
    rgb = np.full((size[1], size[0], 3), 90, np.uint8)
    assert all(find_regions(rgb, part).regions == () for part in PARTS)


def test_picking_goes_by_the_middles_of_faces() -> None:
    def at(left: float, top: float, width: float) -> Face:
        return Face(left=left, top=top, width=width, height=width, eyes=((0, 0), (1, 0)))

    wide, narrow = at(0, 50, 100), at(20, 0, 40)
    assert pick_faces((wide, narrow), 1, "left_to_right") == (narrow,)
    assert pick_faces((wide, narrow), 1, "right_to_left") == (wide,)
    assert pick_faces((wide, narrow), "all", "left_to_right") == (wide, narrow)
