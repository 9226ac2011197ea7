"""Run, change something or nothing, run again: only what must be made is made."""

from __future__ import annotations

import json
import os

import pytest

from nano_banana.model.json_values import as_object
from nano_banana.provenance.embedding import original_bytes
from tests.stories.project import PAINT, Project, takes

FULL = {"total": 6, "cached": 0, "made": 6, "failed": 0, "unknown": 0}
"""A training zip, a training and four takes."""


def test_a_second_run_makes_nothing_and_says_so(project: Project) -> None:
    assert project.calls() == FULL
    assert sorted(project.asked()) == ["flux-lora"] * 4 + ["flux-lora-fast-training"]
    project.quiet().shows("Nothing to do: no changes since run")
    assert project.calls() == {**FULL, "cached": 6, "made": 0}


def test_touched_photos_make_no_call(project: Project) -> None:
    project.run()
    for photo in (project.root / "photos/ana").iterdir():
        os.utime(photo, (1, 1))
    project.quiet().hides("Nothing to do: no changes")
    project.quiet().shows("Nothing to do: no changes")


def test_a_comment_and_another_order_of_keys_make_no_call(project: Project) -> None:
    project.run()
    project.edit("noun: woman, trigger: anqz7", "trigger: anqz7, noun: woman").edit("templates:", "# words\ntemplates:")
    project.quiet().hides("Nothing to do: no changes")


def test_a_changed_seed_makes_its_takes_alone_and_a_return_makes_none(project: Project) -> None:
    project.run()
    project.notes.fresh()
    project.edit("[11, 29]", "[11, 30]")
    assert project.calls() == {**FULL, "cached": 4, "made": 2}
    assert all('"seed": 30' in line.told for line in project.notes.lines())
    project.edit("[11, 30]", "[11, 29]")
    project.quiet()


def test_a_new_scene_leaves_the_seeds_of_the_others(project: Project) -> None:
    project.edit("[11, 29]", "{count: 2}")
    before = {take["id"] for take in takes(project.told())}
    project.edit("[office, street]", "[harbour, office, street]")
    told = project.told()
    assert as_object(told["calls"])["made"] == 2
    assert before < {take["id"] for take in takes(told)}


def test_eight_takes_and_then_twelve_pay_for_four(project: Project) -> None:
    project.edit("[11, 29]", "[1, 2, 3, 4]").run()
    project.notes.fresh()
    project.edit("[1, 2, 3, 4]", "[1, 2, 3, 4, 5, 6]").run()
    assert project.asked() == ["flux-lora"] * 4


def test_outputs_that_are_lost_or_tampered_with_are_put_back_without_a_call(project: Project) -> None:
    project.run()
    first, second, *_ = project.pictures()
    bytes_of = {path: path.read_bytes() for path in project.pictures()}
    first.unlink()
    second.write_bytes(b"no picture")
    project.quiet().shows("restored 2 pictures")
    assert {path: path.read_bytes() for path in project.pictures()} == bytes_of
    project.quiet().shows("Nothing to do: no changes")


def test_a_flipped_bit_in_the_store_is_healed_by_its_call_alone(project: Project) -> None:
    told = project.told()
    digest = str(takes(told)[0]["sha256"])
    blob = project.root / ".nano-banana/blobs" / digest[:2] / digest[2:]
    blob.chmod(0o644)
    data = bytearray(blob.read_bytes())
    data[-20] ^= 1
    blob.write_bytes(data)
    project.pictures()[0].unlink()
    project.notes.fresh()
    assert project.calls() == {**FULL, "cached": 5, "made": 1}
    assert project.asked() == ["flux-lora"]
    assert blob.read_bytes() == original_bytes(project.pictures()[0].read_bytes()) != bytes(data)


def test_a_photo_more_is_seen_and_trained_again(project: Project) -> None:
    project.run()
    project.notes.fresh()
    project.workspace.photos("photos/ana", count=3, size=(48, 60))
    assert project.calls() == FULL
    assert "flux-lora-fast-training" in project.asked()


