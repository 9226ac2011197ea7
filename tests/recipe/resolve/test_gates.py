"""Gates and what comes after: standards, second chances, sources by ruling, choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.load import Loaded
from nano_banana.recipe.picks import KeepRule, keep_rule
from nano_banana.recipe.recipe_model import CollectionRef, Stage
from nano_banana.stages.gate_stage import GateRules, gate_rules
from nano_banana.stages.inpaint_stage import MaskSection, RepairParameters
from nano_banana.stages.verdicts import AcceptanceCriteria
from tests.recipe.resolve.tools import kinds, load, write

BASE = """
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: a.jpg}
  ben: {noun: man, trigger: bnvk4, training_set: a.jpg}
axes:
  scene: {office: {place: an office, painted: true}, street: {place: a street}}
shots:
  one: {template: "anqz7 in {{ scene.place }}", cast: ana, matrix: {scene: all}, seeds: [1]}
  accepted: {template: bnvk4 smiling, cast: ben, seeds: [1]}
  two: {template: two friends, cast: [ana, ben], identity: by_face, seeds: [1]}
stages:
- {id: likeness, train: all, using: fal-ai/flux-lora-fast-training}
- {id: takes, generate: all, using: fal-ai/flux-lora, adapters: {likeness: 0.9}}
- id: placed
  inpaint: takes.two
  mask: {find: face, assign: cast}
  prompt: "{{ subject.trigger }}, {{ cast.left.noun }}"
  using: fal-ai/flux-lora/inpainting
  adapters: {likeness: 1}
