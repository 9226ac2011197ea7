"""Every picture that a run writes tells what it is, how it was made, and how to make it again."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from PIL import Image

from nano_banana.formats import xmp
from nano_banana.formats.image_metadata import read_metadata
from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.provenance.embedding import ProvenanceInfo, embed_metadata, original_bytes, read_record
from nano_banana.provenance.generation_record import COMPOSITE_MEDIA, TRAINED_MEDIA, CallRecord, GenerationRecord
from nano_banana.store.local_store import Store
from tests.screen import Screen
from tests.stories.project import PAINT, Project
from tests.workspace import Workspace

TAKE = "heads/ana/office/s11"
NAME = "heads_ana_office_s11.png"


def told(path: Path) -> GenerationRecord:
    account = read_record(path)
    assert account is not None
    return account


def said(path: Path, name: str) -> str | None:
    found = read_metadata(path.read_bytes())
    assert found is not None
    return xmp.property_value(found.xmp.decode(), name)


def elsewhere(project: Project, picture: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder of the user's, with nothing in it but the picture."""
    folder = project.root.with_name("elsewhere")
    folder.mkdir()
    shutil.copy(picture, folder / "found.png")
    monkeypatch.setattr(project.workspace, "root", folder)
    return folder / "found.png"


def asked(project: Project, *argv: str, exit_code: int = 0) -> Screen:
    screen = project.workspace.run(*argv)
    assert screen.exit_code == exit_code, screen.text
    return screen.hides("Traceback")


def test_a_picture_tells_of_its_take_and_of_the_calls_behind_it(project: Project) -> None:
    project.edit("adapters: {likeness: 0.95}}", "adapters: {likeness: 0.95}}\n" + PAINT.rstrip())
    project.run()
    drawn, painted = (told(project.pictures(stage)[0]) for stage in ("takes", "faces"))
    assert (drawn.recipe, drawn.take, drawn.stage, drawn.seed) == ("portraits", TAKE, "takes", 11)
    assert dict(drawn.axes) == {"scene": "office"}
    assert [(each.name, each.trigger, each.noun) for each in drawn.people] == [("ana", "anqz7", "woman")]
    assert [call.endpoint.rpartition("/")[2] for call in drawn.calls] == ["flux-lora-fast-training", "flux-lora"]
    assert [call.endpoint.rpartition("/")[2] for call in painted.calls] == [
        "flux-lora-fast-training",
        "flux-lora",
        "mask",
        "crop",
        "inpainting",
        "paste",
    ]
    assert (drawn.source, painted.source) == (TRAINED_MEDIA, COMPOSITE_MEDIA)
    # Photos, captions and paths are nobody's business: a training is told, what it was trained from is not.
    assert "photo" not in painted.text
    assert str(project.root) not in painted.text


def test_the_file_without_its_marks_is_the_blob(project: Project) -> None:
    first = as_object(as_items(project.told()["takes"])[0])
    picture = project.pictures()[0]
    bare = original_bytes(picture.read_bytes())
    assert bare is not None
    assert hashlib.sha256(bare).hexdigest() == first["sha256"] == told(picture).picture


