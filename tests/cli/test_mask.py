"""`mask`: finds, writes two files, says where, and leaves alone what is there."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nano_banana.faces.networks import FACE_WEIGHTS, weights_file
from nano_banana.formats.weight_files import weights_folder
from nano_banana.model.json_values import as_items, as_number
from tests.people import HOPPER
from tests.workspace import Workspace

WEIGHTS = weights_folder()

pytestmark = pytest.mark.skipif(
    any(weights_file(name) is None for name in FACE_WEIGHTS), reason="`nano-banana setup` fetches these weights"
)


@pytest.fixture
def album(workspace: Workspace) -> Workspace:
    """A folder with a photo, and this machine's weights."""
    return workspace.copy(HOPPER, "photos/grace.jpg").env(NANO_BANANA_WEIGHTS=str(WEIGHTS))


def test_writes_a_mask_and_a_picture_of_it(album: Workspace) -> None:
    screen = album.expect("mask", "photos/grace.jpg", "--find", "face", "--grow", "0.25", "--feather", "0.08")
    screen.shows("face: 2", "% of the picture (1 face)", "mask: grace.face.mask.png", "overlay: grace.face.overlay.png")
    with (
        Image.open(album.path("grace.face.mask.png")) as mask,
        Image.open(album.path("grace.face.overlay.png")) as overlay,
        Image.open(HOPPER) as photo,
    ):
        assert (mask.mode, mask.size, overlay.mode, overlay.size) == ("L", (512, 600), "RGB", (512, 600))
        inside, shown, before = np.asarray(mask) == 255, np.asarray(overlay).astype(int), np.asarray(photo).astype(int)
        nowhere = np.asarray(mask) == 0
        assert (shown[inside][:, 0] > before[inside][:, 0]).mean() > 0.7
        assert shown[inside][:, 1].mean() < before[inside][:, 1].mean()
        assert 0.55 < shown[nowhere].mean() / before[nowhere].mean() < 0.75
        assert (shown == (255, 0, 110)).all(axis=-1).sum() > 300


def test_tells_programs_the_same(album: Workspace) -> None:
    told = album.json("mask", "photos/grace.jpg", "--find", "eyes", "--which", "1", "--out", "masks")
    assert (told["find"], told["mask"], told["overlay"]) == (
        "eyes",
        "masks/grace.eyes.mask.png",
        "masks/grace.eyes.overlay.png",
    )
    assert len(as_items(told["face"])) == 1
    assert 0.001 < as_number(told["coverage"]) < 0.01
    assert album.files("masks/*") == ["masks/grace.eyes.mask.png", "masks/grace.eyes.overlay.png"]


def test_leaves_alone_what_is_there(album: Workspace) -> None:
    album.write("grace.background.overlay.png", "mine")
    album.expect("mask", "photos/grace.jpg", "--find", "background", exit_code=2).shows(
        "grace.background.overlay.png already exists", "--force"
    )
    assert album.path("grace.background.overlay.png").read_text() == "mine"
    assert not album.path("grace.background.mask.png").exists()
    album.expect("mask", "photos/grace.jpg", "--find", "background", "--invert", "--force").shows(
        "everything but background: ", "% of the picture\n"
    )
    assert album.path("grace.background.overlay.png").read_bytes().startswith(b"\x89PNG")


def test_knows_what_was_meant(album: Workspace) -> None:
    album.expect("mask", "photos/grace.jpg", "--find", "hare", exit_code=2).shows(
        "can't detect `hare`", "did you mean `hair`?"
    )
    for wrong in ("lagest", "0", "33", "-1", "²"):
        album.expect("mask", "photos/grace.jpg", "--find", "face", "--which", wrong, exit_code=2)
    album.expect("mask", "photos/grace.jpg", "--find", "face", "--grow", "3", exit_code=2)


def test_says_what_is_wrong_with_the_picture(album: Workspace) -> None:
    album.write("notes.jpg", "no picture").write("cut.jpg", HOPPER.read_bytes()[:20_000])
    Image.new("RGB", (60, 60)).save(album.path("black.png"))
    album.expect("mask", "notes.jpg", "--find", "face", exit_code=2).shows("`notes.jpg` is not a readable picture")
    album.expect("mask", "cut.jpg", "--find", "face", exit_code=2).shows("`cut.jpg` is damaged")
    album.expect("mask", "black.png", "--find", "face", exit_code=1).shows("no face found in the picture")
    album.expect("mask", "photos/grace.jpg", "--find", "face", "--which", "2", exit_code=1).shows("faces found: 1")
    album.expect("mask", "nowhere.jpg", "--find", "face", exit_code=2).shows("does not exist")
    assert album.files("*.png") == ["black.png"]


def test_says_where_it_cannot_write(album: Workspace) -> None:
    album.write("taken", "a file")
    album.expect("mask", "photos/grace.jpg", "--find", "face", "--out", "taken/in", exit_code=1).shows("can't write")


def test_says_what_is_missing(album: Workspace) -> None:
    album.env(NANO_BANANA_WEIGHTS=str(album.path("empty")))
    album.expect("mask", "photos/grace.jpg", "--find", "face", exit_code=1).shows(
        "needs face_landmarks_detector.tflite", "nano-banana setup"
    )
