"""Seeded mutations of good recipes: each is refused with its places, or gives a plan; none crashes.

`NANO_BANANA_FUZZ=5000` tries as many; some hundreds by default.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest
from jsonschema import Draft202012Validator

from nano_banana.formats.yaml_reader import read_yaml
from nano_banana.formats.yaml_values import SourceText, to_plain
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, NanoBananaError, Problem
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.recipe.load import fits_sections
from nano_banana.session.run_request import RunRequest
from nano_banana.session.session import Session
from nano_banana.settings.configuration import Settings
from nano_banana.stages.stage_registry import our_kinds
from tests.workspace import Workspace

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"
Change: TypeAlias = Callable[[random.Random, Tree], Tree]

ROOT = Path(__file__).parents[2]
BATCHES = 8
COUNT = int(os.environ.get("NANO_BANANA_FUZZ", "400"))

EVERYTHING = """
nano_banana: 1
name: everything
provider: local
vars: {company: Acme, count: 2, place: "near {{ company }}", nothing: null}
limits: {budget_usd: 20, ask_above_usd: 5, rate: {requests_per_second: 3}, parallel: {image: 4, train: 1}}
privacy: {uploads_expire_after: 7d}
photo_rules: {count: {min: 1, want: 4}, face_px: {min: 40}, captions: {prefix: "photo of {{ subject.trigger }}"}}
subjects:
  ana:
    noun: woman
    trigger: anqz7
    traits: {hair: dark hair}
    consent: {given_by: Ana, on: 2026-09-01, uses: [press]}
    training_set: {photos: photos/ana, hold_out: 1}
    references: photos/ana
  ben: {noun: man, trigger: bnvk4, training_set: photos/ben}
axes:
  scene: {office: {place: an office, light: soft light}, street: {place: a street}}
  mood: [calm, a faint smile]
templates:
  solo: >-
    {{ subject.trigger }} {{ subject.noun }}, {{ mood }}, {{ scene.place }}
    {%- if scene.light %}, {{ scene.light }}{% endif %}
  pair: "a {{ cast.left.noun }} and a {{ cast.right.noun }}, {{ scene.light }} {{ place }}"
shots:
  portraits:
    template: solo
    cast: {each: all}
    matrix: {scene: all, mood: [calm], wear: [a blazer, a shirt]}
    exclude: [{subject: ben, scene: office}]
    seeds: {count: 2}
  together: {template: pair, cast: {left: ana, right: ben}, identity: by_face, matrix: {scene: street}, seeds: [5, 17]}
  old: {pictures: photos/ben, cast: ben}
stages:
  - {id: likeness, train: all, using: fal-ai/flux-lora-fast-training, steps: {per_photo: 100, min: 300, max: 2000}}
  - id: takes
    generate: [portraits, together]
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95}
    with: {image_size: {width: 640, height: 800}}
  - {id: opened, open: old}
  - id: placed
    inpaint: takes.together
    mask: {find: face, assign: cast, grow: 0.35, feather: 0.08}
    prompt: "{{ subject.trigger }} face"
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
  - id: judged
    gate: [takes.portraits, placed, opened]
    judge: {against: training_set, every_face: true}
    accept: {at_least: 0.4, calibrate: {quantile: 0.2, slack: 0.05, at_most: 0.6}}
    unsure: {at_least: 0.3}
    also_reject: [no_face]
    skip_when: {scene: street}
    retry: {takes: 1}
    repair: {using: fal-ai/flux-lora/inpainting, prompt: "face of a {{ subject.noun }}", ladder: {strength: [0.5, 0.7]}}
  - {id: picked, choose: judged.accepted, keep: {best: 1, per: [subject]}}
  - {id: large, upscale: picked, using: fal-ai/esrgan, with: {scale: 2}}
  - {id: ours, call: fal-ai/esrgan, each: picked, input: image_url, with: {scale: 2}}
  - {id: marked, mark: large}
outputs:
  sheet: {contact_sheet: judged, rows: [subject, scene], columns: seed, show: [score], formats: [html]}
  files: {export: picked, to: delivered, name: "{{ take }}", embed: [recipe]}
