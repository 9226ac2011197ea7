"""Fingerprints, sharpness and light of real pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter, ImageOps

from nano_banana.imaging.image_measures import best_sharpness, dhash, measure_exposure, phash, phash_mirrored
from tests.people import astronaut, hopper, jpeg


def bits(one: str, other: str) -> int:
    assert len(one) == len(other) == 16
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("person", [astronaut, hopper])
def test_a_picture_is_known_again_after_it_was_altered(person: Callable[[], Image.Image]) -> None:
    picture = person()
    width, height = picture.size
    altered = [
        jpeg(picture, 50),
        picture.resize((width // 2, height // 2)),
        picture.convert("L"),
        picture.filter(ImageFilter.GaussianBlur(2)),
        picture.point(lambda value: min(255, round(value * 1.2))),
        picture.crop((4, 4, width - 4, height - 4)),
    ]
    assert max(bits(phash(picture), phash(other)) for other in altered) <= 6
    assert max(bits(dhash(picture), dhash(other)) for other in altered) <= 5
    mirrored = ImageOps.mirror(picture)
    assert bits(phash(picture), phash(mirrored)) > 18
    assert bits(phash(picture), phash_mirrored(mirrored)) == 0


def test_other_pictures_are_far_away() -> None:
    assert bits(phash(astronaut()), phash(hopper())) >= 18
    assert bits(dhash(astronaut()), dhash(hopper())) >= 12


def test_the_fingerprints_read_as_pictures_do() -> None:
    ramp = Image.linear_gradient("L")
    assert dhash(ramp.rotate(90)) == "f" * 16
    assert dhash(ramp) == "0" * 16
    checks = Image.new("L", (32, 32))
    checks.putdata([255 if x % 8 < 4 else 0 for _ in range(32) for x in range(32)])
    assert phash(checks)[2:] == "0" * 14


def test_a_background_out_of_focus_is_not_blurred() -> None:
    picture = astronaut()
    soft = picture.filter(ImageFilter.GaussianBlur(6))
    bokeh = soft.copy()
    bokeh.paste(picture.crop((150, 40, 300, 190)), (150, 40))
    assert best_sharpness(soft) < 25
    assert best_sharpness(bokeh) > 100
    assert best_sharpness(picture) >= best_sharpness(bokeh) * 0.9


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (3, 3), (20_000, 10)])
def test_pictures_of_any_shape_have_measures(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (200, 200, 200))
    assert best_sharpness(picture) == 0
    assert measure_exposure(picture).mean == pytest.approx(200 / 255, abs=1e-3)
    assert phash(picture) == phash_mirrored(picture)


def test_light_is_that_of_the_face_most_of_all() -> None:
    picture = Image.new("L", (400, 400), 255)
    picture.paste(0, (150, 150, 250, 250))
    assert measure_exposure(picture).bright == pytest.approx(0.9375, abs=0.01)
    assert measure_exposure(picture, (150, 150, 100, 100)).dark == pytest.approx(0.75 + 0.25 * 0.0625, abs=0.01)
    assert measure_exposure(picture, (900, 900, 100, 100)) == measure_exposure(picture)
