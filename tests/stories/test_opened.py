"""Pictures that are there already, as takes of a recipe."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image

from nano_banana.model.json_values import as_items, as_object
from tests.people import astronaut
from tests.workspace import Workspace

RECIPE = """
nano_banana: 1
name: touched
shots:
  old: {pictures: photos}
stages:
  - {id: photos, open: old}
  - {id: larger, upscale: photos, using: fal-ai/esrgan, with: {scale: 2}}
"""


def photo(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    out = io.BytesIO()
    astronaut().resize((60, 40)).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def album(workspace: Workspace) -> Workspace:
    """Two photos, one of them on its side."""
    return workspace.write("photos/beach.jpg", photo()).write("photos/town.jpg", photo(6)).write("recipe.yaml", RECIPE)


def test_each_file_is_a_take_of_its_name(album: Workspace) -> None:
    told = album.json("run")
    takes = [as_object(take) for take in as_items(told["takes"])]
    assert [str(take["id"]).rpartition("/")[0] for take in takes] == ["old/beach", "old/town"]
    sizes = []
    for take in takes:
        with Image.open(str(take["path"])) as picture:
            sizes.append(picture.size)
    assert sizes == [(120, 80), (80, 120)]
    album.expect("run").shows("Nothing to do")


def test_another_picture_leaves_the_others_as_they_are(album: Workspace) -> None:
    album.expect("run")
    before = album.files("out/touched/larger/*")
    album.write("photos/alps.webp", _webp())
    told = album.json("run")
    assert as_object(told["calls"])["made"] == 2
    assert set(before) < set(album.files("out/touched/larger/*"))
    album.path("photos/beach.jpg").rename(album.path("photos/shore.jpg"))
    assert as_object(album.json("run")["calls"])["made"] == 0


def test_a_file_that_is_broken_sinks_no_other(album: Workspace) -> None:
    album.write("photos/torn.jpg", photo()[:400])
    screen = album.expect("run", exit_code=1)
    screen.shows("warning: `photos/torn.jpg` is damaged", "2 of 3 pictures done", "1 picture failed", "old/torn")
    album.expect("check", exit_code=2).shows("photos/torn.jpg")


def _webp() -> bytes:
    out = io.BytesIO()
    astronaut().resize((50, 50)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(out, "WEBP")
    return out.getvalue()
