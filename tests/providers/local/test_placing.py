"""Cut-outs are placed whatever their size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nano_banana.providers.local.cutouts import choose_cutout, cut_out, place_cutout


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 2)])
def test_a_photo_of_a_pixel_has_its_place(size: tuple[int, int]) -> None:
    cutout, placing = choose_cutout([cut_out(Image.new("RGB", size, "tan"))], 64, 80, 0.4, np.random.default_rng(1))
    figure = place_cutout(cutout, placing, 64, 80)
    assert figure.pixels.shape == (80, 64, 3)
    assert np.isfinite(figure.pixels).all()
