"""Slugs and seeds: names that stay the same, and never lead out of a folder."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies

from nano_banana.planner.takes import takes_of
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.naming import slug
from nano_banana.recipe.recipe_model import SeedSpec, Shot, TemplateText
from nano_banana.stages.take_context import derived_seed


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a bright office", "a-bright-office"),
        ("  A  Bright, Office! ", "a-bright-office"),
        ("café", "cafe"),
        ("../../etc/passwd", "etc-passwd"),
        ("85 mm", "85-mm"),
    ],
)
def test_reads_like_the_text(text: str, name: str) -> None:
    assert slug(text) == name


def test_texts_that_lose_something_keep_a_hash() -> None:
    long = "a quiet city street after rain with a warm shop window"
    assert slug(long) != slug(long + " behind")
    assert re.fullmatch(r"a-quiet-city-street-after-rain-wi-[0-9a-f]{6}", slug(long))
    assert slug("東京") != slug("大阪")
    assert re.fullmatch(r"[0-9a-f]{6}", slug("東京"))
    assert re.fullmatch(r"a-in-[0-9a-f]{6}", slug("a 駅 in 東京"))


@given(strategies.text(min_size=1))
def test_is_always_a_safe_name(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", slug(text))
    assert slug(text) == slug(text)


OFFICE = AxisValue.of("office", "an office")
STREET = AxisValue.of("street", "a street")


def shot(*scenes: AxisValue, seeds: SeedSpec) -> Shot:
    text = TemplateText(text="{{ scene }}", where=("templates", "plain"))
    matrix = {"scene": scenes}
    return Shot(name="plain", where=("shots", "plain"), template=text, cast=(), matrix=matrix, exclude=[], seeds=seeds)


def seeds_of(made: Shot, recipe: str = "first") -> dict[str, int]:
    return {take.slot: take.seed for take in takes_of(recipe, made, "")}


def test_explicit_seeds_are_taken_as_they_are() -> None:
    assert seeds_of(shot(OFFICE, seeds=SeedSpec(explicit=(11, 29)))) == {"plain/office/#0": 11, "plain/office/#1": 29}


def test_derived_seeds_differ_from_take_to_take_and_stay_in_range() -> None:
    seeds = seeds_of(shot(OFFICE, STREET, seeds=SeedSpec(count=50)))
    assert len(set(seeds.values())) == 100
    assert all(0 <= seed < 2**31 for seed in seeds.values())


def test_a_new_value_or_a_new_seed_leaves_the_other_takes_alone() -> None:
    before = seeds_of(shot(STREET, seeds=SeedSpec(count=2)))
    after = seeds_of(shot(OFFICE, STREET, seeds=SeedSpec(count=3)))
    assert before.items() <= after.items()


def test_another_recipe_or_another_salt_makes_other_seeds() -> None:
    made = shot(OFFICE, seeds=SeedSpec(count=2))
    salted = shot(OFFICE, seeds=SeedSpec(count=2, salt="again"))
    assert seeds_of(made) != seeds_of(made, "second")
    assert seeds_of(made) != seeds_of(salted)


def test_the_derivation_never_changes() -> None:
    """A changed derivation would redraw, and bill, every take of every recipe with derived seeds."""
    assert derived_seed("first", shot(OFFICE, seeds=SeedSpec(count=1)), "ana", {"scene": OFFICE}, 0) == 1751645069