def test_a_sample_is_reused_by_the_full_run(project: Project) -> None:
    sample = project.told("--sample", "2")
    assert len(takes(sample)) == 2
    assert {as_object(take["axes"])["scene"] for take in takes(sample)} == {"office", "street"}
    assert project.calls() == {**FULL, "cached": 4, "made": 2}


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        ("heads", 4),
        ("takes", 4),
        ("t*", 4),
        ("heads/*/office/*", 2),
        ("heads/ana/street/s29", 1),
        ("likeness", 0),
        ("likeness/ana", 0),
    ],
)
def test_only_what_is_named_is_made(project: Project, only: str, ids: int) -> None:
    assert len(takes(project.told("--only", only))) == ids


def test_a_stage_named_cuts_the_way_short(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT)
    project.run("--only", "takes")
    assert "flux-lora/inpainting" not in project.asked()
    project.notes.fresh()
    project.run()
    assert project.asked() == ["flux-lora/inpainting"] * 4
    assert len(project.pictures("faces")) == 4


def test_another_output_folder_gets_everything_without_a_call(project: Project) -> None:
    project.run()
    project.quiet("--out", "elsewhere")
    assert len(list((project.root / "elsewhere/portraits/takes").iterdir())) == 4


def test_a_recipe_with_another_name_has_other_derived_seeds_and_its_own_folder(project: Project) -> None:
    project.run()
    project.edit("name: portraits", "name: heads-of-ana")
    project.quiet()
    assert (project.root / "out/heads-of-ana/manifest.json").is_file()


def test_two_ways_of_one_shot_share_its_pictures(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT + PAINT.replace("faces", "hands"))
    told = project.told()
    assert project.asked().count("flux-lora") == 4
    assert project.asked().count("flux-lora/inpainting") == 4
    ids = [str(take["id"]) for take in takes(told)]
    assert len(ids) == 8
    assert {name.partition("@")[2] for name in ids} == {"faces", "hands"}
    one = takes(project.told("--only", "heads/ana/office/s11@hands"))
    assert [take["id"] for take in one] == ["heads/ana/office/s11@hands"]
    some = takes(project.told("--only", "hands", "--only", "heads/ana/office/s11"))
    assert {take["id"] for take in some} < set(ids)


MEETING = """
nano_banana: 1
name: portraits
shots:
  hills: {template: a man on a hill, seeds: [11]}
stages:
  - {id: draft, generate: hills, using: fal-ai/flux/dev}
  - {id: quick, generate: hills, using: fal-ai/flux/schnell}
  - {id: faces, inpaint: [draft, quick], using: fal-ai/flux-lora/inpainting, mask: {box: [0, 0, 1, 1]}}
"""


def test_two_ways_that_meet_again_are_two_takes_with_pictures_of_their_own(project: Project) -> None:
    project.workspace.write("recipe.yaml", MEETING)
    told = project.told()
    assert [take["id"] for take in takes(told)] == ["hills/s11@draft+faces", "hills/s11@quick+faces"]
    assert len({take["sha256"] for take in takes(told)}) == 2
    folders = ["draft", "draft+faces", "quick", "quick+faces"]
    assert {path.parent.name for path in (project.root / "out").rglob("hills_s11.png")} == set(folders)
    manifest = json.loads(project.workspace.read("out/portraits/manifest.json"))
    assert len(manifest["takes"]) == 2
    for folder in folders:
        said = project.workspace.run("explain", f"out/portraits/{folder}/hills_s11.png").text
        assert f"hills/s11@{folder.partition('+')[0]}+faces: done" in said


def test_the_manifest_keeps_what_other_runs_made(project: Project) -> None:
    project.run()
    project.run("--only", "heads/ana/office/s11")
    manifest = json.loads((project.root / "out/portraits/manifest.json").read_text())
    assert len(manifest["takes"]) == 4
    assert len(manifest["adapters"]) == 1
