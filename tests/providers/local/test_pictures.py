"""Every place, style and look can be drawn, and each is a picture of its own."""

from __future__ import annotations

import numpy as np
import pytest

from nano_banana.providers.local import styles
from nano_banana.providers.local.backdrop_canvas import BackdropSpec
from nano_banana.providers.local.composition import PAINTERS, ComposedScene, compose_scene, paint_backdrop
from nano_banana.providers.local.cutouts import best_placement, choose_cutout, place_cutout
from nano_banana.providers.local.pixel_math import Pixels, seeded_rng
from nano_banana.providers.local.prompt_parser import parse_prompt
from nano_banana.providers.local.strangers import draw_stranger
from nano_banana.providers.local.styles import FILM_LOOKS, PAINTINGS, finish_styles

WIDTH, HEIGHT = 128, 160
PALETTE = [(0.5, 0.3, 0.2), (0.8, 0.7, 0.4), (0.2, 0.4, 0.3), (0.6, 0.2, 0.5)]


@pytest.mark.parametrize("painter", sorted(PAINTERS))
@pytest.mark.parametrize("side", [-1, 1])
def test_a_backdrop_follows_the_seed_and_shows_something(painter: str, side: int) -> None:
    place = BackdropSpec(colours=PALETTE, dark=0.5 if side > 0 else 0.0, wet=side > 0, snowy=side > 0, side=side)
    one, again, other = (paint_backdrop(painter, place, WIDTH, HEIGHT, seeded_rng(seed, "x")) for seed in (1, 1, 2))
    assert one.shape == (HEIGHT, WIDTH, 3)
    assert np.isfinite(one).all()
    assert (one >= 0).all()
    assert (one == again).all()
    assert (one != other).any()
    assert float(one.std()) > 0.003


@pytest.fixture(scope="module")
def scene() -> ComposedScene:
    cutout, placing = choose_cutout([draw_stranger(1, None)], WIDTH, HEIGHT, 0.27, seeded_rng(1, "photo"))
    return compose_scene([place_cutout(cutout, placing, WIDTH, HEIGHT)], parse_prompt("a garden"), 1, WIDTH, HEIGHT)


@pytest.mark.parametrize("style", sorted({*PAINTINGS, *FILM_LOOKS}))
def test_a_style_changes_the_picture_and_keeps_its_range(scene: ComposedScene, style: str) -> None:
    plain, styled, again = (finish_styles(scene, styles, -1, 5) for styles in ((), (style,), (style,)))
    assert styled.shape == plain.shape
    assert 0 <= styled.min() <= styled.max() <= 1
    assert float(np.abs(styled - plain).mean()) > 0.01
    assert (styled == again).all()


def test_a_painting_may_have_a_look_too(scene: ComposedScene) -> None:
    both = finish_styles(scene, ("oil", "neon"), 1, 5)
    assert (both != finish_styles(scene, ("oil",), 1, 5)).any()


def test_a_place_without_a_person_is_drawn_and_painted() -> None:
    empty = compose_scene([], parse_prompt("a library"), 1, WIDTH, HEIGHT)
    assert empty.faces == []
    assert float(empty.alpha.max()) == 0
    assert finish_styles(empty, ("oil",), 1, 1).shape == (HEIGHT, WIDTH, 3)


def test_without_the_network_its_styles_are_painted_in_oil(
    scene: ComposedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "STYLE_PACKAGE", "there_is_no_such_package")
    styles._load_network.cache_clear()
    try:
        rng = seeded_rng(1, "x")
        assert PAINTINGS["mosaic"][0](scene, rng).shape == scene.shown.shape
    finally:
        styles._load_network.cache_clear()


@pytest.mark.parametrize(("width", "height"), [(128, 160), (160, 128), (90, 160)])
@pytest.mark.parametrize("crop", [0.18, 0.29, 0.46])
def test_the_eyes_are_high_and_nothing_cut_off_shows(width: int, height: int, crop: float) -> None:
    figure = draw_stranger(2, None)
    placing = best_placement(figure, (width, height), crop)
    eyes = figure.face.eyes[0][1] * placing.scale + placing.top
    assert 0.3 * height < eyes < 0.5 * height
    assert figure.size[1] * placing.scale + placing.top >= height - 2


def test_a_mirrored_figure_has_its_face_where_it_says() -> None:
    for seed in range(4):
        cutout, placing = choose_cutout([draw_stranger(2, None)], WIDTH, HEIGHT, 0.3, seeded_rng(seed, "photo"))
        figure = place_cutout(cutout, placing, WIDTH, HEIGHT)
        left, top, wide, high = figure.face
        assert _at(figure.alpha, left + wide / 2, top + high / 2) > 0.9


def test_a_photo_too_narrow_for_the_picture_fades_out_at_its_edges() -> None:
    figure = draw_stranger(2, None)
    wide = place_cutout(figure, best_placement(figure, (400, 100), 0.9), 400, 100)
    assert 0 < float(wide.alpha.mean()) < 1
    tiny = place_cutout(figure, best_placement(figure, (32, 40), 0.27), 32, 40)
    assert tiny.scale < 0.2


def _at(values: Pixels, x: float, y: float) -> float:
    return float(values[round(y), round(x)])
