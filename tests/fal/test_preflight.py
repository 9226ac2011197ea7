"""What can be known for free is said before anything is paid for."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from tests.fal.project import FalProject
from tests.shelf.files import safetensors
from tests.stories.people import WEIGHTS

GATED = """
nano_banana: 1
name: portraits
provider: fal
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: {photos: photos/ana, hold_out: [photos/held.jpg]}}
adapters: {grain: {file: grain.safetensors, base: flux-1}}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot"
shots:
  heads: {template: headshot, cast: ana, seeds: [11, 29]}
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}
  - {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {likeness: 0.95, grain: 0.5}}
  - id: faces
    inpaint: takes
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    mask: {file: mask.png}
  - {id: judged, gate: faces, accept: {at_least: 0.5, calibrate: false}}
"""


@pytest.fixture
def gated(project: FalProject) -> FalProject:
    """A training, takes whose faces are painted, and a gate that compares with a photo that was held out."""
    project.trained().workspace.write("recipe.yaml", GATED)
    project.workspace.photos("held", count=1, size=(48, 60))
    shutil.move(next((project.root / "held").iterdir()), project.root / "photos/held.jpg")
    drawn = Image.new("L", (48, 60))
    drawn.paste(255, (10, 10, 30, 30))
    drawn.save(project.root / "mask.png", compress_level=0)
    project.workspace.write("grain.safetensors", safetensors({"a": (2, 2)}))
    project.workspace.edit("recipe.yaml", "photos: photos/ana", "photos: [photos/ana, photos/held.jpg]")
    return project


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def black(path: Path) -> None:
    Image.new("L", (48, 60)).save(path)


Damage = Callable[[Path], object]
DAMAGES: dict[str, tuple[str, Damage, str]] = {
    "a held-out photo": ("photos/held.jpg", cut, "`photos/held.jpg` is damaged or cut short"),
    "a training photo": ("photos/ana/01.jpg", cut, "`photos/ana/01.jpg` is damaged or cut short"),
    "a caption": ("photos/ana/01.txt", lambda path: path.write_bytes(b"\xff\xfe\x00"), "is not UTF-8 text"),
    "an adapter": ("grain.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-3]), "grain.safetensors"),
    "a mask that is cut short": ("mask.png", cut, "`mask.png` is damaged or cut short"),
    "a mask that paints nothing": ("mask.png", black, "mask"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_file_that_can_not_be_used_is_an_error_before_anything_is_paid_for(gated: FalProject, name: str) -> None:
    gated.workspace.expect("check")
    file, damage, words = DAMAGES[name]
    damage(gated.root / file)
    for argv in (("check",), ("plan",), ("run", "--yes")):
        screen = gated.workspace.run(*argv)
        assert screen.exit_code == 2, screen.text
        screen.shows(words, "recipe.yaml:")
    assert gated.service.asked() == 0


def test_photos_that_show_nobody_are_found_before_the_training_is_paid_for(gated: FalProject) -> None:
    gated.workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)})
    gated.run("--yes", exit_code=2).shows("recipe.yaml:", "face")
    assert gated.service.asked() == 0


def test_certificates_that_can_not_be_read_are_found_first(project: FalProject) -> None:
    project.workspace.env(SSL_CERT_FILE=str(project.root / "nowhere.pem"))
    project.trained().run("--yes", exit_code=1).shows("SSL_CERT_FILE")
    assert project.tickets() == []


@pytest.mark.parametrize("where", ["out", "delivered"])
def test_a_folder_that_can_not_be_written_is_found_first(project: FalProject, where: str) -> None:
    project.edit("stages:", "outputs: {files: {export: takes, to: delivered/heads}}\nstages:")
    (project.root / where).write_text("in the way")
    project.run("--yes", exit_code=1).shows(where)
    assert project.service.asked() == 0


def test_a_disk_that_is_nearly_full_is_found_first(project: FalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", ["total", "used", "free"])  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9 - 1_000, 1_000))
    project.run("--yes", exit_code=1).shows("1.0 kB free", "needs at least 8.0 MB")
    assert project.service.asked() == 0


def test_what_is_ready_counts_as_made_by_the_run(project: FalProject) -> None:
    told = project.trained().told("--yes")
    calls = told["calls"]
    assert calls == {"total": 6, "cached": 0, "made": 6, "failed": 0, "unknown": 0}
