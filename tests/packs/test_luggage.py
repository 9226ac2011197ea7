"""Folders and zips of strangers: what is taken, and what is refused before anything is written."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from nano_banana.features.packs import untrusted_pack_files
from nano_banana.features.packs.untrusted_pack_files import folder_files, zip_files
from nano_banana.model.problem import Invalid, NanoBananaError, Unusable

PNG = b"\x89PNG\r\n\x1a\n"


def top(_: object) -> PurePosixPath:
    return PurePosixPath()


def zipped(folder: Path, **files: bytes) -> Path:
    path = folder / "pack.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def kind_of(error: NanoBananaError) -> str:
    (problem,) = error.problems
    return problem.kind


def refused(archive: Path) -> str:
    with pytest.raises(Invalid) as caught:
        zip_files(archive, top)
    return kind_of(caught.value)


def test_texts_and_pictures_are_taken_and_hidden_ones_left(tmp_path: Path) -> None:
    files = {"pack.yaml": b"x: 1", "LICENSE": b"free", "previews/a.png": PNG, ".git/config": b"\xff", "__MACOSX/a": b""}
    home, found = zip_files(zipped(tmp_path, **files), top)
    assert (home, sorted(found)) == (PurePosixPath(), ["LICENSE", "pack.yaml", "previews/a.png"])


def test_only_the_chosen_folder_is_read(tmp_path: Path) -> None:
    archive = zipped(tmp_path, **{"repo/tool.exe": b"MZ", "repo/pack/pack.yaml": b"x: 1"})
    home, found = zip_files(archive, lambda _: PurePosixPath("repo/pack"))
    assert (home, found) == (PurePosixPath("repo/pack"), {"pack.yaml": b"x: 1"})


@pytest.mark.parametrize("name", ["../pack.yaml", "/etc/pack.yaml", "a/../../b.j2", "a\\b.j2", "C:b.j2", "a\x1b[2J.j2"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(zipped(tmp_path, **{name: b"x"})) == "pack_outside"


@pytest.mark.parametrize(
    ("name", "data"),
    [("run.py", b"x"), ("tool", b"x"), ("a.j2", b"\xff\xfe"), ("a.txt", b"a\0b"), ("a.png", b"GIF89a"), ("a.jpg", b"")],
)
def test_what_is_neither_text_nor_picture_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    assert refused(zipped(tmp_path, **{name: data})) == "pack_file_kind"


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    link = zipfile.ZipInfo("a.j2")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refused(path) == "pack_link"


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_does(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"a.txt": b"a" * (untrusted_pack_files.MOST_FILE_BYTES + 1)})
    assert path.stat().st_size < 100_000
    assert refused(path) == "pack_too_big"
    data = path.read_bytes()
    size = (untrusted_pack_files.MOST_FILE_BYTES + 1).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (5).to_bytes(4, "little")))  # it says: five bytes
    assert refused(path) in {"pack_too_big", "pack_not_zip"}


def test_too_many_files_and_too_much_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted_pack_files, "MOST_FILES", 2)
    assert refused(zipped(tmp_path, **{f"{at}.txt": b"x" for at in range(3)})) == "pack_too_big"
    monkeypatch.setattr(untrusted_pack_files, "MOST_BYTES", 1000)
    assert refused(zipped(tmp_path, **{f"{at}.txt": b"x" * 600 for at in range(2)})) == "pack_too_big"


@pytest.mark.parametrize("cut", [0, 30, 200])
def test_a_broken_zip_is_refused(tmp_path: Path, cut: int) -> None:
    path = zipped(tmp_path, **{"a.txt": os.urandom(100).hex().encode()})
    path.write_bytes(path.read_bytes()[:cut])
    assert refused(path) == "pack_not_zip"


def test_links_in_a_folder_are_refused_wherever_they_lead(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/a.j2").symlink_to(tmp_path)
    with pytest.raises(Invalid) as caught:
        folder_files(tmp_path / "pack", top)
    assert kind_of(caught.value) == "pack_link"


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.j2").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Invalid):
        folder_files(tmp_path, top)
    with pytest.raises(Unusable) as caught:
        folder_files(tmp_path / "nowhere", top)
    assert kind_of(caught.value) == "unreadable_pack"
    with pytest.raises(Unusable):
        zip_files(tmp_path / "nowhere.zip", top)
