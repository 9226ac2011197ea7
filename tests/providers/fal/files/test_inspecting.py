"""Black pictures, and what bytes say that they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from nano_banana.model.problem import CallFailed
from nano_banana.providers.fal.downloads import RemoteFile, file_label, inspect_file, is_black
from nano_banana.providers.fal.file_types import SNIFF_BYTES, sniff_media_type
from tests.providers.fal.files.samples import png


def black(mode: str, dot: int | None = None) -> Image.Image:
    made = Image.new(mode, (40, 30))
    if mode in {"RGBA", "LA"}:
        made.putalpha(255)
    if dot is not None:
        made.putpixel((39, 29), dot if len(made.getbands()) == 1 else (*[0] * (len(made.getbands()) - 1), dot))
    return made


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "1", "P", "I;16"])
def test_black_is_black_in_every_mode(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(png(black(mode)))
    assert is_black(tmp_path / "a")


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_one_dark_dot_is_a_picture(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(png(black(mode, dot=1)))
    assert not is_black(tmp_path / "a")


def test_a_broken_picture_has_no_colour(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(png()[:60])
    with pytest.raises(CallFailed, match="picture_broken"):
        is_black(tmp_path / "a")


def test_a_page_may_be_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"<html></html>")
    remote = RemoteFile(url="https://f/a", media="text/html")
    assert inspect_file(tmp_path / "a", remote, is_picture=False).media == "text/html"
    assert inspect_file(tmp_path / "a", remote, is_picture=True).wrong == "page"
    assert inspect_file(tmp_path / "a", RemoteFile(url="https://f/a"), is_picture=False).wrong == "page"


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "application/octet-stream"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"PK\x03\x04", "application/zip"),
        (b"  <!-- a --><HTML>", "text/html"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error>", "text/html"),
        (b"<!-- a -->\n<!---->  <!doctype \n html>", "text/html"),
        (b"<headless>", "text/plain"),
        (b"<!---->" * 140 + b"x", "text/plain"),
        (b"[" * 1020, "text/plain"),
        (b'{"a": [1, 2]}', "application/json"),
        (b'{"a": "' + b"b" * SNIFF_BYTES, "application/json"),
        (b"[" + b"1" * SNIFF_BYTES, "application/json"),
        (b"words" * SNIFF_BYTES, "text/plain"),
        ("ä".encode() * SNIFF_BYTES, "text/plain"),
        (b"words", "text/plain"),
        (b"\xff\xfe\0", "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
    ],
)
def test_what_bytes_say(head: bytes, media: str) -> None:
    assert sniff_media_type(head[:SNIFF_BYTES]) == media


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (RemoteFile(url="https://f/b/c.png?signature=s"), "c.png"),
        (RemoteFile(url="https://f/b/c.png", name="d.png"), "d.png"),
        (RemoteFile(url="https://["), ""),
        (RemoteFile(url="data:image/png;base64,AAAA"), ""),
    ],
)
def test_a_file_is_called_by_its_name(remote: RemoteFile, expected: str) -> None:
    assert file_label(remote) == expected
