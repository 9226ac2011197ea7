"""A file of the user's, opened for a take."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from nano_banana.formats.color_profiles import profile_from_cicp
from nano_banana.model.problem import CallFailed
from nano_banana.providers.compute.compute_request import ComputeRequest
from nano_banana.providers.compute.picture_endpoints import open_picture_file
from tests.people import astronaut


def opened(path: Path) -> tuple[Image.Image, bytes, str]:
    data, files = open_picture_file(ComputeRequest(arguments={}, inputs={"file": path}))
    assert data == {}
    content, media = files["image"]
    return Image.open(io.BytesIO(content)), content, media


def test_an_upright_jpeg_keeps_its_pixels_and_loses_its_places(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    astronaut().save(tmp_path / "a.jpg", exif=exif)
    picture, content, media = opened(tmp_path / "a.jpg")
    assert media == "image/jpeg"
    assert b"a camera" not in content
    with Image.open(tmp_path / "a.jpg") as before:
        assert picture.tobytes() == before.tobytes()


def test_a_photo_on_its_side_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    astronaut().crop((0, 0, 200, 100)).save(tmp_path / "a.jpg", exif=exif)
    picture, _, media = opened(tmp_path / "a.jpg")
    assert (picture.size, media) == ((100, 200), "image/png")


@pytest.mark.parametrize("suffix", ["webp", "bmp", "tiff", "gif"])
def test_other_formats_become_png(tmp_path: Path, suffix: str) -> None:
    astronaut().crop((0, 0, 40, 30)).save(tmp_path / f"a.{suffix}")
    picture, _, media = opened(tmp_path / f"a.{suffix}")
    assert (picture.size, picture.format, media) == ((40, 30), "PNG", "image/png")


def test_half_a_picture_is_none(tmp_path: Path) -> None:
    astronaut().save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CallFailed):
        opened(tmp_path / "a.png")


def test_transparency_stays_and_colours_become_srgb(tmp_path: Path) -> None:
    clear = astronaut().crop((0, 0, 40, 30))
    clear.putalpha(90)
    clear.save(tmp_path / "a.webp", lossless=True)
    picture, _, media = opened(tmp_path / "a.webp")
    assert (picture.mode, media, picture.getpixel((3, 3))) == ("RGBA", "image/png", clear.getpixel((3, 3)))
    profile = profile_from_cicp(12, 13)
    astronaut().crop((0, 0, 40, 30)).save(tmp_path / "a.jpg", icc_profile=profile)
    picture, _, media = opened(tmp_path / "a.jpg")
    assert (media, picture.info.get("icc_profile")) == ("image/png", None)


def test_a_huge_photo_comes_smaller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("nano_banana.formats.picture_files.WORKING_PIXELS", 100)
    astronaut().crop((0, 0, 20, 10)).save(tmp_path / "a.jpg")
    picture, _, media = opened(tmp_path / "a.jpg")
    assert (picture.size, media) == ((10, 5), "image/png")
