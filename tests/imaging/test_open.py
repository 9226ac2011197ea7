"""Pictures of every kind come out as RGB, upright; what is none is named."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms
from PIL import ImageOps

from nano_banana.core.errors import CallFailed
from nano_banana.imaging.open import BLACK
from nano_banana.imaging.open import open_layers
from nano_banana.imaging.open import open_picture
from nano_banana.imaging.open import upright_size
from nano_banana.imaging.profile import to_srgb

ORIENTATION = 0x0112


def gradient(width: int = 24, height: int = 16) -> Image.Image:
    across = np.linspace(0, 255, width).astype(np.uint8)
    down = np.linspace(0, 255, height).astype(np.uint8)
    pixels = np.stack(
        [np.tile(across, (height, 1)), np.tile(down[:, None], (1, width)), np.full((height, width), 90, np.uint8)], 2
    )
    return Image.fromarray(pixels)


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    out = io.BytesIO()
    picture.save(out, format=path.suffix[1:].upper(), **options)
    path.write_bytes(out.getvalue())
    return path


def kind(failed: pytest.ExceptionInfo[CallFailed]) -> str:
    return failed.value.problems[0].kind


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a.png", lambda picture: picture),
        ("a.png", lambda picture: picture.convert("L")),
        ("a.png", lambda picture: picture.convert("1")),
        ("a.png", lambda picture: picture.quantize(16)),
        ("a.png", lambda picture: picture.convert("LA")),
        ("a.jpeg", lambda picture: picture.convert("CMYK")),
        ("a.webp", lambda picture: picture),
        ("a.gif", lambda picture: picture),
        ("a.bmp", lambda picture: picture),
        ("a.tiff", lambda picture: picture.convert("CMYK")),
    ],
)
def test_any_kind_comes_as_rgb(tmp_path: Path, name: str, change: Callable[[Image.Image], Image.Image]) -> None:
    wanted = change(gradient()).convert("RGB")
    opened = open_picture(saved(tmp_path / name, change(gradient())))
    assert (opened.mode, opened.size, opened.info) == ("RGB", (24, 16), {})
    assert np.abs(np.asarray(opened).astype(int) - np.asarray(wanted)).mean() < 12


def test_the_suffix_may_lie(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", gradient())
    assert open_picture(path.rename(tmp_path / "a.jpg")).size == (24, 16)


@pytest.mark.parametrize(("depth", "white"), [("uint16", 65535), ("int32", 65535), ("float32", 1), ("float32", 255)])
def test_deep_grey_becomes_eight_bits(tmp_path: Path, depth: str, white: int) -> None:
    path = saved(tmp_path / "a.tiff", Image.fromarray(np.array([[0, white / 2, white]]).astype(depth)))
    assert np.asarray(open_picture(path))[0, :, 0].tolist() in ([0, 127, 255], [0, 128, 255])


@pytest.mark.parametrize("mode", ["RGB", "I;16"])
def test_turned_upright_by_exif(tmp_path: Path, mode: str) -> None:
    upright = gradient() if mode == "RGB" else Image.fromarray(np.arange(384, dtype=np.uint16).reshape(16, 24) * 170)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        path = saved(tmp_path / "a.png", upright, exif=exif)
        with Image.open(path) as same:
            wanted = ImageOps.exif_transpose(same)
        assert open_picture(path).size == upright_size(path) == wanted.size
        if mode == "RGB":
            assert open_picture(path).tobytes() == wanted.tobytes()


def test_the_first_frame_of_a_film(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    path = saved(tmp_path / "a.gif", red, save_all=True, append_images=[blue], duration=50)
    assert open_picture(path).getpixel((4, 4)) == (255, 0, 0)


def test_what_is_behind_shows_through(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    path = saved(tmp_path / "a.png", clear)
    assert open_picture(path).getpixel((0, 0)) == (255, 255, 255)
    assert open_picture(path, behind=BLACK).getpixel((0, 0)) == (0, 0, 0)
    assert open_layers(path).tobytes() == clear.tobytes()


def test_a_palette_may_be_transparent(tmp_path: Path) -> None:
    palette = gradient().quantize(8)
    path = saved(tmp_path / "a.png", palette, transparency=palette.getpixel((0, 0)))
    assert open_layers(path).mode == "RGBA"
    assert open_picture(path).getpixel((0, 0)) == (255, 255, 255)


def test_a_foreign_profile_is_translated_and_srgb_left_alone(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.png", gradient(), icc_profile=srgb)
    assert open_picture(path).tobytes() == gradient().tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert to_srgb(gradient(), lab).tobytes() == gradient().tobytes(), "a profile of other channels is no help"
    assert to_srgb(gradient(), b"no profile").tobytes() == gradient().tobytes()
    large = gradient()
    assert to_srgb(large, None) is large, "no second copy in memory"
    dim = srgb.replace(b"sRGB", b"dRGB").replace(b"s\0R\0G\0B", b"d\0R\0G\0B").replace(b"\0s\0R\0G", b"\0d\0R\0G")
    assert to_srgb(gradient(), dim).mode == "RGB"
    assert to_srgb(gradient().quantize(8), dim).mode == "RGB"


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xff\xd8\xff", b"<svg/>"])
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(CallFailed) as failed:
        open_picture(path, place="photos/3")
    assert kind(failed) in {"picture_unreadable", "picture_broken"}
    assert failed.value.problems[0].data["input"] == "photos/3"


@pytest.mark.parametrize("name", ["a.jpeg", "a.png", "a.webp", "a.tiff", "a.gif"])
def test_a_picture_cut_short_anywhere_is_broken(tmp_path: Path, name: str) -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    whole = saved(tmp_path / name, noise).read_bytes()
    for share in (0.1, 0.5, 0.9):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(CallFailed) as failed:
            open_picture(tmp_path / name)
        assert kind(failed) in {"picture_unreadable", "picture_broken"}


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("1", (20_000, 20_000)))
    for opening in (open_picture, upright_size):
        with pytest.raises(CallFailed) as failed:
            opening(path)
        assert kind(failed) == "picture_too_big"
    small = saved(tmp_path / "b.png", gradient())
    with pytest.raises(CallFailed) as failed:
        open_picture(small, max_pixels=100)
    assert failed.value.problems[0].data == {"input": "image", "pixels": 384, "megapixels": 0.0}