@pytest.mark.parametrize(("form", "suffix"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_all_formats_are_marked_by_the_local_provider(workspace: Workspace, form: str, suffix: str) -> None:
    workspace.write(
        "recipe.yaml",
        f"""
        nano_banana: 1
        name: portraits
        templates: {{street: an empty street}}
        shots: {{street: {{template: street, seeds: [1]}}}}
        stages:
          - {{id: takes, generate: street, using: fal-ai/nano-banana, with: {{output_format: {form}}}}}
        """,
    )
    assert workspace.run("run").exit_code == 0
    (picture,) = workspace.path("out/portraits/takes").iterdir()
    assert picture.suffix == f".{suffix}"
    assert said(picture, xmp.SOURCE_TYPE) == f"http://cv.iptc.org/newscodes/digitalsourcetype/{TRAINED_MEDIA}"
    assert "(local fal-ai/nano-banana)" in str(said(picture, xmp.CREATOR_TOOL))
    assert told(picture).calls[0].arguments["prompt"] == "an empty street"
    with Image.open(picture) as opened:
        opened.load()
    again = workspace.run("again", str(picture), "--out", "again")
    assert again.exit_code == 0, again.text
    assert again.stdout.count("identical to the original") == 1
    assert original_bytes(workspace.path(f"again/{picture.name}").read_bytes()) == original_bytes(picture.read_bytes())


def test_embed_rules_what_is_told_besides_that_it_is_ai_made(project: Project) -> None:
    project.run()
    assert read_record(project.pictures()[0]) is not None
    project.edit("nano_banana: 1", "nano_banana: 1\noutputs: {files: {embed: []}}")
    project.quiet()
    picture = project.pictures()[0]
    assert read_record(picture) is None
    assert "trainedAlgorithmicMedia" in str(said(picture, xmp.SOURCE_TYPE))
    assert "Nano Banana" in str(said(picture, xmp.CREATOR_TOOL))
    asked(project, "again", str(picture), exit_code=2).shows(
        "has no metadata that says how it was made", "detect-watermark"
    )
    # Inside its project it is known by its name, all the same.
    asked(project, "explain", str(picture)).shows(f"{TAKE}: done")


def test_a_file_that_is_as_it_was_written_is_left_alone(project: Project) -> None:
    project.run()
    before = [path.stat() for path in project.pictures()]
    project.edit("seeds: [11, 29]", "seeds: [11, 29, 31]").run()
    kept = [path.stat() for path in project.pictures() if "s31" not in path.name]
    assert [(each.st_mtime_ns, each.st_ino) for each in kept] == [(each.st_mtime_ns, each.st_ino) for each in before]
    os.utime(project.pictures()[0])
    project.quiet().hides("restored")


@pytest.mark.parametrize("harm", ["edited", "deleted", "unmarked"])
def test_an_output_is_put_back_as_it_was(project: Project, harm: str) -> None:
    project.run()
    picture = project.pictures()[0]
    before = picture.read_bytes()
    if harm == "deleted":
        picture.unlink()
    else:
        picture.write_bytes(before[:-1] if harm == "edited" else original_bytes(before) or b"")
    project.quiet().shows("restored 1 picture")
    assert picture.read_bytes() == before


def test_a_file_of_the_user_s_is_never_overwritten(project: Project) -> None:
    project.workspace.write(f"out/portraits/takes/{NAME}", b"mine")
    project.run(exit_code=1).shows("was not written by nano-banana")
    assert project.workspace.path(f"out/portraits/takes/{NAME}").read_bytes() == b"mine"


# --- again ---


def test_where_it_was_made_again_is_a_hit(project: Project) -> None:
    project.run()
    project.notes.fresh()
    picture = str(project.pictures()[0])
    asked(project, "again", picture, "--plan").shows("Nothing to do: 1 call, all cached.")
    asked(project, "again", picture).shows("0 calls made", "identical to the original")
    assert project.asked() == []
    found = project.workspace.path(f"out/again/takes/{NAME}")
    assert told(found) == told(Path(picture))


def test_again_tells_a_program(project: Project) -> None:
    project.run()
    found = project.workspace.json("again", str(project.pictures()[0]))
    assert (found["same"], as_object(found["calls"])["made"]) == (True, 0)
    plan = project.workspace.json("again", str(project.pictures()[0]), "--plan")
    assert plan["status"] == "done"


def test_elsewhere_an_adapter_is_missed_by_its_digest_and_then_all_is_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.edit("adapters: {likeness: 0.95}}", "adapters: {likeness: 0.95}}\n" + PAINT.rstrip())
    project.run()
    picture = project.pictures("faces")[0]
    account = told(picture)
    adapter = next(iter(account.calls[1].inputs.values()))
    bytes_of = (project.root / ".nano-banana/blobs" / adapter[:2] / adapter[2:]).read_bytes()
    found = elsewhere(project, picture, monkeypatch)
    asked(project, "again", "found.png", exit_code=2).shows(
        "an adapter that the picture needs is missing here", adapter[:12], "nano-banana models import", "calls to make"
    )
    dear = asked(project, "again", "found.png", "--plan", "--provider", "fal")
    dear.shows("warning: an adapter", "flux-lora-fast-training", "$2.0", "prompt: anqz7 woman, headshot, office")
    with Store.open(found.parent / ".nano-banana") as store:
        store.blobs.put(bytes_of, media="application/octet-stream")
    project.notes.fresh()
    asked(project, "again", "found.png", "--plan").shows("5 calls to make", "prompt: anqz7 woman, headshot, office")
    assert project.asked() == []
    asked(project, "again", "found.png", "--out", "mine.png").shows("5 calls made", "identical to the original")
    assert project.asked() == ["flux-lora", "flux-lora/inpainting"]
    assert told(found.with_name("mine.png")).take == TAKE
    asked(project, "again", "mine.png").shows("0 calls made")


def test_a_copy_goes_only_where_nothing_is_lost(project: Project) -> None:
    project.run()
    picture = str(project.pictures()[0])
    project.workspace.write("mine.png", b"mine")
    asked(project, "again", picture, "--out", "mine.png", exit_code=1).shows(
        "mine.png` was not written by this project"
    )
    asked(project, "again", picture, "--out", "mine.jpg", exit_code=2).shows("use a name that ends in `.png`")
    assert project.workspace.read("mine.png") == "mine"


def test_a_picture_of_somebody_s_own_making_does_not_steer_the_terminal(project: Project) -> None:
    evil = "\x1b[2J\u202e\r"
    call = {"stage": evil, "provider": f"x{evil}", "endpoint": evil, "arguments": {"prompt": evil}, "cost_usd": None}
    files: JSONObject = {"inputs": {evil: evil}, "outputs": {evil: evil}, "key": evil}
    project.run()
    true = told(project.pictures()[0])
    forged = replace(true, recipe=evil, take=evil, stage=evil, calls=[msgspec.convert({**call, **files}, CallRecord)])
    data = embed_metadata(
        original_bytes(project.pictures()[0].read_bytes()) or b"", ProvenanceInfo(source="", tool="", account=forged)
    )
    project.workspace.write("evil.png", data)
    for argv in (["again", "evil.png", "--plan"], ["again", "evil.png", "--yes"], ["explain", "evil.png"]):
        asked(project, *argv).hides("\x1b", "\u202e", "\r")


def test_a_picture_that_was_changed_is_told_from_the_one_that_was_made(project: Project) -> None:
    project.run()
    data = bytearray(project.pictures()[0].read_bytes())
    data[-20] ^= 1
    project.workspace.write("changed.png", bytes(data))
    asked(project, "again", "changed.png").shows("modified after it was written", "0 calls made")
    project.root.joinpath("recipe.yaml").unlink()
    asked(project, "explain", "changed.png").shows("The file was modified")


# --- explain ---


def test_away_from_its_recipe_a_picture_tells_its_own_story(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run()
    elsewhere(project, project.pictures()[0], monkeypatch)
    asked(project, "explain", "found.png").shows(
        f"{TAKE}: stage takes of the recipe portraits",
        "AI-made (trainedAlgorithmicMedia)",
        "of ana (anqz7 woman)",
        "shot heads, scene office, seed 11",
        "prompt: anqz7 woman, headshot, office",
        "file unmodified",
    )
    found = project.workspace.json("explain", "found.png")
    assert (found["intact"], as_object(found["account"])["take"]) == (True, TAKE)


def test_a_picture_that_was_renamed_is_known_by_what_it_tells(project: Project) -> None:
    project.run()
    shutil.copy(project.pictures()[0], project.root / "holiday.png")
    asked(project, "explain", "holiday.png").shows(f"{TAKE}: done")
    # Of another recipe's picture, or of a take that is no more, the picture itself tells.
    project.edit("seeds: [11, 29]", "seeds: [29]")
    asked(project, "explain", "holiday.png").shows(f"{TAKE}: stage takes of the recipe portraits")
    project.edit("name: portraits", "name: others")
    asked(project, "explain", "holiday.png").shows(f"{TAKE}: stage takes of the recipe portraits")


@pytest.mark.parametrize("recipe", [True, False])
def test_a_file_that_tells_nothing_is_said_to(project: Project, *, recipe: bool) -> None:
    Image.new("RGB", (8, 8)).save(project.root / "bare.png")
    project.workspace.write("note.txt", "hello")
    if not recipe:
        project.root.joinpath("recipe.yaml").unlink()
    asked(project, "explain", "bare.png", exit_code=2).shows(
        "has no metadata that says how it was made", "detect-watermark"
    )
    asked(project, "explain", "note.txt", exit_code=2).shows("is not a PNG, JPEG, WebP or GIF")
    asked(project, "again", "none.png", exit_code=2).shows("picture `none.png` not found")


def test_a_picture_that_is_not_there_is_no_take_without_a_recipe(workspace: Workspace) -> None:
    workspace.expect("explain", "ana.png", exit_code=2).shows("picture `ana.png` not found")
    workspace.expect("explain", "ana.png", "--recipe", "x.yaml", exit_code=2).shows("recipe `x.yaml` not found")
    workspace.expect("explain", "heads/ana/s11", exit_code=2).shows("not found")
