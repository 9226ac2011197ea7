"""Pictures of every kind come out as RGB, upright; what is none is named."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from nano_banana.formats.color_profiles import profile_from_cicp, profile_from_gamma, to_srgb
from nano_banana.formats.photo_export import photo_without_metadata
from nano_banana.formats.picture_files import BLACK, open_picture, open_picture_with_alpha, upright_size
from nano_banana.model.problem import CallFailed

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
    assert open_picture_with_alpha(path).tobytes() == clear.tobytes()


def test_a_palette_may_be_transparent(tmp_path: Path) -> None:
    palette = gradient().quantize(8)
    path = saved(tmp_path / "a.png", palette, transparency=palette.getpixel((0, 0)))
    assert open_picture_with_alpha(path).mode == "RGBA"
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


def test_a_huge_photo_is_opened_smaller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("nano_banana.formats.picture_files.WORKING_PIXELS", 100)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for name, options in (("a.jpeg", {"exif": exif}), ("a.png", {}), ("b.png", {"exif": exif})):
        picture = gradient(25, 15) if name != "a.png" else gradient(25, 15).quantize(64)
        path = saved(tmp_path / name, picture, **options)
        wanted = (13, 8) if name == "a.png" else (8, 13)
        assert open_picture(path).size == upright_size(path) == wanted


def test_what_a_telephone_makes_is_read_and_larger_is_named(tmp_path: Path) -> None:
    # 200 megapixels, in two grey tones: 300 kB.
    path = saved(tmp_path / "a.jpeg", Image.new("L", (16_320, 12_240), 90), quality=20)
    assert upright_size(path) == (8160, 6120)
    opened = open_picture(path)
    assert (opened.size, opened.getpixel((10, 10))) == ((8160, 6120), (88, 88, 88))


def linear(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return Image.fromarray(np.rint(light * 255).astype(np.uint8))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunks(path: Path, *extra: bytes) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:33] + b"".join(extra) + data[33:])
    return path


def linear_profile(name: str = "a profile") -> bytes:
    profile = profile_from_gamma(1.0, None)
    assert profile is not None
    return profile.replace(b"file", name.encode()[:4])


def close(opened: Image.Image, wanted: Image.Image, most: float = 2) -> bool:
    return float(np.abs(np.asarray(opened).astype(int) - np.asarray(wanted.convert("RGB"))).mean()) < most


def test_a_profile_is_judged_by_its_curves_and_not_by_its_name(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", linear(gradient()), icc_profile=linear_profile("sRGB"))
    assert close(open_picture(path), gradient())
    assert photo_without_metadata(path)[1] == ".png"
    assert close(opened_again(tmp_path, photo_without_metadata(path)[0]), gradient()), "trainers ignore profiles"
    kept = saved(tmp_path / "b.jpeg", gradient(), icc_profile=p3())
    assert photo_without_metadata(kept)[1] == ".jpg", "its light is right without a profile: the coded pixels stay"


def opened_again(folder: Path, data: bytes) -> Image.Image:
    (folder / "again.png").write_bytes(data)
    with Image.open(folder / "again.png") as picture:
        assert "icc_profile" not in picture.info
        return picture.copy()


def p3() -> bytes:
    profile = profile_from_cicp(12, 13)
    assert profile is not None
    return profile


@pytest.mark.parametrize("mode", ["LA", "L"])
def test_a_grey_picture_with_a_profile_keeps_its_light(tmp_path: Path, mode: str) -> None:
    grey = gradient().convert("L")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert close(open_picture(saved(tmp_path / "a.png", grey.convert(mode), icc_profile=profile)), grey)
    dark = linear(grey).convert(mode)
    assert close(open_picture(saved(tmp_path / "b.png", dark, icc_profile=linear_profile())), grey, 4)


def test_a_png_says_its_colours_in_other_ways_too(tmp_path: Path) -> None:
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
    assert close(open_picture(with_chunks(saved(tmp_path / "a.png", linear(gradient())), gamma)), gradient())
    usual = chunk(b"gAMA", struct.pack(">I", 45_455))
    assert open_picture(with_chunks(saved(tmp_path / "b.png", gradient()), usual)).tobytes() == gradient().tobytes()
    wide = ImageCms.profileToProfile(
        gradient(), ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(p3())), outputMode="RGB"
    )
    assert wide is not None
    named = chunk(b"cICP", bytes((12, 13, 0, 1)))
    path = with_chunks(saved(tmp_path / "c.png", wide), named, gamma)
    assert close(open_picture(path), gradient()), "cICP goes before gAMA"
    srgb = with_chunks(saved(tmp_path / "d.png", gradient()), chunk(b"cICP", bytes((1, 13, 0, 1))), gamma)
    assert open_picture(srgb).tobytes() == gradient().tobytes()


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_picture_in_high_dynamic_range_is_shown_with_its_white_as_white(transfer: int) -> None:
    profile = profile_from_cicp(9, transfer)
    signal = {16: 148, 18: 191}[transfer]  # 203 of 10,000 nits in PQ; 75 % in HLG
    white = to_srgb(Image.new("RGB", (1, 1), (signal, signal, signal)), profile).getpixel((0, 0))
    assert isinstance(white, tuple)
    assert min(white) > 245
    assert to_srgb(Image.new("RGB", (1, 1)), profile).getpixel((0, 0)) == (0, 0, 0)


def test_an_avif_may_name_its_colours_by_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.avif", Image.new("RGB", (64, 64), (200, 40, 40)), quality=95)
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8
    path.write_bytes(data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :])
    pixel = open_picture(path).getpixel((32, 32))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 210
    path.write_bytes(data[:at] + struct.pack(">HH", 2, 2) + data[at + 4 :])
    assert close(open_picture(path), Image.new("RGB", (64, 64), (200, 40, 40)), 6)


def test_what_stands_beside_the_pixels_of_a_png_is_no_damage(tmp_path: Path) -> None:
    large = zlib.compress(bytes(3 << 20))
    texts = (
        chunk(b"zTXt", b"workflow\0\0" + large),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + large),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        chunk(b"tEXt", b"prompt\0" + bytes(2 << 20)),
        chunk(b"fcTL", b"odd"),
        chunk(b"gAMA", b"odd"),
        b"\0\0\0\1eXIf0????",
    )
    path = with_chunks(saved(tmp_path / "a.png", gradient()), *texts)
    assert open_picture(path).tobytes() == gradient().tobytes()
    profile = linear_profile() + bytes(2 << 20)
    huge = chunk(b"iCCP", b"scanner\0\0" + zlib.compress(profile))
    dark = with_chunks(saved(tmp_path / "b.png", linear(gradient())), huge)
    assert close(open_picture(dark), gradient())
    broken = with_chunks(saved(tmp_path / "c.png", gradient()), chunk(b"iCCP", b"x\0\0no"))
    assert open_picture(broken).tobytes() == gradient().tobytes()


def test_the_orientation_of_a_png_may_stand_in_a_text(tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    for text in (
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp)),
    ):
        path = with_chunks(saved(tmp_path / "a.png", gradient()), text)
        assert open_picture(path).size == upright_size(path) == (16, 24)


def raw_tiff(*tags: tuple[int, int]) -> bytes:
    """A TIFF whose first image is a small preview."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "TIFF", tiffinfo={tag: value for tag, value in tags if tag != 50706})
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (raw_tiff((254, 1), (330, 8)), "picture_raw"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(64), "picture_raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(64), "picture_raw"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(64), "picture_raw"),
        (b"8BPS\0\1" + bytes(64), "picture_unsupported"),
        (b"\xff\x0a" + bytes(64), "picture_unsupported"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(64), "picture_unreadable"),
    ],
)
def test_formats_that_are_not_read_are_called_by_their_names(tmp_path: Path, data: bytes, wanted: str) -> None:
    path = tmp_path / "a.dng"
    path.write_bytes(data)
    with pytest.raises(CallFailed) as failed:
        open_picture(path)
    assert kind(failed) == wanted


def test_a_plain_tiff_with_a_smaller_copy_is_no_raw_photo(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(raw_tiff((254, 0)))
    assert open_picture(tmp_path / "a.tif").size == (8, 8)
