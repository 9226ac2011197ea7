"""The command `photos`, and the rules in `check` and `run`, on real photos."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object, as_text
from tests.people import astronaut, hopper, saved, together
from tests.workspace import Workspace

RECIPE = """
    nano_banana: 1
    name: crew
    provider: local
    subjects:
      grace: {noun: woman, trigger: grxz7, training_set: photos}
    templates:
      plain: "{{ subject.trigger }} {{ subject.noun }}"
    shots:
      heads: {template: plain, cast: grace, seeds: [1]}
    stages:
      - {id: likeness, train: grace, using: fal-ai/flux-lora-fast-training}
      - {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {likeness: 1}}
"""
RULES = """
    photo_rules:
      count: {min: 4, want: 4}
      captions: {prefix: "photo of {{ subject.trigger }} {{ subject.noun }}"}
"""
SIDEWAYS = 6

MANY = int(os.environ.get("MANY_PHOTOS", "48"))
"""Photos in a large set; 5000 take some minutes."""


def crops(folder: Path, count: int = 4) -> None:
    """Photos of one person, none of them nearly the same as another."""
    picture = hopper()
    for number in range(count):
        edge = 30 + 25 * number
        turned = picture.rotate(3 * number - 4, resample=Image.Resampling.BICUBIC)
        part = turned.crop((edge, 10 + 8 * number, 512 - 10 * number, 420 + 30 * number))
        saved(part.resize((900, 1100), Image.Resampling.LANCZOS), folder / f"{number}.jpg", quality=92)


def bad_photos(folder: Path) -> None:
    """One of each kind of bad input."""
    woman = hopper()
    good = saved(woman.resize((1024, 1200), Image.Resampling.LANCZOS), folder / "good.jpg", quality=95)
    saved(ImageOps.mirror(woman), folder / "mirrored.png")
    saved(astronaut().resize((1024, 1024), Image.Resampling.LANCZOS), folder / "other.jpg", quality=95)
    saved(together(astronaut(), woman), folder / "two.jpg")
    saved(astronaut().crop((300, 300, 512, 512)), folder / "nobody.jpg")
    saved(Image.new("RGB", (1, 1)), folder / "one pixel.png")
    saved(Image.new("L", (20_000, 20_000)), folder / "huge.png")
    saved(woman.convert("CMYK"), folder / "cmyk.jpg")
    saved(Image.fromarray(np.asarray(woman.convert("L")).astype(np.uint16) * 257), folder / "deep.png")
    woman.convert("P").save(folder / "moving.gif", save_all=True, append_images=[astronaut().convert("P")])
    (folder / "cut.jpg").write_bytes(good.read_bytes()[:20_000])
    (folder / "text.jpg").write_text("hello")
    saved(woman.filter(ImageFilter.GaussianBlur(6)), folder / "blurred.jpg")
    saved(woman.point(lambda value: value // 14), folder / "dark.png")
    exif = Image.Exif()
    exif[0x0112] = SIDEWAYS
    woman.rotate(90, expand=True).save(folder / "<b>turned.png", exif=exif)
    (folder / "good.txt").write_text("grxz7 woman with freckles")
    (folder / "deep.txt").write_bytes(b"\xff\xfe\x00")


def by_path(album: JSONValue) -> dict[str, JSONObject]:
    return {as_text(as_object(item)["path"]): as_object(item) for item in as_items(as_object(album)["photos"])}


def kinds(told: JSONValue) -> dict[str, str]:
    items = [as_object(item) for item in as_items(as_object(told)["findings"])]
    return {as_text(item["kind"]): as_text(item["severity"]) for item in items}


def test_every_kind_of_bad_photo_is_a_finding_and_none_is_lost(workspace: Workspace) -> None:
    bad_photos(workspace.path("mix"))
    told = workspace.json("photos", "mix", "--html", "page.html", exit_code=1)
    assert told["status"] == "rejected"
    (album,) = as_items(told["subjects"])
    photos = by_path(album)
    assert len(photos) == 15
    rejected = {
        name: next(iter(found)) for name, photo in photos.items() if "reject" in (found := rejects(photo)).values()
    }
    assert rejected == {
        "two.jpg": "photo_faces",
        "nobody.jpg": "photo_no_face",
        "one pixel.png": "photo_no_face",
        "huge.png": "picture_too_big",
        "cut.jpg": "picture_broken",
        "text.jpg": "picture_unreadable",
        "blurred.jpg": "photo_face_blurred",
        "deep.png": "caption_unreadable",
    }
    assert kinds(photos["good.jpg"]) == {"caption_leaks": "warn"}
    assert "photo_mirrored" in kinds(photos["mirrored.png"])
    assert "photo_odd" in kinds(photos["other.jpg"])
    assert as_number(photos["other.jpg"]["likeness"]) < 0.3
    assert {"photo_twin", "photo_small"} <= set(kinds(photos["cmyk.jpg"]))
    assert "photo_dark" in kinds(photos["dark.png"])
    assert kinds(photos["<b>turned.png"])["photo_turned"] == "note"
    page = workspace.read("page.html")
    assert "<b>turned" not in page
    assert "&lt;b&gt;turned.png" in page
    assert set(re.findall(r'(?:src|href)="([^":]*:?)', page)) <= {"data:"}
    assert page.count("data:image/jpeg;base64,") == 12 + 10


def rejects(photo: JSONObject) -> dict[str, str]:
    return {kind: severity for kind, severity in kinds(photo).items() if severity == "reject"}


def test_good_photos_are_ready_and_the_second_look_is_free(workspace: Workspace) -> None:
    crops(workspace.path("photos"))
    workspace.write("recipe.yaml", RECIPE)
    screen = workspace.expect("photos")
    assert "grace: 4 photos" in screen.stdout
    assert "Ready to train" in screen.stdout
    assert "help:" in screen.stdout
    assert "photos 8/8" in screen.stderr
    again = workspace.expect("photos", "recipe.yaml", "grace")
    assert again.stdout == screen.stdout
    assert again.stderr == ""


def test_a_name_that_is_nobodys_is_said(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RECIPE).photos("photos", count=1)
    assert "did you mean `grace`?" in workspace.expect("photos", ".", "grce", exit_code=2).stderr
    assert "unknown subject `x`" in workspace.expect("photos", "photos", "x", exit_code=2).stderr
    workspace.path("empty").mkdir()
    assert "no photos" in workspace.expect("photos", "empty", exit_code=2).stderr
    workspace.write("photos.zip", b"PK\3\4")
    assert "is a zip" in workspace.expect("photos", "photos.zip", exit_code=2).stderr
    workspace.write("photo.jpg", b"\xff\xd8")
    assert "`photo.jpg` is a photo" in workspace.expect("photos", "photo.jpg", exit_code=2).stderr
    gone = workspace.expect("photos", "photos", "--html", "no/such/page.html", exit_code=1)
    assert "can't write no/such/page.html" in gone.stderr


def test_a_recipe_with_a_broken_photo_is_looked_at_all_the_same(workspace: Workspace) -> None:
    crops(workspace.path("photos"))
    workspace.write("recipe.yaml", RECIPE).write("photos/text.jpg", "hello")
    assert "is not a supported picture" in workspace.expect("check", exit_code=2).stderr
    told = workspace.json("photos", exit_code=1)
    photos = by_path(as_items(told["subjects"])[0])
    assert rejects(photos["photos/text.jpg"]) == {"picture_unreadable": "reject"}
    assert len(photos) == 5


def test_without_rules_check_looks_at_no_photo(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RECIPE).photos("photos", count=2)
    workspace.expect("check")
    assert workspace.files(".nano-banana/**/*") == []


def test_rules_stop_check_and_run_before_anything_is_made(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RULES + RECIPE)
    crops(workspace.path("photos"), count=3)
    saved(astronaut().crop((300, 300, 512, 512)), workspace.path("photos/nobody.jpg"))
    for command in ("check", "run"):
        screen = workspace.expect(command, exit_code=2)
        assert "error: `photos/nobody.jpg`: no face found" in screen.stderr
        assert "training_set: photos" in screen.stderr
    assert workspace.files("out/**/*") == []


def test_rules_that_are_kept_let_the_run_go_on_and_the_prefix_trains(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RULES + RECIPE)
    crops(workspace.path("photos"))
    workspace.write("photos/0.txt", "at her desk")
    told = workspace.json("photos")
    photos = by_path(as_items(told["subjects"])[0])
    assert photos["photos/0.jpg"]["caption"] == "photo of grxz7 woman, at her desk"
    assert photos["photos/1.jpg"]["caption"] == "photo of grxz7 woman"
    workspace.expect("check")
    workspace.expect("run")
    assert '"prefix":"photo of grxz7 woman"' in workspace.read("out/crew/manifest.json").replace('": "', '":"')


def test_findings_beyond_a_handful_are_counted(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", "    photo_rules: {short_side_px: {min: 2000}}\n" + RECIPE)
    crops(workspace.path("photos"), count=10)
    screen = workspace.expect("check", exit_code=2)
    assert screen.stderr.count("the shorter side is less than 2000") == 3
    assert "= and 5 more like this: recipe.yaml:" in screen.stderr
    assert "more findings in the photos of `grace`" in screen.stderr


def test_captions_without_the_trigger_are_refused_by_the_trainer_that_needs_it(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", "    photo_rules: {count: {want: 4}}\n" + RECIPE)
    crops(workspace.path("photos"))
    workspace.write("photos/0.txt", "at her desk")
    screen = workspace.expect("check", exit_code=2)
    assert "lacks the trigger `grxz7`" in screen.stderr
    assert "fal-ai/flux-lora-fast-training" in screen.stderr


def test_held_out_photos_are_marked_and_do_not_train(workspace: Workspace) -> None:
    text = RECIPE.replace("training_set: photos", "training_set: {photos: photos, hold_out: 1}")
    workspace.write("recipe.yaml", text)
    crops(workspace.path("photos"))
    told = workspace.json("photos", exit_code=1)
    (album,) = as_items(told["subjects"])
    assert kinds(album) == {"photos_too_few": "reject"}
    assert sum(photo["held_out"] is True for photo in by_path(album).values()) == 1
    assert "(held out)" in workspace.expect("photos", exit_code=1).stdout


def test_warnings_of_rules_do_not_stop_anything(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", "    photo_rules: {captions: {leak_check: off}}\n" + RECIPE)
    crops(workspace.path("photos"))
    told = workspace.json("check")
    assert [as_object(item)["kind"] for item in as_items(told["problems"])] == ["photos_few", "no_consent"]
    assert "warning: `grace` has 4 training photos" in workspace.expect("run").stderr
    # What is trained already is not looked at again.
    workspace.edit("recipe.yaml", "seeds: [1]", "seeds: [1, 2]")
    assert "warning" not in workspace.expect("run").stderr


def test_a_prefix_that_fails_is_said_at_its_place(workspace: Workspace) -> None:
    workspace.write(
        "recipe.yaml", "    photo_rules: {captions: {prefix: '{{ 1 // 0 }} {{ subject.trigger }}'}}\n" + RECIPE
    )
    crops(workspace.path("photos"))
    screen = workspace.expect("photos", exit_code=2)
    assert "recipe.yaml:1:" in screen.stderr


def test_things_without_faces_are_judged_by_their_sharpness(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", "    photo_rules: {faces_per_photo: 0, count: {want: 4}}\n" + RECIPE)
    picture = astronaut().resize((1600, 1600), Image.Resampling.LANCZOS)
    for number in range(4):
        left = 100 + 200 * number
        saved(
            picture.crop((left, 700 - 90 * number, left + 800, 1500 - 90 * number)),
            workspace.path(f"photos/{number}.png"),
        )
    told = workspace.json("photos", "--html", "page.html")
    (album,) = as_items(told["subjects"])
    assert {photo["face"] for photo in by_path(album).values()} == {None}
    assert kinds(album) == {}


def test_several_subjects_are_told_one_by_one(workspace: Workspace) -> None:
    two = RECIPE.replace(
        "training_set: photos}", "training_set: photos}\n      eve: {noun: man, trigger: evx4, training_set: more}"
    )
    workspace.write("recipe.yaml", two)
    crops(workspace.path("photos"))
    crops(workspace.path("more"), count=4)
    screen = workspace.expect("photos", "--html", "page.html")
    assert "eve: 4 photos" in screen.stdout
    assert '<a href="#s1">eve</a>' in workspace.read("page.html")


def test_hundreds_of_photos_are_shown_by_what_was_found(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nano_banana.cli.photo_views.MAX_ROWS", 10)
    picture = saved(hopper().resize((256, 300)), workspace.path("many/000.png")).read_bytes()
    for number in range(1, MANY):
        # A byte after a PNG's end makes another file of the same picture.
        workspace.path(f"many/{number:03}.png").write_bytes(picture + number.to_bytes(4, "big"))
    screen = workspace.expect("photos", "many")
    assert "more" in screen.stdout
    assert f"… and {MANY - 10:,} more photos (see `--json`" in screen.stdout
    assert screen.stdout.count("\n") < 60


def test_networks_that_are_not_the_pinned_ones_end_it_at_once(workspace: Workspace) -> None:
    crops(workspace.path("photos"))
    workspace.write("weights/face_detection_yunet_2023mar_int8bq.onnx", "not these")
    workspace.env(NANO_BANANA_WEIGHTS=str(workspace.path("weights")))
    screen = workspace.spawn("photos", "photos").wait()
    assert screen.exit_code == 1
    assert "face_detection_yunet" in screen.stderr
    assert "bug" not in screen.stderr
