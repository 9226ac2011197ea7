"""HEIC photos: read where the extra is there, named where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nano_banana.formats.photo_export import photo_without_metadata
from nano_banana.formats.picture_files import open_picture, register_heic
from nano_banana.model.problem import CallFailed
from tests.people import HOPPER, hopper

HEIC = HOPPER.with_suffix(".heic")


def test_a_photo_of_a_telephone_is_read(tmp_path: Path) -> None:
    disguised = tmp_path / "photo.jpg"
    disguised.write_bytes(HEIC.read_bytes())
    picture = open_picture(disguised)
    assert picture.size == (256, 300)
    small = hopper().resize(picture.size)
    assert abs(small.getpixel((128, 150))[0] - picture.getpixel((128, 150))[0]) < 24  # type: ignore[index]
    assert photo_without_metadata(disguised)[1] == ".png"


def test_one_that_is_cut_short_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    for length in (2000, 200, 13):
        path.write_bytes(HEIC.read_bytes()[:length])
        with pytest.raises(CallFailed) as failed:
            open_picture(path)
        assert failed.value.problems[0].kind in {"picture_broken", "picture_unreadable"}


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    register_heic.cache_clear()
    with pytest.raises(CallFailed) as failed:
        open_picture(HEIC, place="photos/1.heic")
    register_heic.cache_clear()
    assert [problem.kind for problem in failed.value.problems] == ["heic_missing"]
    assert failed.value.problems[0].data == {"input": "photos/1.heic"}
