"""Shots of pictures that are there already, and the stages that open them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.resolve_shots import picture_keys
from tests.recipe.resolve.tools import kinds, load, write

OPEN = "\nstages:\n  - {id: photos, open: old}\n"
LARGER = OPEN + "  - {id: larger, upscale: photos, using: fal-ai/seedvr/upscale/image}\n"


@pytest.mark.parametrize(
    ("paths", "keys"),
    [
        (["a/beach.jpg", "b/town.png"], ["beach", "town"]),
        (["a/Two Words.JPG"], ["two-words"]),
        (["a/x.jpg", "a/x.png", "a/y.png"], ["x-jpg", "x-png", "y"]),
        (["a/x.jpg", "b/x.jpg"], ["a-x-jpg", "b-x-jpg"]),
        (["p/a/x.jpg", "q/a/x.jpg"], ["p-a-x-jpg", "q-a-x-jpg"]),
        (["x.jpg", "more/x.jpg"], ["x-jpg", "more-x-jpg"]),
        (["a/x y.jpg", "a/x-y.jpg"], ["x-y-jpg-ceab4b", "x-y-jpg-e7b17d"]),
        (["IMG (1).jpg", "img-1.jpg", "a.jpg"], ["img-1-jpg-da5ffd", "img-1-jpg-f92730", "a"]),
        (["zoe\u0301.jpg", "zo\u00e9.jpg"], ["zoe-5215dd", "zoe"]),
        (["ana\udcff.jpg", "ben.jpg"], ["ana-d55f90", "ben"]),
        ([], []),
    ],
)
def test_a_picture_is_named_by_its_file(paths: list[str], keys: list[str]) -> None:
    found = picture_keys([Path(path) for path in paths])
    assert found == keys
    backwards = picture_keys([Path(path) for path in reversed(paths)])
    assert backwards == found[::-1]


def test_a_shot_of_pictures_needs_no_words_and_no_seeds(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "more/b.jpg")
    shot = load(tmp_path, "shots: {old: {pictures: [a.jpg, more, more/b.jpg]}}" + LARGER).recipe.shots["old"]
    assert {key: path.name for key, path in shot.pictures.items()} == {"a": "a.jpg", "b": "b.jpg"}
    assert [value.key for value in shot.matrix["picture"]] == ["a", "b"]
    assert len(shot.seeds) == 1
    assert shot.template.text == ""


def test_templates_name_the_picture(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    text = 'shots: {old: {pictures: a.jpg, template: "as in {{ picture }}", matrix: {mood: [calm, glad]}}}' + OPEN
    shot = load(tmp_path, text).recipe.shots["old"]
    assert list(shot.matrix) == ["picture", "mood"]


def test_all_are_those_of_the_stage_s_sort(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    text = """
    shots:
      old: {pictures: a.jpg}
      new: {template: a wall, seeds: [1]}
    stages:
      - {id: photos, open: all}
      - {id: drawn, generate: all, using: fal-ai/flux/dev}
    """
    stages = load(tmp_path, text).recipe.stages
    assert [stage.shots for stage in stages] == [("old",), ("new",)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("shots: {old: {pictures: nowhere.jpg}}" + OPEN, ["photo_missing"]),
        ("shots: {old: {pictures: recipe.yaml}}" + OPEN, ["not_a_picture"]),
        ("shots: {old: {pictures: a.jpg, matrix: {picture: [x]}}}" + OPEN, ["reserved_name"]),
        ("shots: {old: {template: a wall, seeds: [1]}}" + OPEN, ["shot_drawn"]),
        ("shots: {old: {seeds: [1]}}" + OPEN, ["missing_key"]),
        (
            "shots: {old: {pictures: a.jpg}}\nstages: [{id: drawn, generate: old, using: fal-ai/flux/dev}]",
            ["shot_opened"],
        ),
        ("shots: {old: {pictures: a.jpg}}" + OPEN.replace("old", "odl"), ["unknown_reference"]),
        (
            "shots: {old: {pictures: a.jpg}}"
            + OPEN
            + "  - {id: on, inpaint: photos, mask: {find: face}, using: fal-ai/flux-lora/inpainting}",
            ["no_prompt"],
        ),
        (
            "subjects: {ana: {noun: woman, trigger: anqz7, training_set: more}}\n"
            "shots: {old: {pictures: a.jpg, cast: ana}}" + OPEN + "  - {id: judged, gate: photos, retry: {takes: 2}}",
            ["retry_opened"],
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, found: list[str]) -> None:
    write(tmp_path, "a.jpg", "x y.jpg", "x-y.jpg", "more/b.jpg")
    assert kinds(tmp_path, text) == found
