"""Prompts become a place, a light, a style, a crop and clothes."""

from __future__ import annotations

import pytest

from nano_banana.providers.local.backdrops.paint import PAINTERS
from nano_banana.providers.local.prompt import PAINTED, read
from nano_banana.providers.local.styles.finish import PAINTINGS
from nano_banana.providers.local.styles.looks import LOOKS
from nano_banana.providers.local.vocabulary import vocabulary


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("anqz7 woman, editorial headshot, a bright open-plan office out of focus behind", "office"),
        ("in a quiet city street after rain", "rainy-street"),
        ("portrait in a Library", "library"),
        ("wearing a night-blue beach dress in a forest", "forest"),
        ("no office, on the beach", "coast"),
        ("oil painting", "cloth"),
        ("somewhere nobody has a word for", "mood"),
    ],
)
def test_the_longest_phrase_names_the_place(prompt: str, scene: str) -> None:
    assert read(prompt).scene == scene


@pytest.mark.parametrize(
    ("prompt", "styles"),
    [
        ("a photograph", ()),
        ("oil painting with visible brushwork", ("oil",)),
        ("comic book cover, cyberpunk", ("comic", "neon")),
        ("film noir, wearing a charcoal blazer", ("noir",)),
    ],
)
def test_one_way_of_painting_and_one_look(prompt: str, styles: tuple[str, ...]) -> None:
    assert tuple(read(prompt).styles) == styles


@pytest.mark.parametrize(
    ("prompt", "colour"),
    [
        ("wearing a navy blazer, in a red room", "navy"),
        ("in a red dress at the sea", "red"),
        ("wearing a blazer", "navy"),
        ("a red car", None),
    ],
)
def test_clothes_have_the_colour_that_is_said_of_them(prompt: str, colour: str | None) -> None:
    assert read(prompt).garment == (vocabulary().colours[colour] if colour else None)


def test_light_has_a_side_a_tint_and_an_hour() -> None:
    golden = read("golden hour on a field, light from the left")
    assert golden.light.side == -1
    assert golden.light.tint[0] > 1 > golden.light.tint[2]
    assert read("light from camera right").light.side == 1
    assert read("a street at night").dark > read("a street").dark


def test_crops_are_nearer_and_farther() -> None:
    assert read("close-up").crop > read("chest-up").crop > read("full body").crop


def test_paper_has_the_colour_before_it() -> None:
    teal, grey = read("on a teal studio backdrop"), read("on a studio backdrop")
    assert teal.painter == grey.painter == "seamless"
    assert teal.colours != grey.colours


def test_unknown_words_pick_a_palette_of_their_own() -> None:
    assert read("grumbles").colours != read("mumbles").colours
    assert read("grumbles") == read("grumbles")


def test_weather() -> None:
    assert read("a street in the rain").wet
    assert read("mountains in snow").snowy


def test_every_scene_and_style_of_the_table_has_its_painter() -> None:
    words = vocabulary()
    assert {scene.painter for scene in words.scenes.values()} <= set(PAINTERS)
    assert set(words.phrases["styles"].values()) == set(PAINTINGS) | set(LOOKS)
    assert set(PAINTINGS) == PAINTED
