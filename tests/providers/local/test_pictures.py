"""Every place, style and look can be drawn, and each is a picture of its own."""

from __future__ import annotations

import numpy as np
import pytest

from nano_banana.providers.local.backdrops.paint import PAINTERS, paint
from nano_banana.providers.local.backdrops.place import Place
from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.compose import Scene, composed
from nano_banana.providers.local.mannequin import mannequin
from nano_banana.providers.local.pixels import Pixels
from nano_banana.providers.local.placing import best, choose, put
from nano_banana.providers.local.prompt import read
from nano_banana.providers.local.styles import neural
from nano_banana.providers.local.styles.finish import PAINTINGS, finished
from nano_banana.providers.local.styles.looks import LOOKS

WIDTH, HEIGHT = 128, 160
PALETTE = [(0.5, 0.3, 0.2), (0.8, 0.7, 0.4), (0.2, 0.4, 0.3), (0.6, 0.2, 0.5)]


@pytest.mark.parametrize("painter", sorted(PAINTERS))
@pytest.mark.parametrize("side", [-1, 1])
def test_a_backdrop_follows_the_seed_and_shows_something(painter: str, side: int) -> None:
    place = Place(colours=PALETTE, dark=0.5 if side > 0 else 0.0, wet=side > 0, snowy=side > 0, side=side)
    one, again, other = (paint(painter, place, WIDTH, HEIGHT, chance(seed, "x")) for seed in (1, 1, 2))
    assert one.shape == (HEIGHT, WIDTH, 3)
    assert np.isfinite(one).all()
    assert (one >= 0).all()
    assert (one == again).all()
    assert (one != other).any()
    assert float(one.std()) > 0.003


@pytest.fixture(scope="module")
def scene() -> Scene:
    cutout, placing = choose([mannequin(1, None)], WIDTH, HEIGHT, 0.27, chance(1, "photo"))
    return composed([put(cutout, placing, WIDTH, HEIGHT)], read("a garden"), 1, WIDTH, HEIGHT)


@pytest.mark.parametrize("style", sorted({*PAINTINGS, *LOOKS}))
def test_a_style_changes_the_picture_and_keeps_its_range(scene: Scene, style: str) -> None:
    plain, styled, again = (finished(scene, styles, -1, 5) for styles in ((), (style,), (style,)))
    assert styled.shape == plain.shape
    assert 0 <= styled.min() <= styled.max() <= 1
    assert float(np.abs(styled - plain).mean()) > 0.01
    assert (styled == again).all()


def test_a_painting_may_have_a_look_too(scene: Scene) -> None:
    both = finished(scene, ("oil", "neon"), 1, 5)
    assert (both != finished(scene, ("oil",), 1, 5)).any()


def test_a_place_without_a_person_is_drawn_and_painted() -> None:
    empty = composed([], read("a library"), 1, WIDTH, HEIGHT)
    assert empty.faces == []
    assert float(empty.alpha.max()) == 0
    assert finished(empty, ("oil",), 1, 1).shape == (HEIGHT, WIDTH, 3)


def test_without_the_network_its_styles_are_painted_in_oil(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural, "PACKAGE", "there_is_no_such_package")
    neural._network.cache_clear()
    try:
        rng = chance(1, "x")
        assert neural.mosaic(scene, rng).shape == scene.shown.shape
    finally:
        neural._network.cache_clear()


@pytest.mark.parametrize(("width", "height"), [(128, 160), (160, 128), (90, 160)])
@pytest.mark.parametrize("crop", [0.18, 0.29, 0.46])
def test_the_eyes_are_high_and_nothing_cut_off_shows(width: int, height: int, crop: float) -> None:
    figure = mannequin(2, None)
    placing = best(figure, (width, height), crop)
    eyes = figure.face.eyes[0][1] * placing.scale + placing.top
    assert 0.3 * height < eyes < 0.5 * height
    assert figure.size[1] * placing.scale + placing.top >= height - 2


def test_a_mirrored_figure_has_its_face_where_it_says() -> None:
    for seed in range(4):
        cutout, placing = choose([mannequin(2, None)], WIDTH, HEIGHT, 0.3, chance(seed, "photo"))
        figure = put(cutout, placing, WIDTH, HEIGHT)
        left, top, wide, high = figure.face
        assert _at(figure.alpha, left + wide / 2, top + high / 2) > 0.9


def test_a_photo_too_narrow_for_the_picture_fades_out_at_its_edges() -> None:
    figure = mannequin(2, None)
    wide = put(figure, best(figure, (400, 100), 0.9), 400, 100)
    assert 0 < float(wide.alpha.mean()) < 1
    tiny = put(figure, best(figure, (32, 40), 0.27), 32, 40)
    assert tiny.scale < 0.2


def _at(values: Pixels, x: float, y: float) -> float:
    return float(values[round(y), round(x)])
