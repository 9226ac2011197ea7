"""What is written down and never used: a warning, never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.problem import Invalid
from tests.recipe.resolve.tools import load, write

PEOPLE = """
subjects: {ana: {noun: woman, trigger: anqz7, training_set: ana.jpg}}
shots:
  one: {template: "{{ subject.trigger }}", cast: ana, seeds: [1]}
"""
TRAIN = "  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}\n"
DRAW = "  - {id: takes, generate: one, using: fal-ai/flux-lora, adapters: {likeness: 1}}\n"
BARE = "  - {id: takes, generate: one, using: fal-ai/flux-lora}\n"
MORE = "  two: {template: green hills, seeds: [1]}\n"


def warned(folder: Path, text: str) -> list[tuple[str, str]]:
    write(folder, "ana.jpg")
    return [(problem.kind, str(problem.data["name"])) for problem in load(folder, text).warnings]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{PEOPLE}stages:\n{TRAIN}{DRAW}", []),
        (f"{PEOPLE}{MORE}stages:\n{TRAIN}{DRAW}", [("shot_unused", "two")]),
        (f"{PEOPLE}stages:\n{TRAIN}{BARE}", [("adapter_unused", "likeness")]),
        (PEOPLE, [("no_stages", "")]),
        ("", [("no_stages", "")]),
    ],
)
def test_what_nothing_uses(tmp_path: Path, text: str, found: list[tuple[str, str]]) -> None:
    assert warned(tmp_path, text) == found


def test_a_recipe_may_only_train(tmp_path: Path) -> None:
    text = f"subjects: {{ana: {{noun: woman, trigger: anqz7, training_set: ana.jpg}}}}\nstages:\n{TRAIN}"
    assert warned(tmp_path, text) == []


def test_shots_of_another_file_are_there_for_others_too(tmp_path: Path) -> None:
    write(tmp_path, "shared.yaml", data=b"shots: {three: {template: green hills, seeds: [1]}}\n")
    assert warned(tmp_path, f"include: shared.yaml\n{PEOPLE}stages:\n{TRAIN}{DRAW}") == []


def test_beside_an_error_it_is_not_said(tmp_path: Path) -> None:
    write(tmp_path, "ana.jpg")
    text = f"{PEOPLE}{MORE}stages:\n{TRAIN}{DRAW}".replace("generate: one", "generate: won")
    with pytest.raises(Invalid) as caught:
        load(tmp_path, text)
    assert {problem.kind for problem in caught.value.problems} == {"unknown_reference"}