"""

ODD: tuple[Tree, ...] = (
    *(None, True, False, 0, -1, 1, 3.5, 10**20, "", "x", "all", "1", "none", "a b", "../x", "/", "*.jpg", "é\u0301"),
    *("{{ company }}", "{{ nope }}", "{{ subject.nope }}", "{{ 1 / 0 }}", "{% if %}", "{{ [] }}", "{{ count }}"),
    *("{{ env.HOME }}", "{{ self }}", "{{ 'x' * 99 }}", "photos/ana", "fal-ai/flux-lora", "ana", "judged.accepted"),
    *("x" * 300, "a\nb", "\u202e", "🍌"),
    *json.loads(
        """[[], {}, [[]], [{}], [null], {"": ""}, {"a": null}, ["x", "x"], [1, "x", null], {"each": "all"},
        {"count": 2}, {"file": "x"}, {"find": "face"}, {"pack": "cinema/noir-detective"}]"""
    ),
)


def nodes(tree: Tree, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value, the whole first."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, item in items:
        yield from nodes(item, (*path, step))


def changed(tree: Tree, path: tuple[str | int, ...], change: Callable[[Tree], Tree]) -> Tree:
    """The tree with the value at `path` changed."""
    if not path:
        return change(tree)
    step, *rest = path
    if isinstance(tree, dict):
        return {name: changed(item, tuple(rest), change) if name == step else item for name, item in tree.items()}
    assert isinstance(tree, list)
    return [changed(item, tuple(rest), change) if at == step else item for at, item in enumerate(tree)]


def at(tree: Tree, path: tuple[str | int, ...]) -> Tree:
    """The value at `path`."""
    for step in path:
        tree = tree[step]  # type: ignore[index]  # the path is of this tree
    return tree


def misspelt(dice: random.Random, name: str) -> str:
    """The name with one slip, or another name."""
    at = dice.randrange(len(name) + 1)
    return dice.choice([name[:at] + name[at + 1 :], name[:at] + "x" + name[at:], name.upper(), f" {name}", name + "s"])


def mutated(dice: random.Random, tree: Tree) -> Tree:
    """The tree with one thing changed."""
    path = dice.choice(list(nodes(tree))[1:])
    parent, step = at(tree, path[:-1]), path[-1]

    def parted(_: Tree) -> Tree:
        if isinstance(parent, dict):
            return {name: item for name, item in parent.items() if name != step}
        assert isinstance(parent, list)
        return [item for index, item in enumerate(parent) if index != step]

    def renamed(_: Tree) -> Tree:
        if not isinstance(parent, dict):
            return [*parent, *parent] if isinstance(parent, list) else parent
        slip = misspelt(dice, str(step))
        return {slip if name == step else name: item for name, item in parent.items()}

    def added(_: Tree) -> Tree:
        if isinstance(parent, dict):
            return {**parent, dice.choice(["using", "with", "cast", "id", "xyz", "matrix", "gate"]): dice.choice(ODD)}
        assert isinstance(parent, list)
        return [*parent, dice.choice(ODD)]

    within: list[Change] = [
        lambda dice, _: dice.choice(ODD),
        lambda dice, _: at(tree, dice.choice(list(nodes(tree)))),
        lambda _, old: [old],
        lambda _, old: {"x": old},
        lambda _, old: str(old),
        lambda dice, old: misspelt(dice, old) if isinstance(old, str) else dice.choice(ODD),
    ]
    if dice.random() < 0.4:
        return changed(tree, path[:-1], dice.choice([parted, renamed, added]))
    change = dice.choice(within)
    return changed(tree, path, lambda old: change(dice, old))


@pytest.fixture(scope="module")
def recipes() -> list[Tree]:
    """Good recipes: the shipped ones and one that says everything."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "recipes").glob("*.yaml"))]
    found: list[Tree] = []
    for text in [*texts, *[EVERYTHING] * len(texts)]:
        top = read_yaml(SourceText(file="r.yaml", text=text)).top
        assert top is not None
        found.append(json.loads(json.dumps(to_plain(top))))
    return found


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_the_sections_take_is_what_the_schema_allows(batch: int, recipes: list[Tree]) -> None:
    kinds, dice, taken = our_kinds(), random.Random(batch), 0
    schema = Draft202012Validator(recipe_schema(kinds=kinds))
    for _ in range(COUNT // BATCHES):
        tree = mutated(dice, dice.choice(recipes))
        if isinstance(tree, dict) and fits_sections(tree, kinds):
            assert [error.message for error in schema.iter_errors(tree)] == [], json.dumps(tree)
            taken += 1
    assert taken


def outcome(workspace: Workspace, tree: JSONValue | Tree) -> str:
    """What becomes of the recipe: `plan`, or `refused` by problems that say where."""
    recipe = workspace.path("recipe.yaml")
    wish = RunRequest(recipe=recipe, text=json.dumps(tree, indent=1, ensure_ascii=False))
    settings = Settings(store=workspace.path("store"), out=workspace.path("out"))
    problems: Sequence[Problem] = ()
    try:
        with Session.open(wish, settings, environ={}) as project:
            assert project.forecast().records is not None
    except Invalid as error:
        problems = error.problems or [Problem(kind="nothing_said")]
    lines = str(wish.text).count("\n") + 1
    for problem in problems:
        place = problem.position
        assert place is not None, problem
        assert place.file != str(recipe) or 1 <= place.line <= lines, problem
    return "refused" if problems else "plan"


def test_good_recipes_are_good(workspace: Workspace, recipes: list[Tree]) -> None:
    furnish(workspace)
    assert {outcome(workspace, tree) for tree in recipes} == {"plan"}


def furnish(workspace: Workspace) -> None:
    """The photos, prompts and packs that the recipes name."""
    shutil.copytree(ROOT / "recipes", workspace.path("."), dirs_exist_ok=True)
    workspace.photos("photos/ana", count=2).photos("photos/ben", count=2, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_mutation_crashes(workspace: Workspace, recipes: list[Tree], batch: int) -> None:
    furnish(workspace)
    seen = set()
    for number in range(batch, COUNT, BATCHES):
        dice = random.Random(number)
        tree = dice.choice(recipes)
        for _ in range(dice.choice([1, 1, 1, 2, 4])):
            tree = mutated(dice, tree)
        try:
            seen.add(outcome(workspace, tree))
        except NanoBananaError as error:
            pytest.fail(f"mutation {number}: {error!r}\n{json.dumps(tree)}")
        except Exception as error:
            raise AssertionError(f"mutation {number} crashes:\n{json.dumps(tree)}") from error
    assert seen == {"plan", "refused"}
