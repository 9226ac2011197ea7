"""Two real people: drawn on this machine, judged, mended, chosen."""

from __future__ import annotations

import pytest

from tests.stories.people import People, rulings, takes, tries

TRAIN = "  - {id: likeness, train: all, using: fal-ai/flux-lora-portrait-trainer, steps: 1000}\n"
SIZE = "with: {image_size: {width: 512, height: 640}}"
SHOTS = """
shots:
  heads: {template: portrait, cast: {each: [eileen]}, matrix: {scene: [office]}, seeds: [3, 8]}
"""
TAKES = f"  - {{id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {{likeness: 0.95}}, {SIZE}}}\n"
GATE = "  - {id: judged, gate: takes}\n"

PLANTED = """
adapters:
  another: {file: grace.safetensors, base: flux-1}
"""
WRONG = f"  - {{id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {{another: 0.95}}, {SIZE}}}\n"
LADDER = """\
  - id: judged
    gate: takes
    retry: {takes: 1}
    repair:
      using: fal-ai/flux-lora/inpainting
      prompt: face
      adapters: {likeness: 1.0}
      mask: {find: face, grow: 0.35, feather: 0.08}
      ladder: {strength: [0.3, 0.8]}
"""


@pytest.fixture
def planted(people: People) -> People:
    """A recipe that draws Grace Hopper for each of Eileen Collins' takes."""
    people.recipe("stages:\n" + TRAIN)
    people.keep_adapter(people.run(), "grace")
    return people


def test_a_person_s_own_pictures_pass(people: People) -> None:
    told = people.recipe(SHOTS + "stages:\n" + TRAIN + TAKES + GATE).run()
    assert set(rulings(told).values()) == {"accepted"}
    assert all(take["path"] for take in takes(told).values())
    people.workspace.run("run").shows("Nothing to do")


def test_somebody_else_s_picture_never_passes(planted: People) -> None:
    planted.recipe(PLANTED + SHOTS + "stages:\n" + TRAIN + WRONG + GATE.replace("}", ", retry: {takes: 1}}"))
    told = planted.run()
    assert set(rulings(told).values()) == {"rejected"}
    for take in takes(told).values():
        assert [label for label, _ in tries(take)] == ["", "retry1"]
        assert take["path"] is None
        assert take["left"] == {"stage": "judged", "why": "rejected"}
    assert not planted.workspace.files("out/two/judged/*")


def test_the_ladder_turns_a_planted_failure_into_the_person(planted: People) -> None:
    told = planted.recipe(PLANTED + SHOTS + "stages:\n" + TRAIN + WRONG + LADDER).run()
    for take in takes(told).values():
        assert tries(take) == [
            ("", "rejected"),
            ("retry1", "rejected"),
            ("repair1", "rejected"),
            ("repair2", "accepted"),
        ]
        assert take["path"]
    # Without the last rung there is no way to her.
    planted.workspace.edit("recipe.yaml", "[0.3, 0.8]", "[0.3]")
    assert set(rulings(planted.run()).values()) == {"rejected"}


def test_another_threshold_judges_again_for_free(people: People) -> None:
    people.recipe(SHOTS + "stages:\n" + TRAIN + TAKES + GATE).run()
    strict = takes(people.workspace.json("judge", "--accept", "0.999"))
    assert {(take["before"], take["ruling"]) for take in strict.values()} == {("accepted", "unsure")}
    assert {take["ruling"] for take in takes(people.workspace.json("judge")).values()} == {"accepted"}


def test_the_best_are_chosen_and_a_person_s_word_comes_first(people: People) -> None:
    choose = "  - {id: picks, choose: judged.accepted, keep: {best: 1, per: [subject]}}\n"
    finish = "  - {id: finish, upscale: picks, using: fal-ai/seedvr/upscale/image, with: {upscale_factor: 2}}\n"
    people.recipe(SHOTS + "stages:\n" + TRAIN + TAKES + GATE + choose + finish)
    first = takes(people.run())
    (best,) = [name for name, take in first.items() if take["path"]]
    (other,) = [name for name, take in first.items() if not take["path"]]
    assert first[other]["left"] == {"stage": "picks", "why": "not_chosen"}
    people.workspace.edit("recipe.yaml", "seeds: [3, 8]", "seeds: [3, 8, 21]")
    more = takes(people.run())
    assert sum(take["path"] is not None for take in more.values()) == 1
    people.workspace.write("picks.yaml", f"picks:\n  picks: {{keep: [{other}]}}\n")
    picked = takes(people.run())
    assert [name for name, take in picked.items() if take["path"]] == [other]
    people.workspace.write("picks.yaml", "picks:\n  picks: {keep: [heads/eileen/office/s99]}\n")
    people.workspace.run("plan").shows("stage `picks` has no take `heads/eileen/office/s99`")
    assert best in first


def test_what_a_person_keeps_goes_on_whatever_the_gate_says(planted: People) -> None:
    choose = "  - {id: picks, choose: judged.accepted, keep: {best: 1}}\n"
    planted.recipe(PLANTED + SHOTS + "stages:\n" + TRAIN + WRONG + GATE + choose)
    assert not any(take["path"] for take in takes(planted.run()).values())
    planted.workspace.write("picks.yaml", "picks:\n  picks: {keep: [heads/eileen/office/s8]}\n")
    told = takes(planted.run())
    assert [name for name, take in told.items() if take["path"]] == ["heads/eileen/office/s8"]


PAIR = """
shots:
  pairs:
    template: pair
    cast: {left: eileen, right: grace}
    matrix: {scene: [office]}
    seeds: [5, 17]
    identity: by_face
"""
PLACED = """\
  - {id: base, generate: pairs, using: fal-ai/flux-lora, with: {image_size: {width: 768, height: 576}}}
  - id: placed
    inpaint: base
    mask: {find: face, assign: cast, grow: 0.35, feather: 0.08}
    prompt: face
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
"""


def test_a_pair_is_painted_face_by_face_and_each_is_judged_against_its_own_person(people: People) -> None:
    people.recipe(PAIR + "stages:\n" + TRAIN + PLACED + "  - {id: judged, gate: placed}\n")
    told = people.run()
    assert set(rulings(told).values()) == {"accepted"}
    for take in takes(told).values():
        assert take["cast"] == ["eileen", "grace"]


def test_references_need_no_training(people: People) -> None:
    shots = SHOTS.replace("seeds: [3, 8]", "seeds: [3], identity: reference")
    edit = "  - {id: takes, generate: heads, using: fal-ai/nano-banana-pro/edit}\n"
    told = people.recipe(shots + "stages:\n" + edit + GATE).run()
    assert set(rulings(told).values()) == {"accepted"}


def test_what_was_restored_is_judged_again(people: People) -> None:
    stages = TRAIN + TAKES + GATE + "  - {id: clear, restore: judged, using: fal-ai/codeformer}\n"
    told = people.recipe(SHOTS + "stages:\n" + stages + "  - {id: again, gate: clear}\n").run()
    for take in takes(told).values():
        assert take["path"]
        verdict = take["verdict"]
        assert isinstance(verdict, dict)
        assert verdict["stage"] == "again"
