"""Broken recipes: what `nano-banana check` says of each, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.workspace import Workspace

BAD = Path(__file__).parent / "bad"
FURNITURE = BAD / "files"
RECIPES = sorted(path.stem for path in BAD.glob("*.yaml"))


@pytest.fixture
def studio(workspace: Workspace) -> Workspace:
    """A project with photos, prompts and endpoints, and a key of fal's in the environment."""
    for file in FURNITURE.rglob("*"):
        if file.is_file():
            workspace.copy(file, file.relative_to(FURNITURE).as_posix())
    workspace.photos("photos/ana", count=2).photos("photos/ben", count=2, seed=2)
    return workspace.env(FAL_KEY="a-made-up-id:a-made-up-secret", COPIED="it is a-made-up-secret")


@pytest.mark.parametrize("name", RECIPES)
def test_a_broken_recipe_is_told_so(studio: Workspace, name: str, request: pytest.FixtureRequest) -> None:
    screen = studio.copy(BAD / f"{name}.yaml", f"{name}.yaml").run("check", f"{name}.yaml")
    screen.hides("made-up-secret", "this is a bug")
    assert not re.search(r"\{\w+\}", screen.stderr), "a blank in the words is not filled in"
    golden = BAD / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(screen.golden, encoding="utf-8")
    assert screen.golden == golden.read_text(encoding="utf-8")


def test_each_text_belongs_to_a_recipe() -> None:
    assert sorted(path.stem for path in BAD.glob("*.txt")) == RECIPES
    assert len(RECIPES) >= 45
