"""Masks are understood as people and programs draw them, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from nano_banana.imaging.mask_images import read_mask
from nano_banana.model.problem import CallFailed
from tests.people import astronaut

SIZE = (120, 100)
HOLE = (30, 20, 70, 60)


def white() -> Image.Image:
    mask = Image.new("L", SIZE)
    mask.paste(255, HOLE)
    return mask


def on_nothing(*colours: tuple[int, int, int]) -> Image.Image:
    """Strokes of these colours beside each other on a transparent ground."""
    drawn = Image.new("RGBA", SIZE)
    for at, colour in enumerate(colours):
        drawn.paste((*colour, 255), (HOLE[0] + at * 40, HOLE[1], HOLE[2] + at * 40, HOLE[3]))
    return drawn


def on(ground: tuple[int, int, int], colour: tuple[int, int, int]) -> Image.Image:
    drawn = Image.new("RGB", SIZE, ground)
    drawn.paste(colour, HOLE)
    return drawn


def photo() -> Image.Image:
    return astronaut().resize(SIZE)


def with_hole(picture: Image.Image) -> Image.Image:
    holed = picture.convert("RGBA")
    holed.paste((0, 0, 0, 0), HOLE)
    return holed


def ones(dtype: str) -> Image.Image:
    values = np.zeros(SIZE[::-1], dtype)
    values[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = 1
    return Image.fromarray(values)


@pytest.mark.parametrize(
    "mask",
    [
        white(),
        white().convert("1"),
        white().convert("RGB"),
        ones("uint8"),
        ones("uint16"),
        on_nothing((255, 255, 255)),
        on_nothing((255, 0, 0)),
        on_nothing((40, 160, 60)),
        on_nothing((128, 128, 128)),
        on((0, 0, 0), (255, 0, 0)),
        on((0, 0, 0), (30, 60, 200)),
        with_hole(photo()),
        with_hole(photo().convert("L")),
    ],
)
def test_what_is_meant_is_white(tmp_path: Path, mask: Image.Image) -> None:
    mask.save(tmp_path / "mask.png")
    assert np.abs(np.asarray(read_mask(tmp_path / "mask.png", place="file")).astype(int) - white()).max() <= 1


@pytest.mark.parametrize("quality", [75, 95])
def test_a_brush_that_was_saved_as_jpeg_is_one_colour(tmp_path: Path, quality: int) -> None:
    on((0, 0, 0), (255, 0, 0)).save(tmp_path / "mask.jpg", quality=quality)
    found = np.asarray(read_mask(tmp_path / "mask.jpg", place="file"))
    assert found[25:55, 35:65].min() > 230
    assert found[:10].max() < 20


def test_soft_edges_stay_soft(tmp_path: Path) -> None:
    soft = white().filter(ImageFilter.GaussianBlur(6))
    brush = Image.new("RGBA", SIZE, (255, 0, 0, 255))
    brush.putalpha(soft)
    for picture in (soft, brush, Image.merge("LA", (white(), soft))):
        picture.save(tmp_path / "mask.png")
        found = np.asarray(read_mask(tmp_path / "mask.png", place="file")).astype(int)
        assert np.abs(found - np.asarray(soft)).mean() < 12


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (photo(), "mask_colours"),
        (photo().convert("RGBA"), "mask_colours"),
        (on((255, 255, 255), (255, 0, 0)), "mask_colours"),
        (on_nothing((0, 0, 0)), "mask_black"),
        (Image.fromarray(np.asarray(ones("uint8")) * 5), "mask_faint"),
    ],
)
def test_what_may_mean_several_things_is_refused(tmp_path: Path, mask: Image.Image, kind: str) -> None:
    mask.save(tmp_path / "mask.png")
    with pytest.raises(CallFailed, match=kind):
        read_mask(tmp_path / "mask.png", place="file")


def test_an_empty_mask_is_empty(tmp_path: Path) -> None:
    for empty in (Image.new("L", SIZE), Image.new("RGBA", SIZE)):
        empty.save(tmp_path / "mask.png")
        assert read_mask(tmp_path / "mask.png", place="file").getbbox() is None
