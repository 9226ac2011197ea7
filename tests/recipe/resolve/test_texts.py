"""Templates against the names that their takes will have, and the environment they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipe.resolve.tools import kinds, load, write

SHOT = "shots: {one: {template: plain, seeds: [1]}}\n"


def plain(text: str) -> str:
    return f"templates:\n  plain: >-\n    {text}\n{SHOT}"


def test_a_shot_reads_what_is_set_and_remembers_what_it_asked_for(tmp_path: Path) -> None:
    text = plain("{{ env.STUDIO }} {{ env.NOWHERE | default('here') }}")
    loaded = load(tmp_path, text, {"STUDIO": "Lisbon", "OTHER": "x"})
    assert loaded.environment == {"STUDIO": "Lisbon"}
    assert loaded.env_read == {"STUDIO", "NOWHERE"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ env.STUDIO }}", ["env_missing"]),
        ("{% if env.STUDIO is defined %}{{ env.OTHER }}{% endif %}", ["env_missing"]),
        ("{{ env.FAL_KEY }}", ["env_secret"]),
        ("{{ env.fal_key | d('x') }}", ["env_secret"]),
        ("{{ env.COPY }}", ["env_secret"]),
        ("{{ vars.x }}", ["template_name"]),
        ("{{ subject.name }}", ["nobody_in_shot"]),
        ("{{ subject.name }}, {{ subject.noun }}", ["nobody_in_shot"]),
        ("{{ seed }} {{ shot }}", []),
        ("{% if subject is defined %}x{% endif %}", []),
    ],
)
def test_names(tmp_path: Path, text: str, found: list[str]) -> None:
    environ = {"FAL_KEY": "some:secret", "COPY": "secret"}
    if found:
        assert kinds(tmp_path, plain(text), environ) == found
    else:
        assert {problem.kind for problem in load(tmp_path, plain(text), environ).warnings} == {"no_stages"}


def test_a_template_of_several_shots_is_told_once(tmp_path: Path) -> None:
    text = plain("{{ sceen }}").replace("shots: {one:", "shots: {two: {template: plain, seeds: [2]}, one:")
    assert kinds(tmp_path, text) == ["template_name"]


def test_an_unused_template_of_another_file_is_no_matter(tmp_path: Path) -> None:
    write(tmp_path, "shared.yaml", data=b"templates: {theirs: 'a {{ thing }}'}\n")
    loaded = load(tmp_path, "include: shared.yaml\ntemplates: {ours: 'a {{ thing }}'}\n")
    assert [problem.data["name"] for problem in loaded.warnings if problem.kind == "template_unused"] == ["ours"]


def test_the_place_of_a_fault_at_the_end_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, "plain.j2", data=b"a wall\n{{ seed }}\n{% if seed %}")
    text = "templates: {plain: {file: plain.j2}}\n" + SHOT
    assert kinds(tmp_path, text) == ["template_syntax"]


PEOPLE = """
subjects: {ana: {noun: woman, trigger: anqz7, training_set: a.jpg}}
shots: {one: {template: "anqz7, a wall", cast: ana, seeds: [1]}}
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training, WITH}
  - {id: takes, generate: one, using: fal-ai/flux-lora, adapters: {likeness: 1}}
"""


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("caption: 'photo of {{ subject.trigger }}'", []),
        ("caption: 'photo of {{ subject.triger }}'", ["template_field"]),
        ("caption: 'photo {{ seed }}'", ["template_name"]),
        ("with: {steps: '{{ scene }}'}", ["template_name"]),
        ("with: {steps: '{{ 900 }}'}", []),
    ],
)
def test_texts_of_a_training(tmp_path: Path, said: str, found: list[str]) -> None:
    write(tmp_path, "a.jpg")
    text = PEOPLE.replace("WITH", said)
    if found:
        assert kinds(tmp_path, text) == found
    else:
        # The trigger stands there as it is.
        assert load(tmp_path, text).warnings == []


def test_fields_are_checked_for_each_shot_that_reaches_them(tmp_path: Path) -> None:
    text = """
    shots:
      one: {template: a wall, matrix: {scene: [a, b]}, seeds: [1]}
      two: {template: a wall, seeds: [1]}
    stages:
      - {id: takes, generate: all, using: fal-ai/flux/dev, with: {image_size: {width: "{{ scene }}", height: 512}}}
    """
    assert kinds(tmp_path, text) == ["not_in_shot"]
