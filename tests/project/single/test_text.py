"""The recipes of single commands, as text."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from nano_banana.features.single.single_recipe import (
    AdapterRef,
    SingleCommand,
    SinglePerson,
    flow_yaml,
    folded_yaml,
    recipe_text,
    shot_name,
    with_missing_triggers,
)
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid

ROOT = Path("/project")
ANA = AdapterRef(name="ana", scale=0.95, model="ana@3", subject="ana", trigger="anqz7", noun="woman")
FILM = AdapterRef(name="film", scale=0.3, file=ROOT / "film.safetensors", trigger="flmx", noun="")
DRAWN = SingleCommand(
    command="generate",
    verb="generate",
    name="generate",
    endpoint="fal-ai/flux-lora",
    person=SinglePerson(name="ana", noun="woman", trigger="anqz7"),
    adapters=(ANA,),
    prompt_text="in a red coat",
    root=ROOT,
)


@pytest.mark.parametrize(
    "value",
    [
        *("plain words", "no", "1.5", "0x1f", "2026-01-02", "", " x", "x ", "a: b", "# c", "é", '"', "-a", "~", "12e3"),
        *(".inf", "on", "@x", "{a}", "fal-ai/flux-lora"),
        *(2, True, None, 0.95, ["a", 1], {"width": 880, "note: x": ["b"]}),
    ],
)
def test_a_value_is_read_as_it_was(value: JSONValue) -> None:
    assert yaml.safe_load(flow_yaml({"key": value})) == {"key": value}


def test_a_whole_number_has_no_point() -> None:
    assert flow_yaml({"scale": 2.0, "other": 2.5}) == "{scale: 2, other: 2.5}"


def test_a_path_that_looks_like_a_template_is_said_by_one() -> None:
    assert yaml.safe_load(flow_yaml("a {{b}}.jpg")) == '{{ "a {{b}}.jpg" }}'


@pytest.mark.parametrize("words", ["short", "many words " * 40, "- a\n# b\n" * 30, "tab\tand \x07 bell " * 20])
def test_a_prompt_is_read_as_its_words(words: str) -> None:
    read = yaml.safe_load(f"prompt: {folded_yaml(words, 2)}\n")["prompt"]
    assert read.split() == words.split()


def test_seeds_follow_from_the_words_alone() -> None:
    three = replace(DRAWN, count=3).seeds_used
    assert len(set(three)) == 3
    assert replace(DRAWN, count=2, options={"guidance_scale": 9}).seeds_used == three[:2]
    assert replace(DRAWN, prompt_text="in a blue coat").seeds_used != three[:1]
    assert replace(DRAWN, seeds=(5, 6)).seeds_used == (5, 6)


def test_a_shot_is_told_apart_by_what_makes_its_pictures() -> None:
    same = replace(DRAWN, seeds=(1, 2), budget_usd=3, provider="fal", name="other")
    assert shot_name(same) == shot_name(DRAWN)
    assert shot_name(DRAWN).startswith("in-a-red-coat-")
    assert shot_name(replace(DRAWN, options={"guidance_scale": 3})) != shot_name(DRAWN)
    moved = replace(DRAWN, images=(Path("/elsewhere/a.png"),), root=Path("/elsewhere"))
    assert shot_name(moved) == shot_name(replace(DRAWN, images=(ROOT / "a.png",)))


def test_paths_are_those_seen_from_the_recipe_s_folder() -> None:
    opened = replace(DRAWN, verb="upscale", adapters=(), person=None, pictures=(ROOT / "a.png", ROOT / "~b.png"))
    text = recipe_text(opened, ROOT / "kept")
    data = yaml.safe_load(text)
    assert data["shots"][shot_name(opened)]["pictures"] == ["../a.png", "../~b.png"]
    assert "- ./~b.png" in recipe_text(opened, ROOT) or '- "./~b.png"' in recipe_text(opened, ROOT)
    masked = replace(opened, mask={"grow": 0.1}, mask_file=ROOT / "m.png")
    assert yaml.safe_load(recipe_text(masked, ROOT))["stages"][1]["mask"] == {"file": "m.png", "grow": 0.1}


def test_the_trigger_is_put_in_front_where_the_words_lack_it() -> None:
    single, said = with_missing_triggers(replace(DRAWN, adapters=(ANA, FILM)))
    assert single.prompt == "{{ subject.trigger }} {{ subject.noun }}, flmx, in a red coat"
    assert said == ("anqz7 woman", "flmx")
    for words in ("anqz7 woman at sea", "{{ subject.trigger }} at sea"):
        single, said = with_missing_triggers(replace(DRAWN, prompt_text=words))
        assert (single.prompt, said) == (words, ())


def test_a_training_has_no_shot() -> None:
    trained = SingleCommand(
        command="fine-tune",
        verb="train",
        name="fine-tune",
        endpoint="fal-ai/flux-lora-fast-training",
        person=SinglePerson(name="ana", noun="woman", trigger="anqz7", photos=ROOT / "photos"),
        settings={"steps": 900},
        root=ROOT,
    )
    data = yaml.safe_load(recipe_text(trained, ROOT))
    assert data["subjects"]["ana"]["training_set"] == "photos"
    assert data["stages"] == [
        {"id": "adapter", "train": "ana", "using": "fal-ai/flux-lora-fast-training", "steps": 900}
    ]
    assert "shots" not in data


def test_a_name_that_no_recipe_can_hold_is_refused_for_that() -> None:
    bytes_in_it = replace(FILM, file=ROOT / "film\udcff.safetensors")
    with pytest.raises(Invalid, match="name_not_utf8"):
        recipe_text(replace(DRAWN, adapters=(bytes_in_it,)), ROOT)
