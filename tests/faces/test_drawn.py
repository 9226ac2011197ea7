"""Outlines as pixels: cut at the picture's border, gone beyond it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from nano_banana.faces import networks
from nano_banana.faces.face import Face
from nano_banana.faces.landmarks import Head, rough_head
from nano_banana.faces.networks import PERSON_WEIGHTS, weights_file
from nano_banana.faces.person_mask import whole_window
from nano_banana.faces.regions import outlined_region, region_in_window
from nano_banana.model.problem import Unusable


def head(x: float, y: float, apart: float) -> Head:
    """A rough head whose eyes are `apart`, with their middle at (x, y)."""
    eyes = ((x - apart / 2, y), (x + apart / 2, y))
    return rough_head(Face(left=x - apart, top=y - apart, width=2 * apart, height=2.5 * apart, eyes=eyes))


def test_a_face_at_the_border_is_cut_there() -> None:
    region = outlined_region((200, 200), head(0, 100, 60), "face")
    assert region is not None
    assert region.left == 0
    assert 50 < region.mask.shape[1] < 75
    assert region.mask[:, 0].max() == 255


def test_a_face_beyond_the_border_is_nothing() -> None:
    assert outlined_region((200, 200), head(-400, 100, 60), "face") is None
    assert outlined_region((200, 200), head(100, 900, 60), "eyes") is None


@pytest.mark.parametrize("apart", [4, 40, 400])
def test_its_area_goes_with_its_size(apart: int) -> None:
    region = outlined_region((2000, 2000), head(1000, 1000, apart), "face")
    assert region is not None
    # An ellipse of 1.02 × 1.32 distances of the eyes; antialiased outlines are half a pixel wider.
    area = np.pi * (1.02 * apart + 0.5) * (1.32 * apart + 0.5)
    assert region.mask.sum() / 255 == pytest.approx(area, rel=0.1)


def test_what_nobody_sees_is_no_region() -> None:
    view = whole_window((40, 30), 100)
    assert region_in_window(view, np.full((30, 40), 0.02, np.float32)) is None
    faint = np.full((30, 40), 0.99, np.float32)
    region = region_in_window(view, faint)
    assert region is not None
    assert (region.mask == 255).all()


def test_a_face_seen_from_the_side_is_as_large_as_its_box() -> None:
    near = Face(left=100, top=100, width=100, height=130, eyes=((120, 150), (120, 150)))
    drawn = rough_head(near)
    assert 70 < np.ptp(drawn.oval[:, 0]) < 110


@pytest.mark.skipif(weights_file(PERSON_WEIGHTS) is None, reason="`nano-banana setup` fetches these weights")
def test_without_opencv_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    networks._loaded_network.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(Unusable, match="faces_missing"):
        networks.tflite_network(PERSON_WEIGHTS)
    networks._loaded_network.cache_clear()
