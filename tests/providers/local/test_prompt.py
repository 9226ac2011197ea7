"""Prompts become a place, a light, a style, a crop and clothes."""

from __future__ import annotations

import pytest

from nano_banana.providers.local.composition import PAINTERS
from nano_banana.providers.local.prompt_parser import hex_colour, load_vocabulary, parse_prompt
from nano_banana.providers.local.styles import FILM_LOOKS, PAINTINGS


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
    assert parse_prompt(prompt).scene == scene


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
    assert tuple(parse_prompt(prompt).styles) == styles


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
    assert parse_prompt(prompt).garment == (hex_colour(load_vocabulary().colours[colour]) if colour else None)


def test_light_has_a_side_a_tint_and_an_hour() -> None:
    golden = parse_prompt("golden hour on a field, light from the left")
    assert golden.light.side == -1
    assert golden.light.tint[0] > 1 > golden.light.tint[2]
    assert parse_prompt("light from camera right").light.side == 1
    assert parse_prompt("a street at night").dark > parse_prompt("a street").dark


def test_crops_are_nearer_and_farther() -> None:
    assert parse_prompt("close-up").crop > parse_prompt("chest-up").crop > parse_prompt("full body").crop


def test_paper_has_the_colour_before_it() -> None:
    teal, grey = parse_prompt("on a teal studio backdrop"), parse_prompt("on a studio backdrop")
    assert teal.painter == grey.painter == "seamless"
    assert teal.colours != grey.colours


def test_unknown_words_pick_a_palette_of_their_own() -> None:
    assert parse_prompt("grumbles").colours != parse_prompt("mumbles").colours
    assert parse_prompt("grumbles") == parse_prompt("grumbles")


def test_weather() -> None:
    assert parse_prompt("a street in the rain").wet
    assert parse_prompt("mountains in snow").snowy


def test_every_scene_and_style_of_the_table_has_its_painter() -> None:
    words = load_vocabulary()
    assert {scene.painter for scene in words.scenes.values()} <= set(PAINTERS)
    assert set(words.paintings) == set(PAINTINGS)
    assert set(words.looks) == set(FILM_LOOKS)
