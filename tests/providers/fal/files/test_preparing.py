"""What leaves the house: pictures without their tales, training sets, adapters; nothing else."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.formats.photo_export import reproducible_zip
from nano_banana.formats.safetensors import is_safetensors
from nano_banana.model.problem import CallFailed
from nano_banana.providers.fal.fal_uploads import MAX_ARCHIVE_FILES, UploadFile, prepare_upload, under_public_name
from tests.providers.fal.files.samples import SECRET, Form, adapter, other, picture, png


def packed(data: bytes, tmp_path: Path, name: str = "file.png") -> UploadFile:
    path = tmp_path / name
    path.write_bytes(data)
    folder = tmp_path / "scratch"
    folder.mkdir()
    return prepare_upload(path, "digest", folder)


def kinds(data: bytes, tmp_path: Path, name: str = "file.png") -> list[str]:
    with pytest.raises(CallFailed) as caught:
        packed(data, tmp_path, name)
    assert list((tmp_path / "scratch").iterdir()) == []
    return [problem.kind for problem in caught.value.problems]


def pixels(data: bytes) -> tuple[str, bytes]:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.mode, opened.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1", "I;16"])
def test_a_bare_png_goes_as_it_is(mode: str, tmp_path: Path) -> None:
    parcel = packed(png(picture(mode)), tmp_path, "anna.bin")
    assert parcel.path == tmp_path / "anna.bin"
    assert (parcel.name, parcel.media) == ("digest.png", "image/png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_png_loses_its_tales_and_no_pixel(mode: str, tmp_path: Path) -> None:
    told = png(picture(mode), note="at home")
    parcel = packed(told, tmp_path)
    data = parcel.path.read_bytes()
    assert b"at home" not in data
    assert pixels(data) == pixels(told)


def test_what_follows_a_png_stays_here(tmp_path: Path) -> None:
    parcel = packed(png() + SECRET, tmp_path)
    assert SECRET not in parcel.path.read_bytes()
    assert pixels(parcel.path.read_bytes()) == pixels(png())


def test_a_turned_png_is_turned_upright(tmp_path: Path) -> None:
    parcel = packed(png(orientation=6), tmp_path)
    with Image.open(parcel.path) as opened:
        assert opened.size == (16, 24)
        assert not opened.getexif()


@pytest.mark.parametrize(("form", "suffix"), [("JPEG", ".jpg"), ("WEBP", ".png"), ("TIFF", ".png"), ("GIF", ".png")])
def test_other_pictures_lose_their_tales(form: Form, suffix: str, tmp_path: Path) -> None:
    parcel = packed(other(form, note="at home"), tmp_path)
    assert b"at home" not in parcel.path.read_bytes()
    assert parcel.name == f"digest{suffix}"


def test_a_jpeg_keeps_its_coded_pixels(tmp_path: Path) -> None:
    told = other("JPEG", note="at home")
    assert pixels(packed(told, tmp_path).path.read_bytes()) == pixels(told)


@pytest.mark.parametrize("cut", [60, 70])
def test_a_damaged_picture_does_not_go(cut: int, tmp_path: Path) -> None:
    assert kinds(png()[:cut], tmp_path) == ["picture_broken"]


def test_a_png_with_a_wrong_sum_does_not_go(tmp_path: Path) -> None:
    data = bytearray(png())
    data[60] ^= 0xFF
    assert kinds(bytes(data), tmp_path) == ["picture_broken"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (SECRET, "id_rsa"),
        (SECRET, "face.png"),
        (SECRET, "face.safetensors"),
        (b"", "empty.png"),
        (b"a caption", "caption.txt"),
        (b"SQLite format 3\0" + bytes(64), "cookies.png"),
        (b"%PDF-1.7\n", "passport.pdf"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "program.eps"),
        (b'{"key": "secret"}', "credentials.json"),
        (b"\x80\x02}q\x00.", "pickle.safetensors"),
    ],
)
def test_anything_else_stays_here(data: bytes, name: str, tmp_path: Path) -> None:
    assert kinds(data, tmp_path, name) == ["file_not_sent"]


def test_a_training_set_goes_as_it_is(tmp_path: Path) -> None:
    data = reproducible_zip([("0001.jpg", other("JPEG")), ("0001.txt", b"a photo"), ("__MACOSX/._0001.jpg", b"\0")])
    parcel = packed(data, tmp_path)
    assert parcel.path.read_bytes() == data
    assert (parcel.name, parcel.media) == ("digest.zip", "application/zip")


@pytest.mark.parametrize("name", ["word/document.xml", "id_rsa", "photo.png", "setup.exe"])
def test_a_zip_of_other_things_stays_here(name: str, tmp_path: Path) -> None:
    data = reproducible_zip([("a.png", png()), (name, SECRET)])
    with pytest.raises(CallFailed) as caught:
        packed(data, tmp_path)
    assert [(problem.kind, problem.data["file"]) for problem in caught.value.problems] == [("archive_not_sent", name)]


def test_a_zip_of_words_alone_stays_here(tmp_path: Path) -> None:
    assert kinds(reproducible_zip([("secrets.json", SECRET)]), tmp_path) == ["archive_unusable"]


def test_a_zip_of_too_many_files_to_look_at_stays_here(tmp_path: Path) -> None:
    words = [(f"{number}.txt", b"") for number in range(MAX_ARCHIVE_FILES)]
    assert kinds(reproducible_zip([("a.png", png()), *words, ("id_rsa", SECRET)]), tmp_path) == ["archive_unusable"]


def test_half_a_zip_stays_here(tmp_path: Path) -> None:
    assert kinds(reproducible_zip([("a.png", png())])[:80], tmp_path) == ["archive_unusable"]


def test_a_zip_may_have_folders(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("set")
        archive.writestr("set/a.webp", other("WEBP"))
    assert packed(out.getvalue(), tmp_path).name == "digest.zip"


def test_an_adapter_goes_as_it_is(tmp_path: Path) -> None:
    parcel = packed(adapter(), tmp_path, "face.bin")
    assert (parcel.name, parcel.media) == ("digest.safetensors", "application/octet-stream")


def _safetensors(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        adapter()[:-1],
        adapter(body=9),
        adapter(start=1),
        adapter()[:5],
        _safetensors({}),
        _safetensors({"__metadata__": {"a": "b"}}),
        _safetensors([]),
        _safetensors(b"{nonsense"),
        _safetensors(b'{"a":' * 5000),
        _safetensors({"a": SECRET.decode()}),
        _safetensors({"a": {"dtype": 1, "shape": [1], "data_offsets": [0, 1]}}, b"\0"),
        _safetensors({"a": {"dtype": "U8", "shape": "no", "data_offsets": [0, 1]}}, b"\0"),
        _safetensors({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0]}}, b"\0"),
        _safetensors({"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 0]}}, b"\0"),
        _safetensors({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, True]}}, b"\0"),
        struct.pack("<Q", 1 << 40) + b"{}",
    ],
)
def test_what_is_no_whole_adapter(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    assert not is_safetensors(path)


def test_an_adapter_needs_no_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(adapter(metadata=False))
    assert is_safetensors(path)


def test_a_parcel_gets_a_file_of_its_own_name(tmp_path: Path) -> None:
    parcel = packed(adapter(), tmp_path, "my secret project.safetensors")
    place = under_public_name(parcel, tmp_path / "scratch")
    assert place.name == "digest.safetensors"
    assert place.read_bytes() == adapter()
    assert under_public_name(UploadFile(path=place, name=place.name), place.parent) == place


def test_where_there_are_no_links_it_is_a_copy(tmp_path: Path) -> None:
    parcel = packed(adapter(), tmp_path)
    # A link can't be made over anything, as it can't be made on a disk that has none.
    (tmp_path / "scratch" / parcel.name).write_bytes(b"")
    place = under_public_name(parcel, tmp_path / "scratch")
    assert not place.is_symlink()
    assert place.read_bytes() == adapter()
