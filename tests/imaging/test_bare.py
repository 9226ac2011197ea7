"""Photos without their tales: the same pixels, no EXIF."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image, ImageCms, PngImagePlugin

from nano_banana.formats.jpeg import jpeg_without_metadata
from nano_banana.formats.photo_export import photo_without_metadata
from nano_banana.formats.png import png_without_metadata
from tests.photos import photo

SECRET = b"48.8584 N 2.2945 E"


def exif(orientation: int | None = None) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E] = SECRET.decode()
    if orientation:
        tags[0x0112] = orientation
    return tags


def jpeg(picture: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format="JPEG", **options)
    return out.getvalue()


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.tobytes()


@pytest.fixture
def portrait() -> Image.Image:
    with Image.open(io.BytesIO(photo(1))) as picture:
        picture.load()
    picture.info = {}
    return picture


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_a_jpeg_keeps_its_pixels_and_loses_its_tales(
    tmp_path: Path, portrait: Image.Image, options: dict[str, object]
) -> None:
    data = jpeg(portrait, exif=exif(), comment=SECRET, xmp=SECRET, **options) + b"a film: " + SECRET
    (tmp_path / "a.jpg").write_bytes(data)
    bare, suffix = photo_without_metadata(tmp_path / "a.jpg")
    assert suffix == ".jpg"
    assert SECRET not in bare
    assert pixels(bare) == pixels(data)
    assert jpeg_without_metadata(bare) == bare


def test_colours_keep_their_meaning(portrait: Image.Image) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    bare = jpeg_without_metadata(jpeg(portrait, icc_profile=profile)) or b""
    with Image.open(io.BytesIO(bare)) as picture:
        assert picture.info["icc_profile"] == profile
    raw = jpeg(portrait, keep_rgb=True)
    assert b"Adobe" in raw
    assert pixels(jpeg_without_metadata(raw) or b"") == pixels(raw)


def test_what_fills_up_before_a_marker_and_other_stories_go() -> None:
    data = photo(1)
    odd = data[:2] + b"\xff\xe2\x00\x06MPF\x00" + b"\xff\xee\x00\x04hi" + b"\xff\xe0\x00\x04hi" + data[2:]
    assert jpeg_without_metadata(odd) == jpeg_without_metadata(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a",
        b"\xff\xd8\xff\x01\x00\x02",
        b"\xff\xd8\xff\xdb\x00\x01",
        b"\xff\xd8\xff\xdb\x7f\xff\x00",
        b"\xff\xd8rubbish",
    ],
)
def test_what_is_built_otherwise_is_left_to_others(data: bytes) -> None:
    assert jpeg_without_metadata(data) is None


def test_a_jpeg_without_an_end_gets_one() -> None:
    data = photo(1)
    assert jpeg_without_metadata(data[:-2]) == jpeg_without_metadata(data)


@given(some.binary(max_size=80))
def test_rubbish_never_makes_it_stumble(tail: bytes) -> None:
    assert jpeg_without_metadata(b"\xff\xd8" + tail) is None or jpeg_without_metadata(b"\xff\xd8" + tail)
    assert png_without_metadata(b"\x89PNG\r\n\x1a\n" + tail) is None or tail.count(b"IEND")


def test_a_png_keeps_its_pixels_and_loses_its_tales(tmp_path: Path, portrait: Image.Image) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", SECRET.decode())
    out = io.BytesIO()
    portrait.save(out, format="PNG", pnginfo=text, exif=exif(), dpi=(300, 300))
    (tmp_path / "a.png").write_bytes(out.getvalue() + SECRET)
    bare, suffix = photo_without_metadata(tmp_path / "a.png")
    assert suffix == ".png"
    assert SECRET not in bare
    assert pixels(bare) == portrait.tobytes()


def test_a_png_that_ends_early_is_none(portrait: Image.Image) -> None:
    out = io.BytesIO()
    portrait.save(out, format="PNG")
    assert png_without_metadata(b"no png") is None
    assert png_without_metadata(out.getvalue()[:-12]) is None
    assert png_without_metadata(out.getvalue()[:-13]) is None


def test_a_turned_photo_is_turned_for_good(tmp_path: Path, portrait: Image.Image) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(portrait, exif=exif(6)))
    bare, suffix = photo_without_metadata(tmp_path / "a.jpg")
    assert suffix == ".png"
    assert SECRET not in bare
    with Image.open(io.BytesIO(bare)) as picture:
        assert picture.size == portrait.size[::-1]


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK"])
def test_what_trainers_trip_over_becomes_plain_png(tmp_path: Path, portrait: Image.Image, mode: str) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    portrait.convert(mode).save(tmp_path / "a", format=form)
    bare, suffix = photo_without_metadata(tmp_path / "a")
    assert suffix == ".png"
    with Image.open(io.BytesIO(bare)) as picture:
        assert picture.mode == "RGB"


def test_a_jpeg_built_oddly_is_written_anew(tmp_path: Path) -> None:
    data = photo(1)
    # Pillow reads on where a marker was expected; the segment walk does not.
    (tmp_path / "a.jpg").write_bytes(data[:20] + b"\x00\x00" + data[20:])
    assert photo_without_metadata(tmp_path / "a.jpg")[1] == ".png"