"""
USUAL = AcceptanceCriteria()


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    write(tmp_path, "a.jpg", "b.jpg")
    return tmp_path


def gate_stage(folder: Path, said: str) -> Stage:
    return load(folder, f"{BASE}- {{id: judged, gate: takes.one{said}}}").recipe.stage("judged")


def gate(folder: Path, said: str) -> GateRules:
    found = gate_rules(gate_stage(folder, said))
    assert found is not None
    return found


def test_a_gate_that_says_nothing_is_a_usual_one(studio: Path) -> None:
    assert gate(studio, "") == GateRules(criteria=USUAL)


@pytest.mark.parametrize(
    ("said", "standard"),
    [
        ("accept: {at_least: 0.3}", AcceptanceCriteria(at_least=0.3, unsure_from=0.3)),
        ("accept: {at_least: 0.9}", AcceptanceCriteria(at_least=0.9, at_most=0.9)),
        ("unsure: {at_least: 0.2}", AcceptanceCriteria(unsure_from=0.2)),
        ("accept: {calibrate: false}", AcceptanceCriteria(quantile=None)),
        ("accept: {calibrate: true}", USUAL),
        (
            "accept: {calibrate: {quantile: 0.2, slack: 0, at_most: 0.5}}",
            AcceptanceCriteria(quantile=0.2, slack=0, at_most=0.5),
        ),
        ("also_reject: [no_face]", AcceptanceCriteria(also_reject=frozenset({"no_face"}))),
        ("also_reject: []", AcceptanceCriteria(also_reject=frozenset())),
    ],
)
def test_standards(studio: Path, said: str, standard: AcceptanceCriteria) -> None:
    assert gate(studio, f", {said}").criteria == standard


def test_what_a_gate_says_of_its_judging(studio: Path) -> None:
    said = "judge: {measure: identity, against: training_set, every_face: false}"
    found = gate(studio, f", {said}, skip_when: {{scene.painted: true, scene: street}}, retry: {{takes: 3}}")
    assert (found.against, found.every_face, found.retries) == ("training_set", False, 3)
    assert found.skip_when == {"scene.painted": True, "scene": "street"}
    assert gate_stage(studio, f", {said}").inner == ()


def test_a_repair_is_an_inpainting_of_the_gates_id(studio: Path) -> None:
    using = "using: fal-ai/flux-lora/inpainting, adapters: {likeness: 1}"
    found = gate_stage(
        studio, f", repair: {{{using}, prompt: anqz7 smiling, crop: {{context: 1}}, with: {{guidance_scale: 3}}}}"
    )
    (repair,) = found.inner
    assert (repair.id, repair.verb, repair.where) == ("judged", "inpaint", ("stages", 3, "repair"))
    said = repair.parameters(RepairParameters)
    assert said.mask == MaskSection(find="face", grow=0.25, feather=0.08)
    assert said.crop.context == 1
    assert (repair.adapters, repair.options, repair.by_person) == ((("likeness", 1),), {"guidance_scale": 3}, True)
    rules = gate_rules(found)
    assert rules is not None
    assert rules.ladder == ("strength", (0.45, 0.6, 0.75))
    recipe = load(studio, f"{BASE}- {{id: judged, gate: takes.one, repair: {{{using}, prompt: anqz7 smiling}}}}").recipe
    assert [stage.verb for stage in recipe.asking] == ["train", "generate", "inpaint", "inpaint"]


@pytest.mark.parametrize(
    ("said", "ladder"),
    [
        ("using: fal-ai/flux-lora/inpainting, ladder: {guidance_scale: [3, 4]}", ("guidance_scale", (3, 4))),
        ("using: fal-ai/flux-lora/inpainting, with: {strength: 0.7}", ("strength", (0.7,))),
        ("using: fal-ai/flux-lora/inpainting, with: {strength: '{{ 0.7 }}'}", ("strength", ())),
        ("using: fal-ai/flux-pro/v1/fill", ("strength", ())),
    ],
)
def test_ladders(studio: Path, said: str, ladder: tuple[str, tuple[float, ...]]) -> None:
    assert gate(studio, f", repair: {{{said}, prompt: anqz7 smiling}}").ladder == ladder


def test_a_mask_of_a_repair_may_be_a_file(studio: Path) -> None:
    using = "using: fal-ai/flux-lora/inpainting, prompt: anqz7 smiling"
    (repair,) = gate_stage(studio, f", repair: {{mask: {{file: b.jpg}}, {using}}}").inner
    assert repair.files == {"mask": studio / "b.jpg"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("judged", CollectionRef(stage="judged")),
        ("judged.one", CollectionRef(stage="judged", shot="one")),
        ("judged.accepted", CollectionRef(stage="judged", ruling="accepted")),
        ("judged.one.unsure", CollectionRef(stage="judged", shot="one", ruling="unsure")),
        ("judged.accepted.rejected", CollectionRef(stage="judged", shot="accepted", ruling="rejected")),
        ("takes.accepted", CollectionRef(stage="takes", shot="accepted")),
    ],
)
def test_sources_by_ruling(studio: Path, source: str, found: CollectionRef) -> None:
    text = f"{BASE}- {{id: judged, gate: [takes.one, takes.accepted]}}\n- {{id: up, upscale: {source}, using: %s}}"
    recipe = load(studio, text % "fal-ai/seedvr/upscale/image").recipe
    assert recipe.stage("up").sources == (found,)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("takes.rejected", "judges_nothing"),
        ("takes.one.accepted", "judges_nothing"),
        ("judged.one.acepted", "unknown_reference"),
        ("judged.accpeted", "unknown_reference"),
        ("judged.two.accepted", "shot_not_in_stage"),
    ],
)
def test_sources_that_are_not_there(studio: Path, source: str, found: str) -> None:
    text = f"{BASE}- {{id: judged, gate: [takes.one, takes.accepted]}}\n- {{id: again, gate: {source}}}"
    assert kinds(studio, text) == [found]


def test_a_choice_keeps_so_many_of_each(studio: Path) -> None:
    text = f"{BASE}- {{id: judged, gate: takes.one}}\n- {{id: picks, choose: judged.accepted, keep: %s}}"
    stage = load(studio, text % "{best: 2, per: [scene, subject]}").recipe.stage("picks")
    assert (keep_rule(stage), stage.endpoint) == (KeepRule(best=2, per=("scene", "subject")), "")
    assert keep_rule(load(studio, text % "{best: 1}").recipe.stage("picks")) == KeepRule(
        best=1, per=("shot", "subject")
    )
    assert keep_rule(load(studio, text % "{best: 1, per: shot}").recipe.stage("picks")) == KeepRule(
        best=1, per=("shot",)
    )


def warned(loaded: Loaded) -> list[str]:
    return [problem.kind for problem in loaded.warnings]


def test_a_prompt_of_one_face_says_its_trigger(studio: Path) -> None:
    assert warned(load(studio, BASE)) == []
    assert warned(load(studio, BASE.replace("{{ subject.trigger }}, ", ""))) == ["no_trigger"]
    assert warned(load(studio, BASE.replace('"{{ subject.trigger }}, {{ cast.left.noun }}"', "anqz7 bnvk4"))) == [
        "no_trigger"
    ]


def test_a_repair_says_the_trigger_too(studio: Path) -> None:
    repair = "repair: {using: fal-ai/flux-lora/inpainting, adapters: {likeness: 1}, prompt: a face}"
    assert warned(load(studio, f"{BASE}- {{id: judged, gate: placed, {repair}}}")) == ["no_trigger"]


@pytest.mark.parametrize(
    ("stage", "found"),
    [
        ("{id: twins, generate: shown, using: fal-ai/nano-banana/edit}", []),
        ("{id: twins, generate: shown, using: fal-ai/nano-banana/edit, images: b.jpg}", []),
        ("{id: twins, generate: [shown, hills], using: fal-ai/nano-banana/edit}", ["images_missing"]),
        ("{id: twins, generate: shown, using: fal-ai/nano-banana/edit, with: {image_urls: []}}", ["field_is_ours"]),
    ],
)
def test_people_by_reference(studio: Path, stage: str, found: list[str]) -> None:
    text = f"""
subjects:
  ana: {{noun: woman, trigger: anqz7, training_set: a.jpg, references: b.jpg}}
  ben: {{noun: man, trigger: bnvk4, references: b.jpg}}
shots:
  shown: {{template: "{{{{ cast.right.noun }}}}", cast: [ana, ben], identity: reference, seeds: [1]}}
  hills: {{template: green hills, seeds: [1]}}
stages:
- {stage}
"""
    if found:
        assert kinds(studio, text) == found
    else:
        loaded = load(studio, f"{text}- {{id: judged, gate: twins}}")
        assert warned(loaded) == ["shot_unused"]


def test_one_by_reference_may_wear_an_adapter_too(studio: Path) -> None:
    shot = "three: {template: anqz7 smiling, cast: ana, identity: reference, seeds: [1]}"
    draw = "- {id: both, generate: three, using: fal-ai/flux-lora/image-to-image, adapters: {likeness: 1}}\n"
    text = BASE.replace("  two: {", f"  {shot}\n  two: {{").replace("generate: all", "generate: [one, accepted, two]")
    assert warned(load(studio, text + draw)) == []
    said = text.replace("template: anqz7 smiling", "template: '{{ subject.trigger }}'")
    assert warned(load(studio, said + draw.replace(", adapters: {likeness: 1}", ""))) == ["trigger_unlearned"]
