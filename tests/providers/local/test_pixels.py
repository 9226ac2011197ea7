"""Blurs keep the light, steps are smooth, strokes and clothes mind their edges."""

from __future__ import annotations

import numpy as np
import pytest

from nano_banana.providers.local.composition import cast_shadow
from nano_banana.providers.local.cutouts import Figure, Placement, place_cutout, recolour_clothes
from nano_banana.providers.local.local_job import seed_from_text
from nano_banana.providers.local.pixel_math import (
    as_float32,
    blurred,
    box_blurred,
    out_of_focus,
    seeded_rng,
    smoothstep_number,
)
from nano_banana.providers.local.prompt_parser import SceneLight
from nano_banana.providers.local.strangers import draw_stranger
from nano_banana.providers.local.styles import kuwahara


def dot() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    picture = np.zeros((64, 64), np.float32)
    picture[32, 32] = 1
    return picture


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.9, 3.0, 6.0])
def test_a_blur_spreads_light_and_loses_none(radius: float) -> None:
    result = blurred(dot(), radius)
    assert float(result.sum()) == pytest.approx(1, rel=0.05)
    x = np.arange(64) - 32
    deviation = np.sqrt((result.sum(axis=0) * x * x).sum() / result.sum())
    assert deviation == pytest.approx(radius, rel=0.12, abs=0.2)


@pytest.mark.parametrize("side", [1, 3, 5])
def test_a_box_is_the_mean_of_its_square(side: int) -> None:
    result = box_blurred(dot(), side)
    assert float(result[32, 32]) == pytest.approx(1 / (2 * side + 1) ** 2, rel=1e-4)
    assert float(result[32 + side, 32 - side]) == pytest.approx(1 / (2 * side + 1) ** 2, rel=1e-4)
    assert float(result[32 + side + 1, 32]) == pytest.approx(0, abs=1e-6)


def test_out_of_focus_a_dot_is_a_disc() -> None:
    disc = out_of_focus(np.repeat(dot()[..., None], 3, axis=-1), 8)[..., 0]
    assert float(disc.sum()) == pytest.approx(1, rel=1e-3)
    assert float(disc[32, 32]) > 0.002
    assert float(disc[32, 44]) == pytest.approx(0, abs=1e-6)


def test_steps_are_smooth() -> None:
    assert [smoothstep_number(0, 1, value) for value in (-1.0, 0.5, 2.0)] == [0, 0.5, 1]


def test_seeds_follow_from_words() -> None:
    assert seed_from_text("a") == seed_from_text("a") != seed_from_text("b")
    assert 0 <= seed_from_text("a") < 2**31


def test_a_dab_of_nothing_is_nothing() -> None:
    picture = as_float32(seeded_rng(1, "x").uniform(0, 1, (8, 8, 3)))
    assert kuwahara(picture, 0) is picture


@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_shadow_falls_away_from_the_light(side: int) -> None:
    alpha = np.zeros((80, 80), np.float32)
    alpha[30:50, 30:50] = 1
    dark = cast_shadow(np.ones((80, 80, 3), np.float32), alpha, SceneLight(side=side), 1.0)[..., 0]
    left, right = float(dark[:, :40].mean()), float(dark[:, 40:].mean())
    assert (left > right) if side < 0 else (left < right) if side > 0 else left == pytest.approx(right, abs=0.01)


def figure(colour: float | tuple[float, float, float], *, top: float = 0) -> Figure:
    pixels = np.full((60, 40, 3), colour, np.float32)
    return Figure(pixels=pixels, alpha=np.ones((60, 40), np.float32), face=(10, top, 20, 20), scale=1)


def test_only_coloured_clothes_below_the_chin_are_dyed() -> None:
    green = (0.1, 0.6, 0.2)
    orange = recolour_clothes(figure((0.9, 0.4, 0.1)), green)
    assert tuple(orange.pixels[5, 20]) == pytest.approx((0.9, 0.4, 0.1), abs=0.01)
    assert tuple(orange.pixels[50, 20]) == pytest.approx(green, abs=0.05)
    grey, nothing = figure(0.5), figure((0.9, 0.4, 0.1), top=60)
    assert recolour_clothes(grey, green) is grey
    assert recolour_clothes(nothing, green) is nothing


def test_a_photo_that_ends_above_the_pictures_edge_fades_out() -> None:
    placing = Placement(scale=0.5, left=10, top=10, cost=0)
    alpha = place_cutout(draw_stranger(1, None), placing, 360, 700).alpha
    assert 0 < float(alpha[600, 180]) < 0.5 < float(alpha[500, 180])
