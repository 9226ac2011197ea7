"""Networks are only loaded by an OpenCV that runs them; another is said to be one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.networks import DETECTOR, opencv_fits, tflite_network, verified_weights
from nano_banana.faces.person_mask import person_matte
from nano_banana.faces.regions import find_regions
from nano_banana.model.problem import Unusable
from nano_banana.providers.local.revision import local_revision

GREY = np.full((64, 64, 3), 128, np.uint8)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    """An OpenCV of another version, that is never imported."""
    (folder / "cv2").mkdir()
    (folder / "cv2" / "__init__.py").write_text("raise AssertionError('imported')\n")
    if version is not None:
        (folder / "cv2" / "version.py").write_text(version)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.parametrize("version", ["5.0.0.93", "4.9.0.80"])
def test_a_version_that_does_not_run_them_is_named(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f'opencv_version = "{version}"\ncontrib = False')
    assert not opencv_fits()
    for looks in (lambda: verified_weights(DETECTOR), lambda: tflite_network("selfie_segmenter.tflite"), _regions):
        with pytest.raises(Unusable) as refused:
            looks()
        assert [(problem.kind, problem.data) for problem in refused.value.problems] == [
            ("opencv_foreign", {"found": version})
        ]


def test_what_does_without_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, 'opencv_version = "5.0.0.93"')
    assert find_faces(GREY) is None
    assert person_matte(GREY) is None
    assert local_revision() % 4 == 0, "neither faces nor outlines are in its pictures"


@pytest.mark.parametrize("version", [None, "nothing here", 'opencv_version = "4.14.0"'])
def test_one_that_does_not_say_is_believed(
    version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, version)
    assert opencv_fits()


def test_without_any_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert not opencv_fits()


def _regions() -> object:
    return find_regions(GREY, "face")
