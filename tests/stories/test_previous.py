"""A project that version 0.1 of 2026-11-30 made: its recipe, store, lock and pictures go on working."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.stories.project import Project, takes
from tests.workspace import ROOT

PICKED = "out/portraits/picks/heads_ana_office_s29.png"


@pytest.fixture
def previous(project: Project) -> Project:
    """The project as it was archived: four takes through a gate with second chances, and a choice."""
    shutil.rmtree(project.root / "photos")
    with tarfile.open(ROOT / "tests" / "previous" / "project.tar.xz") as archive:
        archive.extractall(project.root, filter="data")
    return project


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".png", ".lock"} and path.name != "sheet.png"
    }


def test_nothing_is_asked_for_again(previous: Project) -> None:
    before = digests(previous.root)
    told = previous.told("--yes")
    assert previous.asked() == []
    assert as_object(told["calls"])["made"] == 0
    assert [take["status"] for take in takes(told)] == ["done"] * 4
    assert digests(previous.root) == before


def test_a_deleted_picture_comes_back_with_the_same_bytes(previous: Project) -> None:
    before = digests(previous.root)
    shutil.rmtree(previous.root / "out")
    previous.quiet("--yes")
    assert digests(previous.root) == before


def test_its_lock_holds(previous: Project) -> None:
    previous.quiet("--yes", "--locked")


def test_its_run_adapter_and_reasons_are_still_known(previous: Project) -> None:
    workspace = previous.workspace
    [run] = as_items(workspace.json("runs")["runs"])
    assert as_object(run)["recipe"] == "portraits"
    [model] = as_items(workspace.json("models", "list")["models"])
    assert (as_object(model)["name"], as_object(model)["version"]) == ("ana", 1)
    explained = workspace.run("explain", "heads/ana/street/s11")
    assert explained.exit_code == 0, explained.text
    assert "no face" in explained.text


def test_a_picture_is_made_again_from_what_is_embedded_in_it(previous: Project) -> None:
    previous.notes.fresh()
    screen = previous.workspace.run("again", PICKED, "--out", "again", "--yes")
    assert screen.exit_code == 0, screen.text
    assert previous.asked() == []


def test_one_more_seed_pays_for_its_own_takes_only(previous: Project) -> None:
    previous.edit("seeds: [11, 29]", "seeds: [11, 29, 30]")
    before = digests(previous.root / "out" / "portraits" / "takes")
    previous.run("--yes")
    assert set(previous.asked()) == {"flux-lora"}
    assert before.items() < digests(previous.root / "out" / "portraits" / "takes").items()


def test_its_person_can_be_forgotten(previous: Project) -> None:
    screen = previous.workspace.run("forget", "ana", "--yes")
    assert screen.exit_code == 0, screen.text
    assert not (previous.root / PICKED).exists()
    assert previous.workspace.json("models", "list")["models"] == []
