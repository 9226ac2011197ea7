"""Training sets: folders, globs, lists, captions; and adapters that are there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipe.resolve.tools import kinds
from tests.recipe.resolve.tools import load
from tests.recipe.resolve.tools import write


def photos(folder: Path, training_set: str) -> list[str]:
    text = f"subjects: {{ana: {{noun: woman, trigger: anqz7, training_set: {training_set}}}}}"
    found = load(folder, text).recipe.subjects["ana"].photos
    return [photo.path.relative_to(folder).as_posix() for photo in found]


@pytest.mark.parametrize(
    ("training_set", "found"),
    [
        ("photos", ["photos/a.jpg", "photos/b.PNG"]),
        ("photos/*.jpg", ["photos/a.jpg"]),
        ("photos/a.jpg", ["photos/a.jpg"]),
        ("'**/*.jpg'", ["more/c.jpg", "odd [1]/d.jpg", "photos/a.jpg"]),
        ("[photos/b.PNG, photos]", ["photos/b.PNG", "photos/a.jpg"]),
        ("{photos: [more, photos/a.jpg]}", ["more/c.jpg", "photos/a.jpg"]),
        ("'odd [1]'", ["odd [1]/d.jpg"]),
    ],
)
def test_finds_photos(tmp_path: Path, training_set: str, found: list[str]) -> None:
    write(tmp_path, "photos/a.jpg", "photos/b.PNG", "more/c.jpg", "odd [1]/d.jpg", "photos/.hidden.jpg")
    write(tmp_path, "photos/notes.txt", data=b"milk")
    assert photos(tmp_path, training_set) == found


def test_photos_of_other_kinds_are_left_out_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "photos/a.jpg", "photos/a.CR2", *(f"photos/{number}.HEIC" for number in range(4)))
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos}}"
    [said] = [problem for problem in load(tmp_path, text).warnings if problem.kind == "photos_left_out"]
    assert said.data == {"path": "photos", "names": "0.HEIC, 1.HEIC, 2.HEIC …"}


def test_a_caption_lies_beside_its_photo(tmp_path: Path) -> None:
    write(tmp_path, "photos/a.jpg", "photos/b.jpg")
    write(tmp_path, "photos/a.txt", data=b"a woman laughing")
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos}}"
    first, second = load(tmp_path, text).recipe.subjects["ana"].photos
    assert first.caption == tmp_path / "photos/a.txt"
    assert second.caption is None


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", None),
        (b"RIFF\x00\x00\x00\x00WEBP", None),
        (b"RIFF\x00\x00\x00\x00WAVE", "not_a_picture"),
        (b"", "not_a_picture"),
    ],
)
def test_looks_at_the_first_bytes(tmp_path: Path, start: bytes, kind: str | None) -> None:
    write(tmp_path, "a.jpg", data=start)
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: a.jpg}}"
    if kind is None:
        assert len(load(tmp_path, text).recipe.subjects["ana"].photos) == 1
    else:
        assert kinds(tmp_path, text) == [kind]


@pytest.mark.parametrize(
    ("training_set", "kind"),
    [
        ("empty", "no_photos"),
        ("'*.png'", "no_photos"),
        ("gone.jpg", "photo_missing"),
        ("all.ZIP", "photos_zipped"),
        ('"a\\0b"', "file_missing"),
    ],
)
def test_says_what_it_does_not_find(tmp_path: Path, training_set: str, kind: str) -> None:
    (tmp_path / "empty").mkdir()
    text = f"subjects: {{ana: {{noun: woman, trigger: anqz7, training_set: {training_set}}}}}"
    assert kinds(tmp_path, text) == [kind]


def test_a_photo_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A folder that looks like a photo stands for a file that may not be read: root may read all."""
    write(tmp_path, "photos/a.jpg")
    (tmp_path / "photos/a.jpg").unlink()
    (tmp_path / "photos/a.jpg").symlink_to("/proc/self/mem")
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos/a.jpg}}"
    assert kinds(tmp_path, text) == ["photo_unreadable"]


def test_photos_may_lie_outside_of_the_project(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    inner.mkdir()
    write(tmp_path, "elsewhere/a.jpg")
    text = f"subjects: {{ana: {{noun: woman, trigger: anqz7, training_set: {tmp_path}/elsewhere}}}}"
    assert len(load(inner, text).recipe.subjects["ana"].photos) == 1


def test_an_adapter_of_ones_own(tmp_path: Path) -> None:
    write(tmp_path, "film.safetensors")
    loaded = load(tmp_path, "adapters: {film: {file: film.safetensors, base: flux-1}, b: {file: film.safetensors}}")
    assert loaded.recipe.adapters["film"].path == tmp_path / "film.safetensors"
    assert [adapter.base for adapter in loaded.recipe.adapters.values()] == ["flux-1", ""]


def test_a_folder_is_no_adapter(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    assert kinds(tmp_path, "adapters: {film: {file: film}}") == ["no_such_file"]


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    assert kinds(tmp_path, 'adapters: {film: {file: "a\\0b"}}') == ["file_missing"]
