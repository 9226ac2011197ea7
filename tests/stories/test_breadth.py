"""The rest of what a recipe can say, and of what the commands say back."""

from __future__ import annotations

import json
import os

from nano_banana.model.json_values import as_object
from tests.shelf.files import safetensors
from tests.stories.hand import picture
from tests.stories.project import Project, takes

WIDE = """
nano_banana: 1
name: portraits
vars: {strength: 0.4}
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: photos/ana}
adapters:
  grain: {file: grain.safetensors}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot, {{ scene }}"
  plain: "a seamless backdrop, {{ scene }}"
shots:
  heads: {template: headshot, cast: ana, matrix: {scene: [office, street]}, seeds: [11]}
  rooms: {template: plain, matrix: {scene: [office]}, seeds: [5]}
stages:
  - id: likeness
    train: ana
    using: fal-ai/turbo-flux-trainer
    steps: {per_photo: 100, min: 500, max: 900}
    caption: "photo of {{ subject.trigger }}"
  - id: takes
    generate: heads
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95, grain: 0.3}
    with: {guidance_scale: "{{ 3 if scene.key == 'office' else 4 }}", image_size: {width: 512, height: 640}}
  - {id: empty, generate: rooms, using: fal-ai/flux-lora/image-to-image, images: start.png, with: {strength: 0.7}}
  - id: big
    call: own/enlarge
    each: [takes, empty]
    with: {factor: 2, note: "{{ shot }} {{ seed }}"}
    files: {like: start.png}
"""

ENLARGE = """\
id: own/enlarge
title: Enlarge
description: Enlarges.
does: upscale
fields:
  image_url: {type: url, required: true, description: what}
  like: {type: url, description: like what}
  factor: {type: integer, description: how much}
  note: {type: string, description: for whom}
roles: {image: image_url}
makes: [image]
"""


def wide(project: Project) -> Project:
    """A recipe with everything in it."""
    project.workspace.write("recipe.yaml", WIDE).write("grain.safetensors", safetensors({"lora_A.weight": (2, 2)}))
    project.workspace.write("start.png", picture("start")).write("endpoints/enlarge.yaml", ENLARGE)
    return project


def test_everything_that_a_recipe_can_say_is_asked_for(project: Project) -> None:
    told = wide(project).told()
    asked = {line.endpoint: json.loads(line.told) for line in project.notes.lines()}
    trained = asked["fal-ai/turbo-flux-trainer"]
    assert trained["steps"] == 500
    assert trained["trigger_phrase"].startswith("anqz7")
    drawn = [json.loads(line.told) for line in project.notes.lines() if line.endpoint == "fal-ai/flux-lora"]
    assert {each["guidance_scale"] for each in drawn} == {3, 4}
    assert drawn[0]["loras"] == [{"scale": 0.95}, {"scale": 0.3}]
    assert asked["fal-ai/flux-lora/image-to-image"]["strength"] == 0.7
    assert {str(take["subject"]) for take in takes(told)} == {"ana", "None"}
    called = [json.loads(line.told) for line in project.notes.lines() if line.endpoint == "own/enlarge"]
    assert sorted(each["note"] for each in called) == ["heads 11", "heads 11", "rooms 5"]
    assert len(project.pictures("big")) == 3
    project.quiet()


def test_check_counts_what_there_is(project: Project) -> None:
    wide(project).workspace.run("check").shows("1 subject, 2 shots, 4 stages, 3 takes; no errors")
    told = project.workspace.json("check")
    assert (told["status"], told["takes"]) == ("ok", 3)
    assert not (project.root / ".nano-banana").exists()


def test_check_finds_templates_that_fail_on_some_values(project: Project) -> None:
    project.edit("headshot, {{ scene }}", "headshot, {{ scene if scene == 'harbour' else scene | round }}")
    screen = project.workspace.run("check")
    assert screen.exit_code == 2
    screen.shows("recipe.yaml:").hides("bug")
    project.edit(" if scene == 'harbour' else scene | round", "").edit("seeds:", "seedz:")
    assert project.workspace.run("check").exit_code == 2


def test_captions_that_fail_are_faults_of_the_recipe_all_told_at_once(project: Project) -> None:
    train = "using: fal-ai/flux-lora-fast-training"
    project.edit(train, train + ", caption: '{{ 1 | length }}'")
    again = "- {id: takes,"
    project.edit(again, f"- {{id: second, train: ana, {train}, caption: '{{{{ 2 | length }}}}'}}\n  {again}")
    for command in ("check", "plan", "run"):
        screen = project.workspace.run(command)
        assert screen.exit_code == 2, screen.text
        screen.shows("2 problems in recipe.yaml", "1 | length", "2 | length").hides("bug")


def test_bytes_that_are_no_text_are_told_and_break_nothing(project: Project) -> None:
    odd = project.root / os.fsdecode(b"photos/ana/caf\xe9.jpg")
    odd.write_bytes(b"no picture")
    project.quiet(exit_code=2).shows("caf\N{REPLACEMENT CHARACTER}.jpg").hides("bug")
    odd.write_bytes((project.root / "photos/ana/01.jpg").read_bytes())
    project.run()
    project.workspace.env(MOOD=os.fsdecode(b"caf\xe9"), NANO_BANANA_ALLOW_ENV="MOOD")
    project.edit("headshot, {{ scene }}", "headshot, {{ env.MOOD }} {{ scene }}")
    project.run(exit_code=1).shows("contains `\\udce9`, which is not a whole character").hides("bug")
    assert project.workspace.run("check").exit_code == 2


def test_prices_that_nobody_knows_are_called_unknown(project: Project) -> None:
    screen = wide(project).workspace.run("plan", "--provider", "fal")
    screen.shows("4 calls of unknown price")
    told = project.workspace.json("plan", "--provider", "fal")
    assert as_object(told["cost_usd"])["estimated_high"] is None


def test_a_command_line_that_is_wrong(project: Project) -> None:
    project.quiet("--set", "strength", exit_code=2).shows("strength")
    project.quiet("nowhere.yaml", exit_code=2).shows("nowhere.yaml")
    project.quiet("--sample", "0", exit_code=2)


def test_of_many_failures_the_first_are_shown_and_the_rest_counted(project: Project) -> None:
    project.edit("seeds: [11, 29]", "seeds: {count: 15}").notes.rule(fail=["likeness", "headshot"])
    project.run(exit_code=1).shows("30 pictures failed:", "… and 10 more")
