"""Stages: sources, circles, files, what is drawn with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.recipe_model import CollectionRef
from nano_banana.recipe.recipe_sections import Parallelism, Privacy, RequestRate, RunLimits
from tests.recipe.resolve.tools import kinds, load, write

BASE = """
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: a.jpg}
  ben: {noun: man, trigger: bnvk4, training_set: a.jpg}
shots:
  one: {template: a wall, cast: ana, seeds: [1]}
  two: {template: a wall, cast: ben, seeds: [1]}
stages:
"""
MASK = "mask: {box: [0, 0, 1, 1]}, using: fal-ai/flux-lora/inpainting"
DRAW = "- {id: takes, generate: all, using: fal-ai/flux/dev}\n"


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    write(tmp_path, "a.jpg", "b.jpg")
    return tmp_path


def test_what_stages_refer_to(studio: Path) -> None:
    text = f"""{BASE}
- {{id: likeness, train: all, using: fal-ai/flux-lora-fast-training, steps: 900}}
- {{id: takes, generate: all, using: fal-ai/flux-lora, adapters: {{likeness: 0.9}}}}
- {{id: again, generate: one, using: fal-ai/nano-banana/edit, images: [a.jpg, b.jpg]}}
- {{id: fixed, inpaint: [takes.two, again], {MASK}, prompt: "a face"}}
- {{id: up, call: acme/enlarge, each: fixed, files: {{mask_url: b.jpg}}}}
"""
    likeness, takes, again, fixed, up = load(studio, text).recipe.stages
    assert (likeness.subjects, likeness.endpoint) == (("ana", "ben"), "fal-ai/flux-lora-fast-training")
    assert (takes.shots, takes.adapters) == (("one", "two"), (("likeness", 0.9),))
    assert [path.name for path in again.files.values()] == ["a.jpg", "b.jpg"]
    assert fixed.sources == (CollectionRef(stage="takes", shot="two"), CollectionRef(stage="again"))
    assert fixed.prompt is not None
    assert fixed.prompt.text == "a face"
    assert (up.endpoint, list(up.files)) == ("acme/enlarge", ["mask_url"])


def test_a_mask_of_a_file(studio: Path) -> None:
    text = BASE + DRAW + f"- {{id: fixed, inpaint: takes, {MASK.replace('box: [0, 0, 1, 1]', 'file: b.jpg')}}}"
    assert load(studio, text).recipe.stage("fixed").files == {"mask": studio / "b.jpg"}
    with pytest.raises(KeyError):
        load(studio, text).recipe.stage("fixd")


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        (f"- {{id: a, inpaint: a, {MASK}}}\n", ["cycle"]),
        (f"- {{id: a, inpaint: b, {MASK}}}\n- {{id: b, call: x/y, each: a}}\n", ["cycle"]),
        (f"{DRAW}- {{id: a, inpaint: [takes.one, takes.three], {MASK}}}\n", ["unknown_reference"]),
        (
            f"- {{id: t, generate: one, using: fal-ai/flux/dev}}\n- {{id: a, inpaint: t.two, {MASK}}}\n",
            ["shot_not_in_stage"],
        ),
        (f"{DRAW}- {{id: u, call: x/y, each: [takes.one, takes.on]}}\n", ["unknown_reference"]),
        ("- {id: likeness, train: [ana, ben], using: fal-ai/flux-lora}\n", ["endpoint_unfit"]),
        (f"{DRAW}- {{id: a, inpaint: takes, {MASK}, prompt: fce}}\n", ["unknown_reference"]),
        ("- {id: a, train: ana, using: fal-ai/flux-lora-fast-training, steps: 0}\n", ["below_minimum"]),
        ("- {id: a, train: ana, using: fal-ai/flux-lora-fast-training, steps: 999999}\n", ["field_range"]),
        (
            "".join(f"- {{id: s{at}, train: ana, using: fal-ai/flux-lora-fast-training}}\n" for at in range(101)),
            ["too_many"],
        ),
        ("- 3\n", ["wrong_type"]),
        ("- {id: [], generate: one, using: fal-ai/flux/dev}\n", ["wrong_type"]),
        ("- {using: fal-ai/flux/dev}\n", ["no_verb"]),
        ("- {id: a, usng: fal-ai/flux/dev}\n", ["no_verb", "unknown_verb"]),
    ],
)
def test_says_what_can_not_be(studio: Path, stages: str, found: list[str]) -> None:
    assert sorted(kinds(studio, BASE + stages)) == found


def test_an_uncatalogued_endpoint_is_a_warning(studio: Path) -> None:
    loaded = load(studio, BASE + DRAW + "- {id: u, call: acme/up, each: takes, with: {anything: [1]}}")
    assert [problem.kind for problem in loaded.warnings] == ["endpoint_uncatalogued"]


def test_the_trainer_must_train_whom_an_inpainting_draws(studio: Path) -> None:
    text = f"""{BASE}
- {{id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}}
- {{id: takes, generate: all, using: fal-ai/flux/dev}}
- {{id: faces, inpaint: takes, {MASK}, adapters: {{likeness: 1}}}}
"""
    assert kinds(studio, text) == ["not_trained"]


def test_limits(studio: Path) -> None:
    text = "limits: {budget_usd: 3, ask_above_usd: 0.5, rate: {requests_per_second: 0.2}, parallel: {image: 2}}"
    assert load(studio, text).recipe.limits == RunLimits(
        budget_usd=3, ask_above_usd=0.5, rate=RequestRate(requests_per_second=0.2), parallel=Parallelism(image=2)
    )
    assert load(studio, "provider: local").recipe.limits == RunLimits()


@pytest.mark.parametrize(
    ("said", "seconds"), [("immediate", 60), ("1h", 3600), ("7d", 604_800), ("never", None), ("90", 90)]
)
def test_uploads_stay_as_long_as_the_recipe_says(studio: Path, said: str, seconds: int | None) -> None:
    recipe = load(studio, f"privacy: {{uploads_expire_after: {said}}}").recipe
    assert recipe.privacy.upload_seconds == seconds


def test_uploads_stay_a_day_where_the_recipe_says_nothing(studio: Path) -> None:
    assert load(studio, "privacy: {}").recipe.privacy == load(studio, "provider: local").recipe.privacy == Privacy()
    assert Privacy().upload_seconds == 86_400


def test_a_long_chain_is_no_circle(studio: Path) -> None:
    chain = [f"- {{id: s{at}, inpaint: {f's{at - 1}' if at else 'takes'}, {MASK}}}\n" for at in range(90)]
    assert len(load(studio, BASE + DRAW + "".join(reversed(chain))).recipe.stages) == 91
