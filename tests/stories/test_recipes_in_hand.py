"""Recipes as people write, move and share them: what is taken, and what is said."""

from __future__ import annotations

import json

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.workspace import Workspace

RECIPE = """\
nano_banana: 1
name: fast
provider: local
vars: {words: empty}
shots:
  streets: {template: "[{{ words }}] {{ scene }}", matrix: {scene: [park]}, seeds: [1]}
stages:
  - {id: takes, generate: streets, using: fal-ai/flux/schnell, with: {image_size: {width: 64, height: 64}}}
"""
PERSON = """\
nano_banana: 1
name: people
subjects:
  eve: {noun: woman, trigger: evqz1, training_set: PHOTOS}
stages:
  - {id: likeness, train: eve, using: fal-ai/flux-lora-fast-training}
"""


def prompt(workspace: Workspace, *argv: str) -> str:
    """The prompt of the first take of a run."""
    workspace.run("run", *argv)
    manifest = json.loads(workspace.read("out/fast/manifest.json"))
    call = as_object(as_items(as_object(as_items(manifest["takes"])[0])["calls"])[0])
    return str(as_object(call["arguments"])["prompt"])


@pytest.mark.parametrize("text", ["Room #5", "&x hello", "!important look", "*x", "- a", "a: b", "{a}", "| x", "5 m"])
def test_a_text_that_is_set_is_the_text(workspace: Workspace, text: str) -> None:
    assert prompt(workspace.write("recipe.yaml", RECIPE), "--set", f"words={text}") == f"[{text}] park"


def test_a_picture_is_delivered_however_long_its_values_are(workspace: Workspace) -> None:
    values = {f"a{at}": f"a very long winded description of value number {at} here" for at in range(7)}
    names = " ".join(f"{{{{ {name} }}}}" for name in values)
    recipe = RECIPE.replace("{scene: [park]}", json.dumps({name: [value] for name, value in values.items()}))
    workspace.write("recipe.yaml", recipe.replace("{{ scene }}", names)).expect("run")
    (picture,) = workspace.files("out/**/*.png")
    workspace.expect("explain", picture)
    workspace.expect("run")
    assert workspace.files("out/**/*.png") == [picture]


def test_a_name_that_looks_like_the_one_that_is_there(workspace: Workspace) -> None:
    workspace.photos("photos-Zoe\u0301", count=5).write("Zoe\u0301.j2", "{{ scene }}")
    workspace.write("recipe.yaml", PERSON.replace("PHOTOS", "photos-Zo\u00e9")).expect("check")
    workspace.write("recipe.yaml", PERSON.replace("PHOTOS", "Photos-zoe\u0301"))
    workspace.expect("check", exit_code=2).shows("did you mean `photos-Zoe\u0301`")
    spelt = RECIPE.replace("shots:", "templates: {look: {file: Zo\u00e9.j2}}\nshots:")
    workspace.write("recipe.yaml", spelt).expect("check", exit_code=2).shows('did you mean `"Zoe\\u0301.j2"`')


def test_a_linked_recipe_belongs_where_the_link_lies(workspace: Workspace) -> None:
    text = RECIPE.replace('"[{{ words }}] {{ scene }}"', "street").replace(
        "shots:", "templates: {street: {file: street.j2}}\nshots:"
    )
    workspace.write("elsewhere/recipe.yaml", text).write("project/street.j2", "here {{ scene }}")
    workspace.path("project/recipe.yaml").symlink_to(workspace.path("elsewhere/recipe.yaml"))
    workspace.expect("check", "project")


def test_a_recipe_called_yml(workspace: Workspace) -> None:
    workspace.write("recipe.yml", RECIPE).expect("check")
    workspace.expect("check", "recipes.yml", exit_code=2).shows("did you mean `recipe.yml`")
    workspace.write("endpoints/acme--draw.yml", "id: acme/draw\n").expect("check", exit_code=2).shows("acme--draw.yml")


def test_check_says_what_plan_says_of_picks(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RECIPE + "  - {id: p, choose: takes, keep: {best: 1}}\n")
    workspace.write("picks.yaml", "picks: {p: {keep: [streets/prk/s1]}}\n")
    told = workspace.json("check")
    assert "stray_pick" in [as_object(problem)["kind"] for problem in as_items(told["problems"])]
    workspace.expect("check").shows("has no take `streets/prk/s1`", "streets/park/s1")
    workspace.write("picks.yaml", "drop: [streets/park/s1]\n")
    workspace.run("check").shows("unknown key `drop` in `picks.yaml`")
    workspace.path("picks.yaml").rename(workspace.path("picks.yml"))
    workspace.expect("check").shows("`picks.yml` is not read")


def test_a_folder_named_with_an_emoji(workspace: Workspace) -> None:
    folder = "\U0001f469\u200d\U0001f3a8"
    workspace.write("recipe.yaml", RECIPE).expect("run", "--out", folder)
    assert len(workspace.files(f"{folder}/**/*.png")) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seeds: [1]", "seeds: [1, 1.0]", "duplicate value `1.0`"),
        ("seeds: [1]", "seeds: [1e3, 1000]", "duplicate value `1000`"),
        ("scene", "none", "`none`"),
        ("scene", "true", "`true`"),
        ("seeds", "\u00a0seeds", "<U+00A0>seeds"),
        ("nano_banana", "---\n\ufeffnano_banana", "U+FEFF"),
        ("provider: local", "provider: local\ninclude: shared.yaml\nlimits: {budget_usd: true}", "is defined twice"),
    ],
)
def test_what_nobody_sees_is_said(workspace: Workspace, old: str, new: str, words: str) -> None:
    workspace.write("shared.yaml", "limits: {budget_usd: 1}\n")
    workspace.write("recipe.yaml", RECIPE.replace(old, new)).expect("check", exit_code=2).shows(words)


def test_a_consent_of_a_day_to_come_is_questioned(workspace: Workspace) -> None:
    workspace.photos("photos", count=5)
    consent = "photos, consent: {given_by: Eve, on: 2099-01-01, uses: [web]}"
    workspace.write("recipe.yaml", PERSON.replace("PHOTOS", consent)).expect("check").shows("in the future")
