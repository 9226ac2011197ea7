"""Training sets: folders, globs, lists, captions; and adapters that are there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.problem import Invalid
from tests.recipe.resolve.tools import kinds, load, write


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


@pytest.mark.parametrize(
    ("hold_out", "named", "count"),
    [
        ("2", set(), 2),
        ("0", set(), 0),
        ("3.jpg", {"3.jpg"}, 0),
        ("[photos/1.jpg, '[45].jpg']", {"1.jpg", "4.jpg", "5.jpg"}, 0),
        ("'photos/[12].*'", {"1.jpg", "2.jpg"}, 0),
    ],
)
def test_photos_are_held_out(tmp_path: Path, hold_out: str, named: set[str], count: int) -> None:
    write(tmp_path, *(f"photos/{at}.jpg" for at in range(8)))
    text = f"subjects: {{ana: {{noun: woman, trigger: t, training_set: {{photos: photos, hold_out: {hold_out}}}}}}}"
    loaded = load(tmp_path, text)
    ana = loaded.recipe.subjects["ana"]
    assert ({path.name for path in ana.held_out}, ana.hold_out) == (named, count)
    assert len(ana.photos) == 8
    assert [problem.kind for problem in loaded.warnings] == ["no_stages"]


def test_photos_elsewhere_are_held_out_by_their_whole_path(tmp_path: Path) -> None:
    write(tmp_path, *(f"photos/{at}.jpg" for at in range(5)))
    recipe = tmp_path / "project"
    recipe.mkdir()
    held = f"hold_out: '{tmp_path}/photos/[0]*'"
    text = f"subjects: {{ana: {{noun: woman, trigger: t, training_set: {{photos: {tmp_path}/photos, {held}}}}}}}"
    assert load(recipe, text).recipe.subjects["ana"].held_out == {tmp_path / "photos/0.jpg"}


def test_few_photos_that_are_left_are_warned_of(tmp_path: Path) -> None:
    write(tmp_path, *(f"photos/{at}.jpg" for at in range(5)))
    text = "subjects: {ana: {noun: woman, trigger: t, training_set: {photos: photos, hold_out: 2}}}"
    assert [problem.kind for problem in load(tmp_path, text).warnings] == ["few_left", "no_stages"]


def test_references_are_photos_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "more/b.jpg", "more/c.jpg")
    text = "subjects: {ana: {noun: woman, trigger: t, training_set: a.jpg, references: [more, a.jpg]}}"
    shown = load(tmp_path, text).recipe.subjects["ana"].references
    assert [path.name for path in shown] == ["b.jpg", "c.jpg", "a.jpg"]
    assert kinds(tmp_path, text.replace("[more, a.jpg]", "gone")) == ["photo_missing"]


def test_photos_of_other_kinds_are_left_out_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "photos/a.jpg", "photos/a.CR2", *(f"photos/{number}.NEF" for number in range(4)))
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos}}"
    [said] = [problem for problem in load(tmp_path, text).warnings if problem.kind == "photos_left_out"]
    assert said.data == {"path": "photos", "names": "0.NEF, 1.NEF, 2.NEF …"}


def warned(folder: Path) -> dict[str, object]:
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos}}"
    return {problem.kind: problem.data["names"] for problem in load(folder, text).warnings if "names" in problem.data}


def test_everything_that_is_left_out_of_a_folder_is_said(tmp_path: Path) -> None:
    write(tmp_path, "photos/a.jpg", "photos/b.jfif", "photos/more/c.jpg", "photos/._a.jpg", "photos/.d/e.jpg")
    write(tmp_path, "photos/a.heic", "photos/f.heic", data=b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write(tmp_path, "photos/a.dng", "photos/g.dng", "photos/h.jxl")
    write(tmp_path, "photos/a.TXT", "photos/b.caption", "photos/lost.txt", "photos/LICENSE.txt", data=b"a woman")
    assert photos(tmp_path, "photos") == ["photos/a.jpg", "photos/b.jfif", "photos/f.heic"]
    assert warned(tmp_path) == {
        "photos_left_out": "g.dng, h.jxl",
        "photos_copies": "a.heic",
        "photos_deeper": "more",
        "captions_left_out": "b.caption, lost.txt",
    }
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos}}"
    assert load(tmp_path, text).recipe.subjects["ana"].photos[0].caption == tmp_path / "photos/a.TXT"


def test_photos_that_were_not_fetched_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, "photos/a.jpg")
    write(tmp_path, "photos/b.jpg", data=b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    write(tmp_path, "photos/c.jpg.dvc", data=b"outs: []")
    (tmp_path / "photos/d.jpg").symlink_to("../.git/annex/objects/d.jpg")
    for training_set, names in (
        ("photos", "b.jpg, c.jpg, d.jpg"),
        ("'photos/*.jpg'", "b.jpg, d.jpg"),
        ("[photos/a.jpg, photos/d.jpg]", "d.jpg"),
        ("[photos/a.jpg, photos/b.jpg]", "b.jpg"),
    ):
        text = f"subjects: {{ana: {{noun: woman, trigger: anqz7, training_set: {training_set}}}}}"
        with pytest.raises(Invalid) as invalid:
            load(tmp_path, text)
        [problem] = invalid.value.problems
        assert (problem.kind, problem.data["names"]) == ("photos_not_fetched", names)


def test_a_name_from_a_mac_is_the_name_that_is_typed(tmp_path: Path) -> None:
    mac, typed = "zoe\u0301", "zo\u00e9"
    write(tmp_path, f"{mac}/a.jpg", "photos/a.jpg")
    assert photos(tmp_path, typed) == [f"{mac}/a.jpg"]
    assert photos(tmp_path, f"{typed}/a.jpg") == [f"{mac}/a.jpg"]
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: Photos}}"
    with pytest.raises(Invalid) as invalid:
        load(tmp_path, text)
    assert invalid.value.problems[0].suggestions == ("photos",)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"II*\0\x10\0\0\0CR\2\0", "picture_raw"),
        (b"8BPS\0\1", "picture_unsupported"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", None),
    ],
)
def test_a_format_that_cannot_be_read_is_called_by_its_name(tmp_path: Path, start: bytes, kind: str | None) -> None:
    write(tmp_path, "a.jpg", data=start)
    text = "subjects: {ana: {noun: woman, trigger: anqz7, training_set: a.jpg}}"
    if kind is None:
        assert len(load(tmp_path, text).recipe.subjects["ana"].photos) == 1
    else:
        assert kinds(tmp_path, text) == [kind]


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
