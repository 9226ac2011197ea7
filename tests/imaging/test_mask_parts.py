"""Masks: drawn, widened, softened; frames: what is cut out around them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from PIL import Image

from nano_banana.imaging.mask_images import (
    Box,
    box_mask,
    crop_frame,
    ellipse_mask,
    feather_mask,
    grow_mask,
    polygon_mask,
)

sizes = some.tuples(some.integers(8, 90), some.integers(8, 90))


def values(mask: Image.Image) -> NDArray[np.int64]:
    return np.asarray(mask).astype(np.int64)


def share(mask: Image.Image) -> float:
    return float(values(mask).mean()) / 255


def test_a_box_on_whole_pixels_is_exact() -> None:
    mask = values(box_mask((100, 40), (0.25, 0.5, 0.5, 1.0)))
    assert (mask[20:40, 25:50] == 255).all()
    assert mask.sum() == 255 * 25 * 20


def test_edges_between_pixels_are_grey() -> None:
    assert values(box_mask((10, 10), (0.05, 0, 1, 1)))[5, :2].tolist() == [128, 255]


def test_an_ellipse_has_the_area_of_one() -> None:
    assert share(ellipse_mask((200, 100), (0, 0, 1, 1))) == pytest.approx(np.pi / 4, abs=0.005)


def test_a_polygon_has_the_area_of_one() -> None:
    assert share(polygon_mask((200, 100), [(0, 0), (1, 0), (0, 1)])) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("box", [(0.5, 0.5, 0.5, 0.9), (0.9, 0.1, 0.1, 0.9), (1.5, 0, 2, 1)])
def test_a_shape_without_area_or_outside_is_black(box: Box) -> None:
    assert box_mask((30, 30), box).getbbox() is None
    assert ellipse_mask((30, 30), box).getbbox() is None


def test_huge_pictures_are_drawn_on_a_coarser_grid() -> None:
    assert share(box_mask((9000, 8000), (0, 0, 0.5, 1))) == 0.5
    assert share(box_mask((4000, 3000), (0, 0, 0.5, 1))) == 0.5


@pytest.mark.parametrize("radius", [0, 1, 5, 17.4, 60])
def test_growing_a_dot_makes_a_disc_as_nearly_as_an_octagon_can(radius: float) -> None:
    dot = Image.new("L", (201, 201))
    dot.putpixel((100, 100), 255)
    rows, columns = np.nonzero(values(grow_mask(dot, radius)))
    away = np.hypot(rows - 100, columns - 100)
    assert max(rows.max(), columns.max()) - 100 == pytest.approx(radius, abs=2)
    assert away.max() <= radius * 1.083 + 2.5
    assert len(away) >= 0.85 * np.pi * max(0, radius - 1.5) ** 2


@given(sizes, some.floats(0, 30), some.floats(0, 30))
@settings(max_examples=25, deadline=None)
def test_growing_more_never_leaves_less(size: tuple[int, int], one: float, two: float) -> None:
    small, large = sorted((one, two))
    mask = ellipse_mask(size, (0.3, 0.2, 0.6, 0.7))
    first, second = values(grow_mask(mask, small)), values(grow_mask(mask, large))
    assert (values(mask) <= first).all()
    assert (first <= second).all()
    assert second.shape == (size[1], size[0])


@given(some.floats(0, 40))
@settings(max_examples=40, deadline=None)
def test_a_feathered_edge_only_falls(width: float) -> None:
    soft = values(feather_mask(box_mask((160, 20), (0.5, 0, 1, 1)), width))[10]
    assert (np.diff(soft) >= 0).all()
    assert (soft[: 80 - int(width / 2) - 3] == 0).all()
    assert (soft[80 + int(width / 2) + 3 :] == 255).all()


def test_more_feather_is_softer() -> None:
    hard = box_mask((200, 200), (0.3, 0.3, 0.7, 0.7))
    soft = [
        int(((mask > 0) & (mask < 255)).sum()) for mask in (values(feather_mask(hard, at)) for at in range(0, 60, 6))
    ]
    assert soft[0] == 0
    assert soft == sorted(set(soft))


@given(
    some.data(),
    some.tuples(some.integers(1, 5000), some.integers(1, 5000)),
    some.floats(0.05, 4),
    some.sampled_from([1, 8, 16, 64]),
    some.floats(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_a_frame_holds_its_region_and_its_promises(
    data: some.DataObject, size: tuple[int, int], megapixels: float, multiple: int, context: float
) -> None:
    left = data.draw(some.integers(0, size[0] - 1))
    top = data.draw(some.integers(0, size[1] - 1))
    region = (left, top, data.draw(some.integers(left + 1, size[0])), data.draw(some.integers(top + 1, size[1])))
    cut = crop_frame(region, size, megapixels=megapixels, multiple=multiple, context=context)
    x0, y0, x1, y1 = cut.box
    assert 0 <= x0 <= region[0] < region[2] <= x1 <= size[0]
    assert 0 <= y0 <= region[1] < region[3] <= y1 <= size[1]
    assert cut.width % multiple == cut.height % multiple == 0
    assert cut.width <= max(4 * (x1 - x0) + 3, multiple)
    assert cut.height <= max(4 * (y1 - y0) + 3, multiple)
    assert cut.width * cut.height <= 1.6 * megapixels * 1e6 + multiple * (cut.width + cut.height)


def test_a_face_in_a_portrait_gets_a_megapixel() -> None:
    cut = crop_frame((400, 200, 560, 400), (880, 1104))
    assert cut.box == (308, 108, 653, 493)
    assert (cut.width, cut.height) == (960, 1072)


def test_a_cut_near_the_wished_size_is_not_resampled() -> None:
    cut = crop_frame((900, 700, 1500, 1300), (3000, 2000), context=0.3)
    assert (cut.box[2] - cut.box[0], cut.box[3] - cut.box[1]) == (cut.width, cut.height)


def test_a_region_that_is_most_of_the_picture_takes_it_whole() -> None:
    cut = crop_frame((100, 100, 800, 1000), (880, 1104))
    assert (cut.box, cut.width, cut.height) == ((0, 0, 880, 1104), 880, 1104)


def test_a_slim_region_gets_room_at_its_sides() -> None:
    cut = crop_frame((490, 100, 510, 900), (1000, 1000), context=0)
    assert cut.box[2] - cut.box[0] >= 400
